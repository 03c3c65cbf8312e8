import { randomUUID } from 'node:crypto';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { createPool, eventually, type Data } from '../support/factories';
import { configure, newWriter, startStreamWorld, streamOf, type StreamWorld } from './stream-world';

const { TEST_NATS_URL, TEST_REDIS_URL } = process.env;

let world: StreamWorld;

beforeAll(async () => {
  world = await startStreamWorld();
});
afterAll(() => world?.stop());

/** A pool with this target, and 20 writes in two datasets of one identity. */
const writeTo = async (target: object): Promise<string> => {
  const { id } = await createPool(world.server);
  await configure(world.server, id, { cognitoStreams: { streamName: 's', target } });
  const writer = await newWriter(world.server, id);
  for (let nth = 0; nth < 20; nth += 1) await writer.write(nth % 2 ? 'odd' : 'even');
  return id;
};

const countsOf = (events: Data[], datasetName: string): number[] =>
  events.filter((event) => event.datasetName === datasetName).map((event) => event.syncCount);

const ONE_TO_TEN = Array.from({ length: 10 }, (_, at) => at + 1);

(TEST_NATS_URL ? test : test.skip)('Changes arrive in NATS JetStream, in order and once', async () => {
  const name = `rockpool-test-${randomUUID()}`;
  const connection = await connect({ servers: new URL(TEST_NATS_URL!).host });
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`] });
  try {
    const id = await writeTo({ nats: { servers: [TEST_NATS_URL], subject: `${name}.{identityPoolId}` } });

    await eventually(
      () => streamOf(world.server, id),
      (stream) => stream.pendingCount === 0,
    );

    const { state } = await manager.streams.info(name);
    const events: Data[] = [];
    for (let seq = state.first_seq; seq <= state.last_seq; seq += 1)
      events.push((await manager.streams.getMessage(name, { seq }))!.json());
    expect([countsOf(events, 'even'), countsOf(events, 'odd')]).toEqual([ONE_TO_TEN, ONE_TO_TEN]);
  } finally {
    await manager.streams.delete(name);
    await connection.close();
  }
});

(TEST_NATS_URL ? test : test.skip)(
  'A subject that no stream takes switches streaming off with that reason',
  async () => {
    const id = await writeTo({ nats: { servers: [TEST_NATS_URL], subject: `nobody-${randomUUID()}` } });

    const stream = await eventually(
      () => streamOf(world.server, id),
      ({ streamingStatus }) => streamingStatus === 'DISABLED',
    );

    expect(stream.disabledReason).toBe('no NATS stream takes the subject');
  },
);

(TEST_REDIS_URL ? test : test.skip)('Changes arrive in a Redis stream, in order', async () => {
  const redis = new Redis(TEST_REDIS_URL!);
  const key = `rockpool-test-${randomUUID()}`;
  try {
    const id = await writeTo({ redis: { url: TEST_REDIS_URL, key } });

    await eventually(
      () => streamOf(world.server, id),
      (stream) => stream.pendingCount === 0,
    );

    const entries = await redis.xrange(key, '-', '+');
    const events = entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('payload') + 1]!) as Data);
    expect([countsOf(events, 'even'), countsOf(events, 'odd')]).toEqual([ONE_TO_TEN, ONE_TO_TEN]);
  } finally {
    await redis.del(key);
    redis.disconnect();
  }
});
