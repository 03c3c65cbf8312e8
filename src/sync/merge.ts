import type { Context } from '../context';
import type { RecordPatch } from '../protocol/sync';
import type { StorageLimits } from './apply-patches';
import { callFunction } from './call-function';
import type { DatasetAddress } from './dataset-owner';
import type { DatasetRow, RecordRow } from './rows';
import { USED_SESSION_SECONDS } from './session-token';
import { usageShardOf } from './sync-configuration';
import type { SyncEventConsumer } from './sync-event.entity';

/**
 * What becomes of a stale patch: it refuses the whole call, is left out, is written all the same, is written if its
 * device time is the later one, or has the call answered with MERGE_FIRST.
 */
export type OnStale = 'REJECT' | 'DROP' | 'WRITE' | 'LAST_WRITER' | 'RULE';

/** A patch and what becomes of it when it is stale; REJECT when nothing is said. */
export interface UpdatePatch extends RecordPatch {
  onStale?: OnStale;
  /** Who counts as its author in place of the call's: that of the last change that was merged into it. */
  modifiedBy?: string;
}

/** A call that is applied once however often it is sent (S46). */
export interface MutationStamp {
  id: string;
  /** SHA-256 of what was sent. */
  bodyHash: string;
  /** What is remembered of it in place of what `update_records` did: a sync trigger had patches of its own written. */
  outcome?: MutationOutcome;
}

/** What became of the patches that were sent. */
export interface MutationOutcome {
  /** Keys of those that were applied. */
  applied: string[];
  /** The stale ones that were left out. */
  conflicts: ConflictRow[];
}

/** Everything that `update_records` needs to know; the patches in the order of their keys, each key once. */
export interface RecordUpdate {
  address: DatasetAddress;
  patches: UpdatePatch[];
  modifiedBy: string;
  deviceId?: string | null;
  now: Date;
  sessionId: string | undefined;
  mutation?: MutationStamp;
  /**
   * The count that the dataset must have, one more for a deleted one (S23): what was decided was decided by what was
   * seen at it.
   */
  expectedSyncCount?: number;
  /** Whether replaced values are remembered (S52). Default false. */
  keepHistory?: boolean;
  /** Who is to hear of it (S54). Default: nobody. */
  eventConsumers?: SyncEventConsumer[];
  limits: StorageLimits;
}

/** Why nothing was written. */
export type MergeRefusal =
  | { status: 'IDENTITY_NOT_FOUND' | 'IDENTITY_DISABLED' | 'SESSION_USED' }
  | { status: 'MUTATION_ID_REUSED' | 'CHANGED' }
  | { status: 'CONFLICT'; conflicts: ConflictRow[]; dataset: DatasetRow }
  | { status: 'MERGE_FIRST'; conflicts: RuledRow[]; dataset: DatasetRow }
  | { status: 'AHEAD'; value: number; dataset: DatasetRow | null }
  | {
      status: 'TOO_MANY_DATASETS' | 'TOO_MANY_DELETED_DATASETS' | 'TOO_MANY_RECORDS' | 'TOO_MANY_BYTES';
      value: number;
    };

/** What the merge answered: the dataset as it is now, or why nothing was written. */
export type MergeResult = MergeSuccess | MergeRepetition | MergeRefusal;

/** What was done. */
export interface MergeSuccess {
  status: 'OK';
  dataset: DatasetRow | null;
  /** Keys of the patches that were written. */
  applied: string[];
  /** Stale patches that were left out; null when none were. */
  conflicts?: ConflictRow[] | null;
}

/** A mutation that was done before, and what came of it then. */
export interface MergeRepetition {
  status: 'REPEATED';
  dataset: DatasetRow | null;
  result: {
    sync_count: number;
    applied: string[];
    conflicts: { key: string; patch_sync_count: number }[] | null;
  };
}

/** The newer record that a patch met, with the count that the patch came with. */
export interface ConflictRow extends RecordRow {
  patch_sync_count: number;
}

/** A newer record that a merge rule governs, with the value that the patch is based on as far as it is known. */
export interface RuledRow extends ConflictRow {
  base_is_unknown: boolean;
  base_value: string | null;
}

/**
 * Runs the merge where the data is: one call of `update_records`, two when the dataset was deleted before, because
 * then the identity has to be locked first (S41).
 */
export const mergeRecords = async (ctx: Context, update: RecordUpdate): Promise<MergeResult> => {
  const result = await callUpdateRecords(ctx, update, false);
  return result.status === 'LOCK_IDENTITY_FIRST'
    ? ((await callUpdateRecords(ctx, update, true)) as MergeResult)
    : result;
};

const callUpdateRecords = (
  ctx: Context,
  update: RecordUpdate,
  lockIdentity: boolean,
): Promise<MergeResult | { status: 'LOCK_IDENTITY_FIRST' }> =>
  callFunction(ctx, 'update_records', updateArguments(update, lockIdentity));

/** The arguments of `update_records`, in their order. */
export const updateArguments = (update: RecordUpdate, lockIdentity: boolean): unknown[] => [
  update.address.identityPoolId,
  update.address.identityId,
  update.address.datasetName,
  ...patchArguments(update.patches),
  update.modifiedBy,
  update.deviceId ?? null,
  update.now,
  update.sessionId ?? null,
  new Date(update.now.getTime() + USED_SESSION_SECONDS * 1000),
  update.mutation?.id ?? null,
  update.mutation?.bodyHash ?? null,
  update.mutation?.outcome ? outcomeArgument(update.mutation.outcome) : null,
  update.expectedSyncCount ?? null,
  update.keepHistory ?? false,
  update.eventConsumers ?? [],
  usageShardOf(update.address.identityId),
  update.limits.datasetsPerIdentity,
  update.limits.deletedDatasetsPerIdentity,
  update.limits.recordsPerDataset,
  update.limits.datasetBytes,
  update.limits.tombstonesPerDataset,
  lockIdentity,
];

/** The records that stale patches met are remembered by their keys alone. */
const outcomeArgument = ({ applied, conflicts }: MutationOutcome): string =>
  JSON.stringify({
    applied,
    conflicts: conflicts.map(({ key, patch_sync_count }) => ({ key, patch_sync_count })),
  });

const patchArguments = (patches: UpdatePatch[]): unknown[] => [
  patches.map((patch) => patch.key),
  patches.map((patch) => (patch.op === 'remove' ? null : patch.value)),
  patches.map((patch) => patch.syncCount),
  patches.map((patch) => patch.deviceLastModifiedDate ?? null),
  patches.map((patch) => patch.onStale ?? 'REJECT'),
  patches.map((patch) => patch.modifiedBy ?? null),
];
