import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../src/config';
import { isAdministrator } from '../src/demo/administrator';
import { addressOf, isRockpool, joinServer } from '../src/demo/server';
import { startTestServer, type TestServer } from './support/server';

let server: TestServer;
let config: Config;

beforeAll(async () => {
  server = await startTestServer();
  config = { ...server.config, administratorKey: undefined };
});
afterAll(() => server.close());

/** Asks until `wanted` is answered: revoked keys are refused within seconds. */
const eventually = async (question: () => Promise<boolean>, wanted: boolean): Promise<void> => {
  for (const deadline = Date.now() + 5000; (await question()) !== wanted;)
    if (Date.now() > deadline) throw new Error('It did not come about within 5 seconds');
};

const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

describe('joining a running server', () => {
  it('finds it where the configuration says', async () => {
    expect(addressOf({ ...config, publicUrl: undefined, port: 4000 })).toBe('http://localhost:4000');
    expect(addressOf({ ...config, publicUrl: 'https://sync.example.com' })).toBe('https://sync.example.com');
    expect(await isRockpool(server.url)).toBe(true);
    expect(await isRockpool(`http://localhost:${await freePort()}`)).toBe(false);
  });

  it('makes a key of its own by the operator’s access, and revokes it at the end', async () => {
    const playground = await joinServer(config, server.url);

    expect(await isAdministrator(playground.admin)).toBe(true);
    await playground.close();
    await eventually(() => isAdministrator(playground.admin), false);
  });

  it('uses the key of the environment when there is one', async () => {
    const playground = await joinServer(server.config, server.url);

    expect(playground.admin.bearer).toBe(server.admin);
    await playground.close();
    expect(await isAdministrator(playground.admin)).toBe(true);
  });

  it('says in words that the server does not know the key', async () => {
    const administratorKey = { accessKeyId: 'UNKNOWN', secretAccessKey: 'not-a-secret' };

    await expect(joinServer({ ...config, administratorKey }, server.url)).rejects.toThrow(
      /does not know the key/,
    );
  });

  it('says in words that the server has another database', async () => {
    const other = await startTestServer();
    const joined = joinServer(config, other.url);

    await expect(joined).rejects.toThrow(/uses another database/);
    await other.close();
  });
});

describe('npm run demo', () => {
  it('without a server plays on one of its own, which it removes', async () => {
    const env = { ...process.env, PORT: String(await freePort()), DATABASE_URL: '', ROCKPOOL_PUBLIC_URL: '' };
    const entry = join(__dirname, '../src/demo/main.ts');
    const demo = spawn(process.execPath, ['-r', '@swc-node/register', entry], { env });
    let output = '';
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk) => (output += chunk));
    const [code] = await once(demo, 'close');

    expect(output).toContain('No Rockpool answers at');
    expect(output).toContain('Nothing was lost.');
    expect(code).toBe(0);
    expect((await readdir(tmpdir())).filter((name) => name.startsWith('rockpool-demo-'))).toEqual([]);
  }, 120_000);
});
