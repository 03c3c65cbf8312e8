import fc from 'fast-check';
import { inTransaction, type Context } from '../../src/context';
import { deleteIdentities } from '../../src/identities/delete-identities.service';
import { deleteIdleGuests } from '../../src/identities/idle-guests.service';
import { purgeDeletedPools } from '../../src/identities/delete-identity-pool.service';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { deleteDataset } from '../../src/sync/datasets.service';
import { forgetOwner } from '../../src/sync/forget-owner';
import { listRecords } from '../../src/sync/list-records.service';
import { moveDatasets } from '../../src/sync/move-datasets';
import { restoreDataset } from '../../src/sync/restore-dataset.service';
import {
  countSyncSession,
  foldSyncSessions,
  startCountingSessions,
  writeSyncSessions,
} from '../../src/sync/sync-sessions';
import { synchronize } from '../../src/sync/synchronize.service';
import { updateRecords } from '../../src/sync/update-records.service';
import {
  describeIdentityPoolUsage,
  describeIdentityUsage,
  listIdentityPoolUsage,
  listSyncSessions,
} from '../../src/sync/usage.service';
import {
  STREAM,
  disable,
  newRegionalId,
  refusal,
  remove,
  replace,
  startWorld,
  type SyncWorld,
} from './sync-world';
import { identityPoolRow } from '../support/identity-pool-row';

let world: SyncWorld;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world?.stop());

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const DAY = 86_400;

const admin = (): Context => world.administrator('*');

const write = (ctx: Ctx, datasetName: string, ...recordPatches: ReturnType<typeof replace>[]) =>
  updateRecords(ctx, { datasetName, recordPatches });

const poolUsage = (identityPoolId = world.identityPoolId) =>
  describeIdentityPoolUsage(admin(), { identityPoolId });

const identityUsage = (ctx: Context, { actor: { identityId, identityPoolId } }: Ctx) =>
  describeIdentityUsage(ctx, { identityId, identityPoolId });

const insertPool = async (deletedAt: Date | null = null): Promise<string> => {
  const id = newRegionalId();
  await world.dataSource.getRepository(IdentityPool).insert(identityPoolRow({ id, deletedAt }));
  return id;
};

const storedCount = async (sql: string, parameters: unknown[] = []): Promise<number> =>
  Number((await world.dataSource.query(sql, parameters))[0].count);

describe('the usage of an identity', () => {
  test('S55: counts its live datasets, their bytes, and knows when it wrote last', async () => {
    const ctx = await world.newIdentity();
    expect(await identityUsage(ctx, ctx)).toEqual({
      identityId: ctx.actor.identityId,
      identityPoolId: world.identityPoolId,
      datasetCount: 0,
      dataStorage: 0,
      lastModifiedDate: null,
    });

    await write(ctx, 'one', replace('é', '12'));
    await write(ctx, 'two', replace('k', '123'), replace('l', '4'));
    world.clock.advance(60);
    await deleteDataset(ctx, { datasetName: 'one' });

    expect(await identityUsage(ctx, ctx)).toMatchObject({
      datasetCount: 1,
      dataStorage: 6,
      lastModifiedDate: world.clock.now(),
    });
  });

  test('S55: is for itself and for administrators', async () => {
    const [ctx, other] = [await world.newIdentity(), await world.newIdentity()];
    const elsewhere = { identityId: ctx.actor.identityId, identityPoolId: newRegionalId() };

    expect(await identityUsage(admin(), ctx)).toMatchObject({ datasetCount: 0 });
    expect(await refusal(identityUsage(other, ctx))).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect(await refusal(describeIdentityUsage(admin(), elsewhere))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
    expect(await refusal(identityUsage(world.administrator('cognito-sync:ListDatasets'), ctx))).toMatchObject(
      { code: 'ACCESS_DENIED', fields: { action: 'cognito-sync:DescribeIdentityUsage' } },
    );
  });

  test('S55: of a merged identity is nothing, and told to administrators alone', async () => {
    const ctx = await world.newIdentity();
    await disable(world, ctx.actor.identityId);

    expect(await identityUsage(admin(), ctx)).toMatchObject({ datasetCount: 0, dataStorage: 0 });
    expect(await refusal(identityUsage(ctx, ctx))).toMatchObject({ code: 'NOT_AUTHORIZED' });
  });
});

describe('the usage of a pool', () => {
  test('S55: is the bytes of all live records, and the time of the last write', async () => {
    const [one, two] = [await world.newIdentity(), await world.newIdentity()];
    expect(await poolUsage()).toEqual({
      identityPoolId: world.identityPoolId,
      syncSessionsCount: null,
      dataStorage: 0,
      lastModifiedDate: null,
    });

    await write(one, 'd', replace('k', '123'));
    await write(two, 'd', replace('k', '1'), replace('gone', '12345'));
    world.clock.advance(5);
    await write(two, 'd', remove('gone', 1));

    expect(await poolUsage()).toMatchObject({ dataStorage: 6, lastModifiedDate: world.clock.now() });
  });

  test('S55: of all pools comes by their ids, in pages, without pools that are deleted', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd', replace('k', '123'));
    const ids = [world.identityPoolId, await insertPool(), await insertPool()].sort();
    await insertPool(world.clock.now());

    const first = await listIdentityPoolUsage(admin(), { first: 2 });
    const second = await listIdentityPoolUsage(admin(), { first: 2, after: first.cursorOf(first.nodes[1]!) });

    const found = [...first.nodes, ...second.nodes];
    expect(found.map((usage) => usage.identityPoolId)).toEqual(ids);
    expect(found.map((usage) => usage.dataStorage).sort()).toEqual([0, 0, 4]);
    expect([first.hasNextPage, second.hasNextPage]).toEqual([true, false]);
  });

  test('S55: is for administrators of that pool, of all pools for those of all', async () => {
    const ctx = await world.newIdentity();
    const { identityPoolId } = world;
    const ofPool = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${identityPoolId}`;
    const limited = world.administrator('*', ofPool);

    expect(await describeIdentityPoolUsage(limited, { identityPoolId })).toMatchObject({ dataStorage: 0 });
    expect(await refusal(describeIdentityPoolUsage(ctx, { identityPoolId }))).toMatchObject({
      code: 'NOT_AUTHORIZED',
    });
    for (const id of [newRegionalId(), await insertPool()])
      expect(await refusal(describeIdentityPoolUsage(limited, { identityPoolId: id }))).toMatchObject({
        code: 'ACCESS_DENIED',
      });
    expect(await refusal(listIdentityPoolUsage(limited, {}))).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(
      await refusal(describeIdentityPoolUsage(admin(), { identityPoolId: newRegionalId() })),
    ).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });
});

describe('sync sessions', () => {
  const sessions = async (): Promise<number | null> => {
    await writeSyncSessions(admin());
    return (await poolUsage()).syncSessionsCount;
  };

  test('S33: a pull without a token begins one, one that goes on with another does not, nor one that fails', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'd', replace('k', 'v'), replace('l', 'v'));

    const page = await listRecords(ctx, { datasetName: 'd', maxResults: 1 });
    await listRecords(ctx, { datasetName: 'd', nextToken: page.nextToken });
    await listRecords(ctx, { datasetName: 'd', syncSessionToken: page.syncSessionToken });
    await refusal(listRecords(ctx, { datasetName: 'd', lastSyncCount: 9 }));
    expect(await sessions()).toBe(1);
    await listRecords(ctx, { datasetName: 'd' });

    expect(await sessions()).toBe(2);
  });

  test('S33: each dataset of a synchronization is one', async () => {
    const ctx = await world.newIdentity();

    await synchronize(ctx, { datasets: [{ datasetName: 'd' }, { datasetName: 'e', lastSyncCount: 7 }] });
    expect(await sessions()).toBe(1);
    await synchronize(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v')] });

    expect(await sessions()).toBe(2);
  });

  test('S33: they count on the day that they begin, in UTC', async () => {
    const ctx = await world.newIdentity();
    const pull = () => listRecords(ctx, { datasetName: 'd' });
    await pull();
    world.clock.advance(2 * DAY - 1);
    await pull();
    await pull();
    world.clock.advance(1);
    await pull();
    await writeSyncSessions(admin());

    const { identityPoolId } = world;
    expect(await listSyncSessions(admin(), { identityPoolId, days: 4 })).toEqual([
      { day: '2027-02-28', syncSessions: 0 },
      { day: '2027-03-01', syncSessions: 1 },
      { day: '2027-03-02', syncSessions: 2 },
      { day: '2027-03-03', syncSessions: 1 },
    ]);
    expect(await listSyncSessions(admin(), { identityPoolId })).toHaveLength(30);
    for (const days of [0, 367])
      expect(await refusal(listSyncSessions(admin(), { identityPoolId, days }))).toMatchObject({
        code: 'INVALID_PARAMETER',
        fields: { field: 'days' },
      });
  });

  test('S33: what could not be written is written the next time, and pools that are gone do not stand in its way', async () => {
    countSyncSession(admin(), world.identityPoolId);
    countSyncSession(admin(), newRegionalId());
    await world.dataSource.query('ALTER TABLE sync_session_counts RENAME TO hidden');
    await expect(writeSyncSessions(admin())).rejects.toThrow();
    countSyncSession(admin(), world.identityPoolId);
    await world.dataSource.query('ALTER TABLE hidden RENAME TO sync_session_counts');

    expect(await sessions()).toBe(2);
  });

  test('S33: a node that stops writes what it has counted', async () => {
    const counting = startCountingSessions(admin());
    countSyncSession(admin(), world.identityPoolId);

    await counting.stop();

    expect((await poolUsage()).syncSessionsCount).toBe(1);
  });

  test('S33: days that are over become one row each, and count the same', async () => {
    await world.dataSource.query(
      `INSERT INTO sync_session_counts (identity_pool_id, day, shard, sessions)
       SELECT $1, day, shard, shard + 1 FROM unnest($2::text[]) AS d (day), generate_series(0, 3) AS s (shard)`,
      [world.identityPoolId, ['2027-02-01', '2027-02-02', '2027-03-01']],
    );

    await Promise.all([foldSyncSessions(admin()), foldSyncSessions(admin())]);
    await foldSyncSessions(admin());

    expect(await storedCount('SELECT count(*) FROM sync_session_counts')).toBe(1 + 1 + 4);
    expect(await sessions()).toBe(30);
  });
});

const IN_CONFIGURATION = {
  stream: STREAM,
  pushSync: { applicationArns: ['arn:aws:sns:us-east-1:000000000000:app/GCM/app'], roleArn: null },
};

/** Everything of sync that hangs on an identity, so that an erasure has something to leave behind. */
const fullIdentity = async (): Promise<Ctx> => {
  const ctx = await world.newIdentity();
  const { identityId, identityPoolId } = ctx.actor;
  await world.dataSource.query(
    `INSERT INTO devices (identity_id, device_id, identity_pool_id, platform, token_hash, sealed_token, created_at,
       last_modified_at) VALUES ($1, 'watch', $2, 'GCM', $1, 's', $3, $3)`,
    [identityId, identityPoolId, world.clock.now()],
  );
  await world.dataSource.query(
    'INSERT INTO device_tokens (token_hash, identity_pool_id, identity_id) VALUES ($1, $2, $1)',
    [identityId, identityPoolId],
  );
  await world.dataSource.query(
    `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts)
       VALUES ($1, 'd', 'watch', $2, 0)`,
    [identityId, world.clock.now()],
  );
  const { syncSessionToken } = await listRecords(ctx, { datasetName: 'd' });
  await updateRecords(ctx, { datasetName: 'd', syncSessionToken, recordPatches: [replace('k', 'v')] });
  await synchronize(ctx, { datasetName: 'd', mutationId: 'm', recordPatches: [replace('k', 'w', 1)] });
  return ctx;
};

const configureEvents = (): Promise<unknown> =>
  inTransaction(admin(), (tx) => changeSyncConfiguration(tx, world.identityPoolId, () => IN_CONFIGURATION));

/** Rows of an identity in each table that has a column of that name. */
const rowsOf = async (identityId: string): Promise<Record<string, number>> => {
  const tables: { table_name: string }[] = await world.dataSource.query(
    `SELECT table_name FROM information_schema.columns
      WHERE column_name = 'identity_id' AND table_schema = 'public' ORDER BY table_name`,
  );
  const counts: Record<string, number> = {};
  for (const { table_name: table } of tables)
    counts[table] = await storedCount(`SELECT count(*) FROM ${table} WHERE identity_id = $1`, [identityId]);
  return counts;
};

const withRows = (counts: Record<string, number>): string[] =>
  Object.keys(counts).filter((table) => counts[table] !== 0);

describe('an erased identity', () => {
  test.each<[string, (identityId: string) => Promise<unknown>]>([
    ['deleted', (id) => deleteIdentities(admin(), { identityIdsToDelete: [id] })],
    [
      'swept away as an idle guest',
      async () => {
        world.clock.advance(40 * DAY);
        const idleSince = new Date(world.clock.now().getTime() - 2 * DAY * 1000);
        const { identityPoolId } = world;
        return deleteIdleGuests(admin(), { identityPoolId, idleSince, dryRun: false });
      },
    ],
    [
      'purged with its pool',
      async () => {
        await world.dataSource.query('UPDATE identity_pools SET deleted_at = $1', [world.clock.now()]);
        return purgeDeletedPools(admin());
      },
    ],
  ])('S55: leaves no row when it is %s', async (_how, erase) => {
    await configureEvents();
    const { identityId } = (await fullIdentity()).actor;
    expect(withRows(await rowsOf(identityId))).toEqual([
      'dataset_subscriptions',
      'datasets',
      'device_tokens',
      'devices',
      'identities',
      'record_history',
      'records',
      'sync_events',
      'sync_mutations',
      'used_sync_sessions',
    ]);

    await erase(identityId);

    expect(withRows(await rowsOf(identityId))).toEqual([]);
    expect(await storedCount('SELECT coalesce(sum(data_storage), 0) AS count FROM pool_usage')).toBe(0);
  });

  test('S55: leaves nothing of what it was writing at that moment', async () => {
    await configureEvents();
    for (let round = 0; round < 10; round += 1) {
      const ctx = await fullIdentity();
      const writing = Array.from({ length: 6 }, (_, at) =>
        write(ctx, at % 2 === 0 ? 'd' : `new${at}`, replace(`k${at}`, 'v')).catch(() => undefined),
      );
      await Promise.all([
        ...writing,
        deleteIdentities(admin(), { identityIdsToDelete: [ctx.actor.identityId] }),
      ]);
      expect(withRows(await rowsOf(ctx.actor.identityId))).toEqual([]);
    }

    expect((await poolUsage()).dataStorage).toBe(0);
  });
});

/** The identities of a run; those that were erased or merged are not called any more. */
interface Run {
  live: Ctx[];
  erased: string[];
}

type Step = (run: Run, ctx: Ctx) => Promise<unknown>;

const datasetName = fc.constantFrom('d', 'e');
const patch = fc.record({
  key: fc.constantFrom('k', 'é', '😀'),
  value: fc.option(fc.string({ maxLength: 5, unit: 'grapheme-ascii' })),
});

const writeAll = async (ctx: Ctx, name: string, patches: { key: string; value: string | null }[]) => {
  const { datasetSyncCount } = await listRecords(ctx, { datasetName: name });
  const recordPatches = patches.map(({ key, value }) =>
    value === null ? remove(key, datasetSyncCount) : replace(key, value, datasetSyncCount),
  );
  return updateRecords(ctx, { datasetName: name, recordPatches });
};

const mergeInto = async (run: Run, loser: Ctx): Promise<void> => {
  const survivor = run.live.find((other) => other !== loser);
  if (!survivor) return;
  await inTransaction(admin(), (tx) => moveDatasets(tx, loser.actor.identityId, survivor.actor.identityId));
  await disable(world, loser.actor.identityId);
  run.live = run.live.filter((other) => other !== loser);
};

const erase = async (run: Run, ctx: Ctx): Promise<void> => {
  await deleteIdentities(admin(), { identityIdsToDelete: [ctx.actor.identityId] });
  run.live = run.live.filter((other) => other !== ctx);
  run.erased.push(ctx.actor.identityId);
};

/** A refusal is none of our concern here: it changes nothing. */
const whatever = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(datasetName, fc.uniqueArray(patch, { minLength: 1, selector: ({ key }) => key })).map(
      ([name, patches]): Step =>
        (_run, ctx) =>
          writeAll(ctx, name, patches),
    ),
  },
  {
    weight: 2,
    arbitrary: datasetName.map(
      (name): Step =>
        (_run, ctx) =>
          whatever(deleteDataset(ctx, { datasetName: name })),
    ),
  },
  datasetName.map(
    (name): Step =>
      (_run, ctx) =>
        whatever(restoreDataset(ctx, { datasetName: name, toSyncCount: 1 })),
  ),
  fc.constant<Step>(mergeInto),
  fc.constant<Step>(erase),
);

const bytesInRecords = `SELECT coalesce(sum(octet_length(record_key) + octet_length(value)), 0) AS count FROM records`;

test('S55: after any updates, deletions, merges and erasures a pool’s usage is what its records hold, and of the erased nothing is left', async () => {
  await configureEvents();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(2), step), { minLength: 5, maxLength: 30 }), async (steps) => {
      const run: Run = {
        live: [await fullIdentity(), await fullIdentity(), await fullIdentity()],
        erased: [],
      };
      for (const [at, happen] of steps) {
        const ctx = run.live[at % run.live.length];
        if (ctx) await happen(run, ctx);
      }

      const held = await storedCount(bytesInRecords);
      expect((await poolUsage()).dataStorage).toBe(held);
      expect(await storedCount('SELECT coalesce(sum(data_storage), 0) AS count FROM datasets')).toBe(held);
      for (const identityId of run.erased) expect(withRows(await rowsOf(identityId))).toEqual([]);
      const own = await Promise.all(run.live.map((ctx) => identityUsage(ctx, ctx)));
      const before = await storedCount(`${bytesInRecords} WHERE NOT identity_id = ANY ($1)`, [
        run.live.map((ctx) => ctx.actor.identityId),
      ]);
      expect(own.reduce((sum, usage) => sum + usage.dataStorage, before)).toBe(held);
    }),
    { numRuns: 40 },
  );
}, 120_000);

test('S55: erasing many identities takes what they held off their pool at once', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, fullIdentity));
  await write(all[0]!, 'e', replace('k', '12345'));

  await inTransaction(admin(), (tx) =>
    forgetOwner(
      tx,
      all.slice(0, 4).map((ctx) => ctx.actor.identityId),
    ),
  );

  expect((await poolUsage()).dataStorage).toBe(2);
});
