import { inTransaction } from '../../src/context';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords, type RecordListing } from '../../src/sync/list-records.service';
import { moveDatasets } from '../../src/sync/move-datasets';
import { updateRecords } from '../../src/sync/update-records.service';
import { disable, newRegionalId, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const write = (ctx: Ctx, ...recordPatches: ReturnType<typeof replace>[]) =>
  updateRecords(ctx, { datasetName: 'd', recordPatches });

/** The listing of all pages in one, checked to agree with each other. */
const listAll = async (ctx: Ctx, maxResults: number, betweenPages = async () => {}) => {
  const pages: RecordListing[] = [];
  let nextToken: string | null = null;
  do {
    if (nextToken) await betweenPages();
    const page: RecordListing = await listRecords(ctx, { datasetName: 'd', maxResults, nextToken });
    pages.push(page);
    nextToken = page.nextToken;
  } while (nextToken);
  return pages;
};

test('S26: a pull answers the records with a higher count, tombstones too', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('a', '1'), replace('b', '1'));
  await write(ctx, replace('a', '2', 1));
  await write(ctx, remove('b', 1));
  const since = async (lastSyncCount: number) =>
    (await listRecords(ctx, { datasetName: 'd', lastSyncCount })).records.map((r) => [r.key, r.value]);
  expect(await since(0)).toEqual([
    ['a', '2'],
    ['b', null],
  ]);
  expect(await since(1)).toEqual([
    ['a', '2'],
    ['b', null],
  ]);
  expect(await since(2)).toEqual([['b', null]]);
  expect(await since(3)).toEqual([]);
});

test('S27: a dataset that does not exist is no error', async () => {
  const ctx = await world.newIdentity();
  expect(await listRecords(ctx, { datasetName: 'd' })).toEqual({
    records: [],
    count: 0,
    datasetSyncCount: 0,
    datasetExists: false,
    datasetDeletedAfterRequestedSyncCount: false,
    lastModifiedBy: null,
    mergedDatasetNames: [],
    nextToken: null,
    syncSessionToken: expect.stringMatching(/^\S+$/),
  });
});

test('S28: a count that this server never reached is refused', async () => {
  const ctx = await world.newIdentity();
  const never = await refusal(listRecords(ctx, { datasetName: 'd', lastSyncCount: 37 }));
  expect(never).toMatchObject({
    code: 'INVALID_PARAMETER',
    message: 'No such SyncCount: 37 exists for this Dataset',
    fields: { field: 'lastSyncCount', syncCount: 37, datasetSyncCount: 0 },
  });
  await write(ctx, replace('k', 'v'));
  await deleteDataset(ctx, { datasetName: 'd' });
  expect((await refusal(listRecords(ctx, { datasetName: 'd', lastSyncCount: 2 }))).fields).toMatchObject({
    datasetSyncCount: 1,
  });
});

test('S29: records come by sync count, then key, in pages of maxResults', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('z', '1'), replace('b', '1'), replace('a', '1'));
  await write(ctx, replace('c', '2'), replace('b', '2', 1));
  for (const size of [1, 2, 3, 4]) {
    const pages = await listAll(ctx, size);
    expect(pages.flatMap((p) => p.records.map((r) => r.key))).toEqual(['a', 'z', 'b', 'c']);
    expect(pages.map((p) => p.count)).toEqual(pages.map((p) => p.records.length));
    expect(pages).toHaveLength(Math.ceil(4 / size));
  }
});

test('S29: pages show one moment: what is written between them shows in the next pull', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, ...['a', 'b', 'c', 'd', 'e'].map((key) => replace(key, '1')));
  let round = 0;
  const pages = await listAll(ctx, 2, async () => {
    round += 1;
    await write(ctx, replace(`new${round}`, 'x'), replace('e', `changed ${round}`, round));
  });
  expect(pages.flatMap((p) => p.records.map((r) => [r.key, r.value]))).toEqual([
    ['a', '1'],
    ['b', '1'],
    ['c', '1'],
    ['d', '1'],
  ]);
  expect(pages.map((p) => p.datasetSyncCount)).toEqual([1, 1]);
  const next = await listRecords(ctx, { datasetName: 'd', lastSyncCount: 1 });
  expect(next.records.map((r) => [r.key, r.value])).toEqual([
    ['e', 'changed 1'],
    ['new1', 'x'],
  ]);
});

test('S29: a deletion between two pages is told on the second, and again by the next pull', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, replace('a', '1'), replace('b', '1'));
  const pages = await listAll(ctx, 1, async () => {
    await deleteDataset(ctx, { datasetName: 'd' });
    await write(ctx, replace('b', 'reborn'));
  });
  expect(pages.map((p) => p.datasetDeletedAfterRequestedSyncCount)).toEqual([false, true]);
  expect(pages[1]).toMatchObject({ records: [], datasetSyncCount: 1 });
  const next = await listRecords(ctx, { datasetName: 'd', lastSyncCount: 1 });
  expect(next).toMatchObject({ datasetDeletedAfterRequestedSyncCount: true, datasetSyncCount: 3 });
  expect(next.records.map((r) => r.value)).toEqual(['reborn']);
});

test('S29: a listing in pages under writes loses nothing', async () => {
  const ctx = await world.newIdentity();
  const keys = Array.from({ length: 60 }, (_, at) => `k${at}`);
  await write(ctx, ...keys.map((key) => replace(key, '0')));
  let round = 0;
  const local = new Map<string, string | null>();
  const pages = await listAll(ctx, 7, async () => {
    round += 1;
    await write(
      ctx,
      ...keys.filter((_, at) => at % 3 === round % 3).map((key) => replace(key, `${round}`, round)),
    );
  });
  pages.forEach((p) => p.records.forEach((r) => local.set(r.key, r.value)));
  const lastSyncCount = pages[0]?.datasetSyncCount ?? 0;
  const rest = await listRecords(ctx, { datasetName: 'd', lastSyncCount });
  rest.records.forEach((r) => local.set(r.key, r.value));
  const truth = await listRecords(ctx, { datasetName: 'd' });
  expect(Object.fromEntries(local)).toEqual(Object.fromEntries(truth.records.map((r) => [r.key, r.value])));
});

test('S30: a nextToken holds for the same identity, dataset and lastSyncCount only', async () => {
  const ctx = await world.newIdentity();
  const other = await world.newIdentity();
  await write(ctx, replace('a', '1'), replace('b', '1'));
  const first = await listRecords(ctx, { datasetName: 'd', maxResults: 1 });
  const { nextToken } = first;
  const wrong = [
    listRecords(ctx, { datasetName: 'e', nextToken }),
    listRecords(other, { datasetName: 'd', nextToken }),
    listRecords(ctx, { datasetName: 'd', lastSyncCount: 1, nextToken }),
    listRecords(ctx, { datasetName: 'd', nextToken: `${nextToken?.slice(0, -2)}xx` }),
    listRecords(ctx, { datasetName: 'd', nextToken: 'nonsense' }),
    listRecords(ctx, { datasetName: 'd', nextToken: first.syncSessionToken }),
  ];
  for (const call of wrong)
    expect(await refusal(call)).toMatchObject({ code: 'INVALID_PARAMETER', fields: { field: 'nextToken' } });
  expect((await listRecords(ctx, { datasetName: 'd', nextToken, maxResults: 1 })).records).toHaveLength(1);
});

/** Merges a new identity that has these datasets into the caller's; answers its id. */
const mergedInto = async (ctx: Ctx, datasetNames: string[]): Promise<string> => {
  const loser = await world.newIdentity();
  for (const datasetName of datasetNames)
    await updateRecords(loser, { datasetName, recordPatches: [replace('k', 'v')] });
  await inTransaction(ctx, (tx) => moveDatasets(tx, loser.actor.identityId, ctx.actor.identityId));
  return loser.actor.identityId;
};

test('S31: datasets of merged identities are named until they are deleted', async () => {
  const ctx = await world.newIdentity();
  const loser = await mergedInto(ctx, ['d', 'dd', 'd.e']);
  const another = await mergedInto(ctx, ['d']);
  for (const datasetName of ['d.x', `d:${loser}`, 'd'])
    await updateRecords(ctx, { datasetName, recordPatches: [replace('k', 'v')] });
  const merged = async () => (await listRecords(ctx, { datasetName: 'd' })).mergedDatasetNames;
  expect(await merged()).toEqual([`d.${loser}`, `d.${another}`].sort());
  await deleteDataset(ctx, { datasetName: `d.${loser}` });
  expect(await merged()).toEqual([`d.${another}`]);
});

test('S31: they are named even when the identity has no dataset of that name itself', async () => {
  const ctx = await world.newIdentity();
  const loser = await mergedInto(ctx, ['d']);
  expect(await listRecords(ctx, { datasetName: 'd' })).toMatchObject({
    datasetExists: false,
    mergedDatasetNames: [`d.${loser}`],
  });
});

test('S45: the dataset of a merged identity is written like any other, and made by the merge alone', async () => {
  const ctx = await world.newIdentity();
  const loser = await mergedInto(ctx, ['d']);
  const merged = { datasetName: `d.${loser}`, recordPatches: [replace('k', 'w', 1)] };
  const madeUp = { datasetName: `d.${newRegionalId()}`, recordPatches: [replace('k', 'v')] };
  const notFound = { code: 'RESOURCE_NOT_FOUND', fields: { field: 'datasetName' } };

  expect((await updateRecords(ctx, merged)).datasetSyncCount).toBe(2);
  expect(await refusal(updateRecords(ctx, madeUp))).toMatchObject(notFound);
  await deleteDataset(ctx, merged);
  expect(await refusal(updateRecords(ctx, merged))).toMatchObject(notFound);
});

test('S19: listing is refused for strangers, unknown and merged identities', async () => {
  const ctx = await world.newIdentity();
  const other = await world.newIdentity();
  await write(ctx, replace('k', 'v'));
  const datasetName = 'd';
  const { identityPoolId, identityId } = ctx.actor;
  expect(await refusal(listRecords(other, { identityPoolId, identityId, datasetName }))).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: 'mismatch between session identity id and request identity id',
  });
  const unknown = { identityPoolId, identityId: newRegionalId(), datasetName };
  expect((await refusal(listRecords(world.administrator(), unknown))).code).toBe('RESOURCE_NOT_FOUND');
  await disable(world, identityId);
  expect((await refusal(listRecords(ctx, { datasetName }))).code).toBe('NOT_AUTHORIZED');
});
