import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import { choosePort, rememberPort } from './port';
import { readFileIfAny } from './private-file';
import { commandLineHas } from './processes';
import { PROGRAM_ENVIRONMENT, run } from './run';

/** How to run a server: PostgreSQL's settings beside our own, and the port when only that one will do. */
export interface ServerOptions {
  settings: Record<string, string>;
  log: (message: string) => void;
  port?: number;
}

/** A server that runs. */
export interface Server {
  port: number;
  /** Whether it was started just now. */
  isNew: boolean;
}

const POLL_MS = 10;
/** Redoing what was not yet in the tables when a large database was killed takes minutes at worst. */
const START_MS = 300_000;
const RETRY_MS = 30_000;
const LOG_BYTES = 10_000_000;

const OUR_SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // Failed statements reach their caller as errors; here they would only fill the disk, with users' data.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  log_error_verbosity: 'terse',
};

interface Postmaster {
  pid: number;
  port: number;
  status: string;
}

const parsePidFile = (text: string): Postmaster => {
  const lines = text.split('\n').map((line) => line.trim());
  return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7] ?? '' };
};

/** Above what any system gives out. */
const NO_PROCESS = '2147483646';

/** The server that runs in the directory now, whoever started it. */
const findPostmaster = async ({ directory }: Cluster): Promise<Postmaster | undefined> => {
  const path = join(directory, 'postmaster.pid');
  const text = await readFileIfAny(path);
  if (text === undefined) return undefined;
  const postmaster = parsePidFile(text);
  if (await commandLineHas(postmaster.pid, directory)) return postmaster;
  // PostgreSQL would take any process that has the pid by now for a server, and refuse to start. The rest of the file
  // stays, for it leads PostgreSQL to workers of a killed server that are still there.
  await (text.trim() === '' ? rm(path) : writeFile(path, text.replace(/^-?\d+/, NO_PROCESS)));
  return undefined;
};

const logPath = ({ dataDir }: Cluster): string => join(dataDir, 'postgres.log');

const logSize = async (cluster: Cluster): Promise<number> => {
  const size = await stat(logPath(cluster)).then(
    (found) => found.size,
    () => 0,
  );
  if (size < LOG_BYTES) return size;
  await rename(logPath(cluster), `${logPath(cluster)}.1`);
  return 0;
};

const readLogFrom = async (cluster: Cluster, offset: number): Promise<string> => {
  const handle = await open(logPath(cluster), 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4000), 0, 4000, offset);
    return buffer.toString('utf8', 0, bytesRead).trim();
  } finally {
    await handle.close();
  }
};

const launch = (cluster: Cluster, settings: Record<string, string>): ChildProcess => {
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const log = openSync(logPath(cluster), 'a', 0o600);
  try {
    const child = spawn(join(cluster.bin, 'postgres'), ['-D', cluster.directory, ...args], {
      ...cluster.account,
      cwd: cluster.directory,
      env: PROGRAM_ENVIRONMENT,
      // A session of its own: Ctrl-C reaches the node, which drains before it stops the database.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    return child;
  } finally {
    closeSync(log);
  }
};

/** Whether the server came up; false when it ended first. */
const cameUp = async (cluster: Cluster, child: ChildProcess): Promise<boolean> => {
  let ended = false;
  child.once('error', () => (ended = true)).once('exit', () => (ended = true));
  for (const deadline = Date.now() + START_MS; !ended; await sleep(POLL_MS)) {
    const text = (await readFileIfAny(join(cluster.directory, 'postmaster.pid'))) ?? '';
    const { pid, status } = parsePidFile(text);
    if (pid === child.pid && status === 'ready') return true;
    if (Date.now() > deadline)
      throw new Error(`PostgreSQL was not ready after ${START_MS / 1000} seconds; see ${logPath(cluster)}`);
  }
  return false;
};

/** What can be otherwise at the next attempt: the port is taken, or workers of a killed server are still leaving. */
const MAY_PASS = /could not bind|pre-existing shared memory block|lock file "postmaster.pid"/;

const start = async (cluster: Cluster, { settings, port: fixed }: ServerOptions): Promise<number> => {
  for (const deadline = Date.now() + RETRY_MS; ; await sleep(10 * POLL_MS)) {
    const port = fixed ?? (await choosePort(cluster.dataDir));
    const offset = await logSize(cluster);
    const child = launch(cluster, { ...OUR_SETTINGS, ...settings, port: String(port) });
    if (await cameUp(cluster, child)) {
      if (fixed === undefined) await rememberPort(cluster.dataDir, port);
      return port;
    }
    const reason = await readLogFrom(cluster, offset);
    if (!MAY_PASS.test(reason) || Date.now() > deadline)
      throw new Error(`PostgreSQL did not start in ${cluster.directory}: ${reason}`);
  }
};

/** Finds the cluster's server, or starts one when none runs. Call it under the lock. */
export const ensureRunning = async (cluster: Cluster, options: ServerOptions): Promise<Server> => {
  for (const deadline = Date.now() + START_MS; Date.now() < deadline; await sleep(POLL_MS)) {
    const postmaster = await findPostmaster(cluster);
    if (postmaster === undefined) return { port: await start(cluster, options), isNew: true };
    if (postmaster.status === 'ready') {
      options.log(`Using the PostgreSQL server that already runs in ${cluster.directory}`);
      return { port: postmaster.port, isNew: false };
    }
  }
  throw new Error(
    `The PostgreSQL server in ${cluster.directory} neither comes up nor ends; see ${logPath(cluster)}`,
  );
};

/** Ends the cluster's server, if one runs, with all connections to it, and waits until its data is on disk. */
export const shutDown = async (cluster: Cluster): Promise<void> => {
  if ((await findPostmaster(cluster)) === undefined) return;
  const args = ['stop', '-D', cluster.directory, '-m', 'fast', '-w', '-t', '60'];
  const { error, output } = await run(join(cluster.bin, 'pg_ctl'), args, cluster.account);
  if (error !== undefined && (await findPostmaster(cluster)) !== undefined)
    throw new Error(`PostgreSQL did not stop: ${output || error.message}`);
};
