import type { Context } from '../context';
import type { RecordPatch } from '../protocol/sync';
import type { StorageLimits } from './apply-patches';
import { callFunction } from './call-function';
import type { DatasetAddress } from './dataset-owner';
import type { DatasetRow, RecordRow } from './rows';
import { USED_SESSION_SECONDS } from './session-token';

/** Everything that `update_records` needs to know; the patches in the order of their keys, each key once. */
export interface RecordUpdate {
  address: DatasetAddress;
  patches: RecordPatch[];
  modifiedBy: string;
  now: Date;
  sessionId: string | undefined;
  limits: StorageLimits;
}

/** Why nothing was written. */
export type MergeRefusal =
  | { status: 'IDENTITY_NOT_FOUND' | 'IDENTITY_DISABLED' | 'SESSION_USED' }
  | { status: 'CONFLICT'; conflicts: ConflictRow[]; dataset: DatasetRow }
  | { status: 'AHEAD'; value: number; dataset: DatasetRow | null }
  | {
      status: 'TOO_MANY_DATASETS' | 'TOO_MANY_DELETED_DATASETS' | 'TOO_MANY_RECORDS' | 'TOO_MANY_BYTES';
      value: number;
    };

/** What the merge answered: the dataset as it is now, or why nothing was written. */
export type MergeResult = { status: 'OK'; dataset: DatasetRow | null } | MergeRefusal;

/** The newer record that a patch met, with the count that the patch came with. */
export interface ConflictRow extends RecordRow {
  patch_sync_count: number;
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
  { address, patches, modifiedBy, now, sessionId, limits }: RecordUpdate,
  lockIdentity: boolean,
): Promise<MergeResult | { status: 'LOCK_IDENTITY_FIRST' }> =>
  callFunction(ctx, 'update_records', [
    address.identityPoolId,
    address.identityId,
    address.datasetName,
    patches.map((patch) => patch.key),
    patches.map((patch) => (patch.op === 'remove' ? null : patch.value)),
    patches.map((patch) => patch.syncCount),
    patches.map((patch) => patch.deviceLastModifiedDate ?? null),
    modifiedBy,
    now,
    sessionId ?? null,
    new Date(now.getTime() + USED_SESSION_SECONDS * 1000),
    limits.datasetsPerIdentity,
    limits.deletedDatasetsPerIdentity,
    limits.recordsPerDataset,
    limits.datasetBytes,
    limits.tombstonesPerDataset,
    lockIdentity,
  ]);
