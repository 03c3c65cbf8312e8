import { inTransaction, type Context } from '../../src/context';
import type { MergeRuleSet } from '../../src/protocol/merge-rules/merge-rule-sets';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { listRecords } from '../../src/sync/list-records.service';
import type { DatasetSyncInput } from '../../src/sync/synchronize.input';
import { synchronize, type SynchronizedDataset } from '../../src/sync/synchronize.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

const RULES: MergeRuleSet[] = [
  {
    datasetPattern: 'game*',
    rules: [
      { keyPattern: 'high*', rule: 'MAX' },
      { keyPattern: 'coins', rule: 'SUM' },
      { keyPattern: 'tags', rule: 'UNION' },
      { keyPattern: 'profile', rule: 'JSON_MERGE' },
      { keyPattern: 'name', rule: 'LAST_WRITER' },
    ],
  },
];

let world: SyncWorld;

const configure = (mergeRules: MergeRuleSet[], historyRetentionDays = 30) =>
  inTransaction(world.administrator(), (tx) =>
    changeSyncConfiguration(tx, world.identityPoolId, () => ({ mergeRules, historyRetentionDays })),
  );

beforeAll(async () => {
  world = await startWorld();
  await configure(RULES);
});
afterAll(() => world?.stop());

/** An identity whose dataset `game` holds what `values` say, at count 1, and then what `newer` says, at count 2. */
const gameWith = async (values: Record<string, string>, newer: Record<string, string | null>) => {
  const ctx = await world.newIdentity();
  const patches = Object.entries(values).map(([key, value]) => replace(key, value));
  if (patches.length > 0)
    await updateRecords(ctx, { datasetName: 'game', deviceId: 'tablet', recordPatches: patches });
  const base = patches.length > 0 ? 1 : 0;
  const next = Object.entries(newer).map(([key, value]) =>
    value === null ? remove(key, base) : replace(key, value, base),
  );
  await updateRecords(ctx, { datasetName: 'game', deviceId: 'tablet', recordPatches: next });
  return ctx;
};

const sync = async (ctx: Context, input: Partial<DatasetSyncInput>): Promise<SynchronizedDataset> => {
  const [only] = await synchronize(ctx, { datasetName: 'game', deviceId: 'phone', ...input });
  return only!;
};

const stored = async (ctx: Context): Promise<Record<string, string | null>> =>
  Object.fromEntries(
    (await listRecords(ctx, { datasetName: 'game' })).records.map(({ key, value }) => [key, value]),
  );

describe('S49: a stale patch of a key that a merge rule governs', () => {
  test.each([
    ['MAX takes the larger number', 'highScore', { base: '100', server: '120', patch: '150', merged: '150' }],
    [
      'MAX keeps the server’s where that is larger',
      'highScore',
      { base: '100', server: '120', patch: '110', merged: '120' },
    ],
    ['SUM adds what the device added', 'coins', { base: '100', server: '70', patch: '120', merged: '90' }],
    [
      'UNION takes what either added, without what either removed',
      'tags',
      { base: '["a","b"]', server: '["b","c"]', patch: '["a","b","d"]', merged: '["b","c","d"]' },
    ],
    [
      'JSON_MERGE goes by members',
      'profile',
      { base: '{"v":1,"w":1}', server: '{"v":2,"w":1}', patch: '{"v":1,"w":2}', merged: '{"v":2,"w":2}' },
    ],
  ])('%s', async (_what, key, { base, server, patch, merged }) => {
    const ctx = await gameWith({ [key]: base }, { [key]: server });

    const result = await sync(ctx, { recordPatches: [replace(key, patch, 1)], onConflict: 'REJECT' });

    expect(await stored(ctx)).toEqual({ [key]: merged });
    expect(result.conflicts).toEqual([]);
    expect(result.merged).toEqual([
      expect.objectContaining({ key, value: merged, isServers: merged === server }),
    ]);
    expect(result.applied).toEqual(merged === server ? [] : [key]);
  });

  test('is merged by updateRecords as well, which answers the record as it is', async () => {
    const ctx = await gameWith({ highScore: '100', coins: '5' }, { highScore: '150', coins: '7' });

    const result = await updateRecords(ctx, {
      datasetName: 'game',
      recordPatches: [replace('highScore', '120', 1), replace('coins', '6', 1)],
    });

    expect(result.records.map(({ key, value, syncCount }) => [key, value, syncCount])).toEqual([
      ['coins', '8', 3],
      ['highScore', '150', 2],
    ]);
    expect(result.merged.map(({ key, rule, isServers }) => [key, rule, isServers])).toEqual([
      ['coins', 'SUM', false],
      ['highScore', 'MAX', true],
    ]);
  });

  test('does not refuse the call; a stale one beside it without a rule does, and nothing is merged', async () => {
    const ctx = await gameWith({ highScore: '1', other: 'a' }, { highScore: '2', other: 'b' });
    const recordPatches = [replace('highScore', '3', 1), replace('other', 'c', 1)];

    const error = await refusal(updateRecords(ctx, { datasetName: 'game', recordPatches }));
    const rejected = await sync(ctx, { recordPatches, onConflict: 'REJECT' });

    expect(error).toMatchObject({ code: 'RESOURCE_CONFLICT', fields: { conflicts: [{ key: 'other' }] } });
    expect(rejected).toMatchObject({ applied: [], merged: [], conflicts: [{ key: 'other' }] });
    expect(await stored(ctx)).toEqual({ highScore: '2', other: 'b' });
  });

  test('goes on with the others where those without a rule are left out', async () => {
    const ctx = await gameWith({ highScore: '1', other: 'a' }, { highScore: '2', other: 'b' });

    const result = await sync(ctx, {
      recordPatches: [replace('highScore', '3', 1), replace('other', 'c', 1)],
    });

    expect(result).toMatchObject({
      applied: ['highScore'],
      merged: [{ key: 'highScore' }],
      conflicts: [{ key: 'other' }],
    });
    expect(await stored(ctx)).toEqual({ highScore: '3', other: 'b' });
  });

  test('is an ordinary stale one where the rule cannot merge the values', async () => {
    const ctx = await gameWith({ coins: '5' }, { coins: 'many' });

    const error = await refusal(
      updateRecords(ctx, { datasetName: 'game', recordPatches: [replace('coins', '6', 1)] }),
    );

    expect(error).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      fields: { conflicts: [{ key: 'coins', record: { value: 'many' } }] },
    });
  });

  test('is an ordinary stale one for SUM where nobody knows the base any more, as without history', async () => {
    await configure(RULES, 0);
    const ctx = await gameWith({ coins: '5', highScore: '5' }, { coins: '7', highScore: '7' });

    const result = await sync(ctx, {
      recordPatches: [replace('coins', '6', 1), replace('highScore', '9', 1)],
    });

    await configure(RULES);
    expect(result).toMatchObject({ applied: ['highScore'], conflicts: [{ key: 'coins' }] });
  });

  test('of a key that the device never saw is based on nothing', async () => {
    const ctx = await gameWith({}, { coins: '7' });

    const result = await sync(ctx, { recordPatches: [replace('coins', '5')] });

    expect(result.merged).toMatchObject([{ key: 'coins', value: '12' }]);
  });

  test('survives a removal that its device had not seen', async () => {
    const ctx = await gameWith({ highScore: '5' }, { highScore: null });

    await sync(ctx, { recordPatches: [replace('highScore', '6', 1)] });

    expect(await stored(ctx)).toEqual({ highScore: '6' });
  });

  test('keeps its date and the author whose change decided', async () => {
    const ctx = await world.newIdentity();
    const at = (hour: number) => new Date(Date.UTC(2027, 2, 1, hour));
    await updateRecords(ctx, {
      datasetName: 'game',
      deviceId: 'tablet',
      recordPatches: [{ ...replace('name', 'green'), deviceLastModifiedDate: at(13) }],
    });

    await sync(ctx, { recordPatches: [{ ...replace('name', 'blue'), deviceLastModifiedDate: at(12) }] });
    const [kept] = (await listRecords(ctx, { datasetName: 'game' })).records;
    await sync(ctx, { recordPatches: [{ ...replace('name', 'red'), deviceLastModifiedDate: at(14) }] });
    const [won] = (await listRecords(ctx, { datasetName: 'game' })).records;

    expect(kept).toMatchObject({ value: 'green', lastModifiedBy: 'tablet', deviceLastModifiedDate: at(13) });
    expect(won).toMatchObject({ value: 'red', lastModifiedBy: 'phone', deviceLastModifiedDate: at(14) });
  });

  test('is merged once, however often its mutation is sent', async () => {
    const ctx = await gameWith({ coins: '100' }, { coins: '70' });
    const push = { mutationId: 'found-20', recordPatches: [replace('coins', '120', 1)] };

    await sync(ctx, push);
    const again = await sync(ctx, push);

    expect(again).toMatchObject({ isRepeated: true, applied: ['coins'] });
    expect(await stored(ctx)).toEqual({ coins: '90' });
  });

  test('never conflicts, however many devices write at once, and none of what they added is lost', async () => {
    const ctx = await gameWith({}, { coins: '0', highScore: '0' });

    const results = await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        sync(ctx, {
          recordPatches: [replace('coins', `${at + 1}`, 1), replace('highScore', `${at * 10}`, 1)],
        }),
      ),
    );

    expect(results.flatMap(({ conflicts }) => conflicts)).toEqual([]);
    expect(await stored(ctx)).toEqual({ coins: '820', highScore: '390' });
  });

  test('is not governed in a dataset that no pattern matches', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'settings', recordPatches: [replace('highScore', '2')] });

    const result = await sync(ctx, { datasetName: 'settings', recordPatches: [replace('highScore', '3')] });

    expect(result).toMatchObject({ merged: [], conflicts: [{ key: 'highScore' }] });
  });
});
