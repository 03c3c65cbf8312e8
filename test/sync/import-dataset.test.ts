import fc from 'fast-check';
import type { Context } from '../../src/context';
import { importDataset } from '../../src/cognito-import/import-dataset.service';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { inTransaction } from '../../src/context';
import { deleteDataset, describeDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { describeIdentityPoolUsage } from '../../src/sync/usage.service';
import { bring, importer, importIdentity, recordsOf } from '../cognito-import/import-source';
import { identityActor, refusal, remove, replace, startWorld, STREAM, type SyncWorld } from './sync-world';

let world: SyncWorld;
let source: Context;
let identityId: string;
let target: Context;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  source = await world.newIdentity();
  identityId = await importIdentity(world);
  target = { ...source, actor: identityActor(world.identityPoolId, identityId) };
});

const write = (ctx: Context, patches: ReturnType<typeof replace>[], datasetName = 'd') =>
  updateRecords(ctx, { datasetName, recordPatches: patches, deviceId: 'phone' });
const query = (sql: string, parameters: unknown[] = []) => world.dataSource.query(sql, parameters);

/** All that a device or an administrator can see of a dataset. */
const seen = async (ctx: Context, datasetName = 'd') => {
  const described = await describeDataset(ctx, { datasetName });
  const dataset = { ...described, identityId: null, historySinceSyncCount: null };
  return { dataset, records: await recordsOf(ctx, datasetName) };
};

/** The bytes of the pool by its counters and by its records. */
const storage = async (): Promise<[counted: number, real: number]> => {
  const usage = await describeIdentityPoolUsage(importer(world), { identityPoolId: world.identityPoolId });
  const [row] = await query(
    'SELECT coalesce(sum(octet_length(record_key) + octet_length(value)), 0)::int AS bytes FROM records',
  );
  return [usage.dataStorage, row.bytes];
};

/** A dataset's counters beside what they count. */
const counters = async (id: string) => {
  const [row] = await query(
    `SELECT d.num_records, d.num_tombstones, d.data_storage::int, d.sync_count::int,
            count(r.value)::int AS live, (count(r) - count(r.value))::int AS removed,
            coalesce(sum(octet_length(r.record_key) + octet_length(r.value)), 0)::int AS bytes,
            coalesce(max(r.sync_count), 0)::int AS highest
       FROM datasets d LEFT JOIN records r USING (identity_id, dataset_name)
      WHERE d.identity_id = $1 AND d.dataset_name = 'd' GROUP BY d.identity_id, d.dataset_name`,
    [id],
  );
  return row;
};

test('S40: imports that race with pushes, deletions and other imports leave exact counters, and lose no push', async () => {
  for (let round = 0; round < 8; round += 1) {
    const id = await importIdentity(world);
    const device = { ...source, actor: identityActor(world.identityPoolId, id) };
    const there = await world.newIdentity();
    const isDeleting = round % 4 > 1;
    await write(there, [replace('a', '1'), replace('b', 'xx')]);
    if (round % 2 === 0) await bring(world, there, id);
    await write(there, [remove('b', 1), replace('c', 'ü')]);

    const keys = Array.from({ length: 12 }, (_, at) => `own-${at}`);
    await Promise.allSettled([
      (async () => {
        for (const key of keys) await write(device, [replace(key, 'value')]);
      })(),
      bring(world, there, id),
      bring(world, there, id),
      ...(isDeleting ? [deleteDataset(device, { datasetName: 'd' })] : []),
    ]);

    const row = await counters(id);
    expect(row).toMatchObject({
      num_records: row.live,
      num_tombstones: row.removed,
      data_storage: row.bytes,
    });
    expect(row.highest).toBeLessThanOrEqual(row.sync_count);
    if (!isDeleting)
      expect((await recordsOf(device, 'd')).map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
  }
  const [counted, real] = await storage();
  expect(counted).toBe(real);
});

const waitsForLock = async (): Promise<void> => {
  for (;;) {
    const rows = await query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

test.each([
  ['a dataset that came over before', true],
  ['a dataset that is new', false],
])('S40: an import waits for a push that is under way, and then leaves alone %s', async (_name, isKnown) => {
  await write(source, [replace('a', '1')]);
  if (isKnown) await bring(world, source, identityId);
  await write(source, [replace('b', '2')]);

  const imported = await inTransaction(target, async (tx) => {
    await write(tx, [replace('own', 'value')]);
    const importing = bring(world, source, identityId);
    await waitsForLock();
    return { importing };
  });

  expect(await imported.importing).toMatchObject({ status: 'DIVERGED' });
  expect((await recordsOf(target, 'd')).map(({ key }) => key)).toContain('own');
});

describe('S60: an imported dataset', () => {
  test('has the counts, dates, authors and tombstones of its source', async () => {
    await write(source, [
      { ...replace('a', '1'), deviceLastModifiedDate: new Date(1234) },
      replace('b', '2'),
    ]);
    world.clock.advance(60);
    await write(source, [remove('b', 1), replace('c', 'ü')]);

    const outcome = await bring(world, source, identityId);

    expect(outcome).toEqual({ status: 'CREATED', datasetSyncCount: 2, passedLimits: [] });
    expect(await seen(target)).toEqual(await seen(source));
    expect((await seen(target)).records).toMatchObject([
      { key: 'a', value: '1', syncCount: 1, lastModifiedBy: 'phone', deviceLastModifiedDate: new Date(1234) },
      { key: 'b', value: null, syncCount: 2 },
      { key: 'c', value: 'ü', syncCount: 2 },
    ]);
    const [counted, real] = await storage();
    expect(counted).toBe(real);
  });

  test('lets a device go on from the count that it had, and refuses stale patches as the source would', async () => {
    await write(source, [replace('a', '1'), replace('b', '1')]);
    await write(source, [replace('b', '2', 1)]);
    await bring(world, source, identityId);

    const pulled = await listRecords(target, { datasetName: 'd', lastSyncCount: 1 });
    const conflict = await refusal(write(target, [replace('b', '3', 1)]));
    const pushed = await write(target, [replace('a', '4', 1)]);

    expect(pulled).toMatchObject({ datasetSyncCount: 2, records: [{ key: 'b', value: '2', syncCount: 2 }] });
    expect(conflict).toMatchObject({ code: 'RESOURCE_CONFLICT', fields: { datasetSyncCount: 2 } });
    expect(pushed.datasetSyncCount).toBe(3);
  });

  test('tells nobody: no event for a stream, none for devices', async () => {
    await write(source, [replace('a', '1')]);
    const { identityPoolId } = world;
    await inTransaction(importer(world), (tx) =>
      changeSyncConfiguration(tx, identityPoolId, () => ({ stream: STREAM })),
    );
    await bring(world, source, identityId);
    await deleteDataset(source, { datasetName: 'd' });
    await bring(world, source, identityId);
    await inTransaction(importer(world), (tx) =>
      changeSyncConfiguration(tx, identityPoolId, () => ({ stream: null })),
    );

    expect(await query('SELECT 1 FROM sync_events WHERE identity_id = $1', [identityId])).toEqual([]);
  });

  test('is taken beyond the limits of records, bytes and datasets, and then lets nothing more in', async () => {
    const now = world.clock.now();
    const records = Array.from({ length: 1100 }, (_, at) => ({
      key: `k${at}`,
      value: 'x'.repeat(1000),
      syncCount: 1,
      lastModifiedDate: now,
    }));
    const address = { identityPoolId: world.identityPoolId, identityId };
    const dates = { creationDate: now, lastModifiedDate: now };
    for (let at = 0; at < 20; at += 1)
      await importDataset(importer(world), {
        ...address,
        datasetName: `d${at}`,
        source: { ...dates, syncCount: 1, records: [] },
      });

    const outcome = await importDataset(importer(world), {
      ...address,
      datasetName: 'large',
      source: { ...dates, syncCount: 1, records },
    });
    const refused = await refusal(write(target, [replace('one more', 'v')], 'large'));
    const shrunk = await write(target, [remove('k0', 1)], 'large');

    expect(outcome.passedLimits).toEqual(['datasetsPerIdentity', 'recordsPerDataset', 'datasetBytes']);
    expect(refused).toMatchObject({ code: 'LIMIT_EXCEEDED', fields: { limit: 'recordsPerDataset' } });
    expect(shrunk.dataset).toMatchObject({ numRecords: 1099, syncCount: 2 });
  });

  test('remembers 8,192 tombstones, and tells a device that may have missed one', async () => {
    const now = world.clock.now();
    const tombstone = (at: number) => ({ key: `k${at}`, syncCount: at + 1, lastModifiedDate: now });
    await importDataset(importer(world), {
      identityPoolId: world.identityPoolId,
      identityId,
      datasetName: 'd',
      source: {
        creationDate: now,
        lastModifiedDate: now,
        syncCount: 8195,
        records: Array.from({ length: 8195 }, (_, at) => tombstone(at)),
      },
    });

    const [row] = await query(
      'SELECT num_tombstones, purged_sync_count FROM datasets WHERE identity_id = $1',
      [identityId],
    );
    const behind = await listRecords(target, { datasetName: 'd', lastSyncCount: 2, maxResults: 1 });

    expect(row).toEqual({ num_tombstones: 8192, purged_sync_count: '3' });
    expect(behind).toMatchObject({
      datasetDeletedAfterRequestedSyncCount: true,
      records: [{ key: 'k3', syncCount: 4 }],
    });
  });

  test('begins its history anew, since earlier values of here do not lead to it', async () => {
    await write(source, [replace('a', '1')]);
    await bring(world, source, identityId);
    await write(source, [replace('a', '2', 1)]);
    await query(
      `INSERT INTO record_history (identity_id, dataset_name, record_key, sync_count, superseded_sync_count, value,
         last_modified_at, last_modified_by, superseded_at) VALUES ($1, 'd', 'a', 0, 1, 'x', now(), 'x', now())`,
      [identityId],
    );

    await bring(world, source, identityId);

    expect(await query('SELECT 1 FROM record_history WHERE identity_id = $1', [identityId])).toEqual([]);
    expect(await describeDataset(target, { datasetName: 'd' })).toMatchObject({
      syncCount: 2,
      historySinceSyncCount: null,
    });
  });

  test('that was deleted and made again at the source tells devices of its earlier life that it was', async () => {
    await write(source, [replace('a', '1')]);
    await bring(world, source, identityId);
    await deleteDataset(source, { datasetName: 'd' });
    world.clock.advance(1);
    await write(source, [replace('b', '2')]);

    const { status } = await bring(world, source, identityId);
    const device = await listRecords(target, { datasetName: 'd', lastSyncCount: 1 });

    expect(status).toBe('UPDATED');
    expect(await seen(target)).toEqual(await seen(source));
    expect(device).toMatchObject({
      datasetDeletedAfterRequestedSyncCount: true,
      records: [{ key: 'b', syncCount: 3 }],
    });
  });
});

type Step = { op: 'write'; patches: Record<string, string | null> } | { op: 'delete' } | { op: 'import' };

const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        op: fc.constant('write' as const),
        patches: fc.dictionary(fc.constantFrom('a', 'b', 'ü', 'd'), fc.option(fc.string({ maxLength: 5 })), {
          minKeys: 1,
        }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ op: 'delete' as const }) },
    { weight: 3, arbitrary: fc.constant({ op: 'import' as const }) },
  ),
  { maxLength: 12 },
);

test('S60: imports at any moments of any history end in equal datasets and exact counters', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (history: Step[]) => {
      const from = await world.newIdentity();
      const toId = await importIdentity(world);
      const to: Context = { ...from, actor: identityActor(world.identityPoolId, toId) };
      let count = 0;

      for (const step of [...history, { op: 'import' as const }]) {
        world.clock.advance(1);
        if (step.op === 'import') await bring(world, from, toId);
        else if (step.op === 'delete') await deleteDataset(from, { datasetName: 'd' }).catch(() => undefined);
        else {
          const patches = Object.entries(step.patches).filter(([, value]) => value?.includes('\0') !== true);
          if (patches.length === 0) continue;
          const recordPatches = patches.map(([key, value]) =>
            value === null ? remove(key, count) : replace(key, value, count),
          );
          count = (await updateRecords(from, { datasetName: 'd', recordPatches })).datasetSyncCount;
        }
      }

      const list = (ctx: Context) => seen(ctx).catch((error: { code?: string }) => error.code);
      const [there, here] = [await list(from), await list(to)];
      const rename = (value: unknown) =>
        JSON.parse(JSON.stringify(value).replaceAll((from.actor as { identityId: string }).identityId, toId));
      expect(rename(here)).toEqual(rename(there));
      const [counted, real] = await storage();
      expect(counted).toBe(real);
    }),
    { numRuns: 20 },
  );
});
