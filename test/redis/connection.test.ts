import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { openRedis } from '../../src/redis/connection';

/** Something that listens in the place of Redis. */
interface StandIn {
  host: string;
  /** All that it was sent, one piece for each time. */
  received: Buffer[];
  /** How many connections it was asked for. */
  connections(): number;
}

const open: { disconnect(): void }[] = [];
afterEach(() => open.splice(0).forEach((each) => each.disconnect()));

const listen = async (answer: (socket: Socket, data: Buffer) => void): Promise<StandIn> => {
  const received: Buffer[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      received.push(data);
      answer(socket, data);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ disconnect: () => void server.close() });
  return {
    host: `localhost:${(server.address() as AddressInfo).port}`,
    received,
    connections: () => connections,
  };
};

/** Answers each command that arrives in full. */
const replying =
  (reply: (command: string) => string) =>
  (socket: Socket, data: Buffer): void => {
    const commands = data.toString().split(/^\*\d+\r\n/m);
    commands.slice(1).forEach((command) => socket.write(reply(command)));
  };

const isInfo = (command: string): boolean => /\binfo\b/i.test(command);
const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

const connect = async (url: string, log = pino({ level: 'silent' })): Promise<Redis> => {
  const redis = await openRedis(url, log);
  open.push(redis);
  return redis;
};

test('rediss:// speaks TLS from the first byte, and tells by the name which server is meant', async () => {
  const { host, received } = await listen((socket) => socket.destroy());

  await connect(`rediss://rockpool:tiger@${host}`);

  const hello = received[0] ?? Buffer.alloc(0);
  // A record of TLS's handshake.
  expect([...hello.subarray(0, 2)]).toEqual([0x16, 3]);
  expect(hello.includes('localhost')).toBe(true);
  expect(hello.includes('tiger')).toBe(false);
});

test('A server that repeats the password when it refuses does not bring it into the log', async () => {
  let log = '';
  const { host } = await listen(
    replying(() => "-ERR unknown command 'auth', with args beginning with: 'rockpool' 'tiger'\r\n"),
  );

  await connect(`redis://rockpool:tiger@${host}`, pino({}, { write: (line) => void (log += line) }));

  expect(log).toContain('"reason":"ERR"');
  expect(log).not.toContain('tiger');
});

test('A server that says nothing holds up neither a start nor a command', async () => {
  const { host } = await listen(() => undefined);

  const redis = await connect(`redis://${host}`);
  const ping = redis.ping().catch(() => 'failed');

  expect(await Promise.race([ping, nextTurn('waits')])).toBe('failed');
});

test('A server that is still reading its data in does not hold up a start', async () => {
  const loading = bulk('loading:1\r\nloading_eta_seconds:3600\r\n');
  const { host } = await listen(replying((command) => (isInfo(command) ? loading : '+OK\r\n')));

  const redis = await connect(`redis://${host}`);

  await expect(redis.ping()).rejects.toThrow();
});

test('A server that takes no writes any more is left for the one that has its name now', async () => {
  const { host, connections } = await listen(
    replying((command) =>
      isInfo(command) ? bulk('loading:0\r\n') : '-READONLY a replica takes no writes\r\n',
    ),
  );
  const redis = await connect(`redis://${host}`);

  await expect(redis.set('key', 'value')).rejects.toThrow('READONLY');

  while (connections() < 2) await sleep(20);
  expect(connections()).toBe(2);
});

const REDIS_URL = process.env.TEST_REDIS_URL;
const withRedis = REDIS_URL ? describe : describe.skip;

withRedis('With Redis, which is skipped when TEST_REDIS_URL names none,', () => {
  test('commands are taken as soon as the connection is there', async () => {
    const redis = await connect(REDIS_URL ?? '');

    expect(await redis.ping()).toBe('PONG');
  });
});
