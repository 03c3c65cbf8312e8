import { LIMITS } from '../../src/protocol/limits';
import { STORAGE_LIMITS } from '../../src/sync/apply-patches';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { mergeRecords } from '../../src/sync/merge';
import { updateRecords } from '../../src/sync/update-records.service';
import { identityActor, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const write = (ctx: Ctx, ...recordPatches: ReturnType<typeof replace>[]) =>
  updateRecords(ctx, { datasetName: 'd', recordPatches });

/** Removes where a dataset may have no more than one tombstone. */
const removeWithOneTombstone = async (
  ctx: Ctx,
  ...keys: [key: string, syncCount: number][]
): Promise<void> => {
  const result = await mergeRecords(ctx, {
    address: { ...ctx.actor, datasetName: 'd' },
    patches: keys.map(([key, syncCount]) => ({ op: 'remove', key, syncCount })),
    modifiedBy: 'me',
    now: world.clock.now(),
    sessionId: undefined,
    limits: { ...STORAGE_LIMITS, tombstonesPerDataset: 1 },
  });
  expect(result.status).toBe('OK');
};

/** At count 1 four records are written, at count 2 `old` is removed. */
const datasetWithTombstone = async (): Promise<Ctx> => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('gone', 'v'), replace('kept', 'v'), replace('kept too', 'v'), replace('old', 'v'));
  await write(ctx, remove('old', 1));
  return ctx;
};

const rowsOf = async (ctx: Ctx, table: 'records' | 'datasets'): Promise<number> => {
  const rows = await world.dataSource.query(`SELECT 1 FROM ${table} WHERE identity_id = $1`, [
    ctx.actor.identityId,
  ]);
  return rows.length;
};

test('S5: no number of removals of keys that never were leaves a row', async () => {
  const ctx = await world.newIdentity();
  for (const round of [1, 2, 3])
    await write(ctx, ...Array.from({ length: LIMITS.patchesPerCall }, (_, at) => remove(`${round}-${at}`)));
  expect(await rowsOf(ctx, 'records')).toBe(0);
});

test('S42: writing and removing without end leaves 8,192 tombstones, the newest', async () => {
  const ctx = await world.newIdentity();
  for (let round = 0; round < 9; round += 1) {
    const keys = Array.from({ length: LIMITS.patchesPerCall }, (_, at) => `${round}-${at}`);
    await write(ctx, ...keys.map((key) => replace(key, '')));
    await write(ctx, ...keys.map((key) => remove(key, 2 * round + 1)));
  }
  expect(await rowsOf(ctx, 'records')).toBe(8192);
  const { records } = await listRecords(ctx, { datasetName: 'd', maxResults: 1 });
  expect(records.map((r) => [r.value, r.syncCount])).toEqual([[null, 4]]);
}, 60_000);

test('S42: a device that may have missed a forgotten removal is told to take everything anew', async () => {
  const ctx = await datasetWithTombstone();
  await removeWithOneTombstone(ctx, ['gone', 1]);
  const since = async (lastSyncCount: number) => {
    const pull = await listRecords(ctx, { datasetName: 'd', lastSyncCount });
    return [pull.datasetDeletedAfterRequestedSyncCount, pull.records.map((r) => r.key)];
  };
  expect(await since(0)).toEqual([false, ['kept', 'kept too', 'gone']]);
  expect(await since(1)).toEqual([true, ['kept', 'kept too', 'gone']]);
  expect(await since(2)).toEqual([false, ['gone']]);
  expect(await since(3)).toEqual([false, []]);
});

test('S42: the pages of such a listing go on to its end and all say so', async () => {
  const ctx = await datasetWithTombstone();
  await removeWithOneTombstone(ctx, ['gone', 1]);
  const seen: [boolean, (string | undefined)?][] = [];
  let nextToken: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listRecords>> = await listRecords(ctx, {
      datasetName: 'd',
      lastSyncCount: 1,
      maxResults: 1,
      nextToken,
    });
    seen.push([page.datasetDeletedAfterRequestedSyncCount, page.records[0]?.key]);
    nextToken = page.nextToken;
  } while (nextToken);
  expect(seen).toEqual([
    [true, 'kept'],
    [true, 'kept too'],
    [true, 'gone'],
  ]);
});

test('S42: a listing under way starts over when a removal that it has not shown yet is forgotten', async () => {
  const ctx = await datasetWithTombstone();
  await write(ctx, replace('new', 'v'));
  const pull = { datasetName: 'd', lastSyncCount: 1 };
  const first = await listRecords(ctx, { ...pull, maxResults: 1 });
  expect(first.datasetDeletedAfterRequestedSyncCount).toBe(false);

  await removeWithOneTombstone(ctx, ['gone', 1]);

  const second = await listRecords(ctx, { ...pull, nextToken: first.nextToken });
  expect(second).toMatchObject({
    datasetDeletedAfterRequestedSyncCount: true,
    datasetSyncCount: 4,
    nextToken: null,
  });
  expect(second.records.map((r) => r.key)).toEqual(['kept', 'kept too', 'new', 'gone']);
});

test('S43: with 200 names of deleted datasets a new name is refused, one of them is not', async () => {
  const ctx = await world.newIdentity();
  const create = (datasetName: string) =>
    updateRecords(ctx, { datasetName, recordPatches: [replace('k', 'v')] });
  for (let at = 0; at < 200; at += 1) {
    await create(`d${at}`);
    await deleteDataset(ctx, { datasetName: `d${at}` });
  }
  expect(await refusal(create('new'))).toMatchObject({
    code: 'LIMIT_EXCEEDED',
    fields: { limit: 'deletedDatasetsPerIdentity', maximum: 200, value: 201 },
  });
  expect(await rowsOf(ctx, 'datasets')).toBe(200);
  expect((await create('d7')).datasetSyncCount).toBe(3);
  expect((await create('new')).datasetSyncCount).toBe(1);
}, 60_000);

test('S44: who may write but not list gets no values by way of conflicts', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('k', 'secret'));
  const { identityPoolId, identityId } = ctx.actor;
  const writer = { ...ctx, actor: identityActor(identityPoolId, identityId, 'cognito-sync:UpdateRecords') };

  const hidden = await refusal(write(writer, replace('k', 'v')));
  const shown = await refusal(write(ctx, replace('k', 'v')));

  expect(hidden.fields).toMatchObject({
    conflicts: [{ key: 'k', record: { value: null, valueHidden: true, syncCount: 1 } }],
    datasetSyncCount: 1,
  });
  expect(JSON.stringify(hidden.fields) + hidden.message).not.toContain('secret');
  expect(shown.fields).toMatchObject({ conflicts: [{ record: { value: 'secret', syncCount: 1 } }] });
});
