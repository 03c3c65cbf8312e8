import { randomUUID } from 'node:crypto';
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseAccount, findBarrier, type Account } from './account';
import { findBinaryPackage, prepareBinaries } from './binaries';
import { loadSecret, openDataDir } from './data-dir';
import { createPrivateFile, readFileIfAny, syncDirectory } from './private-file';
import { run } from './run';

/** The database's superuser, and the name of the database that Rockpool uses. */
export const NAME = 'rockpool';

/** A database directory that is complete, with all it takes to run and reach a server in it. */
export interface Cluster {
  /** The data directory, real path. */
  dataDir: string;
  /** PostgreSQL's own directory inside it. */
  directory: string;
  /** Where `postgres` and `pg_ctl` are. */
  bin: string;
  account: Account;
  password: string;
}

/** What `openCluster` needs to know. */
export interface ClusterOptions {
  dataDir: string;
  log: (message: string) => void;
}

const UNFINISHED = 'postgres.unfinished-';

const removeUnfinished = async (dataDir: string): Promise<void> => {
  const left = (await readdir(dataDir)).filter((name) => name.startsWith(UNFINISHED));
  // An initdb whose node was killed may still be writing.
  const options = { recursive: true, force: true, maxRetries: 10 };
  await Promise.all(left.map((name) => rm(join(dataDir, name), options)));
};

const giveTo = async (account: Account, path: string): Promise<void> => {
  if (account !== undefined) await chown(path, account.uid, account.gid);
};

const initdb = async (cluster: Cluster, directory: string, passwordFile: string): Promise<void> => {
  const args = ['-D', directory, '-U', NAME, '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
  // Sorted by code point, the same on every system and after every upgrade of its libraries.
  args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
  const { error, output } = await run(join(cluster.bin, 'initdb'), args, cluster.account);
  if (error !== undefined) throw new Error(`initdb failed: ${output || error.message}`);
};

/** A killed initdb leaves a directory that looks complete, so it works beside and its result appears by one rename. */
const create = async (cluster: Cluster): Promise<void> => {
  await removeUnfinished(cluster.dataDir);
  const work = join(cluster.dataDir, `${UNFINISHED}${randomUUID()}`);
  const [directory, passwordFile] = [join(work, 'data'), join(work, 'password')];
  await mkdir(work, { mode: 0o700 });
  await mkdir(directory, { mode: 0o700 });
  await createPrivateFile(passwordFile, `${cluster.password}\n`);
  for (const path of [work, directory, passwordFile]) await giveTo(cluster.account, path);
  await initdb(cluster, directory, passwordFile);
  await rename(directory, cluster.directory);
  await syncDirectory(cluster.dataDir);
  await rm(work, { recursive: true, force: true });
};

const refuseBarrier = async (dataDir: string, account: Account): Promise<void> => {
  const barrier = await findBarrier(dataDir, account);
  if (barrier === undefined) return;
  throw new Error(
    `The database server runs as user ${account?.uid}, who cannot pass through ${barrier} to the data directory ` +
      `${dataDir}. Set ROCKPOOL_DATA_DIR to a directory that every user can reach, such as /var/lib/rockpool.`,
  );
};

/** The cluster of a data directory, made when there is none. Call it under the data directory's lock. */
export const openCluster = async ({ dataDir: given, log }: ClusterOptions): Promise<Cluster> => {
  const dataDir = await openDataDir(given);
  const directory = join(dataDir, 'postgres');
  const account = await chooseAccount(directory);
  await refuseBarrier(dataDir, account);
  const source = findBinaryPackage(process.platform, process.arch);
  const bin = await prepareBinaries({ source, copyTo: join(dataDir, 'bin'), account, log });
  const cluster = {
    dataDir,
    directory,
    bin,
    account,
    password: await loadSecret(dataDir, 'postgres-password'),
  };
  if ((await readFileIfAny(join(directory, 'PG_VERSION'))) === undefined) {
    log(`Making a new database in ${directory}`);
    await create(cluster);
  }
  return cluster;
};
