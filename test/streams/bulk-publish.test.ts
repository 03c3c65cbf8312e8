import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, refusalOf, rowsOf, type Data } from '../support/factories';
import { answerWith } from '../support/receiver';
import {
  answerFor,
  configure,
  eventsIn,
  newStreamingPool,
  newWriter,
  startStreamWorld,
  streamOf,
  type StreamWorld,
} from './stream-world';

let world: StreamWorld;

beforeAll(async () => {
  world = await startStreamWorld();
});
afterAll(() => world?.stop());
afterEach(() => {
  world.receiver.answer = answerWith(204);
});

const DAY = 86_400;

const begin = (identityPoolId: string) =>
  world.server.graphql(
    'mutation ($input: BulkPublishInput!) { bulkPublish(input: $input) { identityPoolId } }',
    { input: { identityPoolId } },
    world.server.admin,
  );

const detailsOf = async (id: string): Promise<Data> =>
  (
    await world.server.run(
      `query ($id: ID!) { identityPool(id: $id) { bulkPublish { identityPoolId bulkPublishStartTime
         bulkPublishCompleteTime bulkPublishStatus failureMessage publishedDatasets } } }`,
      { id },
      world.server.admin,
    )
  ).identityPool.bulkPublish;

const untilStatus = (id: string, status: string): Promise<Data> =>
  eventually(
    () => detailsOf(id),
    (details) => details.bulkPublishStatus === status,
  );

/** A pool with datasets that were written while nothing was streamed. */
const newFilledPool = async (datasets: number, settings: object = {}): Promise<string> => {
  const { id } = await newStreamingPool(world, settings);
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
  for (let nth = 0; nth < datasets; nth += 1) {
    const writer = await newWriter(world.server, id);
    await writer.write('d', `first of ${nth}`);
    await writer.write('d', `second of ${nth}`);
  }
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'ENABLED' } });
  world.clock.advance(3);
  return id;
};

test('Every dataset that there is arrives once, with all of its live records, and the pool shows how it went', async () => {
  const id = await newFilledPool(3);
  const writer = await newWriter(world.server, id);
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
  await writer.write('gone');
  await writer.remove('gone');
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'ENABLED' } });
  world.clock.advance(3);
  const before = await detailsOf(id);
  const startTime = world.clock.now().toISOString();

  const { data } = await begin(id);
  const details = await untilStatus(id, 'SUCCEEDED');

  const events = eventsIn(world.receiver.requests, id);
  expect(before).toMatchObject({
    bulkPublishStatus: 'NOT_STARTED',
    bulkPublishStartTime: null,
    bulkPublishCompleteTime: null,
    publishedDatasets: 0,
  });
  expect(data.bulkPublish).toEqual({ identityPoolId: id });
  expect(details).toEqual({
    identityPoolId: id,
    bulkPublishStartTime: startTime,
    bulkPublishCompleteTime: world.clock.now().toISOString(),
    bulkPublishStatus: 'SUCCEEDED',
    failureMessage: null,
    publishedDatasets: 3,
  });
  expect(events.map(({ identityId }) => identityId)).toEqual(
    [...new Set(events.map(({ identityId }) => identityId as string))].sort(),
  );
  expect(events).toHaveLength(3);
  for (const event of events)
    expect(event).toMatchObject({
      datasetName: 'd',
      operation: 'replace',
      syncCount: 2,
      kinesisSyncRecords: [
        { key: 'key-1', value: expect.stringMatching(/^first/), syncCount: 1, op: 'replace' },
        { key: 'key-2', value: expect.stringMatching(/^second/), syncCount: 2, op: 'replace' },
      ],
    });
});

test('A second one is DUPLICATE_REQUEST while the first goes on, and ALREADY_STREAMED for 24 hours after it succeeded', async () => {
  const id = await newFilledPool(1);
  world.receiver.answer = answerFor(id, answerWith(503));
  await begin(id);
  const duplicate = refusalOf(await begin(id));
  world.receiver.answer = answerWith(204);
  const finish = async (): Promise<void> => {
    world.clock.advance(10);
    await sleep(50);
  };
  await eventually(
    async () => {
      await finish();
      return detailsOf(id);
    },
    (details) => details.bulkPublishStatus === 'SUCCEEDED',
  );
  const completed = Date.parse((await detailsOf(id)).bulkPublishCompleteTime);
  const again = refusalOf(await begin(id));
  world.clock.advance(DAY - (world.clock.now().getTime() - completed) / 1000 - 1);
  const stillEarly = refusalOf(await begin(id));
  world.clock.advance(1);
  const nextDay = await begin(id);

  expect(duplicate).toMatchObject({ code: 'DUPLICATE_REQUEST' });
  expect(again).toMatchObject({ code: 'ALREADY_STREAMED' });
  expect(stillEarly).toMatchObject({ code: 'ALREADY_STREAMED', retryAfterSeconds: 1 });
  expect(nextDay.errors).toBeUndefined();
});

test('It is refused when streaming is not enabled', async () => {
  const { id } = await newStreamingPool(world);
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'DISABLED' } });
  const off = refusalOf(await begin(id));
  await configure(world.server, id, { cognitoStreams: {} });
  const none = refusalOf(await begin(id));

  for (const refusal of [off, none])
    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', field: 'identityPoolId' });
});

test('One that failed says why and may be begun again at once', async () => {
  const id = await newFilledPool(2);
  world.receiver.answer = answerFor(id, answerWith(410));
  await begin(id);
  const failed = await untilStatus(id, 'FAILED');
  const stream = await streamOf(world.server, id);
  world.receiver.answer = answerWith(204);
  await configure(world.server, id, { cognitoStreams: { streamingStatus: 'ENABLED' } });
  world.clock.advance(3);

  const again = await begin(id);

  expect(failed).toMatchObject({ failureMessage: 'the webhook answered with status 410' });
  expect(stream).toMatchObject({ streamingStatus: 'DISABLED', disabledReason: failed.failureMessage });
  expect(again.errors).toBeUndefined();
  expect(await untilStatus(id, 'SUCCEEDED')).toMatchObject({ publishedDatasets: 2, failureMessage: null });
});

test('It fails when streaming is switched off meanwhile, and after a day in which the target took nothing', async () => {
  const [switchedOff, refused] = [await newFilledPool(1), await newFilledPool(1)];
  world.receiver.answer = answerWith(503);
  await begin(switchedOff);
  await begin(refused);
  await configure(world.server, switchedOff, { cognitoStreams: { streamingStatus: 'DISABLED' } });
  const pass = async (id: string): Promise<Data> => {
    world.clock.advance(1800);
    await sleep(50);
    return detailsOf(id);
  };
  const isOver = (details: Data): boolean => details.bulkPublishStatus !== 'IN_PROGRESS';

  const off = await eventually(() => pass(switchedOff), isOver);
  const late = await eventually(() => pass(refused), isOver);

  expect(off).toMatchObject({
    bulkPublishStatus: 'FAILED',
    failureMessage: expect.stringContaining('switched off'),
  });
  expect(late).toMatchObject({
    bulkPublishStatus: 'FAILED',
    failureMessage: 'the webhook answered with status 503',
    publishedDatasets: 0,
  });
});

test('It goes on behind the last page when the node that had it in hand is gone', async () => {
  const id = await newFilledPool(3);
  const owners = (
    await rowsOf(world.server, 'SELECT identity_id FROM datasets WHERE identity_pool_id = $1 ORDER BY 1', [
      id,
    ])
  ).map((row) => row.identity_id as string);
  // As a node leaves it that was killed behind the first dataset.
  const lost = new Date(world.clock.now().getTime() + 20_000);
  await rowsOf(
    world.server,
    `INSERT INTO bulk_publishes (identity_pool_id, stream_name, status, started_at, published_datasets, after_identity,
       after_dataset, progressed_at, attempts, publisher, next_attempt_at)
     VALUES ($1, 'changes', 'IN_PROGRESS', $2, 1, $3, 'd', $2, 0, 'a node that is gone', $4)`,
    [id, world.clock.now(), owners[0], lost],
  );
  await sleep(200);
  const early = eventsIn(world.receiver.requests, id);
  world.clock.advance(21);

  const details = await untilStatus(id, 'SUCCEEDED');

  expect(early).toEqual([]);
  expect(details.publishedDatasets).toBe(3);
  expect(eventsIn(world.receiver.requests, id).map(({ identityId }) => identityId)).toEqual(owners.slice(1));
});

test('A dataset that is too large for an event is behind an address', async () => {
  const { id } = await newStreamingPool(world, { maxBytes: 1000 });
  const writer = await newWriter(world.server, id);
  await writer.write('d', 'x'.repeat(800));
  await writer.write('d', 'y'.repeat(800));
  await eventually(
    async () => eventsIn(world.receiver.requests, id),
    (events) => events.length === 2,
  );
  world.clock.advance(3);
  await begin(id);
  await untilStatus(id, 'SUCCEEDED');

  const event = eventsIn(world.receiver.requests, id).at(-1);
  const records = (await (await fetch(event.kinesisSyncRecordsURL)).json()) as Data[];
  const ofChange = (await (
    await fetch(eventsIn(world.receiver.requests, id)[1].kinesisSyncRecordsURL)
  ).json()) as Data[];

  expect(event).toMatchObject({ payloadType: 'S3Url', syncCount: 2 });
  expect(records.map(({ key, syncCount }) => [key, syncCount])).toEqual([
    ['key-1', 1],
    ['key-2', 2],
  ]);
  expect(ofChange.map(({ key }) => key)).toEqual(['key-2']);
});

test('It takes more datasets than fit in one page', async () => {
  const id = await newFilledPool(0);
  const identities = Array.from(
    { length: 250 },
    (_, at) => `us-east-1:00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
  );
  const now = world.clock.now();
  await rowsOf(
    world.server,
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
     SELECT id, $2, false, $3, $3, $3 FROM unnest($1::text[]) AS id`,
    [identities, id, now],
  );
  await rowsOf(
    world.server,
    `INSERT INTO datasets (identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted, num_records,
       num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by)
     SELECT id, 'd', $2, 1, 0, false, 0, 0, 0, 0, $3, $3, 'x' FROM unnest($1::text[]) AS id`,
    [identities, id, now],
  );

  await begin(id);
  const details = await untilStatus(id, 'SUCCEEDED');

  expect(details.publishedDatasets).toBe(250);
  const received = eventsIn(world.receiver.requests, id).map(({ identityId }) => identityId as string);
  expect(received.sort()).toEqual(identities);
});

test('A bulk publish of a pool that was deleted ends, and nothing of it goes out any more', async () => {
  const id = await newFilledPool(1);
  await rowsOf(world.server, 'UPDATE identity_pools SET deleted_at = now() WHERE identity_pool_id = $1', [
    id,
  ]);
  await rowsOf(
    world.server,
    `INSERT INTO bulk_publishes (identity_pool_id, stream_name, status, started_at, published_datasets, after_identity,
         after_dataset, progressed_at, attempts, next_attempt_at)
       VALUES ($1, 'changes', 'IN_PROGRESS', $2, 0, '', '', $2, 0, $2)`,
    [id, world.clock.now()],
  );

  const [row] = await eventually(
    () => rowsOf(world.server, 'SELECT status FROM bulk_publishes WHERE identity_pool_id = $1', [id]),
    ([found]) => found.status !== 'IN_PROGRESS',
  );

  expect(row.status).toBe('FAILED');
  expect(eventsIn(world.receiver.requests, id)).toEqual([]);
});
