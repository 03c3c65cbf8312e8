import {
  STORAGE_LIMITS,
  applyPatches,
  dataStorage,
  deleteState,
  listState,
  numRecords,
  type DatasetState,
  type PatchCall,
} from '../../src/sync/apply-patches';
import { compareKeys, splitMergedName, wasDeletedSince, type RecordPatch } from '../../src/protocol/sync';

const now = new Date('2027-03-01T00:00:00Z');
const later = new Date('2027-03-02T00:00:00Z');

const call = (patches: RecordPatch[], change: Partial<PatchCall> = {}): PatchCall => ({
  patches,
  modifiedBy: 'phone',
  now,
  limits: STORAGE_LIMITS,
  liveDatasets: 1,
  deletedDatasets: 0,
  ...change,
});

const put = (key: string, value: string, syncCount = 0): RecordPatch => ({
  op: 'replace',
  key,
  value,
  syncCount,
});
const drop = (key: string, syncCount = 0): RecordPatch => ({ op: 'remove', key, syncCount });

const apply = (
  state: DatasetState | undefined,
  patches: RecordPatch[],
  change: Partial<PatchCall> = {},
): DatasetState => {
  const outcome = applyPatches(state, call(patches, change));
  if (outcome.status !== 'OK' || !outcome.state) throw new Error(outcome.status);
  return outcome.state;
};

test('a first call makes the dataset with the count 1', () => {
  expect(apply(undefined, [put('k', 'v')])).toEqual({
    syncCount: 1,
    deletedSyncCount: 0,
    purgedSyncCount: 0,
    isDeleted: false,
    creationDate: now,
    lastModifiedDate: now,
    lastModifiedBy: 'phone',
    records: new Map([
      [
        'k',
        {
          key: 'k',
          value: 'v',
          syncCount: 1,
          lastModifiedDate: now,
          lastModifiedBy: 'phone',
          deviceLastModifiedDate: null,
        },
      ],
    ]),
  });
});

test('a call leaves the state that it was given as it was', () => {
  const state = apply(undefined, [put('k', 'v')]);
  const before = structuredClone(state);
  apply(state, [put('k', 'w', 1), drop('x')], { now: later });
  expect(state).toEqual(before);
});

test('one stale patch refuses all, and names every stale one by key', () => {
  const state = apply(apply(undefined, [put('b', '1'), put('a', '1')]), [put('c', '1')]);
  const outcome = applyPatches(state, call([put('b', '2'), put('a', '2'), put('c', '2', 2)]));
  expect(outcome).toMatchObject({
    status: 'CONFLICT',
    conflicts: [
      { key: 'a', patchSyncCount: 0, record: { value: '1', syncCount: 1 } },
      { key: 'b', patchSyncCount: 0, record: { value: '1', syncCount: 1 } },
    ],
  });
});

test.each([
  ['the record’s own count', 1, 'OK'],
  ['a count between the record’s and the dataset’s', 2, 'OK'],
  ['the dataset’s count', 3, 'OK'],
  ['a count beyond the dataset’s', 4, 'AHEAD'],
  ['a count below the record’s', 0, 'CONFLICT'],
])('a patch with %s (%i) is answered %s', (_, syncCount, status) => {
  const state = [put('k', '1'), put('x', '1'), put('y', '1')].reduce<DatasetState | undefined>(
    (before, patch) => apply(before, [patch]),
    undefined,
  );
  expect(applyPatches(state, call([put('k', '2', syncCount)])).status).toBe(status);
});

test('a removed record keeps its count and takes no room', () => {
  const removal = { ...drop('k', 1), value: 'ignored' };
  const state = apply(apply(undefined, [put('k', 'value')]), [removal]);
  expect(state.records.get('k')).toMatchObject({ value: null, syncCount: 2 });
  expect([numRecords(state), dataStorage(state)]).toEqual([0, 0]);
});

test('a conflict is told before a limit, and a limit of datasets before one of records or bytes', () => {
  const limits = { ...STORAGE_LIMITS, datasetsPerIdentity: 1, recordsPerDataset: 1, datasetBytes: 1 };
  const state = apply(undefined, [put('k', '')]);
  const statuses = [
    applyPatches(state, call([put('k', 'much'), put('l', 'much')], { limits })),
    applyPatches(undefined, call([put('k', 'much', 9)], { limits })),
    applyPatches(undefined, call([put('k', 'much'), put('l', 'more')], { limits })),
    applyPatches(undefined, call([put('k', 'much'), put('l', 'more')], { limits, liveDatasets: 0 })),
    applyPatches(undefined, call([put('k', 'much')], { limits, liveDatasets: 0 })),
  ].map((outcome) => outcome.status);
  expect(statuses).toEqual(['CONFLICT', 'AHEAD', 'TOO_MANY_DATASETS', 'TOO_MANY_RECORDS', 'TOO_MANY_BYTES']);
});

test('a dataset that comes back counts on, is new, and remembers its deletion', () => {
  const deleted = deleteState(apply(undefined, [put('k', 'v')]), { now, modifiedBy: 'console' });
  expect(deleted).toMatchObject({ isDeleted: true, syncCount: 1, deletedSyncCount: 1 });
  expect(deleteState(deleted, { now, modifiedBy: 'console' })).toBeUndefined();
  const reborn = apply(deleted, [put('l', 'v')], { now: later });
  expect(reborn).toMatchObject({
    isDeleted: false,
    syncCount: 3,
    deletedSyncCount: 1,
    creationDate: later,
  });
  expect([...reborn.records.keys()]).toEqual(['l']);
});

test('a pull shows what changed since, or that the device is ahead', () => {
  const state = apply(apply(undefined, [put('b', '1'), put('a', '1')]), [drop('b', 1)]);
  expect(listState(state, 0)?.records.map((r) => [r.key, r.value])).toEqual([
    ['a', '1'],
    ['b', null],
  ]);
  expect(listState(state, 1)?.records.map((r) => r.key)).toEqual(['b']);
  expect(listState(state, 3)).toBeUndefined();
  expect(listState(undefined, 0)).toEqual({
    records: [],
    datasetSyncCount: 0,
    datasetExists: false,
    datasetDeletedAfterRequestedSyncCount: false,
  });
});

test('keys are ordered by code point, not by UTF-16', () => {
  const keys = ['\u{1F600}', '\uFFEE', '\uD7FF', 'b', 'a', 'ab', '\u{10000}'];
  expect(keys.sort(compareKeys)).toEqual(['a', 'ab', 'b', '\uD7FF', '\uFFEE', '\u{10000}', '\u{1F600}']);
  expect('\u{1F600}' < '\uFFEE').toBe(true);
});

test.each([
  [
    'd.us-east-1:01234567-89ab-cdef-0123-456789abcdef',
    { datasetName: 'd', identityId: 'us-east-1:01234567-89ab-cdef-0123-456789abcdef' },
  ],
  [
    'a.b.us-east-1:01234567-89ab-cdef-0123-456789abcdef',
    { datasetName: 'a.b', identityId: 'us-east-1:01234567-89ab-cdef-0123-456789abcdef' },
  ],
  ['d.us-east-1:XY', undefined],
  ['d:us-east-1:01234567-89ab-cdef-0123-456789abcdef', undefined],
  ['d.us-east-1:0a-9f', undefined],
  ['settings.app:1', undefined],
  ['.us-east-1:01234567-89ab-cdef-0123-456789abcdef', undefined],
  ['d.', undefined],
])('the name %s is split into %j', (name, expected) => {
  expect(splitMergedName(name)).toEqual(expected);
});

test.each([
  [0, 0, false],
  [0, 5, false],
  [3, 5, true],
  [5, 5, true],
  [6, 5, false],
])('a device at %i, after a deletion at %i, is told of it: %s', (last, deleted, expected) => {
  expect(wasDeletedSince(last, deleted)).toBe(expected);
});
