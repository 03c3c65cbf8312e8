import { LIMITS } from '../protocol/limits';
import {
  compareKeys,
  hasMissedRemovals,
  isAhead,
  isStale,
  nextSyncCount,
  recordBytes,
  wasDeletedSince,
  type RecordPatch,
  type SyncRecord,
} from '../protocol/sync';

/**
 * The rules of sync as pure functions on values: the specification that the database function `update_records` is
 * held to by tests. Rule numbers are those of SPEC.md.
 */

/** All there is to know of a dataset, its deleted past included. */
export interface DatasetState {
  syncCount: number;
  /** The sync count at its last deletion; 0 when it was never deleted. */
  deletedSyncCount: number;
  /** The highest sync count of a removal that was forgotten; 0 when none was (S42). */
  purgedSyncCount: number;
  isDeleted: boolean;
  creationDate: Date;
  lastModifiedDate: Date;
  lastModifiedBy: string;
  /** By key; removed ones are there with the value null. */
  records: ReadonlyMap<string, SyncRecord>;
}

/** What may be stored; see `LIMITS` for the meaning of each. */
export interface StorageLimits {
  datasetsPerIdentity: number;
  deletedDatasetsPerIdentity: number;
  recordsPerDataset: number;
  tombstonesPerDataset: number;
  datasetBytes: number;
}

/** The limits that hold unless a test says otherwise. */
export const STORAGE_LIMITS: StorageLimits = LIMITS;

/** Who writes what, when. Each key at most once. */
export interface PatchCall {
  patches: RecordPatch[];
  modifiedBy: string;
  now: Date;
  limits: StorageLimits;
  /** Live datasets of the identity before the call, this one included if it is alive. */
  liveDatasets: number;
  /** Deleted ones, this one included if it is deleted. */
  deletedDatasets: number;
}

/** A patch and the newer record that it met. */
export interface Conflict {
  key: string;
  patchSyncCount: number;
  record: SyncRecord;
}

/** What came of a call: all of it was done, or nothing and why. */
export type PatchOutcome =
  | { status: 'OK'; state: DatasetState | undefined; records: SyncRecord[] }
  | { status: 'CONFLICT'; conflicts: Conflict[] }
  | { status: 'AHEAD'; value: number }
  | {
      status: 'TOO_MANY_DATASETS' | 'TOO_MANY_DELETED_DATASETS' | 'TOO_MANY_RECORDS' | 'TOO_MANY_BYTES';
      value: number;
    };

/** The dataset after the call, or why nothing of it was done. Leaves `state` as it is. */
export const applyPatches = (state: DatasetState | undefined, call: PatchCall): PatchOutcome => {
  if (call.patches.length === 0) return { status: 'OK', state, records: [] }; // S6
  const conflicts = conflictsOf(state, call.patches); // S15: the order of the checks
  if (conflicts.length > 0) return { status: 'CONFLICT', conflicts };
  const highestCount = Math.max(...call.patches.map((patch) => patch.syncCount));
  if (isAhead(highestCount, state?.syncCount ?? 0)) return { status: 'AHEAD', value: highestCount };
  const records = writtenRecords(state, call);
  const next = withRecords(state, records, call);
  return (
    passedLimit(state, next, call) ?? {
      status: 'OK',
      state: withoutOldTombstones(next, call.limits.tombstonesPerDataset),
      records,
    }
  );
};

const conflictsOf = (state: DatasetState | undefined, patches: RecordPatch[]): Conflict[] =>
  patches
    .flatMap(({ key, syncCount }) => {
      const record = state?.records.get(key);
      return record && isStale(syncCount, record.syncCount) // S7, S9
        ? [{ key, patchSyncCount: syncCount, record }]
        : [];
    })
    .sort((a, b) => compareKeys(a.key, b.key));

const writtenRecords = (state: DatasetState | undefined, call: PatchCall): SyncRecord[] =>
  call.patches
    .map((patch) => toRecord(patch, countAfter(state), call)) // S2
    .sort((a, b) => compareKeys(a.key, b.key)); // S18

/** A dataset that comes back leaves the count of its deletion out (S1, S23). */
const countAfter = (state: DatasetState | undefined): number => {
  const count = state?.syncCount ?? 0;
  return nextSyncCount(state?.isDeleted ? nextSyncCount(count) : count);
};

/** The record that a patch leaves behind (S5, S16, S17). */
export const toRecord = (
  patch: RecordPatch,
  syncCount: number,
  { modifiedBy, now }: { modifiedBy: string; now: Date },
): SyncRecord => ({
  key: patch.key,
  value: patch.op === 'remove' ? null : (patch.value ?? null),
  syncCount,
  lastModifiedDate: now,
  lastModifiedBy: modifiedBy,
  deviceLastModifiedDate: patch.deviceLastModifiedDate ?? null,
});

const withRecords = (
  state: DatasetState | undefined,
  written: SyncRecord[],
  { now, modifiedBy }: PatchCall,
): DatasetState => ({
  syncCount: countAfter(state),
  deletedSyncCount: state?.deletedSyncCount ?? 0,
  purgedSyncCount: state?.purgedSyncCount ?? 0,
  isDeleted: false,
  creationDate: state && !state.isDeleted ? state.creationDate : now, // S3, S23
  lastModifiedDate: now,
  lastModifiedBy: modifiedBy,
  records: new Map([
    ...(state?.records ?? []),
    ...written
      .filter(({ key, value }) => value !== null || state?.records.has(key)) // S5: of what never was nothing remains
      .map((record) => [record.key, record] as const),
  ]),
});

/** S42 */
const withoutOldTombstones = (state: DatasetState, maximum: number): DatasetState => {
  const tombstones = recordsOf(state)
    .filter((record) => record.value === null)
    .sort(bySyncCount);
  const purged = tombstones.slice(0, Math.max(0, tombstones.length - maximum));
  const keys = new Set(purged.map((record) => record.key));
  return {
    ...state,
    purgedSyncCount: purged.at(-1)?.syncCount ?? state.purgedSyncCount,
    records: new Map([...state.records].filter(([key]) => !keys.has(key))),
  };
};

/** S29 */
const bySyncCount = (a: SyncRecord, b: SyncRecord): number =>
  a.syncCount - b.syncCount || compareKeys(a.key, b.key);

const passedLimit = (
  before: DatasetState | undefined,
  after: DatasetState,
  { limits, liveDatasets, deletedDatasets }: PatchCall,
): PatchOutcome | undefined => {
  const isNew = !before || before.isDeleted;
  if (isNew && liveDatasets >= limits.datasetsPerIdentity)
    return { status: 'TOO_MANY_DATASETS', value: liveDatasets + 1 }; // S14
  if (!before && deletedDatasets >= limits.deletedDatasetsPerIdentity)
    return { status: 'TOO_MANY_DELETED_DATASETS', value: deletedDatasets + 1 }; // S43
  if (hasGrownBeyond(numRecords(before), numRecords(after), limits.recordsPerDataset))
    return { status: 'TOO_MANY_RECORDS', value: numRecords(after) }; // S12
  if (hasGrownBeyond(dataStorage(before), dataStorage(after), limits.datasetBytes))
    return { status: 'TOO_MANY_BYTES', value: dataStorage(after) }; // S13
  return undefined;
};

/** What takes no more room than before is never refused, even where a limit was lowered since. */
const hasGrownBeyond = (before: number, after: number, maximum: number): boolean =>
  after > maximum && after > before;

const recordsOf = (state: DatasetState | undefined): SyncRecord[] => [...(state?.records.values() ?? [])];

/** Live records. */
export const numRecords = (state: DatasetState | undefined): number =>
  recordsOf(state).filter((record) => record.value !== null).length;

/** Bytes of UTF-8 in the keys and values of live records (S11). */
export const dataStorage = (state: DatasetState | undefined): number =>
  recordsOf(state).reduce((sum, { key, value }) => sum + recordBytes(key, value), 0);

/** The dataset after its deletion: the count stays, the records go (S20, S21). Undefined when there was none to delete. */
export const deleteState = (
  state: DatasetState | undefined,
  { now, modifiedBy }: { now: Date; modifiedBy: string },
): DatasetState | undefined =>
  state && !state.isDeleted
    ? {
        ...state,
        isDeleted: true,
        deletedSyncCount: state.syncCount,
        lastModifiedDate: now,
        lastModifiedBy: modifiedBy,
        records: new Map(),
      }
    : undefined;

/** What a pull from `lastSyncCount` shows. */
export interface Listing {
  /** By sync count, then key. */
  records: SyncRecord[];
  datasetSyncCount: number;
  datasetExists: boolean;
  datasetDeletedAfterRequestedSyncCount: boolean;
}

/** The answer to a pull; undefined when the device is ahead of this server (S28). */
export const listState = (state: DatasetState | undefined, lastSyncCount: number): Listing | undefined => {
  if (isAhead(lastSyncCount, state?.syncCount ?? 0)) return undefined;
  const datasetExists = state !== undefined && !state.isDeleted;
  const startsOver = hasMissedRemovals(lastSyncCount, state?.purgedSyncCount ?? 0); // S42
  return {
    records: recordsOf(state)
      .filter((record) => record.syncCount > (startsOver ? 0 : lastSyncCount)) // S26
      .sort(bySyncCount),
    datasetSyncCount: datasetExists ? state.syncCount : 0, // S27
    datasetExists,
    datasetDeletedAfterRequestedSyncCount:
      startsOver || wasDeletedSince(lastSyncCount, state?.deletedSyncCount ?? 0),
  };
};
