import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile, chmod } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { chooseAccount } from '../../src/db/embedded/account';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/db/embedded/embedded-postgres';

const isRoot = process.getuid?.() === 0;
const itAsRoot = isRoot ? it : it.skip;

const query = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const eventually = async <T>(attempt: () => Promise<T>): Promise<T> => {
  for (const deadline = Date.now() + 15_000; ; await sleep(50)) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
};

const postmasterOf = async (directory: string): Promise<number> =>
  parseInt(await readFile(join(directory, 'postgres', 'postmaster.pid'), 'utf8'), 10);

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  );

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
};

describe('the embedded database', () => {
  const directories: string[] = [];
  const running: EmbeddedPostgres[] = [];
  const children: ChildProcess[] = [];
  const log: string[] = [];
  /** One for all the tests that do not need it new, because making one takes a second. */
  let dataDir: string;

  const newDataDir = async (): Promise<string> => {
    const parent = await mkdtemp(join(tmpdir(), 'rockpool-embedded-'));
    await chmod(parent, 0o711);
    directories.push(parent);
    return join(parent, 'data');
  };

  const start = async (directory: string): Promise<EmbeddedPostgres> => {
    const database = await startEmbeddedPostgres({ dataDir: directory, log: (message) => log.push(message) });
    running.push(database);
    return database;
  };

  const startProcess = (directory: string, mode = 'idle') => {
    const script = join(__dirname, 'owner-process.ts');
    const args = ['-r', '@swc-node/register', script, directory, mode];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    children.push(child);
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const line = (index: number): Promise<string> =>
      eventually(async () => {
        if (lines[index] === undefined) throw new Error(`The process has not printed line ${index}`);
        return lines[index];
      });
    return { pid: child.pid ?? 0, lines, line, kill: () => end(child) };
  };

  beforeAll(async () => {
    dataDir = await newDataDir();
  });
  afterEach(async () => {
    const killed = children.splice(0);
    await Promise.all(killed.map(end));
    // Joins what a killed process left running, so as to end it.
    if (killed.length > 0) await start(dataDir);
    await Promise.all(running.splice(0).map((database) => database.stop()));
    log.length = 0;
  });
  afterAll(() => Promise.all(directories.map((path) => rm(path, { recursive: true, force: true }))));

  it('keeps its rows and its address over a restart', async () => {
    const first = await start(dataDir);
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');

    await first.stop();
    const second = await start(dataDir);

    expect(second.url).toBe(first.url);
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('listens on the loopback address only, for those who have the password, and is safe by default', async () => {
    const { url } = await start(dataDir);
    const wrong = new URL(url);
    wrong.password = 'wrong';
    const postmaster = await postmasterOf(dataDir);

    const settings = await query(
      url,
      `SELECT name, setting FROM pg_settings WHERE name IN
        ('fsync', 'listen_addresses', 'unix_socket_directories', 'max_connections', 'server_encoding', 'data_checksums')
        ORDER BY name`,
    );

    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      data_checksums: 'on',
      fsync: 'on',
      listen_addresses: '127.0.0.1',
      max_connections: '200',
      server_encoding: 'UTF8',
      unix_socket_directories: '',
    });
    expect(new URL(url).port).not.toBe('5432');
    expect(await codeOf(query(wrong.href, 'SELECT 1'))).toBe('28P01');
    expect(await readFile(`/proc/${postmaster}/cmdline`, 'utf8')).not.toContain(new URL(url).password);
  });

  it('keeps its password to itself', async () => {
    await start(dataDir);

    const { mode } = await stat(join(dataDir, 'secrets', 'postgres-password'));

    expect(mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'secrets'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(dataDir, 'postgres'))).mode & 0o777).toBe(0o700);
    expect((await readdir(dataDir)).sort()).toEqual(['lock', 'port', 'postgres', 'postgres.log', 'secrets']);
  });

  it('is made once by two that start at once, serves both, and ends with the last', async () => {
    const fresh = await newDataDir();

    const [first, second] = await Promise.all([start(fresh), start(fresh)]);
    await first.stop();
    const afterOne = await query(second.url, 'SELECT 1 AS alive');
    await second.stop();

    expect(second.url).toBe(first.url);
    expect(afterOne).toEqual([{ alive: 1 }]);
    expect(await codeOf(query(second.url, 'SELECT 1'))).toBe('ECONNREFUSED');
  });

  it('ends when the two that used it leave at the same moment', async () => {
    const [first, second] = await Promise.all([start(dataDir), start(dataDir)]);

    await Promise.all([first.stop(), second.stop()]);

    expect(await codeOf(query(first.url, 'SELECT 1'))).toBe('ECONNREFUSED');
  });

  it('goes on when the node is killed, is taken over by the next, and lost nothing', async () => {
    const killed = startProcess(dataDir, 'insert');
    const url = await killed.line(0);
    await killed.line(50);

    await killed.kill();
    const postmaster = await postmasterOf(dataDir);
    const next = await start(dataDir);

    expect(next.url).toBe(url);
    expect(await postmasterOf(dataDir)).toBe(postmaster);
    expect(log).toEqual([expect.stringContaining('already runs')]);
    const [row] = await query(
      next.url,
      'SELECT count(*)::int AS rows, max(number) AS last FROM acknowledged',
    );
    expect(row?.rows).toBe(row?.last);
    expect(row?.last).toBeGreaterThanOrEqual(killed.lines.length - 1);
  });

  it('keeps every acknowledged row when its server is killed, and comes back on the same address by itself', async () => {
    const owner = startProcess(dataDir, 'insert');
    const url = await owner.line(0);
    await owner.line(50);

    process.kill(await postmasterOf(dataDir), 'SIGKILL');
    const [row] = await eventually(async () => {
      if (owner.lines.at(-1) !== 'lost') throw new Error('The connection still stands');
      return query(url, 'SELECT max(number) AS last FROM acknowledged');
    });

    expect(row?.last).toBeGreaterThanOrEqual(owner.lines.length - 2);
  });

  it('starts again after node and server were both killed', async () => {
    const owner = startProcess(dataDir);
    await query(await owner.line(0), 'CREATE TABLE kept_twice AS SELECT 42 AS answer');

    await owner.kill();
    process.kill(await postmasterOf(dataDir), 'SIGKILL');
    const next = await start(dataDir);

    expect(await query(next.url, 'SELECT answer FROM kept_twice')).toEqual([{ answer: 42 }]);
  });

  it('serves the other process when one leaves', async () => {
    const other = startProcess(dataDir);
    const url = await other.line(0);

    const mine = await start(dataDir);
    await mine.stop();

    expect(mine.url).toBe(url);
    expect(await query(url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  it('does not hear the Ctrl-C that reaches the node', async () => {
    const owner = startProcess(dataDir);
    const url = await owner.line(0);

    process.kill(-owner.pid, 'SIGINT');
    await sleep(300);

    expect(await query(url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  it('does not mind a pid file of a server that is gone, whoever has the pid now', async () => {
    const first = await start(dataDir);
    const path = join(dataDir, 'postgres', 'postmaster.pid');
    const pidFile = await readFile(path, 'utf8');
    await first.stop();
    const account = await chooseAccount(join(dataDir, 'postgres'));
    const innocent = spawn('sleep', ['60'], { ...account, cwd: '/' });
    children.push(innocent);
    await writeFile(path, pidFile.replace(/^\d+/, String(innocent.pid)));

    const second = await start(dataDir);

    expect(await query(second.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    expect(innocent.exitCode).toBeNull();
  });

  it('does not mind an empty pid file, as a power failure leaves it', async () => {
    const first = await start(dataDir);
    await first.stop();
    await writeFile(join(dataDir, 'postgres', 'postmaster.pid'), '');

    const second = await start(dataDir);

    expect(await query(second.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  it('takes another port when somebody has its own', async () => {
    const first = await start(dataDir);
    const { port } = new URL(first.url);
    await first.stop();
    const occupant = createServer().listen(Number(port), '127.0.0.1');
    await once(occupant, 'listening');

    const second = await start(dataDir);

    expect(new URL(second.url).port).not.toBe(port);
    expect(await query(second.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    occupant.close();
  });

  it('does again what a killed first start left half done', async () => {
    const fresh = await newDataDir();
    const killed = startProcess(fresh);
    await eventually(async () => {
      const [work] = (await readdir(fresh)).filter((name) => name.startsWith('postgres.unfinished-'));
      await stat(join(fresh, work ?? '', 'data', 'base'));
    });
    await killed.kill();
    const left = await readdir(fresh);

    const { url } = await start(fresh);

    expect(left).not.toContain('postgres');
    expect(await query(url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    expect((await readdir(fresh)).filter((name) => name.startsWith('postgres.unfinished'))).toEqual([]);
  });

  it('says so when the password is no longer the one of the database', async () => {
    const first = await start(dataDir);
    await first.stop();
    const path = join(dataDir, 'secrets', 'postgres-password');
    const password = await readFile(path, 'utf8');
    await writeFile(path, 'f'.repeat(64));

    const failed = await start(dataDir).catch((error: Error) => error.message);
    await writeFile(path, password);

    expect(failed).toContain('restore both together');
    expect(await readdir(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
  });

  itAsRoot('names the setting when root chose a place that the database server cannot reach', async () => {
    const closed = await newDataDir();
    await mkdir(closed, { mode: 0o700 });

    await expect(start(join(closed, 'inner'))).rejects.toThrow('ROCKPOOL_DATA_DIR');
  });
});
