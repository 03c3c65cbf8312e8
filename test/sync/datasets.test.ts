import { deleteDataset, describeDataset, listDatasets } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { disable, newRegionalId, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const write = (ctx: Parameters<typeof updateRecords>[0], datasetName: string, syncCount = 0) =>
  updateRecords(ctx, { datasetName, recordPatches: [replace('k', 'v', syncCount)] });

describe('deleting a dataset', () => {
  test('S20: the answer is the dataset as it was, and its records are gone', async () => {
    const ctx = await world.newIdentity();
    const { dataset } = await write(ctx, 'd');
    expect(await deleteDataset(ctx, { datasetName: 'd' })).toEqual(dataset);
    const rows = await world.dataSource.query('SELECT 1 FROM records WHERE identity_id = $1', [
      ctx.actor.identityId,
    ]);
    expect(rows).toEqual([]);
  });

  test('S21: the row stays with its count, for devices that come back later', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd');
    await write(ctx, 'd', 1);
    world.clock.advance(60);
    await deleteDataset(ctx, { datasetName: 'd' });
    const rows = await world.dataSource.query(
      `SELECT sync_count, deleted_sync_count, is_deleted, num_records, data_storage, last_modified_at,
         last_modified_by FROM datasets WHERE identity_id = $1`,
      [ctx.actor.identityId],
    );
    expect(rows).toEqual([
      {
        sync_count: '2',
        deleted_sync_count: '2',
        is_deleted: true,
        num_records: 0,
        data_storage: '0',
        last_modified_at: world.clock.now(),
        last_modified_by: ctx.actor.identityId,
      },
    ]);
  });

  test('S22: a deleted dataset is not found, nor is one that never was', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd');
    await deleteDataset(ctx, { datasetName: 'd' });
    for (const datasetName of ['d', 'never'])
      for (const call of [describeDataset, deleteDataset])
        expect(await refusal(call(ctx, { datasetName }))).toMatchObject({
          code: 'RESOURCE_NOT_FOUND',
          message: `Dataset '${datasetName}' not found.`,
        });
    expect((await listDatasets(ctx, {})).nodes).toEqual([]);
  });

  test('S23: a dataset that comes back goes on counting, with a new creation date and no old records', async () => {
    const ctx = await world.newIdentity();
    const first = await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('old', 'v'), remove('older')],
    });
    await deleteDataset(ctx, { datasetName: 'd' });
    world.clock.advance(60);
    const again = await write(ctx, 'd');
    expect(again.dataset).toMatchObject({ syncCount: 3, numRecords: 1, creationDate: world.clock.now() });
    expect(again.dataset?.creationDate).not.toEqual(first.dataset?.creationDate);
    const { records } = await listRecords(ctx, { datasetName: 'd' });
    expect(records.map((r) => [r.key, r.syncCount])).toEqual([['k', 3]]);
  });

  test('S23: a device that pushes as the first after a deletion sees by the count that it missed something', async () => {
    const ctx = await world.newIdentity();
    const { datasetSyncCount: known } = await write(ctx, 'd');
    await deleteDataset(ctx, { datasetName: 'd' });

    const { datasetSyncCount } = await write(ctx, 'd', known);

    expect(datasetSyncCount).not.toBe(known + 1);
    const listing = await listRecords(ctx, { datasetName: 'd', lastSyncCount: known });
    expect(listing.datasetDeletedAfterRequestedSyncCount).toBe(true);
  });

  test('S23: a patch that knows the deleted past is no stranger to the dataset that comes back', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd');
    await write(ctx, 'd', 1);
    await deleteDataset(ctx, { datasetName: 'd' });
    expect((await write(ctx, 'd', 2)).datasetSyncCount).toBe(4);
    await deleteDataset(ctx, { datasetName: 'd' });
    expect((await refusal(write(ctx, 'd', 5))).message).toBe('No such SyncCount: 5 exists for this Dataset');
  });

  test('S24: a pull after the deletion says so to those who knew something, and to nobody else', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd');
    await write(ctx, 'd', 1);
    await deleteDataset(ctx, { datasetName: 'd' });
    const known = await listRecords(ctx, { datasetName: 'd', lastSyncCount: 1 });
    expect(known).toMatchObject({
      records: [],
      count: 0,
      datasetExists: false,
      datasetSyncCount: 0,
      datasetDeletedAfterRequestedSyncCount: true,
      lastModifiedBy: null,
      nextToken: null,
    });
    const fresh = await listRecords(ctx, { datasetName: 'd' });
    expect(fresh).toMatchObject({ datasetExists: false, datasetDeletedAfterRequestedSyncCount: false });
  });

  test('S25: after it came back, only counts up to the deletion are told of it', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd');
    await write(ctx, 'd', 1);
    await deleteDataset(ctx, { datasetName: 'd' });
    await write(ctx, 'd');
    const flags: boolean[] = [];
    for (const lastSyncCount of [0, 1, 2, 3]) {
      const pull = await listRecords(ctx, { datasetName: 'd', lastSyncCount });
      expect(pull.datasetExists).toBe(true);
      flags.push(pull.datasetDeletedAfterRequestedSyncCount);
    }
    expect(flags).toEqual([false, true, true, false]);
  });

  test('S19: deleting and describing are refused for strangers, unknown and merged identities', async () => {
    const ctx = await world.newIdentity();
    const other = await world.newIdentity();
    await write(ctx, 'd');
    const admin = world.administrator();
    const codes: Record<string, string[]> = {};
    for (const call of [deleteDataset, describeDataset])
      codes[call.name] = [
        (await refusal(call(other, { ...ctx.actor, datasetName: 'd' }))).code,
        (await refusal(call({ ...ctx, actor: { kind: 'anonymous' } }, { datasetName: 'd' }))).code,
        (await refusal(call(admin, { identityId: newRegionalId(), datasetName: 'd' }))).code,
      ];
    await disable(world, ctx.actor.identityId);
    for (const call of [deleteDataset, describeDataset])
      codes[call.name]?.push((await refusal(call(ctx, { datasetName: 'd' }))).code);
    const expected = ['NOT_AUTHORIZED', 'NOT_AUTHORIZED', 'RESOURCE_NOT_FOUND', 'NOT_AUTHORIZED'];
    expect(codes).toEqual({ deleteDataset: expected, describeDataset: expected });
  });
});

describe('listing datasets', () => {
  test('S32: live datasets come by name, in pages', async () => {
    const ctx = await world.newIdentity();
    for (const name of ['b', 'B', 'a:x', 'a.y', 'gone', '-']) await write(ctx, name);
    await deleteDataset(ctx, { datasetName: 'gone' });
    const seen: string[][] = [];
    let after: string | null = null;
    for (let hasNextPage = true; hasNextPage;) {
      const page: Awaited<ReturnType<typeof listDatasets>> = await listDatasets(ctx, { first: 2, after });
      seen.push(page.nodes.map((d) => d.datasetName));
      const last = page.nodes.at(-1);
      after = last ? page.cursorOf(last) : null;
      hasNextPage = page.hasNextPage;
    }
    expect(seen).toEqual([['-', 'B'], ['a.y', 'a:x'], ['b']]);
  });

  test('S32: the role is asked about the dataset null, as in AWS', async () => {
    const ctx = await world.newIdentity();
    const { identityId } = ctx.actor;
    const arn = (name: string) =>
      `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${world.identityPoolId}/identity/${identityId}/dataset/${name}`;
    const allowed = await listDatasets(world.administrator('cognito-sync:ListDatasets', arn('null')), {
      identityId,
    });
    expect(allowed.nodes).toEqual([]);
    const denied = await refusal(
      listDatasets(world.administrator('cognito-sync:ListDatasets', arn('d')), { identityId }),
    );
    expect(denied.code).toBe('ACCESS_DENIED');
  });

  test('S19: an unknown identity has no list of datasets, nor has a merged one', async () => {
    const ctx = await world.newIdentity();
    const identityId = newRegionalId();
    expect((await refusal(listDatasets(world.administrator(), { identityId }))).code).toBe(
      'RESOURCE_NOT_FOUND',
    );
    await disable(world, ctx.actor.identityId);
    expect((await refusal(listDatasets(ctx, {}))).message).toBe(
      `Access to Identity '${ctx.actor.identityId}' is forbidden.`,
    );
  });
});
