import fc from 'fast-check';
import type { RecordPatch } from '../../src/protocol/sync';
import {
  applyPatches,
  dataStorage,
  deleteState,
  listState,
  numRecords,
  type DatasetState,
  type StorageLimits,
} from '../../src/sync/apply-patches';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { mergeRecords, type MergeResult } from '../../src/sync/merge';
import { toDataset, toSyncRecord } from '../../src/sync/rows';
import { refusal, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const DATASETS = ['d', 'e', 'd.us-east-1:01234567-89ab-cdef-0123-456789abcdef'];
const KEYS = ['a', 'b', 'é', '😀', '\uffee', '"\\{},'];

/** Which count a patch or a pull claims, told by the state that it will meet. */
type Claim = 'zero' | 'exact' | 'behind' | 'between' | 'dataset' | 'ahead';

interface AbstractPatch {
  key: string;
  value: string | null;
  claim: Claim;
  deviceLastModifiedDate: Date | null;
}

type Command =
  | { kind: 'update'; datasetName: string; patches: AbstractPatch[]; limits: StorageLimits }
  | { kind: 'delete'; datasetName: string }
  | { kind: 'list'; datasetName: string; claim: Claim; maxResults: number };

const claim = (weights: Record<Claim, number>): fc.Arbitrary<Claim> =>
  fc.oneof(
    ...Object.entries(weights).map(([name, weight]) => ({ arbitrary: fc.constant(name as Claim), weight })),
  );

const abstractPatch: fc.Arbitrary<AbstractPatch> = fc.record({
  key: fc.constantFrom(...KEYS),
  value: fc.option(
    fc.string({ unit: 'binary', maxLength: 6 }).map((text) => text.replaceAll('\0', '')),
    {
      freq: 3,
    },
  ),
  claim: claim({ exact: 20, dataset: 4, between: 3, zero: 2, behind: 1, ahead: 1 }),
  deviceLastModifiedDate: fc.option(
    fc.date({ noInvalidDate: true, min: new Date('-002000-01-01'), max: new Date('9999-12-31') }),
  ),
});

const limits: fc.Arbitrary<StorageLimits> = fc.record({
  datasetsPerIdentity: fc.constantFrom(1, 2, 3),
  deletedDatasetsPerIdentity: fc.constantFrom(1, 2, 200),
  recordsPerDataset: fc.constantFrom(1, 3, 100),
  tombstonesPerDataset: fc.constantFrom(1, 2, 100),
  datasetBytes: fc.constantFrom(5, 20, 1000),
});

const datasetName = fc.constantFrom(...DATASETS);

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('update' as const),
      datasetName,
      patches: fc.uniqueArray(abstractPatch, { selector: (patch) => patch.key, maxLength: 4 }),
      limits,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), datasetName }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('list' as const),
      datasetName,
      claim: claim({ zero: 3, exact: 0, between: 3, behind: 2, dataset: 2, ahead: 1 }),
      maxResults: fc.constantFrom(1, 2, 1024),
    }),
  },
);

const toCount = (state: DatasetState | undefined, key: string | undefined, what: Claim): number => {
  const dataset = state?.syncCount ?? 0;
  const record = (key === undefined ? undefined : state?.records.get(key)?.syncCount) ?? 0;
  const counts: Record<Claim, number> = {
    zero: 0,
    exact: record,
    behind: Math.max(0, record - 1),
    between: Math.floor((record + dataset) / 2),
    dataset,
    ahead: dataset + 1,
  };
  return counts[what];
};

type Model = Map<string, DatasetState>;
type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const countDatasets = (model: Model, isDeleted: boolean): number =>
  [...model.values()].filter((state) => state.isDeleted === isDeleted).length;

/** What the merge answered, in the words of the model. */
const inModelWords = (result: MergeResult): object => {
  if (result.status === 'CONFLICT')
    return {
      status: result.status,
      conflicts: result.conflicts.map((row) => ({
        key: row.key,
        patchSyncCount: row.patch_sync_count,
        record: toSyncRecord(row),
      })),
    };
  return 'value' in result ? { status: result.status, value: result.value } : { status: result.status };
};

const runUpdate = async (ctx: Ctx, model: Model, step: Command & { kind: 'update' }): Promise<void> => {
  const state = model.get(step.datasetName);
  const patches: RecordPatch[] = step.patches.map((patch) => ({
    op: patch.value === null ? 'remove' : 'replace',
    key: patch.key,
    value: patch.value,
    syncCount: toCount(state, patch.key, patch.claim),
    deviceLastModifiedDate: patch.deviceLastModifiedDate,
  }));
  const call = { patches, modifiedBy: 'phone', now: ctx.now(), limits: step.limits };
  const expected = applyPatches(state, {
    ...call,
    liveDatasets: countDatasets(model, false),
    deletedDatasets: countDatasets(model, true),
  });
  const address = { ...ctx.actor, datasetName: step.datasetName };
  const result = await mergeRecords(ctx, { address, sessionId: undefined, ...call });
  if (expected.status === 'OK') {
    expect(result.status).toBe('OK');
    if (expected.state) model.set(step.datasetName, expected.state);
  } else expect(inModelWords(result)).toEqual(expected);
};

const runDelete = async (ctx: Ctx, model: Model, step: Command & { kind: 'delete' }): Promise<void> => {
  const state = model.get(step.datasetName);
  const expected = deleteState(state, { now: ctx.now(), modifiedBy: ctx.actor.identityId });
  if (!expected) {
    expect((await refusal(deleteDataset(ctx, step))).code).toBe('RESOURCE_NOT_FOUND');
    return;
  }
  expect(await deleteDataset(ctx, step)).toEqual(describe(ctx, step.datasetName, state));
  model.set(step.datasetName, expected);
};

const runList = async (ctx: Ctx, model: Model, step: Command & { kind: 'list' }): Promise<void> => {
  const state = model.get(step.datasetName);
  const lastSyncCount = toCount(state, undefined, step.claim);
  const expected = listState(state, lastSyncCount);
  const pull = { datasetName: step.datasetName, lastSyncCount, maxResults: step.maxResults };
  if (!expected) {
    expect((await refusal(listRecords(ctx, pull))).code).toBe('INVALID_PARAMETER');
    return;
  }
  let page = await listRecords(ctx, pull);
  const records = [...page.records];
  while (page.nextToken) {
    page = await listRecords(ctx, { ...pull, nextToken: page.nextToken });
    records.push(...page.records);
  }
  expect({ ...expected, records }).toEqual(expected);
  expect(page).toMatchObject({ ...expected, records: page.records });
};

const describe = (ctx: Ctx, name: string, state: DatasetState | undefined) =>
  state && {
    identityId: ctx.actor.identityId,
    datasetName: name,
    syncCount: state.syncCount,
    creationDate: state.creationDate,
    lastModifiedDate: state.lastModifiedDate,
    lastModifiedBy: state.lastModifiedBy,
    dataStorage: dataStorage(state),
    numRecords: numRecords(state),
    historySinceSyncCount: null,
  };

const READ_ALL = `
  SELECT row_to_json(d) AS dataset, (
    SELECT json_agg(json_build_object(
        'key', r.record_key, 'value', r.value, 'sync_count', r.sync_count, 'modified_by', r.last_modified_by,
        'modified_ms', (date_part('epoch', r.last_modified_at) * 1000)::bigint,
        'device_ms', (date_part('epoch', r.device_last_modified_at) * 1000)::bigint))
      FROM records r WHERE r.identity_id = d.identity_id AND r.dataset_name = d.dataset_name) AS records
  FROM datasets d WHERE d.identity_id = $1`;

/** Everything in the tables is what the model holds. */
const compareAll = async (ctx: Ctx, model: Model): Promise<void> => {
  const rows = await world.dataSource.query(READ_ALL, [ctx.actor.identityId]);
  const stored = new Map(
    rows.map((row: { dataset: Parameters<typeof toDataset>[0]; records: [] | null }) => [
      row.dataset.dataset_name,
      {
        ...toDataset(row.dataset),
        isDeleted: row.dataset.is_deleted,
        deletedSyncCount: row.dataset.deleted_sync_count,
        purgedSyncCount: row.dataset.purged_sync_count,
        numTombstones: row.dataset.num_tombstones,
        records: new Map((row.records ?? []).map(toSyncRecord).map((record) => [record.key, record])),
      },
    ]),
  );
  const expected = new Map(
    [...model].map(([name, state]) => [
      name,
      {
        ...describe(ctx, name, state),
        isDeleted: state.isDeleted,
        deletedSyncCount: state.deletedSyncCount,
        purgedSyncCount: state.purgedSyncCount,
        numTombstones: [...state.records.values()].filter((record) => record.value === null).length,
        records: state.records,
      },
    ]),
  );
  expect(stored).toEqual(expected);
};

const run = async (ctx: Ctx, model: Model, step: Command): Promise<void> => {
  if (step.kind === 'update') return runUpdate(ctx, model, step);
  if (step.kind === 'delete') return runDelete(ctx, model, step);
  return runList(ctx, model, step);
};

test('any sequence of updates, deletions and pulls does in the database what the model says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 30, size: 'max' }), async (commands) => {
      const ctx = await world.newIdentity();
      const model: Model = new Map();
      for (const step of commands) {
        world.clock.advance(1);
        await run(ctx, model, step);
        await compareAll(ctx, model);
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);
