import { randomUUID } from 'node:crypto';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTarget } from '../../src/streams/targets/stream-target';
import { DELIVERED, POOL, putOf, targetOptions } from '../support/stream-puts';

const { TEST_NATS_URL, TEST_REDIS_URL } = process.env;

const withNats = TEST_NATS_URL ? describe : describe.skip;
const withRedis = TEST_REDIS_URL ? describe : describe.skip;

withNats('a NATS server with JetStream', () => {
  const prefix = `rockpool-test-${randomUUID()}`;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let target: StreamTarget;

  const openTarget = (subject = `${prefix}.{identityPoolId}`): StreamTarget =>
    targetFor({ type: 'nats', servers: [TEST_NATS_URL!], subject, maxBytes: 1_000_000 }, targetOptions());

  const stored = async () => {
    const { state } = await manager.streams.info(prefix);
    const messages = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
      messages.push((await manager.streams.getMessage(prefix, { seq }))!);
    return messages;
  };

  beforeEach(async () => {
    connection = await connect({ servers: new URL(TEST_NATS_URL!).host });
    manager = await jetstreamManager(connection);
    await manager.streams.add({ name: prefix, subjects: [`${prefix}.>`], max_msgs: 3, discard: 'new' });
    target = openTarget();
  });

  afterEach(async () => {
    await target.close();
    await manager.streams.delete(prefix).catch(() => undefined);
    await connection.close();
  });

  test('keeps every event under the subject of its pool', async () => {
    const puts = [putOf('a', 'evt_1'), putOf('a', 'evt_2')];

    expect(await target.put(puts)).toEqual([DELIVERED, DELIVERED]);

    const messages = await stored();
    expect(messages.map(({ subject }) => subject)).toEqual([`${prefix}.${POOL}`, `${prefix}.${POOL}`]);
    expect(messages.map((message) => message.json())).toEqual(puts.map(({ event }) => event));
    expect(messages.map(({ header }) => header.get('Nats-Msg-Id'))).toEqual(['evt_1', 'evt_2']);
  });

  test('keeps an event once that comes twice', async () => {
    await target.put([putOf('a', 'evt_1')]);

    expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
    expect(await stored()).toHaveLength(1);
  });

  test('that is full takes the rest later', async () => {
    const puts = ['1', '2', '3', '4', '5'].map((id) => putOf('a', `evt_${id}`));

    const outcomes = await target.put(puts);

    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'DELIVERED',
      'DELIVERED',
      'DELIVERED',
      'RETRY',
      'RETRY',
    ]);
  });

  test('without a stream for the subject is broken', async () => {
    await manager.streams.delete(prefix);

    expect(await target.put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason: 'no NATS stream takes the subject' },
    ]);
  });
});

withRedis('a Redis server', () => {
  const key = `rockpool-test:${randomUUID()}`;
  let redis: Redis;
  let target: StreamTarget;

  beforeEach(() => {
    redis = new Redis(TEST_REDIS_URL!);
    target = targetFor(
      {
        type: 'redis',
        url: TEST_REDIS_URL!,
        key: `${key}:{identityPoolId}`,
        maxLength: 10,
        maxBytes: 1_000_000,
      },
      targetOptions(),
    );
  });

  afterEach(async () => {
    await target.close();
    await redis.del(`${key}:${POOL}`);
    await redis.quit();
  });

  test('keeps every event with its id', async () => {
    const puts = [putOf('a', 'evt_1'), putOf('a', 'evt_2')];

    expect(await target.put(puts)).toEqual([DELIVERED, DELIVERED]);

    const entries = await redis.xrange(`${key}:${POOL}`, '-', '+');
    expect(entries.map(([, fields]) => fields)).toEqual(
      puts.map(({ id, event }) => ['id', id, 'payload', JSON.stringify(event)]),
    );
  });

  test('forgets the oldest beyond about the length', async () => {
    await target.put(Array.from({ length: 500 }, (_, at) => putOf(`identity-${at}`, `evt_${at}`)));

    // Redis drops whole nodes of its stream, which have 100 entries.
    expect(await redis.xlen(`${key}:${POOL}`)).toBeLessThan(200);
  });

  test('with something else under the key is broken', async () => {
    await redis.set(`${key}:${POOL}`, 'text');

    expect(await target.put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason: 'the Redis key holds something other than a stream' },
    ]);
  });

  test('that does not know the user is broken', async () => {
    const url = new URL(TEST_REDIS_URL!);
    const given = { type: 'redis' as const, url: url.href, key, maxLength: 10, maxBytes: 1_000_000 };
    const withPassword = targetFor({ ...given, username: 'nobody', password: 'wrong' }, targetOptions());

    expect(await withPassword.put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason: 'Redis does not accept the credentials' },
    ]);
    await withPassword.close();
  });
});
