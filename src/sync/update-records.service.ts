import type { Context } from '../context';
import { compareKeys, type SyncRecord } from '../protocol/sync';
import { toRecord } from './apply-patches';
import { authorizedOwner } from './dataset-owner';
import { mergeRecords, type RecordUpdate } from './merge';
import type { RuleMerge } from './merge-by-rules';
import { announceUpdate, newUpdate } from './record-update';
import { refusalOf } from './refusal';
import { requireMergedDataset } from './require-merged-dataset';
import { liveRow, toDataset, type DatasetDescription } from './rows';
import { openSessionToken } from './session-token';
import { findSyncConfiguration } from './sync-configuration';
import { parseUpdateRecords, type UpdateRecordsInput } from './sync.input';
import { pushThroughTrigger } from './trigger/push-through-trigger';

/** What a successful `updateRecords` answers. */
export interface UpdatedRecords {
  /** Every record that the call changed, or the pool's sync trigger in it, by key. */
  records: SyncRecord[];
  /** 0 when there is no dataset, because there were no patches. */
  datasetSyncCount: number;
  /** After the call; null when there is none, because there were no patches. */
  dataset: DatasetDescription | null;
  /** Stale patches that merge rules took in (S49). */
  merged: RuleMerge[];
}

/**
 * Writes all patches to a dataset or none of them, and makes the dataset if need be: cognito-sync:UpdateRecords.
 * @throws RESOURCE_CONFLICT with `conflicts`, `datasetSyncCount` and `pullFrom` when somebody else wrote one of the
 *   records since the device saw it; LIMIT_EXCEEDED with `limit`, `maximum` and `value`; INVALID_PARAMETER;
 *   RESOURCE_NOT_FOUND or NOT_AUTHORIZED when the identity is gone or was merged into another one; of the pool's sync
 *   trigger INVALID_LAMBDA_FUNCTION_OUTPUT and LAMBDA_THROTTLED
 */
export const updateRecords = async (ctx: Context, input: UpdateRecordsInput): Promise<UpdatedRecords> => {
  const given = parseUpdateRecords(input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:UpdateRecords', given, given.datasetName);
  const address = { ...owner, datasetName: given.datasetName };
  await requireMergedDataset(ctx, address);
  const configuration = await findSyncConfiguration(ctx, address.identityPoolId);
  const update: RecordUpdate = {
    ...newUpdate(ctx, configuration, address, given.deviceId),
    patches: given.recordPatches,
    sessionId: openSessionToken(ctx, address, given.syncSessionToken),
  };
  const push = {
    update,
    ruleSets: configuration.mergeRules,
    onStale: 'REJECT' as const,
    trigger: configuration.syncTrigger,
  };
  const {
    answer: result,
    merged,
    update: sent,
  } = await pushThroughTrigger(ctx, push, { send: mergeRecords, resultOf: (answer) => answer });
  if (result.status === 'REPEATED') throw new Error('a call without mutation cannot be repeated');
  if (result.status !== 'OK') throw refusalOf(ctx, result, update);
  announceUpdate(ctx, update, result);
  const row = liveRow(result.dataset);
  const datasetSyncCount = row?.sync_count ?? 0;
  return {
    records: changedRecords(sent, merged, datasetSyncCount),
    datasetSyncCount,
    dataset: row ? toDataset(row) : null,
    merged,
  };
};

/** S18; of a patch that merged into nothing new, the record that stays. */
const changedRecords = (
  update: RecordUpdate,
  merged: RuleMerge[],
  datasetSyncCount: number,
): SyncRecord[] => {
  const written = update.patches.map((patch) =>
    toRecord(patch, datasetSyncCount, { now: update.now, modifiedBy: patch.modifiedBy ?? update.modifiedBy }),
  );
  const kept = merged.filter((each) => each.isServers).map((each) => each.met);
  return [...written, ...kept].sort((a, b) => compareKeys(a.key, b.key));
};
