import type { DatasetSyncInput } from '../../src/sync/synchronize.input';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { synchronize, type SynchronizedDataset } from '../../src/sync/synchronize.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { inTransaction, type Context } from '../../src/context';
import {
  disable,
  identityActor,
  newRegionalId,
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

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

/** Synchronizes one dataset `d`. */
const sync = async (
  ctx: Context,
  input: Partial<DatasetSyncInput> & { deviceId?: string } = {},
): Promise<SynchronizedDataset> => {
  const [only] = await synchronize(ctx, { datasetName: 'd', ...input });
  return only!;
};

const pulled = ({ listing }: SynchronizedDataset): [string, string | null, number][] =>
  (listing?.records ?? []).map(({ key, value, syncCount }) => [key, value, syncCount]);

const stored = async (ctx: Context): Promise<[string, string | null, number][]> =>
  (await listRecords(ctx, { datasetName: 'd' })).records.map(({ key, value, syncCount }) => [
    key,
    value,
    syncCount,
  ]);

/** A dataset in which `a` was written at count 1 and again at 2, by a laptop at noon. */
const contested = async (): Promise<Ctx> => {
  const ctx = await world.newIdentity();
  const noon = new Date('2027-03-01T12:00:00Z');
  await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('a', 'old')] });
  await updateRecords(ctx, {
    datasetName: 'd',
    deviceId: 'laptop',
    recordPatches: [{ ...replace('a', 'laptop', 1), deviceLastModifiedDate: noon }],
  });
  return ctx;
};

const countStatements = async (run: () => Promise<unknown>): Promise<string[]> => {
  const sent: string[] = [];
  const spy = jest.spyOn(world.dataSource.manager, 'query').mockImplementation((...args) => {
    sent.push(args[0]);
    return world.dataSource.query(...(args as Parameters<typeof world.dataSource.query>)) as never;
  });
  await run();
  spy.mockRestore();
  return sent;
};

/** Waits until some statement waits for a lock. */
const untilBlocked = async (): Promise<void> => {
  for (;;) {
    const rows: unknown[] = await world.dataSource.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    if (rows.length > 0) return;
  }
};

describe('a push and a pull', () => {
  test('are one call of the database', async () => {
    const ctx = await world.newIdentity();
    await sync(ctx); // Fills the cache of the pool's configuration.

    const sent = await countStatements(() => sync(ctx, { recordPatches: [replace('a', '1')] }));

    expect(sent).toEqual([expect.stringContaining('SELECT synchronize(')]);
  });

  test('answer what changed since the given count, this call’s own changes included', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('a', '1')] });
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('b', '2')] });

    const result = await sync(ctx, { lastSyncCount: 1, recordPatches: [replace('c', '3'), remove('a', 1)] });

    expect(pulled(result)).toEqual([
      ['b', '2', 2],
      ['a', null, 3],
      ['c', '3', 3],
    ]);
    expect(result).toMatchObject({
      applied: ['a', 'c'],
      conflicts: [],
      merged: [],
      isRepeated: false,
      error: null,
      listing: { datasetSyncCount: 3, datasetExists: true, datasetDeletedAfterRequestedSyncCount: false },
    });
  });

  test('tell a device that comes back that its dataset was deleted, and made again by its push', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('a', '1'), replace('b', '1')] });
    await deleteDataset(ctx, { datasetName: 'd' });

    const result = await sync(ctx, { lastSyncCount: 1, recordPatches: [replace('a', 'mine', 1)] });

    expect(pulled(result)).toEqual([['a', 'mine', 3]]);
    expect(result.listing).toMatchObject({
      datasetExists: true,
      datasetDeletedAfterRequestedSyncCount: true,
    });
  });

  test('without patches only pull, and make no dataset', async () => {
    const ctx = await world.newIdentity();

    const result = await sync(ctx);

    expect(result).toMatchObject({ applied: [], listing: { datasetExists: false, datasetSyncCount: 0 } });
    expect(
      await world.dataSource.query('SELECT 1 FROM datasets WHERE identity_id = $1', [ctx.actor.identityId]),
    ).toEqual([]);
  });

  test('go on by pages where more changed than one answer holds', async () => {
    const ctx = await world.newIdentity();
    const patches = (from: number) => Array.from({ length: 600 }, (_, at) => replace(`k${from + at}`, 'v'));
    await sync(ctx, { recordPatches: patches(0) });
    await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: patches(0).map(({ key }) => remove(key, 1)),
    });

    const first = await sync(ctx, { lastSyncCount: 0, recordPatches: patches(600) });
    const rest = await listRecords(ctx, {
      datasetName: 'd',
      lastSyncCount: 0,
      nextToken: first.listing!.nextToken,
    });

    expect(first.listing!.records).toHaveLength(1024);
    expect(rest.records).toHaveLength(176);
    expect(rest.nextToken).toBeNull();
  });

  test('are refused, and nothing is written, when the pull is ahead of the dataset', async () => {
    const ctx = await world.newIdentity();

    const error = await refusal(sync(ctx, { lastSyncCount: 3, recordPatches: [replace('a', '1')] }));

    expect(error).toMatchObject({
      code: 'INVALID_PARAMETER',
      message: 'No such SyncCount: 3 exists for this Dataset',
      fields: { field: 'lastSyncCount', datasetSyncCount: 0 },
    });
    expect(await stored(ctx)).toEqual([]);
  });

  test('of an identity that was merged away are refused, wherever its device had been', async () => {
    const ctx = await world.newIdentity();
    await disable(world, ctx.actor.identityId);

    const ahead = await refusal(sync(ctx, { lastSyncCount: 7 }));
    const writing = await refusal(sync(ctx, { recordPatches: [replace('a', '1')] }));

    expect([ahead.code, writing.code]).toEqual(['NOT_AUTHORIZED', 'NOT_AUTHORIZED']);
  });

  test('need cognito-sync:ListRecords, and cognito-sync:UpdateRecords where there are patches', async () => {
    const ctx = await world.newIdentity();
    const as = (action: string): Context => ({
      ...ctx,
      actor: identityActor(world.identityPoolId, ctx.actor.identityId, action),
    });
    const patches = { recordPatches: [replace('a', '1')] };

    const reader = await refusal(sync(as('cognito-sync:ListRecords'), patches));
    const writer = await refusal(sync(as('cognito-sync:UpdateRecords'), patches));
    const pull = await sync(as('cognito-sync:ListRecords'));

    expect([reader.code, writer.code]).toEqual(['ACCESS_DENIED', 'ACCESS_DENIED']);
    expect(pull.error).toBeNull();
    expect(await stored(ctx)).toEqual([]);
  });

  test('of another identity are refused', async () => {
    const [ctx, other] = [await world.newIdentity(), await world.newIdentity()];

    const error = await refusal(synchronize(ctx, { identityId: other.actor.identityId, datasetName: 'd' }));

    expect(error.code).toBe('NOT_AUTHORIZED');
  });
});

describe('mutations', () => {
  test('S46: the same push again is answered with the outcome of the first and applied no second time', async () => {
    const ctx = await world.newIdentity();
    const push = { mutationId: 'm1', recordPatches: [replace('a', '1')], deviceId: 'phone' };
    const first = await sync(ctx, push);
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('a', 'newer', 1)] });

    const again = await sync(ctx, { ...push, lastSyncCount: 1 });

    expect(first).toMatchObject({ applied: ['a'], isRepeated: false });
    expect(again).toMatchObject({ applied: ['a'], conflicts: [], isRepeated: true });
    expect(pulled(again)).toEqual([['a', 'newer', 2]]);
    expect(await stored(ctx)).toEqual([['a', 'newer', 2]]);
  });

  test('S46: at once, twenty times over, it is applied once', async () => {
    const ctx = await world.newIdentity();
    const push = { mutationId: 'm', recordPatches: [replace('a', '1')] };

    const results = await Promise.all(Array.from({ length: 20 }, () => sync(ctx, push)));

    expect(results.filter(({ isRepeated }) => !isRepeated)).toHaveLength(1);
    expect(results.map(({ applied }) => applied)).toEqual(results.map(() => ['a']));
    expect(await stored(ctx)).toEqual([['a', '1', 1]]);
  });

  test('S46: with another body it is refused, and nothing is written', async () => {
    const ctx = await world.newIdentity();
    await sync(ctx, { mutationId: 'm', recordPatches: [replace('a', '1')] });

    const refusals = [
      await refusal(sync(ctx, { mutationId: 'm', recordPatches: [replace('b', '1')] })),
      await refusal(sync(ctx, { mutationId: 'm', recordPatches: [replace('a', '1')], onConflict: 'REJECT' })),
      await refusal(sync(ctx, { mutationId: 'm', datasetName: 'e', recordPatches: [replace('a', '1')] })),
    ];

    expect(refusals.map(({ code, fields }) => [code, fields.field])).toEqual(
      refusals.map(() => ['INVALID_PARAMETER', 'mutationId']),
    );
    expect(await stored(ctx)).toEqual([['a', '1', 1]]);
  });

  test('S46: with an id that is being used for another dataset it waits, and is refused like any other body', async () => {
    const ctx = await world.newIdentity();
    for (const datasetName of ['d', 'e'])
      await sync(ctx, { datasetName, recordPatches: [replace('a', '1')] });
    const push = { mutationId: 'm', recordPatches: [replace('b', '2')] };

    const second = await inTransaction(ctx, async (tx) => {
      await sync({ ...ctx, ...tx }, push);
      const waiting = refusal(sync(ctx, { ...push, datasetName: 'e' }));
      await untilBlocked();
      return [waiting];
    });

    expect(await second[0]).toMatchObject({ code: 'INVALID_PARAMETER', fields: { field: 'mutationId' } });
  });

  test('S46: it remembers the conflicts of the first, by key', async () => {
    const ctx = await contested();
    const push = { mutationId: 'm', recordPatches: [replace('a', 'mine', 1), replace('b', 'new')] };
    await sync(ctx, push);

    const again = await sync(ctx, push);

    expect(again).toMatchObject({
      applied: ['b'],
      conflicts: [{ key: 'a', patchSyncCount: 1, record: null }],
      isRepeated: true,
    });
  });

  test('S46: a push of which nothing was applied is tried anew', async () => {
    const ctx = await contested();
    const push = { mutationId: 'm', recordPatches: [replace('a', 'mine', 1)] };
    const refused = await sync(ctx, push);
    await deleteDataset(ctx, { datasetName: 'd' });

    const again = await sync(ctx, push);

    expect([refused.applied, again.applied, again.isRepeated]).toEqual([[], ['a'], false]);
  });

  test('S46: the same id of another identity is another mutation', async () => {
    const [ctx, other] = [await world.newIdentity(), await world.newIdentity()];
    await sync(ctx, { mutationId: 'm', recordPatches: [replace('a', '1')] });

    const result = await sync(other, { mutationId: 'm', recordPatches: [replace('b', '2')] });

    expect(result).toMatchObject({ applied: ['b'], isRepeated: false });
  });

  test('S46: it is remembered when its dataset was deleted since', async () => {
    const ctx = await world.newIdentity();
    const push = { mutationId: 'm', recordPatches: [replace('a', '1')] };
    await sync(ctx, push);
    await deleteDataset(ctx, { datasetName: 'd' });

    const again = await sync(ctx, push);

    expect(again).toMatchObject({ isRepeated: true, listing: { datasetExists: false } });
    expect(await stored(ctx)).toEqual([]);
  });
});

describe('stale patches', () => {
  const CONFLICT = {
    key: 'a',
    patchSyncCount: 1,
    record: expect.objectContaining({ value: 'laptop', syncCount: 2, lastModifiedBy: 'laptop' }),
  };
  const patches = (date?: string) => [
    { ...replace('a', 'phone', 1), ...(date ? { deviceLastModifiedDate: new Date(date) } : {}) },
    replace('b', 'new'),
  ];

  test('S47: REJECT applies nothing and lists them', async () => {
    const ctx = await contested();

    const result = await sync(ctx, { lastSyncCount: 1, onConflict: 'REJECT', recordPatches: patches() });

    expect(result).toMatchObject({ applied: [], conflicts: [CONFLICT] });
    expect(pulled(result)).toEqual([['a', 'laptop', 2]]);
    expect(await stored(ctx)).toEqual([['a', 'laptop', 2]]);
  });

  test.each([['REPORT'], ['SERVER_WINS'], [undefined]] as const)(
    'S47: %s leaves them out, lists them and applies the others',
    async (onConflict) => {
      const ctx = await contested();

      const result = await sync(ctx, {
        lastSyncCount: 1,
        recordPatches: patches(),
        ...(onConflict ? { onConflict } : {}),
      });

      expect(result).toMatchObject({ applied: ['b'], conflicts: [CONFLICT] });
      expect(await stored(ctx)).toEqual([
        ['a', 'laptop', 2],
        ['b', 'new', 3],
      ]);
    },
  );

  test('S47: where all are left out, the count stays', async () => {
    const ctx = await contested();

    const result = await sync(ctx, { recordPatches: [replace('a', 'phone', 1)] });

    expect(result).toMatchObject({ applied: [], conflicts: [CONFLICT], listing: { datasetSyncCount: 2 } });
  });

  test('S48: CLIENT_WINS applies them', async () => {
    const ctx = await contested();

    const result = await sync(ctx, { onConflict: 'CLIENT_WINS', recordPatches: patches() });

    expect(result).toMatchObject({ applied: ['a', 'b'], conflicts: [] });
    expect(await stored(ctx)).toEqual([
      ['a', 'phone', 3],
      ['b', 'new', 3],
    ]);
  });

  test.each([
    ['a later date', '2027-03-01T12:00:00.001Z', 'aaa', true],
    ['an earlier date', '2027-03-01T11:59:59.999Z', 'zzz', false],
    ['the same date and a greater device id', '2027-03-01T12:00:00Z', 'phone', true],
    ['the same date and a smaller device id', '2027-03-01T12:00:00Z', 'desktop', false],
    ['no date', undefined, 'phone', false],
  ])('S48: LAST_WRITER_WINS, of a patch with %s', async (_what, date, deviceId, wins) => {
    const ctx = await contested();

    const result = await sync(ctx, {
      onConflict: 'LAST_WRITER_WINS',
      deviceId,
      recordPatches: patches(date),
    });

    expect(result.applied).toEqual(wins ? ['a', 'b'] : ['b']);
    expect(result.conflicts).toEqual(wins ? [] : [CONFLICT]);
  });

  test('S48: LAST_WRITER_WINS, of a record without a date, which is older than any', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', deviceId: 'zzz', recordPatches: [replace('a', 'undated')] });

    const result = await sync(ctx, {
      onConflict: 'LAST_WRITER_WINS',
      deviceId: 'phone',
      recordPatches: [{ ...replace('a', 'dated'), deviceLastModifiedDate: new Date('1970-01-02T00:00:00Z') }],
    });

    expect(result.applied).toEqual(['a']);
  });

  test('S8: a patch ahead of the dataset refuses the call, whatever the strategy', async () => {
    const ctx = await contested();

    const error = await refusal(
      sync(ctx, { onConflict: 'CLIENT_WINS', recordPatches: [replace('a', 'x', 9), replace('b', 'y')] }),
    );

    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', fields: { syncCount: 9, datasetSyncCount: 2 } });
    expect(await stored(ctx)).toEqual([['a', 'laptop', 2]]);
  });
});

describe('several datasets', () => {
  test('S50: each is done wholly or not at all, and an error of one is its own', async () => {
    const ctx = await world.newIdentity();
    const tooLarge = Array.from({ length: 3 }, (_, at) => replace(`k${at}`, 'x'.repeat(500_000)));

    const results = await synchronize(ctx, {
      deviceId: 'phone',
      datasets: [
        { datasetName: 'one', recordPatches: [replace('a', '1')] },
        { datasetName: 'two', recordPatches: [replace('b', '2'), ...tooLarge] },
        { datasetName: 'three', lastSyncCount: 5 },
        { datasetName: 'four', recordPatches: [replace('c', '3')] },
      ],
    });

    expect(results.map(({ datasetName, error, applied }) => [datasetName, error?.code, applied])).toEqual([
      ['one', undefined, ['a']],
      ['two', 'LIMIT_EXCEEDED', []],
      ['three', 'INVALID_PARAMETER', []],
      ['four', undefined, ['c']],
    ]);
    expect(results[1]).toMatchObject({ listing: null, error: { fields: { limit: 'datasetBytes' } } });
    const names = await world.dataSource.query(
      'SELECT dataset_name FROM datasets WHERE identity_id = $1 ORDER BY 1',
      [ctx.actor.identityId],
    );
    expect(names).toEqual([{ dataset_name: 'four' }, { dataset_name: 'one' }]);
  });
});

describe('bad input', () => {
  const id = newRegionalId();
  test.each([
    ['neither a dataset nor several', {}, 'datasetName'],
    ['one and several', { datasetName: 'd', datasets: [{ datasetName: 'e' }] }, 'datasetName'],
    [
      'a key twice in one of several',
      { datasets: [{ datasetName: 'e', recordPatches: [replace('a', '1'), replace('a', '2')] }] },
      'datasets[0].recordPatches',
    ],
    [
      'a dataset twice',
      { datasets: [{ datasetName: 'e' }, { datasetName: 'e' }] },
      'datasets[1].datasetName',
    ],
    ['no datasets', { datasets: [] }, 'datasets'],
    [
      '21 datasets',
      { datasets: Array.from({ length: 21 }, (_, at) => ({ datasetName: `d${at}` })) },
      'datasets',
    ],
    [
      'a key twice',
      { datasetName: 'd', recordPatches: [replace('a', '1'), replace('a', '2')] },
      'recordPatches',
    ],
    ['a strategy that is none', { datasetName: 'd', onConflict: 'MAYBE' as never }, 'onConflict'],
    ['an empty mutationId', { datasetName: 'd', mutationId: '' }, 'mutationId'],
    ['a mutationId of 129 characters', { datasetName: 'd', mutationId: 'x'.repeat(129) }, 'mutationId'],
    ['a negative count', { datasetName: 'd', lastSyncCount: -1 }, 'lastSyncCount'],
    ['an identity that is none', { datasetName: 'd', identityId: 'me', identityPoolId: id }, 'identityId'],
    [
      'members of one dataset beside several',
      { datasets: [{ datasetName: 'e' }], recordPatches: [replace('a', '1')] },
      'recordPatches',
    ],
  ])('%s is INVALID_PARAMETER that names the member', async (_what, input, field) => {
    const ctx = await world.newIdentity();

    const error = await refusal(synchronize(ctx, input));

    expect([error.code, error.fields.field]).toEqual(['INVALID_PARAMETER', field]);
  });
});
