import { compareKeys, type PatchOperation } from '../../protocol/sync';
import type { DatasetAddress } from '../dataset-owner';
import type { UpdatePatch } from '../merge';

/** A record before and after the patches that wait for the trigger. */
export interface TriggerRecord {
  /** Null when there was none. */
  oldValue: string | null;
  /** Null when it is to be removed. */
  newValue: string | null;
  op: PatchOperation;
}

/** What a sync trigger is asked, member for member as Cognito asks a Lambda function (E1). */
export interface TriggerEvent {
  version: 2;
  eventType: 'SyncTrigger';
  region: string;
  identityPoolId: string;
  identityId: string;
  datasetName: string;
  /** By key: all records that there are after the patches, and those that the patches remove. */
  datasetRecords: Record<string, TriggerRecord>;
}

/** A record as it is before the patches; a removed one has the value null. */
export interface StandingRecord {
  key: string;
  value: string | null;
  syncCount: number;
}

/** What the dataset would be after `patches`, in the words of a trigger. */
export const toTriggerEvent = (
  region: string,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
  standing: StandingRecord[],
  patches: UpdatePatch[],
): TriggerEvent => ({
  version: 2,
  eventType: 'SyncTrigger',
  region,
  identityPoolId,
  identityId,
  datasetName,
  datasetRecords: recordsAfter(standing, patches),
});

const recordsAfter = (standing: StandingRecord[], patches: UpdatePatch[]): Record<string, TriggerRecord> => {
  const before = new Map(standing.map(({ key, value }) => [key, value]));
  const live = standing.filter(({ value }) => value !== null);
  // Of a record that nobody touches AWS says `replace` with the value twice (J6).
  const untouched = live.map(({ key, value }) => [key, toTriggerRecord(value, value)] as const);
  const patched = patches.map(
    ({ op, key, value }) =>
      [key, toTriggerRecord(before.get(key) ?? null, op === 'remove' ? null : (value ?? null))] as const,
  );
  // Own members whatever their names, `__proto__` too.
  return Object.fromEntries([...untouched, ...patched]);
};

const toTriggerRecord = (oldValue: string | null, newValue: string | null): TriggerRecord => ({
  oldValue,
  newValue,
  op: newValue === null ? 'remove' : 'replace',
});

/** What the trigger wants to be different, by key: the value to be, null for a removal. */
export type TriggerChanges = ReadonlyMap<string, string | null>;

/**
 * The patches with the trigger's changes in them, in the order of their keys. They are based on the records that it was
 * shown, and each is one more change of the same call: a record that no patch touched is written by the call's author,
 * and by no device's clock.
 */
export const withChanges = (
  patches: UpdatePatch[],
  changes: TriggerChanges,
  standing: StandingRecord[],
): UpdatePatch[] => {
  const counts = new Map(standing.map(({ key, syncCount }) => [key, syncCount]));
  const touched = new Set(patches.map(({ key }) => key));
  const added = [...changes.keys()].filter((key) => !touched.has(key));
  const all: UpdatePatch[] = [
    ...patches,
    ...added.map((key) => ({ op: 'remove' as const, key, syncCount: 0 })),
  ];
  return all
    .map((patch) => ({
      ...changed(patch, changes),
      syncCount: counts.get(patch.key) ?? 0,
      onStale: 'REJECT' as const,
    }))
    .sort((a, b) => compareKeys(a.key, b.key));
};

const changed = (patch: UpdatePatch, changes: TriggerChanges): UpdatePatch => {
  const value = changes.get(patch.key);
  return value === undefined ? patch : { ...patch, op: value === null ? 'remove' : 'replace', value };
};
