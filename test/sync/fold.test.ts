import type { IdentityActor } from '../../src/actor';
import { inTransaction, type Context } from '../../src/context';
import { mergeInto } from '../../src/identities/merge-identities';
import { LIMITS } from '../../src/protocol/limits';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { deleteDataset, listDatasets } from '../../src/sync/datasets.service';
import { foldMergedDataset, type FoldMergedDatasetInput } from '../../src/sync/fold-merged-dataset.service';
import type { FoldStrategy } from '../../src/sync/fold-strategy';
import { listRecords } from '../../src/sync/list-records.service';
import { updateRecords } from '../../src/sync/update-records.service';
import { setCognitoEvents } from '../../src/sync/trigger/cognito-events.service';
import { startReceiver } from '../support/receiver';
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

type Caller = Context & { actor: IdentityActor };

let world: SyncWorld;
let survivor: Caller;
let loser: Caller;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(async () => {
  survivor = await world.newIdentity();
  loser = await world.newIdentity();
  await configure({ foldStrategy: null, mergeRules: [] });
});

const configure = (
  change: Parameters<typeof changeSyncConfiguration>[2] extends () => infer T ? T : object,
) =>
  inTransaction(world.administrator(), (tx) =>
    changeSyncConfiguration(tx, world.identityPoolId, () => change),
  );

/** A value written by a device at a second of its clock. */
const at = (seconds: number, key: string, value: string, syncCount = 0) => ({
  ...replace(key, value, syncCount),
  deviceLastModifiedDate: new Date(seconds * 1000),
});
const write = (
  ctx: Context,
  patches: ReturnType<typeof replace>[],
  datasetName = 'd',
  deviceId: string | null = null,
) => updateRecords(ctx, { datasetName, recordPatches: patches, deviceId });

const merge = (into: Caller = survivor, from: Caller = loser) =>
  inTransaction(into, (tx) =>
    mergeInto(tx, world.identityPoolId, into.actor.identityId, [from.actor.identityId]),
  );
const mergedName = (name = 'd'): string => `${name}.${loser.actor.identityId}`;
const fold = (input: Partial<FoldMergedDatasetInput> = {}, ctx: Context = survivor) =>
  foldMergedDataset(ctx, { datasetName: 'd', mergedDatasetName: mergedName(), ...input });

const pull = (datasetName = 'd', ctx: Context = survivor) => listRecords(ctx, { datasetName });
const values = async (datasetName = 'd') =>
  Object.fromEntries((await pull(datasetName)).records.map(({ key, value }) => [key, value]));
const names = async () => (await listDatasets(survivor, {})).nodes.map(({ datasetName }) => datasetName);
const rows = (sql: string, parameters: unknown[] = []) => world.dataSource.query(sql, parameters);

describe('S56: foldMergedDataset', () => {
  test('S56: updates the base once and deletes the merged dataset, and answers what became of each record', async () => {
    await write(survivor, [at(1, 'both', 'base'), at(1, 'own', 'o')]);
    await write(loser, [at(2, 'both', 'merged'), at(2, 'theirs', 't')], 'd', 'tablet');
    await merge();

    const folded = await fold({ strategy: 'LAST_WRITER_WINS', deviceId: 'phone' });

    expect(folded.records).toEqual([
      { key: 'both', outcome: 'TAKEN', rule: null, value: 'merged', valueHidden: false },
      { key: 'own', outcome: 'KEPT', rule: null, value: 'o', valueHidden: false },
      { key: 'theirs', outcome: 'TAKEN', rule: null, value: 't', valueHidden: false },
    ]);
    expect(folded).toMatchObject({
      datasetSyncCount: 2,
      dataset: { syncCount: 2, numRecords: 3, lastModifiedBy: 'phone' },
      mergedDataset: { datasetName: mergedName(), syncCount: 1, numRecords: 2 },
      isDryRun: false,
    });
    const { records, mergedDatasetNames } = await pull();
    expect(records).toMatchObject([
      { key: 'own', syncCount: 1 },
      {
        key: 'both',
        value: 'merged',
        syncCount: 2,
        lastModifiedBy: 'tablet',
        deviceLastModifiedDate: new Date(2000),
      },
      { key: 'theirs', value: 't', syncCount: 2 },
    ]);
    expect(mergedDatasetNames).toEqual([]);
    expect(await names()).toEqual(['d']);
  });

  test('S56: of a dry run changes nothing and answers the same', async () => {
    await write(survivor, [at(1, 'a', 'base')]);
    await write(loser, [at(2, 'a', 'merged')]);
    await merge();

    const dry = await fold({ dryRun: true });
    const before = await values();
    const real = await fold();

    expect(before).toEqual({ a: 'base' });
    expect({ ...dry, isDryRun: false }).toEqual(real);
    expect(dry.isDryRun).toBe(true);
  });

  test('S56: makes the base when there is none, or again when it was deleted, and leaves it out when there is nothing', async () => {
    await write(survivor, [replace('x', '1')], 'again');
    await deleteDataset(survivor, { datasetName: 'again' });
    await write(loser, [replace('a', '1')]);
    await write(loser, [replace('b', '1')], 'again');
    await write(loser, [remove('c')], 'empty');
    await merge();

    const made = await fold();
    const again = await fold({ datasetName: 'again', mergedDatasetName: mergedName('again') });
    const empty = await fold({ datasetName: 'empty', mergedDatasetName: mergedName('empty') });

    expect(made).toMatchObject({ datasetSyncCount: 1 });
    expect(again).toMatchObject({ datasetSyncCount: 3 });
    expect(empty).toMatchObject({ datasetSyncCount: 0, dataset: null, records: [] });
    expect(await names()).toEqual(['again', 'd']);
  });

  test('S56: is remembered like any update: history, events of the stream, the pool’s usage', async () => {
    await configure({ stream: STREAM });
    await write(survivor, [at(1, 'a', 'long before')]);
    await write(loser, [at(2, 'a', 'x')]);
    await merge();
    await rows('DELETE FROM sync_events');
    await fold();

    const id = [survivor.actor.identityId];
    expect(await rows('SELECT value, sync_count FROM record_history WHERE identity_id = $1', id)).toEqual([
      { value: 'long before', sync_count: '1' },
    ]);
    expect(
      await rows('SELECT dataset_name, operation, sync_count FROM sync_events ORDER BY dataset_name'),
    ).toEqual([
      { dataset_name: 'd', operation: 'replace', sync_count: '2' },
      { dataset_name: mergedName(), operation: 'remove', sync_count: '2' },
    ]);
    const [usage] = await rows('SELECT sum(data_storage)::int AS bytes FROM pool_usage');
    const [stored] = await rows('SELECT sum(data_storage)::int AS bytes FROM datasets');
    expect(usage).toEqual(stored);
    await configure({ stream: null });
  });

  test('S56: asks no sync trigger', async () => {
    await write(loser, [replace('a', '1')]);
    await merge();
    const trigger = await startReceiver();
    const admin = world.administrator();
    admin.config = { ...admin.config, outgoing: { allowPrivateAddresses: true, allowPlaintext: true } };
    const setTrigger = (value: string) =>
      setCognitoEvents(admin, {
        identityPoolId: world.identityPoolId,
        events: [{ key: 'SyncTrigger', value }],
      });
    await setTrigger(`http://127.0.0.1:${trigger.port}`);

    await fold();

    expect(trigger.requests).toEqual([]);
    await setTrigger('');
    await trigger.close();
  });

  test('S56: refuses names that do not belong together, a merged dataset that is not there, and a second time', async () => {
    await write(loser, [replace('a', '1')]);
    await merge();

    expect(await refusal(fold({ datasetName: 'e' }))).toMatchObject({
      fields: { field: 'mergedDatasetName' },
    });
    expect(await refusal(fold({ mergedDatasetName: 'd.e' }))).toMatchObject({ code: 'INVALID_PARAMETER' });
    await fold();
    expect(await refusal(fold())).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      fields: { field: 'mergedDatasetName' },
    });
  });

  test('S56: needs UpdateRecords on the base, ListRecords and DeleteDataset on the merged dataset; else nothing happens', async () => {
    await write(loser, [replace('a', '1')]);
    await merge();
    const { identityPoolId, identityId } = survivor.actor;
    const may = (action: string, name: string) => ({
      Effect: 'Allow',
      Action: `cognito-sync:${action}`,
      Resource: `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${identityPoolId}/identity/${identityId}/dataset/${name}`,
    });
    const all = [
      may('UpdateRecords', 'd'),
      may('ListRecords', mergedName()),
      may('DeleteDataset', mergedName()),
    ];
    const callerWith = (statements: object[]): Caller => ({
      ...survivor,
      actor: {
        ...survivor.actor,
        policies: [{ Version: '2012-10-17', Statement: statements }] as unknown as IdentityActor['policies'],
      },
    });
    await write(survivor, [replace('b', 'hidden')]);

    for (const missing of all) {
      const caller = callerWith(all.filter((statement) => statement !== missing));
      expect((await refusal(fold({}, caller))).code).toBe('ACCESS_DENIED');
    }
    const { records } = await fold({}, callerWith(all));

    expect(records.map(({ key, value, valueHidden }) => [key, value, valueHidden])).toEqual([
      ['a', '1', false],
      ['b', null, true], // S44
    ]);
  });

  test('S56: is refused to another identity, and for one that was merged or never was', async () => {
    await write(loser, [replace('a', '1')]);
    await merge();
    const stranger = await world.newIdentity();
    const { identityId } = survivor.actor;
    const nobody = { ...survivor, actor: identityActor(world.identityPoolId, 'us-east-1:0') };

    expect((await refusal(fold({ identityId }, stranger))).code).toBe('NOT_AUTHORIZED');
    expect((await refusal(fold({}, nobody))).code).toBe('IDENTITY_DELETED');
    await disable(world, identityId);
    expect((await refusal(fold())).code).toBe('NOT_AUTHORIZED');
  });
});

describe('S57: of a key that both have', () => {
  const EARLIER_BASE = [
    ['LAST_WRITER_WINS', 'TAKEN', 'merged'],
    ['BASE_WINS', 'KEPT', 'base'],
    ['MERGED_WINS', 'TAKEN', 'merged'],
    ['RULES', 'TAKEN', 'merged'],
  ] as const;

  test.each(EARLIER_BASE)('S57: %s', async (strategy, outcome, value) => {
    await write(survivor, [at(1, 'a', 'base')]);
    await write(loser, [at(2, 'a', 'merged')]);
    await merge();

    expect((await fold({ strategy })).records).toMatchObject([{ outcome, value, rule: null }]);
    expect(await values()).toEqual({ a: value });
  });

  const REMOVED = [
    ['LAST_WRITER_WINS', 'v', null],
    ['BASE_WINS', null, 'v'],
    ['MERGED_WINS', 'v', null],
  ] as const;

  test.each(REMOVED)('S57: %s has a removed record count like any other', async (strategy, gone, stays) => {
    // The base removed `gone` at 1, the merged dataset removed `stays` at 2.
    await write(survivor, [
      at(1, 'stays', 'v'),
      { ...remove('gone'), deviceLastModifiedDate: new Date(1000) },
    ]);
    await write(loser, [at(2, 'gone', 'v'), { ...remove('stays'), deviceLastModifiedDate: new Date(2000) }]);
    await merge();

    await fold({ strategy });

    expect(await values()).toEqual({ gone, stays });
  });

  test('S57: RULES makes one record of both, each of which began without the other; without a rule the last writer wins', async () => {
    const rules = [
      { keyPattern: 'coins', rule: 'SUM' },
      { keyPattern: 'best', rule: 'MAX' },
      { keyPattern: 'badges', rule: 'UNION' },
      { keyPattern: 'broken', rule: 'MAX' },
    ];
    await configure({ mergeRules: [{ datasetPattern: 'd', rules }] });
    await write(survivor, [
      at(9, 'coins', '30'),
      at(9, 'best', '7'),
      at(1, 'badges', '["a"]'),
      at(9, 'broken', 'five'),
      at(1, 'plain', 'base'),
    ]);
    await write(loser, [
      at(1, 'coins', '12'),
      at(1, 'best', '5'),
      at(9, 'badges', '["b"]'),
      at(1, 'broken', '4'),
      at(9, 'plain', 'merged'),
    ]);
    await merge();

    const { records } = await fold();

    expect(records.map(({ key, outcome, rule, value }) => [key, outcome, rule, value])).toEqual([
      ['badges', 'MERGED', 'UNION', '["a","b"]'],
      ['best', 'KEPT', 'MAX', '7'],
      ['broken', 'KEPT', null, 'five'],
      ['coins', 'MERGED', 'SUM', '42'],
      ['plain', 'TAKEN', null, 'merged'],
    ]);
    expect(await values()).toMatchObject({ coins: '42', badges: '["a","b"]' });
  });

  test('S57: the strategy is the pool’s when none is given', async () => {
    await write(survivor, [at(1, 'a', 'base')]);
    await write(loser, [at(2, 'a', 'merged')]);
    await merge();
    await configure({ foldStrategy: 'BASE_WINS' });

    expect((await fold()).records).toMatchObject([{ outcome: 'KEPT' }]);
  });
});

describe('S58: the limits', () => {
  test('S58: of bytes and records refuse a fold, and nothing is written', async () => {
    await write(survivor, [replace('a', 'x'.repeat(600_000))]);
    await write(loser, [replace('b', 'x'.repeat(600_000))]);
    const keys = Array.from({ length: 600 }, (_, at) => `k${at}`);
    await write(
      survivor,
      keys.map((key) => replace(`s${key}`, '')),
      'e',
    );
    await write(
      loser,
      keys.map((key) => replace(`l${key}`, '')),
      'e',
    );
    await merge();

    const bytes = await refusal(fold());
    const records = await refusal(
      fold({ datasetName: 'e', mergedDatasetName: mergedName('e'), dryRun: true }),
    );

    expect(bytes).toMatchObject({ code: 'LIMIT_EXCEEDED', fields: { limit: 'datasetBytes' } });
    expect(records).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'recordsPerDataset', value: 1200 },
    });
    expect((await pull()).datasetSyncCount).toBe(1);
    expect(await names()).toHaveLength(4);
  });

  test('S58: of datasets do not stop one, as it makes one and deletes one', async () => {
    for (let at = 0; at < LIMITS.datasetsPerIdentity; at += 1)
      await write(survivor, [replace('k', 'v')], `own${at}`);
    await write(loser, [replace('k', 'v')]);
    await merge();

    await fold();

    expect(await names()).toContain('d');
    expect(await names()).not.toContain(mergedName());
  });
});

describe('S59: a merge of identities in a pool with a fold strategy', () => {
  const foldBy = (foldStrategy: FoldStrategy) => configure({ foldStrategy });

  test('S59: folds each dataset that it moves, and remembers no name for it', async () => {
    await foldBy('LAST_WRITER_WINS');
    await write(survivor, [at(1, 'a', 'base'), at(1, 'own', 'o')]);
    await write(loser, [at(2, 'a', 'merged')]);
    await write(loser, [replace('b', '1')], 'new');

    const [merged] = await merge();

    expect(merged!.datasets).toEqual([
      { from: 'd', to: mergedName(), syncCount: 1, foldedInto: 'd' },
      { from: 'new', to: mergedName('new'), syncCount: 1, foldedInto: 'new' },
    ]);
    expect(await values()).toEqual({ a: 'merged', own: 'o' });
    expect(await values('new')).toEqual({ b: '1' });
    const kept = await rows('SELECT dataset_name FROM datasets WHERE identity_id = $1 ORDER BY 1', [
      survivor.actor.identityId,
    ]);
    expect(kept).toEqual([{ dataset_name: 'd' }, { dataset_name: 'new' }]);
    expect(await pull()).toMatchObject({ datasetSyncCount: 2, lastModifiedBy: survivor.actor.identityId });
  });

  test('S59: leaves what does not fit as it is without the setting, and folds the rest', async () => {
    await foldBy('RULES');
    await write(survivor, [replace('a', 'x'.repeat(600_000))]);
    await write(loser, [replace('b', 'x'.repeat(600_000))]);
    await write(loser, [replace('c', '1')], 'e');

    const [merged] = await merge();

    expect(merged!.datasets.map(({ foldedInto }) => foldedInto)).toEqual([null, 'e']);
    expect(await pull()).toMatchObject({ datasetSyncCount: 1, mergedDatasetNames: [mergedName()] });
    expect(await names()).toEqual(['d', mergedName(), 'e']);
  });

  test('S59: folds what several identities bring, one after the other', async () => {
    await foldBy('RULES');
    await configure({ mergeRules: [{ datasetPattern: '*', rules: [{ keyPattern: '*', rule: 'SUM' }] }] });
    const others = [loser, await world.newIdentity(), await world.newIdentity()];
    await write(survivor, [replace('coins', '1')]);
    for (const other of others) await write(other, [replace('coins', '10')]);

    const ids = others.map(({ actor }) => actor.identityId);
    await inTransaction(survivor, (tx) =>
      mergeInto(tx, world.identityPoolId, survivor.actor.identityId, ids),
    );

    expect(await values()).toEqual({ coins: '31' });
    expect((await pull()).datasetSyncCount).toBe(4);
  });

  test('S41: folding merges, folds and updates at the same time end, none by a deadlock', async () => {
    await foldBy('RULES');
    const work = Array.from({ length: 8 }, async (_, round) => {
      const [into, ...from] = [survivor, await world.newIdentity(), await world.newIdentity()];
      for (const each of from) await write(each, [replace(`k${round}`, '1')]);
      await Promise.all([
        ...from.map((each) => write(each, [replace(`l${round}`, '1')]).catch(() => undefined)),
        write(into!, [replace(`m${round}`, '1')]),
        inTransaction(into!, async (tx) => {
          const ids = [into!, ...from].map(({ actor }) => actor.identityId).sort();
          await tx.db.query(
            'SELECT 1 FROM identities WHERE identity_id = ANY($1) ORDER BY identity_id FOR NO KEY UPDATE',
            [ids],
          );
          await mergeInto(
            tx,
            world.identityPoolId,
            into!.actor.identityId,
            from.map(({ actor }) => actor.identityId),
          );
        }),
      ]);
    });
    await Promise.all(work);

    const live = await values();
    expect(Object.keys(live).filter((key) => key.startsWith('k'))).toHaveLength(8);
    expect(await names()).toEqual(['d']);
    const [{ deadlocks }] = await rows(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(deadlocks).toBe(0);
  });
});
