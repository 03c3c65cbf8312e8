import { ServiceError } from '../../src/errors';
import { STORAGE_LIMITS, type StorageLimits } from '../../src/sync/apply-patches';
import { deleteDataset, describeDataset, listDatasets } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { mergeRecords } from '../../src/sync/merge';
import { updateRecords } from '../../src/sync/update-records.service';
import { disable, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld(20);
});
afterAll(() => world?.stop());

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const write = (ctx: Ctx, datasetName: string, ...patch: Parameters<typeof replace>) =>
  updateRecords(ctx, { datasetName, recordPatches: [replace(...patch)] });

const times = <T>(count: number, work: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => work(at)));

/** The code of the refusal, or OK; anything but a refusal is a failure of the test. */
const outcomeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof ServiceError) return error.code;
    throw error;
  }
};

/** Reads a counter and writes it raised by one, again and again until it was not too late. */
const increment = async (ctx: Ctx): Promise<number> => {
  for (let attempts = 1; ; attempts += 1) {
    const { records } = await listRecords(ctx, { datasetName: 'd' });
    const seen = records.find((record) => record.key === 'counter');
    const value = String(Number(seen?.value ?? 0) + 1);
    const outcome = await outcomeOf(write(ctx, 'd', 'counter', value, seen?.syncCount ?? 0));
    if (outcome === 'OK') return attempts;
    expect(outcome).toBe('RESOURCE_CONFLICT');
  }
};

const deadlocks = async (): Promise<number> => {
  // The statistics of a backend are sent at the end of its transactions, at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const rows = await world.dataSource.query(
    'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
  );
  return rows[0].deadlocks;
};

test('S40: 16 writers at one record lose no update, and the count rises by one for each success', async () => {
  const ctx = await world.newIdentity();
  await times(16, async () => {
    for (let round = 0; round < 5; round += 1) await increment(ctx);
  });
  const { records, datasetSyncCount } = await listRecords(ctx, { datasetName: 'd' });
  expect(records.map((r) => [r.key, r.value, r.syncCount])).toEqual([['counter', '80', 80]]);
  expect(datasetSyncCount).toBe(80);
});

test('S40: 16 writers of different records of one dataset all succeed, each with a count of its own', async () => {
  const ctx = await world.newIdentity();
  const results = await times(16, async (writer) => {
    const counts: number[] = [];
    for (let round = 0; round < 10; round += 1)
      counts.push((await write(ctx, 'd', `${writer}-${round}`, 'v')).datasetSyncCount);
    return counts;
  });
  const counts = results.flat().sort((a, b) => a - b);
  expect(counts).toEqual(Array.from({ length: 160 }, (_, at) => at + 1));
  for (const own of results) expect(own).toEqual([...own].sort((a, b) => a - b));
  const { records } = await listRecords(ctx, { datasetName: 'd' });
  expect(records.map((r) => r.syncCount)).toEqual(counts);
});

test('S40: of 16 blind writers at one new record, exactly one wins', async () => {
  for (let round = 0; round < 10; round += 1) {
    const ctx = await world.newIdentity();
    if (round % 2 === 0) await write(ctx, 'd', 'other', 'v');
    const outcomes = await times(16, (at) => outcomeOf(write(ctx, 'd', 'k', `${at}`)));
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'RESOURCE_CONFLICT')).toHaveLength(15);
    const { records } = await listRecords(ctx, { datasetName: 'd' });
    expect(records.find((r) => r.key === 'k')?.value).toBe(String(outcomes.indexOf('OK')));
  }
});

test('S14: of 30 datasets made at once, exactly 20 come into being', async () => {
  const ctx = await world.newIdentity();
  const outcomes = await times(30, (at) => outcomeOf(write(ctx, `d${at}`, 'k', 'v')));
  expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(20);
  expect(outcomes.filter((outcome) => outcome === 'LIMIT_EXCEEDED')).toHaveLength(10);
  expect((await listDatasets(ctx, {})).nodes).toHaveLength(20);
});

test('S14: datasets that come back count as well, however many do so at once', async () => {
  const ctx = await world.newIdentity();
  await times(20, (at) => write(ctx, `d${at}`, 'k', 'v'));
  await times(20, (at) => deleteDataset(ctx, { datasetName: `d${at}` }));
  await times(10, (at) => write(ctx, `e${at}`, 'k', 'v'));
  const outcomes = await times(20, (at) => outcomeOf(write(ctx, `d${at}`, 'k', 'v')));
  expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(10);
  expect((await listDatasets(ctx, {})).nodes).toHaveLength(20);
});

const mergeWith = (ctx: Ctx, limits: Partial<StorageLimits>) => (key: string, value: string) =>
  mergeRecords(ctx, {
    address: { ...ctx.actor, datasetName: 'd' },
    patches: [{ op: 'replace', key, value, syncCount: 0 }],
    modifiedBy: 'phone',
    now: world.clock.now(),
    sessionId: undefined,
    limits: { ...STORAGE_LIMITS, ...limits },
  });

test('S12: writers at the limit of records never pass it, and fill it exactly', async () => {
  const ctx = await world.newIdentity();
  const merge = mergeWith(ctx, { recordsPerDataset: 25 });
  const results = await times(40, (at) => merge(`k${at}`, 'v'));
  expect(results.filter((r) => r.status === 'OK')).toHaveLength(25);
  expect(results.filter((r) => r.status === 'TOO_MANY_RECORDS')).toHaveLength(15);
  expect(await describeDataset(ctx, { datasetName: 'd' })).toMatchObject({ numRecords: 25, syncCount: 25 });
});

test('S13: writers at the limit of bytes never pass it, and fill it as far as they fit', async () => {
  const ctx = await world.newIdentity();
  const merge = mergeWith(ctx, { datasetBytes: 100 });
  const results = await times(30, (at) => merge(`k${10 + at}`, '1234'));
  expect(results.filter((r) => r.status === 'OK')).toHaveLength(14);
  expect(await describeDataset(ctx, { datasetName: 'd' })).toMatchObject({ dataStorage: 98, numRecords: 14 });
});

test('S40: what is counted of a dataset is what is in it, after writers, removers and deletions at once', async () => {
  const ctx = await world.newIdentity();
  const step = async (at: number): Promise<string> => {
    const { records, datasetSyncCount } = await listRecords(ctx, { datasetName: 'd' });
    if (at % 25 === 0) return outcomeOf(deleteDataset(ctx, { datasetName: 'd' }));
    const target = records[at % 7];
    const key = target?.key ?? `k${at % 20}`;
    const patch =
      at % 3 === 0
        ? { op: 'remove' as const, key, syncCount: datasetSyncCount }
        : replace(key, 'é'.repeat(at % 11), target?.syncCount ?? 0);
    return outcomeOf(updateRecords(ctx, { datasetName: 'd', recordPatches: [patch] }));
  };
  const outcomes = (
    await times(10, async (worker) => {
      const own: string[] = [];
      for (let round = 0; round < 25; round += 1) own.push(await step(worker + round * 10));
      return own;
    })
  ).flat();
  expect(new Set(outcomes)).not.toContain('INTERNAL_ERROR');
  const rows = await world.dataSource.query(
    `SELECT d.num_records, d.data_storage::int, count(r.value)::int AS records,
       coalesce(sum(octet_length(r.record_key || r.value)), 0)::int AS bytes,
       d.sync_count >= coalesce(max(r.sync_count), 0) AS is_highest,
       coalesce(min(r.sync_count), d.deleted_sync_count + 1) > d.deleted_sync_count AS is_new
     FROM datasets d LEFT JOIN records r USING (identity_id, dataset_name)
     WHERE d.identity_id = $1 GROUP BY d.identity_id, d.dataset_name`,
    [ctx.actor.identityId],
  );
  const { num_records, data_storage } = rows[0];
  expect(rows).toEqual([
    { num_records, data_storage, records: num_records, bytes: data_storage, is_highest: true, is_new: true },
  ]);
});

test('S40: an update that meets a deletion comes before it or after it, never halfway', async () => {
  for (let round = 0; round < 20; round += 1) {
    const ctx = await world.newIdentity();
    await write(ctx, 'd', 'old', 'v');
    const [updates, deletion] = await Promise.all([
      times(4, (at) => write(ctx, 'd', `new${at}`, 'v')),
      deleteDataset(ctx, { datasetName: 'd' }),
    ]);
    const { records, datasetSyncCount, datasetExists } = await listRecords(ctx, { datasetName: 'd' });
    const after = updates.filter((update) => update.datasetSyncCount > deletion.syncCount);
    const counts = [2, 3, 4, 5].map((count) => (count > deletion.syncCount ? count + 1 : count)); // S23
    expect(updates.map((u) => u.datasetSyncCount).sort()).toEqual(counts);
    expect(records.map((r) => r.key)).not.toContain('old');
    expect(records.map((r) => r.key).sort()).toEqual(
      after.flatMap((u) => u.records.map((r) => r.key)).sort(),
    );
    expect([datasetExists, datasetSyncCount]).toEqual(after.length > 0 ? [true, 6] : [false, 0]);
  }
});

test('S41: updates, deletions, new datasets and merges of identities at once never deadlock', async () => {
  const before = await deadlocks();
  for (let round = 0; round < 15; round += 1) {
    const ctx = await world.newIdentity();
    await times(2, (at) => write(ctx, `d${at}`, 'k', 'v'));
    const { syncSessionToken } = await listRecords(ctx, { datasetName: 'd0' });
    await Promise.all([
      times(8, (at) => outcomeOf(write(ctx, `d${at % 2}`, `k${at}`, 'v'))),
      times(2, (at) => outcomeOf(deleteDataset(ctx, { datasetName: `d${at}` }))),
      times(3, (at) => outcomeOf(write(ctx, `new${at % 2}`, 'k', 'v'))),
      outcomeOf(
        updateRecords(ctx, {
          datasetName: 'd0',
          recordPatches: [replace('with a token', 'v')],
          syncSessionToken,
        }),
      ),
      round % 2 === 0 ? mergeAway(ctx) : undefined,
    ]);
  }
  expect((await deadlocks()) - before).toBe(0);
});

/** What a merge of identities does to the loser: the identity's row first, then its datasets. */
const mergeAway = (ctx: Ctx): Promise<void> =>
  world.dataSource.transaction(async (manager) => {
    const { identityId } = ctx.actor;
    await manager.query('SELECT 1 FROM identities WHERE identity_id = $1 FOR UPDATE', [identityId]);
    await manager.query('UPDATE identities SET disabled_at = $2 WHERE identity_id = $1', [
      identityId,
      world.clock.now(),
    ]);
    await manager.query('SELECT 1 FROM datasets WHERE identity_id = $1 ORDER BY dataset_name FOR UPDATE', [
      identityId,
    ]);
    await manager.query('DELETE FROM datasets WHERE identity_id = $1', [identityId]);
  });

test('S19: whatever is written while an identity is merged is moved with it or refused, never left behind', async () => {
  for (let round = 0; round < 20; round += 1) {
    const ctx = await world.newIdentity();
    await write(ctx, 'd0', 'k', 'v');
    const [outcomes] = await Promise.all([
      times(8, (at) => outcomeOf(write(ctx, `d${at % 3}`, `k${at}`, 'v'))),
      mergeAway(ctx),
    ]);
    expect(outcomes.filter((code) => code !== 'OK' && code !== 'NOT_AUTHORIZED')).toEqual([]);
    const rows = await world.dataSource.query('SELECT 1 FROM datasets WHERE identity_id = $1', [
      ctx.actor.identityId,
    ]);
    expect(rows).toEqual([]);
  }
});

test('S19: an identity that is deleted under writers takes all of it along', async () => {
  for (let round = 0; round < 10; round += 1) {
    const ctx = await world.newIdentity();
    await write(ctx, 'd0', 'k', 'v');
    const [outcomes] = await Promise.all([
      times(8, (at) => outcomeOf(write(ctx, `d${at % 3}`, `k${at}`, 'v'))),
      world.dataSource.query('DELETE FROM identities WHERE identity_id = $1', [ctx.actor.identityId]),
    ]);
    expect(outcomes.filter((code) => code !== 'OK' && code !== 'IDENTITY_DELETED')).toEqual([]);
    const left = await world.dataSource.query(
      'SELECT (SELECT count(*) FROM datasets WHERE identity_id = $1) + (SELECT count(*) FROM records WHERE identity_id = $1) AS n',
      [ctx.actor.identityId],
    );
    expect(left).toEqual([{ n: '0' }]);
  }
});

test('S26: a pull under writers shows one moment: no record beyond the count that it reports', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, 'd', 'k', 'v');
  let isDone = false;
  const pulls = async (): Promise<void> => {
    while (!isDone) {
      const { records, datasetSyncCount } = await listRecords(ctx, { datasetName: 'd' });
      const counts = records.map((r) => r.syncCount).sort((a, b) => a - b);
      expect(counts).toEqual(Array.from({ length: datasetSyncCount }, (_, at) => at + 1));
    }
  };
  const writers = times(4, async (writer) => {
    for (let round = 0; round < 25; round += 1) await write(ctx, 'd', `${writer}-${round}`, 'v');
  }).finally(() => (isDone = true));
  await Promise.all([writers, pulls(), pulls()]);
});

test('S19: an update in flight when its identity is disabled sees it once it holds the dataset', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, 'd', 'k', 'v');
  const holder = world.dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query('SELECT 1 FROM datasets WHERE identity_id = $1 FOR UPDATE', [ctx.actor.identityId]);
  const waiting = outcomeOf(write(ctx, 'd', 'x', 'v'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await disable(world, ctx.actor.identityId);
  await holder.commitTransaction();
  await holder.release();
  expect(await waiting).toBe('NOT_AUTHORIZED');
});

test('S40: an update in flight meets the records that were committed while it waited', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, 'd', 'other', 'v');
  const holder = world.dataSource.createQueryRunner();
  await holder.startTransaction();
  await holder.query('SELECT 1 FROM datasets WHERE identity_id = $1 FOR UPDATE', [ctx.actor.identityId]);
  const waiting = outcomeOf(write(ctx, 'd', 'k', 'mine'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await updateRecords(
    { ...ctx, db: holder.manager },
    { datasetName: 'd', recordPatches: [replace('k', 'yours')] },
  );
  await holder.commitTransaction();
  await holder.release();
  expect(await waiting).toBe('RESOURCE_CONFLICT');
});

test('S40: a deletion in flight removes what was committed while it waited, and answers it', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, 'd', 'k', 'v');
  const holder = world.dataSource.createQueryRunner();
  await holder.startTransaction();
  await updateRecords(
    { ...ctx, db: holder.manager },
    { datasetName: 'd', recordPatches: [replace('x', 'v')] },
  );
  const waiting = deleteDataset(ctx, { datasetName: 'd' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await holder.commitTransaction();
  await holder.release();
  expect(await waiting).toMatchObject({ syncCount: 2, numRecords: 2 });
  expect(await listRecords(ctx, { datasetName: 'd', lastSyncCount: 2 })).toMatchObject({ records: [] });
  const left = await world.dataSource.query('SELECT 1 FROM records WHERE identity_id = $1', [
    ctx.actor.identityId,
  ]);
  expect(left).toEqual([]);
});
