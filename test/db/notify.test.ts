import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { pino } from 'pino';
import { Client } from 'pg';
import { listen, type ListenOptions, type Listener } from '../../src/db/notify';
import { createTestDatabase, execute, type TestDatabase } from '../support/database';

const QUICK = { probeEvery: 30, patience: 300, firstBackOff: 10, longestBackOff: 40 };

let database: TestDatabase;
let listener: Listener | undefined;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterEach(async () => {
  await listener?.close();
  listener = undefined;
});

afterAll(() => database.drop());

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** A listener on channel `news`, with what it heard, logged and how often it came back. */
const start = async (overrides: Partial<ListenOptions> = {}) => {
  const seen = { heard: [] as string[], logged: '', reconnects: 0 };
  listener = await listen({
    url: database.url,
    handlers: { news: (payload) => seen.heard.push(payload) },
    log: pino({ level: 'trace' }, { write: (line: string) => (seen.logged += line) }),
    onReconnect: () => (seen.reconnects += 1),
    timings: QUICK,
    ...overrides,
  });
  return { listener, seen };
};

const notify = (payload: string, channel = 'news') =>
  execute(database.url, `NOTIFY "${channel}", '${payload}'`);

const LISTENING_PIDS = `SELECT pid FROM pg_stat_activity
  WHERE application_name = 'rockpool listen' AND datname = current_database()`;

const terminateListeners = () =>
  execute(database.url, `SELECT pg_terminate_backend(pid) FROM (${LISTENING_PIDS}) listening`);

const countListeners = async (): Promise<number> => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(LISTENING_PIDS);
  await client.end();
  return rows.length;
};

/** Stands between the listener and the database and can fall silent without closing anything. */
const startSilentProxy = async (): Promise<{
  url: string;
  silence(): void;
  server: Server;
  close(): void;
}> => {
  const target = new URL(database.url);
  const sockets: Socket[] = [];
  const server = createServer((inbound) => {
    const outbound = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [inbound, outbound]) socket.on('error', () => undefined);
    inbound.pipe(outbound);
    outbound.pipe(inbound);
    sockets.push(inbound, outbound);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(database.url);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const silence = () => sockets.splice(0).forEach((socket) => socket.unpipe().pause());
  const close = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { url: url.href, silence, server, close };
};

test('Notices of a channel reach its handler, whatever characters the channel has', async () => {
  const odd: string[] = [];
  const { seen } = await start({
    handlers: { news: (p) => seen.heard.push(p), 'Odd "channel"': (p) => odd.push(p) },
  });

  await notify('one');
  await notify('two', 'Odd ""channel""');
  await until(() => seen.heard.length + odd.length === 2);

  expect([seen.heard, odd]).toEqual([['one'], ['two']]);
  expect(seen.reconnects).toBe(0);
});

test('A connection that the server ends is made again, and says that notices were missed', async () => {
  const { listener, seen } = await start();

  await terminateListeners();
  await until(() => seen.reconnects === 1);
  await notify('after');
  await until(() => seen.heard.length === 1);

  expect(seen.heard).toEqual(['after']);
  expect(listener.isListening()).toBe(true);
  expect(await countListeners()).toBe(1);
});

test('A connection that no longer answers is noticed and made again', async () => {
  const proxy = await startSilentProxy();
  const { listener, seen } = await start({ url: proxy.url });

  proxy.silence();
  await until(() => seen.reconnects === 1);
  await notify('after');
  await until(() => seen.heard.length === 1);
  await listener.close();
  proxy.close();

  expect(seen.logged).toContain('the connection does not answer');
  expect(seen.heard).toEqual(['after']);
});

test('A server that accepts and says nothing does not hold up the start', async () => {
  const mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const { port } = mute.address() as AddressInfo;

  const { listener } = await start({ url: `postgres://a:b@127.0.0.1:${port}/x` });
  const listening = listener.isListening();
  await listener.close();
  mute.close();

  expect(listening).toBe(false);
});

test('A server that lets in and then says nothing does not hold up the start either', async () => {
  const authenticationOk = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);
  const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);
  const halfMute = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.concat([authenticationOk, readyForQuery])));
  }).listen(0, '127.0.0.1');
  await once(halfMute, 'listening');
  const { port } = halfMute.address() as AddressInfo;

  const { listener, seen } = await start({ url: `postgres://a:b@127.0.0.1:${port}/x` });
  const listening = listener.isListening();
  await listener.close();
  halfMute.close();

  expect(listening).toBe(false);
  expect(seen.logged).toContain('the connection does not answer');
});

test.each([
  ['of an unreachable server', 'postgres://somebody:TopSecret@127.0.0.1:1/x'],
  ['that is none', 'postgres://somebody:TopSecret@127.0.0.1:notaport/x'],
])('The password in a URL %s is not logged, and attempts go on', async (_, url) => {
  const { listener, seen } = await start({ url });

  await until(() => seen.logged.split('\n').length > 4);

  expect(listener.isListening()).toBe(false);
  expect(seen.logged).toContain('not listening for database notices');
  expect(seen.logged).not.toContain('TopSecret');
});

test('A server that comes up late is found, and counts as missed notices', async () => {
  const proxy = await startSilentProxy();
  const { port } = proxy.server.address() as AddressInfo;
  proxy.close();
  const { seen } = await start({ url: proxy.url });
  expect(seen.reconnects).toBe(0);

  const target = new URL(database.url);
  const late = createServer((inbound) => {
    const outbound = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [inbound, outbound]) socket.on('error', () => undefined);
    inbound.pipe(outbound).pipe(inbound);
  }).listen(port, '127.0.0.1');
  await until(() => seen.reconnects === 1);
  await listener!.close();
  late.close();

  expect(seen.reconnects).toBe(1);
});

test('An error in a handler or in onReconnect is logged and ends nothing', async () => {
  let calls = 0;
  const { seen } = await start({
    handlers: {
      news: () => {
        calls += 1;
        throw new Error('broken handler');
      },
    },
    onReconnect: () => {
      seen.reconnects += 1;
      throw new Error('broken reconnect');
    },
  });

  await notify('one');
  await until(() => calls === 1);
  await terminateListeners();
  await until(() => seen.reconnects === 1);
  await notify('two');
  await until(() => calls === 2);

  expect(seen.logged).toContain('broken handler');
  expect(seen.logged).toContain('broken reconnect');
});

test('A closed listener leaves no connection behind and does not come back', async () => {
  const { listener, seen } = await start();

  await listener.close();
  await listener.close();
  await notify('too late');
  await new Promise((resolve) => setTimeout(resolve, 100));

  expect(listener.isListening()).toBe(false);
  expect(await countListeners()).toBe(0);
  expect(seen).toMatchObject({ heard: [], reconnects: 0, logged: '' });
});
