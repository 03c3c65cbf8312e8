import { encodeCursor } from '../../src/page';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { sweepStreamPayloads } from '../../src/streams/stream-payloads';
import { countOf, eventually, refusalOf, rowsOf, type Data } from '../support/factories';
import { answerWith } from '../support/receiver';
import { serviceContext } from '../support/service-context';
import {
  answerFor,
  configure,
  eventsIn,
  newStreamingPool,
  newWriter,
  startStreamWorld,
  streamOf,
  untilReceived,
  type StreamWorld,
} from './stream-world';

/** Places in a list of dead letters that no list has. */
const DATE = '2027-03-01T00:00:00.000Z';
const FORGED = [
  [DATE, 'i', 'd', 1.5],
  [DATE, 'i', 'd', 1e300],
  [DATE, 'i\0', 'd', 1],
  ['0000-01-01T00:00:00.000Z', 'i', 'd', 1],
  [DATE, 'i', 'd'],
];

let world: StreamWorld;

beforeAll(async () => {
  world = await startStreamWorld();
});
afterAll(() => world?.stop());
afterEach(() => {
  world.receiver.answer = answerWith(204);
});

const HOUR = 3600;
const DAY = 24 * HOUR;

/** Lets time pass in steps, each long enough for what is due then to be tried. */
const pass = async (seconds: number, isOver: () => Promise<boolean>): Promise<void> => {
  while (!(await isOver())) {
    world.clock.advance(seconds);
    await sleep(60);
  }
};

/** Answers one dataset's events so; others arrive. */
const refuseDataset = (datasetName: string, status: number): void => {
  world.receiver.answer = (response, { body }) =>
    void response.writeHead((JSON.parse(body) as Data).datasetName === datasetName ? status : 204).end();
};

const RETRY = `mutation ($input: RetryDeadLettersInput!) { retryDeadLetters(input: $input) { identityPoolId retriedCount } }`;

const retryDeadLetters = async (identityPoolId: string): Promise<Data> =>
  (await world.server.run(RETRY, { input: { identityPoolId } }, world.server.admin)).retryDeadLetters;

describe('an event', () => {
  it('arrives as consumers of Cognito Streams read it, signed with the secret that was shown', async () => {
    const { id, webhookSecret } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    const lastModifiedDate = world.clock.now().getTime();
    await writer.write('settings', 'grün');

    const [event] = await untilReceived(world.receiver, id, 1);

    expect(event).toEqual({
      identityPoolId: id,
      identityId: writer.identityId,
      dataSetName: 'settings',
      datasetName: 'settings',
      operation: 'replace',
      kinesisSyncRecords: [
        {
          key: 'key-1',
          value: 'grün',
          syncCount: 1,
          lastModifiedDate,
          deviceLastModifiedDate: null,
          op: 'replace',
        },
      ],
      lastModifiedDate,
      kinesisSyncRecordsURL: null,
      payloadType: 'Inline',
      syncCount: 1,
    });
    const request = world.receiver.requests.find(({ path }) => path.includes(id))!;
    const headers = request.headers as Record<string, string>;
    expect(new Webhook(webhookSecret).verify(request.body, headers)).toEqual(event);
    expect(() => new Webhook(`whsec_${'A'.repeat(32)}`).verify(request.body, headers)).toThrow();
    await eventually(
      () => countOf(world.server, 'sync_events', 'identity_pool_id', id),
      (left) => left === 0,
    );
  });

  it('comes in the order of its dataset, a deletion with the count that it leaves out', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    for (let nth = 0; nth < 12; nth += 1) await writer.write('d');
    await writer.remove('d');
    await writer.write('d');

    const events = await untilReceived(world.receiver, id, 14);

    expect(events.map(({ syncCount, operation }) => [syncCount, operation])).toEqual([
      ...Array.from({ length: 12 }, (_, at) => [at + 1, 'replace']),
      [13, 'remove'],
      [14, 'replace'],
    ]);
    expect(events[12].kinesisSyncRecords).toEqual([]);
  });

  it('is written by nobody while the pool has no stream, or one that is off', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
    await writer.write('d');
    await configure(world.server, id, { cognitoStreams: { streamingStatus: 'ENABLED' } });
    await writer.write('d');

    const events = await untilReceived(world.receiver, id, 1);

    expect(events.map((event) => event.syncCount)).toEqual([2]);
  });
});

describe('an event that the target does not take', () => {
  it('is tried again after a while, with the same id, and those behind it wait', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    world.receiver.answer = answerFor(id, answerWith(503));
    await writer.write('d');
    await writer.write('d');
    await untilReceived(world.receiver, id, 1);
    await sleep(200);
    const early = eventsIn(world.receiver.requests, id);
    world.receiver.answer = answerWith(204);
    world.clock.advance(2);

    await untilReceived(world.receiver, id, 3);

    const requests = world.receiver.requests.filter(({ path }) => path.includes(id));
    expect(early.map((event) => event.syncCount)).toEqual([1]);
    expect(eventsIn(requests).map((event) => event.syncCount)).toEqual([1, 1, 2]);
    expect(requests[0]!.headers['webhook-id']).toBe(requests[1]!.headers['webhook-id']);
    expect(requests[2]!.headers['webhook-id']).not.toBe(requests[1]!.headers['webhook-id']);
  });

  it('is not tried again before the time that the target asked for', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    world.receiver.answer = answerFor(id, answerWith(429, { 'retry-after': '100' }));
    await writer.write('d');
    await untilReceived(world.receiver, id, 1);
    await eventually(
      () => streamOf(world.server, id),
      () => true,
    );
    world.clock.advance(99);
    await sleep(200);
    const early = eventsIn(world.receiver.requests, id).length;
    world.clock.advance(2);

    await untilReceived(world.receiver, id, 2);

    expect(early).toBe(1);
  });

  it('does not hold up other datasets, and after 24 hours is a dead letter with its reason, and later ones go on', async () => {
    const { id } = await newStreamingPool(world);
    const [stuck, other] = [await newWriter(world.server, id), await newWriter(world.server, id)];
    const createdAt = world.clock.now().toISOString();
    refuseDataset('stuck', 500);
    await stuck.write('stuck');
    await other.write('free');
    await eventually(
      async () => eventsIn(world.receiver.requests, id),
      (events) => events.some((event) => event.datasetName === 'free'),
    );
    world.clock.advance(DAY - HOUR);
    const behind = await stuck.write('stuck');

    await pass(HOUR / 2, async () => (await streamOf(world.server, id)).deadLetters.nodes.length > 0);

    const { deadLetters, streamingStatus } = await streamOf(world.server, id);
    expect(streamingStatus).toBe('ENABLED');
    expect(deadLetters.nodes).toEqual([
      {
        identityId: stuck.identityId,
        datasetName: 'stuck',
        syncCount: 1,
        operation: 'REPLACE',
        failure: 'the webhook answered with status 500',
        attempts: expect.any(Number),
        createdAt,
        buriedAt: expect.any(String),
      },
    ]);
    expect(deadLetters.nodes[0].attempts).toBeGreaterThanOrEqual(3);
    world.receiver.requests.length = 0;
    refuseDataset('none', 500);
    world.clock.advance(HOUR);
    const [next] = await untilReceived(world.receiver, id, 1);
    expect(next.syncCount).toBe(behind);
  });

  it('becomes a dead letter too when the target takes nothing at all for 24 hours; put back in line it is tried again', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    world.receiver.answer = answerFor(id, answerWith(500));
    const other = await newWriter(world.server, id);
    for (let nth = 0; nth < 20; nth += 1) await writer.write('d');
    await other.write('d');
    await untilReceived(world.receiver, id, 1);

    await pass(HOUR, async () => (await streamOf(world.server, id)).pendingCount === 0);
    const buried = (await streamOf(world.server, id)).deadLetters.nodes;
    world.receiver.answer = answerWith(204);
    world.receiver.requests.length = 0;
    const answer = await retryDeadLetters(id);
    world.clock.advance(HOUR);
    const events = await untilReceived(world.receiver, id, 21);

    expect(buried).toHaveLength(21);
    // Those behind the first of a dataset had no turn, and need none to be as old.
    expect(buried.filter(({ attempts }: Data) => attempts === 0).length).toBeGreaterThan(10);
    expect(answer).toEqual({ identityPoolId: id, retriedCount: 21 });
    expect(
      events.filter(({ identityId }) => identityId === writer.identityId).map(({ syncCount }) => syncCount),
    ).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    expect((await streamOf(world.server, id)).deadLetters.nodes).toEqual([]);
  });
});

describe('dead letters', () => {
  it('come in pages, those first that were given up first', async () => {
    const { id } = await newStreamingPool(world);
    await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
    for (let nth = 1; nth <= 5; nth += 1)
      await rowsOf(
        world.server,
        `INSERT INTO sync_events (identity_id, dataset_name, sync_count, consumer, identity_pool_id, operation,
           created_at, next_attempt_at, attempts, failure, is_dead)
         VALUES ('i', 'd', $1, 'stream', $2, 'replace', $3, $3, 3, 'f', true)`,
        [nth, id, new Date(world.clock.now().getTime() - Math.ceil(nth / 2) * 1000)],
      );
    const page = async (after?: string): Promise<Data> =>
      (
        await world.server.run(
          `query ($id: ID!, $after: String) { identityPool(id: $id) { streams { deadLetters(first: 2, after: $after) {
             nodes { syncCount } pageInfo { hasNextPage endCursor } } } } }`,
          { id, after },
          world.server.admin,
        )
      ).identityPool.streams.deadLetters;

    const pages = [await page()];
    while (pages.at(-1).pageInfo.hasNextPage) pages.push(await page(pages.at(-1).pageInfo.endCursor));
    const wrong = await Promise.all(
      ['x', ...FORGED.map((position) => encodeCursor(JSON.stringify(position)))].map((after) =>
        world.server.graphql(
          `query ($id: ID!, $after: String) { identityPool(id: $id) { streams { deadLetters(after: $after) { nodes { syncCount } } } } }`,
          { id, after },
          world.server.admin,
        ),
      ),
    );

    expect(pages.map(({ nodes }) => nodes.map((node: Data) => node.syncCount))).toEqual([
      [5, 3],
      [4, 1],
      [2],
    ]);
    expect(wrong.map((answer) => refusalOf(answer).code)).toEqual(wrong.map(() => 'INVALID_PARAMETER'));
  });
});

describe('a target that is broken', () => {
  it('switches streaming off with a reason and a time, as AWS does; what waits is delivered when it is mended', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    world.receiver.answer = answerFor(id, answerWith(404));
    await writer.write('d');

    const off = await eventually(
      () => streamOf(world.server, id),
      (stream) => stream.streamingStatus === 'DISABLED',
    );
    await writer.write('d');
    world.receiver.answer = answerWith(204);
    await sleep(200);
    const meanwhile = eventsIn(world.receiver.requests, id).length;
    const mended = await configure(world.server, id, { cognitoStreams: { streamingStatus: 'ENABLED' } });
    await writer.write('d');
    const events = await untilReceived(world.receiver, id, 3);

    expect(off).toMatchObject({
      disabledReason: 'the webhook answered with status 404',
      disabledAt: world.clock.now().toISOString(),
      pendingCount: 1,
    });
    expect(meanwhile).toBe(1);
    expect(mended.cognitoStreams).toMatchObject({
      streamingStatus: 'ENABLED',
      disabledReason: null,
      disabledAt: null,
    });
    // The second write was made while streaming was off.
    expect(events.map((event) => event.syncCount)).toEqual([1, 1, 3]);
    const [entry] = await rowsOf(
      world.server,
      `SELECT actor_kind, details FROM audit_events WHERE identity_pool_id = $1 AND actor_kind = 'system'`,
      [id],
    );
    expect(entry.details.cognitoStreams).toMatchObject({
      streamingStatus: 'DISABLED',
      disabledReason: 'the webhook answered with status 404',
    });
  });

  it('that is replaced by another is not waited for', async () => {
    const { id } = await newStreamingPool(world);
    const writer = await newWriter(world.server, id);
    world.receiver.answer = answerFor(id, answerWith(500));
    await writer.write('d');
    await untilReceived(world.receiver, id, 1);
    const url = `http://127.0.0.1:${world.receiver.port}/moved`;
    await configure(world.server, id, {
      cognitoStreams: { streamName: 'other', target: { webhook: { url } } },
    });
    await (await newWriter(world.server, id)).write('another');

    const requests = await eventually(
      async () => world.receiver.requests.filter(({ path }) => path === '/moved'),
      (found) => found.length > 0,
    );

    expect(eventsIn(requests)[0].datasetName).toBe('another');
  });
});

describe('the records of an event that is too large', () => {
  const newLargeEvent = async () => {
    const { id } = await newStreamingPool(world, { maxBytes: 1000 });
    const writer = await newWriter(world.server, id);
    await writer.write('d', 'x'.repeat(2000));
    const [event] = await untilReceived(world.receiver, id, 1);
    return { event, writer };
  };

  it('are behind an address, for anybody who has it', async () => {
    const { event } = await newLargeEvent();

    const response = await fetch(event.kinesisSyncRecordsURL);

    expect(event).toMatchObject({ payloadType: 'S3Url', kinesisSyncRecords: [], syncCount: 1 });
    expect(event.kinesisSyncRecordsURL).toMatch(/^http:\/\/localhost:\d+\/streams\/records\?token=[\w-]+$/);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(response.headers.get('cache-control')).toBe('private, no-store');
    expect(await response.json()).toEqual([
      {
        key: 'key-1',
        value: 'x'.repeat(2000),
        syncCount: 1,
        lastModifiedDate: event.lastModifiedDate,
        deviceLastModifiedDate: null,
        op: 'replace',
      },
    ]);
  });

  it('are refused to an address that was changed or expired, and swept after 7 days', async () => {
    const { event } = await newLargeEvent();
    const address = event.kinesisSyncRecordsURL as string;
    const get = async (url: string): Promise<unknown[]> => {
      const response = await fetch(url);
      const { errors } = (await response.json()) as Data;
      return [response.status, errors?.[0].extensions.code];
    };
    const flipped = address.slice(0, -8) + (address.at(-8) === 'A' ? 'B' : 'A') + address.slice(-7);
    const path = address.split('?')[0]!;

    const refused = [await get(flipped), await get(path), await get(`${path}?token=a&token=b`)];
    world.clock.advance(7 * DAY - 1);
    const swept = [await sweepStreamPayloads(sweeper())];
    const last = await get(address);
    world.clock.advance(2);
    const expired = await get(address);
    swept.push(await sweepStreamPayloads(sweeper()));

    expect(refused).toEqual(Array(3).fill([403, 'NOT_AUTHORIZED']));
    expect(last).toEqual([200, undefined]);
    expect(expired).toEqual([403, 'NOT_AUTHORIZED']);
    expect(swept[0]).toBe(0);
    expect(swept[1]).toBeGreaterThan(0);
  });

  it('go with their identity', async () => {
    const { event, writer } = await newLargeEvent();
    await world.server.run(
      'mutation ($input: DeleteIdentitiesInput!) { deleteIdentities(input: $input) { unprocessedIdentityIds { identityId } } }',
      { input: { identityIdsToDelete: [writer.identityId] } },
      world.server.admin,
    );

    const response = await fetch(event.kinesisSyncRecordsURL);

    expect(response.status).toBe(404);
    expect(await countOf(world.server, 'stream_payloads', 'identity_id', writer.identityId)).toBe(0);
  });

  const sweeper = () => serviceContext(world.server.dataSource, { now: world.clock.now });
});
