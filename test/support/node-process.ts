import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TEST_ADMIN } from './server';

const PATIENCE_MS = 60_000;

/** A node as a process of its own, started as `npm start` starts it. */
export interface NodeProcess {
  url: string;
  /** All that it printed so far. */
  output(): string;
  /** Sends a signal and waits for the end: the exit code, or null when the signal itself ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A port that nobody has at the moment. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

const environment = (settings: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  HOST: '127.0.0.1',
  LOG_LEVEL: 'warn',
  ROCKPOOL_ADMIN_ACCESS_KEY_ID: TEST_ADMIN.accessKeyId,
  ROCKPOOL_ADMIN_SECRET_ACCESS_KEY: TEST_ADMIN.secretAccessKey,
  ...settings,
});

/** Starts a node with these environment variables beside those of a test; it is ready when this answers. */
export const startNodeProcess = async (
  port: number,
  settings: NodeJS.ProcessEnv,
  entry = join(__dirname, '../../src/main.ts'),
): Promise<NodeProcess> => {
  const args = ['-r', '@swc-node/register', entry];
  const env = environment({ PORT: String(port), ...settings });
  const child = spawn(process.execPath, args, { cwd: join(__dirname, '../..'), env });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url, child, () => output);
  return {
    url,
    output: () => output,
    end: async (signal) => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return child.exitCode;
    },
  };
};

const untilReady = async (url: string, child: ChildProcess, output: () => string): Promise<void> => {
  for (const deadline = Date.now() + PATIENCE_MS; ; await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (child.exitCode !== null) throw new Error(`The node ended with ${child.exitCode}: ${output()}`);
    const status = await fetch(`${url}/readyz`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200) return;
    if (Date.now() > deadline) throw new Error(`The node does not get ready: ${output()}`);
  }
};

/** A directory for the data of an embedded database; root's runs under another user, who must be able to pass. */
export const newDataDir = async (): Promise<{ dataDir: string; remove: () => Promise<void> }> => {
  const parent = await mkdtemp(join(tmpdir(), 'rockpool-node-'));
  await chmod(parent, 0o711);
  return { dataDir: join(parent, 'data'), remove: () => rm(parent, { recursive: true, force: true }) };
};

/** The process id of the embedded PostgreSQL; undefined when none runs. */
export const postmasterOf = async (dataDir: string): Promise<number | undefined> => {
  const text = await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = parseInt(text, 10);
  return Number.isNaN(pid) || !isAlive(pid) ? undefined : pid;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
