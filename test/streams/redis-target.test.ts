import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTarget, TargetOptions } from '../../src/streams/targets/stream-target';
import type { RedisSettings } from '../../src/streams/targets/target-settings';
import { startFakeRedis, type FakeRedis } from '../support/fake-redis';
import { DELIVERED, POOL, putOf, targetOptions } from '../support/stream-puts';

let redis: FakeRedis;
const opened: StreamTarget[] = [];

const openTarget = (settings: Partial<RedisSettings> = {}, options: Partial<TargetOptions> = {}) => {
  const target = targetFor(
    {
      type: 'redis',
      url: `redis://127.0.0.1:${redis.port}`,
      key: 'events:{identityPoolId}',
      maxLength: 1000,
      maxBytes: 1_000_000,
      ...settings,
    },
    targetOptions(options),
  );
  opened.push(target);
  return target;
};

/** Answers to one command with an error, to all others with OK. */
const refuse = (command: string, error: string): void => {
  redis.reply = ([word]) => (word === command ? `-${error}` : '+OK');
};

beforeEach(async () => {
  redis = await startFakeRedis();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((target) => target.close()));
  await redis.close();
});

test('An event is appended to the stream of its pool with its id, and nothing else is asked', async () => {
  const put = putOf('a', 'evt_1');

  expect(await openTarget().put([put])).toEqual([DELIVERED]);

  expect(redis.commands).toEqual([
    [
      'xadd',
      `events:${POOL}`,
      'MAXLEN',
      '~',
      '1000',
      '*',
      'id',
      'evt_1',
      'payload',
      JSON.stringify(put.event),
    ],
  ]);
});

test('Events of one identity are appended in order over one connection', async () => {
  const target = openTarget();

  await target.put([putOf('a', 'evt_1'), putOf('a', 'evt_2'), putOf('b', 'evt_3')]);
  await target.put([putOf('a', 'evt_4')]);

  expect(redis.commands.map((words) => words[7])).toEqual(['evt_1', 'evt_3', 'evt_2', 'evt_4']);
  expect(redis.connections()).toBe(1);
});

test.each([
  ['a password', { password: 'pw' }, ['auth', 'pw']],
  ['a user and a password', { username: 'me', password: 'pw' }, ['auth', 'me', 'pw']],
])('It signs in with %s first', async (_, settings, command) => {
  expect(await openTarget(settings).put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);

  expect(redis.commands.map((words) => words[0])).toEqual(['auth', 'xadd']);
  expect(redis.commands[0]).toEqual(command);
});

test('The database of the address is chosen first', async () => {
  await openTarget({ url: `redis://127.0.0.1:${redis.port}/3` }).put([putOf('a', 'evt_1')]);

  expect(redis.commands.map((words) => words.slice(0, 2))).toEqual([
    ['select', '3'],
    ['xadd', `events:${POOL}`],
  ]);
});

test('A database that does not exist is broken, and nothing goes to another one', async () => {
  refuse('select', 'ERR DB index is out of range');

  expect(await openTarget({ url: `redis://127.0.0.1:${redis.port}/99` }).put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'Redis has no database of that number' },
  ]);
  expect(redis.commands.map((words) => words[0])).toEqual(['select']);
});

test.each([
  ['WRONGTYPE Operation against a key', 'the Redis key holds something other than a stream'],
  ['NOAUTH Authentication required.', 'Redis wants credentials'],
  ['NOPERM User me has no permissions', 'Redis does not permit these credentials to append to the stream'],
  ['MOVED 3999 127.0.0.1:6381', 'Redis is a cluster and has the key on another node'],
  ['ERR unknown command `xadd`, with args', 'this Redis has no streams'],
])('A server that answers %s is broken', async (error, reason) => {
  refuse('xadd', error);

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([{ outcome: 'BROKEN', reason }]);
});

test.each([
  ['WRONGPASS invalid username-password pair', 'Redis does not accept the credentials'],
  ['ERR AUTH <password> called without any password configured', 'Redis wants no password'],
])(
  'Credentials that are answered with %s are broken, and nothing is sent without them',
  async (error, reason) => {
    refuse('auth', error);

    expect(await openTarget({ password: 'pw' }).put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason },
    ]);
    expect(redis.commands.map((words) => words[0])).toEqual(['auth']);
  },
);

test.each(['LOADING', 'OOM', 'READONLY', 'MASTERDOWN', 'MISCONF', 'BUSY', 'CLUSTERDOWN', 'ERR'])(
  'A server that answers %s is for later, and its sentence is not told',
  async (kind) => {
    refuse('xadd', `${kind} something with a secret in it`);

    expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'RETRY', reason: `Redis answered with ${kind}` },
    ]);
  },
);

test('A refused event leaves the connection as it is', async () => {
  const target = openTarget();
  refuse('xadd', 'OOM command not allowed');
  await target.put([putOf('a', 'evt_1')]);
  redis.reply = () => '+OK';

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
  expect(redis.connections()).toBe(1);
});

test('A server that does not answer is for later, and gets a new connection then', async () => {
  const target = openTarget({}, { timeoutMs: 100 });
  redis.reply = () => undefined;
  expect(await target.put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Redis did not answer within 0.1 seconds' },
  ]);
  redis.reply = () => '+OK';

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
  expect(redis.connections()).toBe(2);
});

test('A connection that breaks before the answer is for later', async () => {
  redis.reply = () => void redis.cut();

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Redis cannot be reached' },
  ]);
  expect(redis.connections()).toBe(1);
});

test('A connection that broke in between is made again', async () => {
  const target = openTarget();
  await target.put([putOf('a', 'evt_1')]);
  redis.cut();
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(await target.put([putOf('a', 'evt_2')])).toEqual([DELIVERED]);
  expect(redis.connections()).toBe(2);
});

test('A server that is not there is for later', async () => {
  const target = openTarget();
  await redis.close();

  const outcomes = await target.put([putOf('a', 'evt_1')]);
  redis = await startFakeRedis();

  expect(outcomes).toEqual([{ outcome: 'RETRY', reason: 'Redis cannot be reached (ECONNREFUSED)' }]);
});

test('Every address of a name is tried', async () => {
  const rules = {
    allowPrivateAddresses: true,
    allowPlaintext: true,
    resolve: async () => ['127.0.0.2', '127.0.0.1'],
  };
  const url = `redis://redis.example:${redis.port}`;

  expect(await openTarget({ url }, { rules }).put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
});

test('A server at an address that is not allowed is broken, and not connected to', async () => {
  const rules = { allowPrivateAddresses: false, allowPlaintext: true, resolve: async () => ['127.0.0.1'] };
  const url = `redis://redis.example:${redis.port}`;

  expect(await openTarget({ url }, { rules }).put([putOf('a', 'evt_1')])).toEqual([
    {
      outcome: 'BROKEN',
      reason: 'Redis is not on the public Internet, which this server does not allow',
    },
  ]);
  expect(redis.connections()).toBe(0);
});
