import { noteCommitted, type Context } from '../context';
import { splitMergedName, type SyncRecord } from '../protocol/sync';
import { STORAGE_LIMITS, toRecord } from './apply-patches';
import { authorizedOwner, datasetNotFound, modifierOf, type DatasetAddress } from './dataset-owner';
import { mergeRecords, type RecordUpdate } from './merge';
import { refusalOf } from './refusal';
import { liveRow, toDataset, type DatasetDescription } from './rows';
import { openSessionToken } from './session-token';
import { parseUpdateRecords, type UpdateRecordsInput } from './sync.input';

/** What a successful `updateRecords` answers. */
export interface UpdatedRecords {
  /** Every record that the call changed, by key. */
  records: SyncRecord[];
  /** 0 when there is no dataset, because there were no patches. */
  datasetSyncCount: number;
  /** After the call; null when there is none, because there were no patches. */
  dataset: DatasetDescription | null;
}

/**
 * Writes all patches to a dataset or none of them, and makes the dataset if need be: cognito-sync:UpdateRecords.
 * @throws RESOURCE_CONFLICT with `conflicts`, `datasetSyncCount` and `pullFrom` when somebody else wrote one of the
 *   records since the device saw it; LIMIT_EXCEEDED with `limit`, `maximum` and `value`; INVALID_PARAMETER;
 *   RESOURCE_NOT_FOUND or NOT_AUTHORIZED when the identity is gone or was merged into another one
 */
export const updateRecords = async (ctx: Context, input: UpdateRecordsInput): Promise<UpdatedRecords> => {
  const given = parseUpdateRecords(input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:UpdateRecords', given, given.datasetName);
  const address = { ...owner, datasetName: given.datasetName };
  if (splitMergedName(given.datasetName)) await requireMergedDataset(ctx, address);
  const update: RecordUpdate = {
    address,
    patches: given.recordPatches,
    modifiedBy: modifierOf(ctx, owner, given.deviceId), // S16
    now: ctx.now(), // S17
    sessionId: openSessionToken(ctx, address, given.syncSessionToken),
    limits: STORAGE_LIMITS,
  };
  const result = await mergeRecords(ctx, update);
  if (result.status !== 'OK') throw refusalOf(ctx, result, update);
  noteCommitted(ctx);
  const row = liveRow(result.dataset);
  const datasetSyncCount = row?.sync_count ?? 0;
  return {
    records: update.patches.map((patch) => toRecord(patch, datasetSyncCount, update)), // S18
    datasetSyncCount,
    dataset: row ? toDataset(row) : null,
  };
};

/** S45: without it, a merge could find the name that it needs taken. */
const requireMergedDataset = async (ctx: Context, address: DatasetAddress): Promise<void> => {
  const missing: unknown[] = await ctx.db.query(
    `SELECT 1 FROM identities i
       WHERE i.identity_pool_id = $1 AND i.identity_id = $2 AND i.disabled_at IS NULL AND NOT EXISTS (
         SELECT 1 FROM datasets d WHERE d.identity_id = $2 AND d.dataset_name = $3 AND NOT d.is_deleted)`,
    [address.identityPoolId, address.identityId, address.datasetName],
  );
  if (missing.length > 0) throw datasetNotFound(address.datasetName);
};
