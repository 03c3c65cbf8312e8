import { In } from 'typeorm';
import { inTransaction, type Context } from '../../src/context';
import { hubOf } from '../../src/events/change-hub';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { deleteDataset, describeDataset } from '../../src/sync/datasets.service';
import { listHistory } from '../../src/sync/history.service';
import { listRecords } from '../../src/sync/list-records.service';
import { moveDatasets } from '../../src/sync/move-datasets';
import { RecordHistory } from '../../src/sync/record-history.entity';
import { restoreDataset, type RestoreDatasetInput } from '../../src/sync/restore-dataset.service';
import type { RecordPatchInput } from '../../src/sync/sync.input';
import type { SyncConfiguration } from '../../src/sync/sync-configuration.entity';
import { SyncMutation } from '../../src/sync/sync-mutation.entity';
import { sweepHistory } from '../../src/sync/sweep-history';
import { sweepMutations } from '../../src/sync/sweep-mutations';
import { synchronize } from '../../src/sync/synchronize.service';
import { updateRecords } from '../../src/sync/update-records.service';
import {
  STREAM,
  disable,
  identityActor,
  refusal,
  remove,
  replace,
  startWorld,
  type SyncWorld,
} from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
afterEach(() => configure({ historyRetentionDays: 30, stream: null }));

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const DAY = 86_400;

const system = (): Context => world.administrator('*');

const configure = (change: Partial<SyncConfiguration>): Promise<unknown> =>
  inTransaction(system(), (tx) => changeSyncConfiguration(tx, world.identityPoolId, () => change));

const write = async (ctx: Ctx, ...recordPatches: RecordPatchInput[]): Promise<number> => {
  world.clock.advance(1);
  return (await updateRecords(ctx, { datasetName: 'd', deviceId: 'phone', recordPatches })).datasetSyncCount;
};

/** At count 1 `a` and `b` are written, at 2 `a` is changed, at 3 `b` is removed and `c` written. */
const threeUpdates = async (): Promise<Ctx> => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('a', 'a1'), replace('b', 'b1'));
  await write(ctx, replace('a', 'a2', 1));
  await write(ctx, remove('b', 1), replace('c', 'c3'));
  return ctx;
};

const historyOf = async (ctx: Context, input: object = {}): Promise<unknown[]> => {
  const { nodes } = await listHistory(ctx, { datasetName: 'd', ...input });
  return nodes.map((node) => [node.key, node.value, node.syncCount, node.supersededSyncCount]);
};

const restore = (ctx: Context, toSyncCount: number, rest: Partial<RestoreDatasetInput> = {}) =>
  restoreDataset(ctx, { datasetName: 'd', toSyncCount, ...rest });

/** The live records of a dataset. */
const stateOf = async (ctx: Context, datasetName = 'd'): Promise<Record<string, string>> => {
  const { records } = await listRecords(ctx, { datasetName });
  return Object.fromEntries(records.flatMap(({ key, value }) => (value === null ? [] : [[key, value]])));
};

const historySince = async (ctx: Context, datasetName = 'd'): Promise<number | null> =>
  (await describeDataset(ctx, { datasetName })).historySinceSyncCount;

const historyRows = (ctx: Ctx): Promise<number> =>
  world.dataSource.getRepository(RecordHistory).countBy({ identityId: ctx.actor.identityId });

test('S52: what an update replaces or removes is remembered with its counts, times and author, the last first', async () => {
  const ctx = await world.newIdentity();
  const device = new Date('2027-02-28T23:59:59.123Z');
  const patch = { ...replace('a', 'a1'), deviceLastModifiedDate: device };
  const written = await updateRecords(ctx, { datasetName: 'd', deviceId: 'phone', recordPatches: [patch] });
  world.clock.advance(10);
  await write(ctx, remove('a', 1));
  await write(ctx, replace('a', 'a3', 2));

  const { nodes } = await listHistory(ctx, { datasetName: 'd' });

  expect(nodes).toMatchObject([
    { key: 'a', value: null, syncCount: 2, supersededSyncCount: 3, supersededDate: world.clock.now() },
    {
      ...written.records[0],
      value: 'a1',
      syncCount: 1,
      supersededSyncCount: 2,
      lastModifiedBy: 'phone',
      deviceLastModifiedDate: device,
    },
  ]);
});

test('S52: of one key or of all, in pages, of one update by key', async () => {
  const ctx = await threeUpdates();
  await write(ctx, replace('c', 'c4', 3), replace('a', 'a4', 2));

  const all: unknown[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listHistory>> = await listHistory(ctx, {
      datasetName: 'd',
      first: 1,
      after,
    });
    all.push(...page.nodes.map((node) => [node.key, node.value, node.syncCount, node.supersededSyncCount]));
    after = page.hasNextPage ? page.cursorOf(page.nodes[0]!) : null;
  } while (after);

  expect(all).toEqual([
    ['a', 'a2', 2, 4],
    ['c', 'c3', 3, 4],
    ['b', 'b1', 1, 3],
    ['a', 'a1', 1, 2],
  ]);
  expect(await historyOf(ctx)).toEqual(all);
  expect(await historyOf(ctx, { key: 'a' })).toEqual([all[0], all[3]]);
  expect(await historyOf(ctx, { key: 'never was' })).toEqual([]);
});

test('S52: a cursor of another list is refused', async () => {
  const ctx = await threeUpdates();
  const after = Buffer.from('["no place"]').toString('base64url');

  expect(await refusal(listHistory(ctx, { datasetName: 'd', after }))).toMatchObject({
    code: 'INVALID_PARAMETER',
    fields: { field: 'after' },
  });
});

test('S52: a pool with a retention of 0 remembers nothing, and what it remembered is swept away', async () => {
  const ctx = await threeUpdates();
  await configure({ historyRetentionDays: 0 });
  await write(ctx, replace('a', 'a4', 2));
  expect(await historyRows(ctx)).toBe(2);

  await sweepHistory(system());

  expect(await historyRows(ctx)).toBe(0);
  expect(await historySince(ctx)).toBeNull();
});

test('S52: what is older than the retention is swept away, and the known counts begin after it', async () => {
  const ctx = await threeUpdates();
  world.clock.advance(20 * DAY);
  await write(ctx, replace('c', 'c4', 3));
  world.clock.advance(11 * DAY);

  await sweepHistory(system());

  expect(await historyOf(ctx)).toEqual([['c', 'c3', 3, 4]]);
  expect(await historySince(ctx)).toBe(3);
  world.clock.advance(20 * DAY);
  await sweepHistory(system());
  expect(await historyOf(ctx)).toEqual([]);
  expect(await historySince(ctx)).toBe(4);
});

test('S52: each pool has a retention of its own', async () => {
  const ctx = await threeUpdates();
  await configure({ historyRetentionDays: 90 });
  world.clock.advance(60 * DAY);

  await sweepHistory(system());
  const after60 = await historyRows(ctx);
  await configure({ historyRetentionDays: 59 });
  await sweepHistory(system());

  expect([after60, await historyRows(ctx)]).toEqual([2, 0]);
});

test('S52: more than one transaction’s worth is swept, by several nodes at once', async () => {
  const many = await world.newIdentity();
  const keys = Array.from({ length: 900 }, (_, at) => `k${at}`);
  for (let round = 0; round < 4; round += 1) await write(many, ...keys.map((key) => replace(key, '', round)));
  const others = await Promise.all(Array.from({ length: 5 }, threeUpdates));
  world.clock.advance(31 * DAY);

  await Promise.all([system(), system(), system()].map(sweepHistory));
  await sweepHistory(system());

  expect(await Promise.all([many, ...others].map(historyRows))).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await Promise.all([many, ...others].map((ctx) => historySince(ctx)))).toEqual([4, 3, 3, 3, 3, 3]);
}, 60_000);

test('S52: a sweep leaves alone what a writer has in hand, without waiting for it', async () => {
  const ctx = await threeUpdates();
  world.clock.advance(31 * DAY);

  const during = await inTransaction(ctx, async (tx) => {
    await updateRecords(tx as Ctx, { datasetName: 'd', recordPatches: [replace('a', 'a4', 2)] });
    await sweepHistory(system());
    return historyRows(ctx);
  });
  await sweepHistory(system());

  expect(during).toBe(2);
  expect(await historyOf(ctx)).toEqual([['a', 'a2', 2, 4]]);
  expect(await historySince(ctx)).toBe(3);
});

test('S52: only who may list the records sees what they were', async () => {
  const ctx = await threeUpdates();
  const { identityPoolId, identityId } = ctx.actor;
  const as = (action: string): Context => ({
    ...ctx,
    actor: identityActor(identityPoolId, identityId, action),
  });
  const other = await world.newIdentity();

  expect(await refusal(listHistory(as('cognito-sync:UpdateRecords'), { datasetName: 'd' }))).toMatchObject({
    code: 'ACCESS_DENIED',
  });
  expect(await refusal(listHistory(other, { datasetName: 'd', identityId }))).toMatchObject({
    code: 'NOT_AUTHORIZED',
  });
  expect(await historyOf(as('cognito-sync:ListRecords'))).toHaveLength(2);
});

test('S53: a restoration writes what is different as one update, which devices pull like any other', async () => {
  const ctx = await threeUpdates();
  world.clock.advance(60);

  const restored = await restore(ctx, 1, { deviceId: 'tablet' });

  expect(restored).toMatchObject({ datasetSyncCount: 4, dryRun: false, dataset: { syncCount: 4 } });
  const now = world.clock.now();
  expect(restored.records).toEqual(
    [
      ['a', 'a1'],
      ['b', 'b1'],
      ['c', null],
    ].map(([key, value]) => ({
      key,
      value,
      syncCount: 4,
      lastModifiedDate: now,
      lastModifiedBy: 'tablet',
      deviceLastModifiedDate: now,
    })),
  );
  expect((await listRecords(ctx, { datasetName: 'd', lastSyncCount: 3 })).records).toEqual(restored.records);
});

test('S53: a restoration can be restored from, and only what is different is written', async () => {
  const ctx = await threeUpdates();
  await restore(ctx, 2);

  const back = await restore(ctx, 3);

  expect(back.records.map(({ key, value }) => [key, value])).toEqual([
    ['b', null],
    ['c', 'c3'],
  ]);
  expect(await stateOf(ctx)).toEqual({ a: 'a2', c: 'c3' });
});

test('S53: where nothing is different nothing is written', async () => {
  const ctx = await threeUpdates();

  expect(await restore(ctx, 3)).toMatchObject({ records: [], datasetSyncCount: 3 });
});

test('S53: a dry run says what would be written, and writes nothing', async () => {
  const ctx = await threeUpdates();

  const planned = await restore(ctx, 2, { dryRun: true });

  expect(planned).toMatchObject({
    dryRun: true,
    datasetSyncCount: 3,
    records: [
      { key: 'b', value: 'b1', syncCount: 4 },
      { key: 'c', value: null, syncCount: 4 },
    ],
  });
  expect(await stateOf(ctx)).toEqual({ a: 'a2', c: 'c3' });
});

test('S53: at count 0 the dataset was empty', async () => {
  const ctx = await threeUpdates();

  await restore(ctx, 0);

  expect(await stateOf(ctx)).toEqual({});
});

test('S53: a count ahead of the dataset’s, or one whose state is forgotten, is refused with those that are known', async () => {
  const ctx = await threeUpdates();
  world.clock.advance(31 * DAY);
  await sweepHistory(system());

  for (const toSyncCount of [2, 4])
    expect(await refusal(restore(ctx, toSyncCount))).toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field: 'toSyncCount', historySinceSyncCount: 3, datasetSyncCount: 3 },
    });
  expect((await restore(ctx, 3)).records).toEqual([]);
});

test('S53: while no history is kept, only what is there now is known', async () => {
  const ctx = await threeUpdates();
  await configure({ historyRetentionDays: 0 });
  await write(ctx, replace('a', 'a4', 2));

  expect(await refusal(restore(ctx, 3))).toMatchObject({
    code: 'INVALID_PARAMETER',
    fields: { historySinceSyncCount: null, datasetSyncCount: 4 },
  });
  await configure({ historyRetentionDays: 30 });
  await write(ctx, replace('a', 'a5', 4));
  expect(await historySince(ctx)).toBe(4);
  expect((await refusal(restore(ctx, 3))).fields).toMatchObject({ historySinceSyncCount: 4 });
  await restore(ctx, 4);
  expect(await stateOf(ctx)).toEqual({ a: 'a4', c: 'c3' });
});

test('S53: a deletion forgets the history: the dataset made again was empty at first, and nothing before is known', async () => {
  const ctx = await threeUpdates();
  await deleteDataset(ctx, { datasetName: 'd' });

  expect(await historyOf(ctx)).toEqual([]);
  expect(await refusal(restore(ctx, 3))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  expect(await write(ctx, replace('a', 'again'))).toBe(5);

  expect(await historySince(ctx)).toBe(4);
  expect((await refusal(restore(ctx, 3))).fields).toMatchObject({ historySinceSyncCount: 4 });
  await restore(ctx, 4);
  expect(await stateOf(ctx)).toEqual({});
});

test('S53: it needs permission to read and to write, and an identity that is there', async () => {
  const ctx = await threeUpdates();
  const { identityPoolId, identityId } = ctx.actor;
  for (const action of ['cognito-sync:ListRecords', 'cognito-sync:UpdateRecords']) {
    const caller = { ...ctx, actor: identityActor(identityPoolId, identityId, action) };
    expect(await refusal(restore(caller, 1))).toMatchObject({ code: 'ACCESS_DENIED' });
  }
  await disable(world, identityId);

  expect(await refusal(restore(ctx, 1))).toMatchObject({ code: 'NOT_AUTHORIZED' });
  expect(await refusal(restore(world.administrator(), 1, { identityId }))).toMatchObject({
    code: 'NOT_AUTHORIZED',
  });
  expect(await historyOf(world.administrator(), { identityId })).toHaveLength(2);
  expect(await refusal(listHistory(ctx, { datasetName: 'd' }))).toMatchObject({ code: 'NOT_AUTHORIZED' });
});

/** `ctx`, where something happens each time that a restoration has looked at the dataset. */
const overtaken = (ctx: Ctx, happen: () => Promise<unknown>): Context => {
  const query = async (sql: string, parameters: unknown[]): Promise<unknown> => {
    const rows: unknown = await ctx.db.query(sql, parameters);
    if (sql.includes('record_history')) await happen();
    return rows;
  };
  const get = (db: Context['db'], member: string): unknown =>
    member === 'query' ? query : Reflect.get(db, member);
  return { ...ctx, db: new Proxy(ctx.db, { get }) };
};

test('S53: what others write meanwhile is not lost: it is looked at anew', async () => {
  const ctx = await threeUpdates();
  const news = ['x', 'y', 'z'];
  const happen = async (): Promise<void> => {
    const name = news.shift();
    if (name !== undefined) await write(ctx, replace(name, 'v'));
  };

  const restored = await restore(overtaken(ctx, happen), 2);

  expect(restored.datasetSyncCount).toBe(7);
  expect(restored.records.map((record) => [record.key, record.value])).toEqual([
    ['b', 'b1'],
    ['c', null],
    ['x', null],
    ['y', null],
    ['z', null],
  ]);
  expect(await stateOf(ctx)).toEqual({ a: 'a2', b: 'b1' });
});

test('S53: whoever is always overtaken is told so after some attempts, and has written nothing', async () => {
  const ctx = await threeUpdates();
  let at = 0;

  const error = await refusal(
    restore(
      overtaken(ctx, () => write(ctx, replace(`x${(at += 1)}`, ''))),
      1,
    ),
  );

  expect(error.code).toBe('CONCURRENT_MODIFICATION');
  expect(await stateOf(ctx)).toMatchObject({ a: 'a2', c: 'c3', x1: '' });
});

test('S53: a dataset that is deleted meanwhile stays deleted', async () => {
  const ctx = await threeUpdates();
  const happen = () => deleteDataset(ctx, { datasetName: 'd' });

  expect((await refusal(restore(overtaken(ctx, happen), 1))).code).toBe('RESOURCE_NOT_FOUND');
  expect((await listRecords(ctx, { datasetName: 'd' })).datasetExists).toBe(false);
});

test('S53: devices and streams hear of it, and it is remembered and counted like any update', async () => {
  await configure({ stream: STREAM });
  const ctx = await threeUpdates();
  const { identityId, identityPoolId } = ctx.actor;
  const heard: unknown[] = [];
  const stop = hubOf(world.dataSource).listen(identityId, (change) => heard.push(change));

  await restore(ctx, 1, { deviceId: 'tablet' });
  stop();

  expect(heard).toEqual([{ identityPoolId, identityId, datasetName: 'd', syncCount: 4, deviceId: 'tablet' }]);
  const events = await world.dataSource.query(
    'SELECT device_id, payload FROM sync_events WHERE identity_id = $1 AND sync_count = 4',
    [identityId],
  );
  expect(events).toMatchObject([
    { device_id: 'tablet', payload: [{ key: 'a' }, { key: 'b' }, { key: 'c', value: null }] },
  ]);
  expect((await historyOf(ctx)).slice(0, 3)).toEqual([
    ['a', 'a2', 2, 4],
    ['b', null, 3, 4],
    ['c', 'c3', 3, 4],
  ]);
});

test('S53: a merge brings the history along, under the new name', async () => {
  const loser = await threeUpdates();
  const survivor = await world.newIdentity();
  await write(survivor, replace('own', 'v'));
  const datasetName = `d.${loser.actor.identityId}`;
  const before = await listHistory(loser, { datasetName: 'd' });

  await inTransaction(system(), (tx) => moveDatasets(tx, loser.actor.identityId, survivor.actor.identityId));

  expect((await listHistory(survivor, { datasetName })).nodes).toEqual(before.nodes);
  expect(await historyRows(loser)).toBe(0);
  expect(await historySince(survivor, datasetName)).toBe(0);
  await restoreDataset(survivor, { datasetName, toSyncCount: 1 });
  expect(await stateOf(survivor, datasetName)).toEqual({ a: 'a1', b: 'b1' });
  world.clock.advance(31 * DAY);
  await sweepHistory(system());
  expect((await listHistory(survivor, { datasetName })).nodes).toEqual([]);
  expect(await historySince(survivor, datasetName)).toBe(4);
});

test('S53: a name that was deleted before and is taken over by a merge has no earlier states', async () => {
  const loser = await threeUpdates();
  const survivor = await world.newIdentity();
  const datasetName = `d.${loser.actor.identityId}`;
  await world.dataSource.query(
    `INSERT INTO datasets (identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted,
       num_records, num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by)
     VALUES ($1, $2, $3, 9, 9, true, 0, 0, 0, 0, $4, $4, 'me')`,
    [survivor.actor.identityId, datasetName, world.identityPoolId, world.clock.now()],
  );

  await inTransaction(system(), (tx) => moveDatasets(tx, loser.actor.identityId, survivor.actor.identityId));

  expect(await historySince(survivor, datasetName)).toBe(10);
  expect(
    await refusal(restoreDataset(survivor, { datasetName, toSyncCount: 2, dryRun: true })),
  ).toMatchObject({ code: 'INVALID_PARAMETER' });
});

test('S46: what came of a mutation is forgotten after 30 days', async () => {
  const ctx = await world.newIdentity();
  const push = (mutationId: string, key: string) =>
    synchronize(ctx, { datasetName: 'd', mutationId, recordPatches: [replace(key, 'v')] });
  await push('old', 'a');
  world.clock.advance(29 * DAY);
  await push('new', 'b');
  const mutations = (): Promise<number> =>
    world.dataSource.getRepository(SyncMutation).countBy({ mutationId: In(['old', 'new']) });

  await sweepMutations(system());
  const after29 = await mutations();
  world.clock.advance(2 * DAY);
  await sweepMutations(system());

  expect([after29, await mutations()]).toEqual([2, 1]);
  expect((await push('new', 'b'))[0]).toMatchObject({ isRepeated: true });
});

test('S52: a page has at most 1 MiB of keys and values, so that nobody has a node hold sixty values of 1 MiB, and at least one value', async () => {
  const ctx = await world.newIdentity();
  const large = 'x'.repeat(1_048_000);
  await write(ctx, replace('k', large));
  await write(ctx, replace('k', `${large}y`, 1));
  await write(ctx, replace('k', 'small', 2));
  await write(ctx, replace('k', 'smaller', 3));

  const first = await listHistory(ctx, { datasetName: 'd' });
  const second = await listHistory(ctx, { datasetName: 'd', after: first.cursorOf(first.nodes.at(-1)!) });

  expect(first.nodes.map(({ syncCount }) => syncCount)).toEqual([3, 2]);
  expect(first.hasNextPage).toBe(true);
  expect(second.nodes.map(({ syncCount }) => syncCount)).toEqual([1]);
  expect(second.hasNextPage).toBe(false);
});
