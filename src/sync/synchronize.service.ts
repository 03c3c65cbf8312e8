import { authorize } from '../authorize';
import type { Context } from '../context';
import { ServiceError } from '../errors';
import { LIMITS } from '../protocol/limits';
import { callFunction } from './call-function';
import { authorizedOwner, datasetResource, type DatasetAddress } from './dataset-owner';
import { readableRow, toListing, type ListingRow, type RecordListing } from './list-records.service';
import { updateArguments, type MergeRefusal, type MergeResult, type RecordUpdate } from './merge';
import type { RuleMerge } from './merge-by-rules';
import { announceUpdate, newUpdate } from './record-update';
import { requireMergedDataset } from './require-merged-dataset';
import { conflictsOf, refusalOf, type StaleRecord } from './refusal';
import { findSyncConfiguration } from './sync-configuration';
import { ON_STALE, parseSynchronize, type DatasetSync, type SynchronizeInput } from './synchronize.input';
import { countSyncSession } from './sync-sessions';
import { pushThroughTrigger, type TriggeredPush } from './trigger/push-through-trigger';

/** What became of one dataset. */
export interface SynchronizedDataset {
  datasetName: string;
  /** Why nothing was done; null when all went well. Only where a call names several datasets. */
  error: ServiceError | null;
  /** What changed since `lastSyncCount`, this call's own changes included; null with an error. */
  listing: RecordListing | null;
  /** Keys of the patches that were applied as they came or merged. */
  applied: string[];
  /** Stale patches that were not applied, with the server's records. */
  conflicts: StaleRecord[];
  /** Stale patches that merge rules took in. */
  merged: RuleMerge[];
  /** Whether the mutation had been applied by an earlier call. */
  isRepeated: boolean;
}

/**
 * Push and pull in one transaction and one round trip to the database (S46 to S50): applies patches by `onConflict` and
 * the pool's merge rules, and answers what changed since `lastSyncCount`. Needs cognito-sync:ListRecords, and
 * cognito-sync:UpdateRecords where there are patches.
 * @throws for a single dataset what `updateRecords` and `listRecords` throw, except conflicts, which the answer tells;
 *   of several datasets each has its own error.
 */
export const synchronize = async (ctx: Context, input: SynchronizeInput): Promise<SynchronizedDataset[]> => {
  const { datasets, isSingle, deviceId, ...given } = parseSynchronize(input);
  const results: SynchronizedDataset[] = [];
  for (const dataset of datasets) {
    const work = synchronizeOne(ctx, given, deviceId, dataset);
    results.push(isSingle ? await work : await work.catch((error: unknown) => failed(dataset, error)));
  }
  return results;
};

const failed = ({ datasetName }: DatasetSync, error: unknown): SynchronizedDataset => {
  if (!(error instanceof ServiceError)) throw error;
  return { ...NOTHING, datasetName, error, listing: null };
};

const NOTHING = { error: null, applied: [], conflicts: [], merged: [], isRepeated: false };

/** What the database function `synchronize` answers; a pull only where the push did not fail. */
interface SynchronizeAnswer {
  push: MergeResult;
  pull?: ListingRow | null;
}

const synchronizeOne = async (
  ctx: Context,
  given: Parameters<typeof authorizedOwner>[2],
  deviceId: string | null,
  sync: DatasetSync,
): Promise<SynchronizedDataset> => {
  const owner = await authorizedOwner(ctx, 'cognito-sync:ListRecords', given, sync.datasetName);
  const address = { ...owner, datasetName: sync.datasetName };
  if (sync.patches.length > 0) await requireWriter(ctx, address);
  const configuration = await findSyncConfiguration(ctx, owner.identityPoolId);
  const update: RecordUpdate = {
    ...newUpdate(ctx, configuration, address, deviceId),
    patches: sync.patches,
    ...(sync.mutation ? { mutation: sync.mutation } : {}),
  };
  const push = {
    update,
    ruleSets: configuration.mergeRules,
    onStale: ON_STALE[sync.onConflict],
    trigger: configuration.syncTrigger,
  };
  const pushed = await pushThroughTrigger(ctx, push, {
    send: sendFrom(sync.lastSyncCount),
    resultOf: ({ push: result }) => result,
  });
  // Committed, whatever becomes of the answer.
  announceUpdate(ctx, pushed.update, pushed.answer.push);
  const synchronized = describe(ctx, sync, pushed);
  countSyncSession(ctx, owner.identityPoolId); // S33
  return synchronized;
};

const requireWriter = async (ctx: Context, address: DatasetAddress): Promise<void> => {
  authorize(ctx, 'cognito-sync:UpdateRecords', datasetResource(ctx, address, address.datasetName));
  await requireMergedDataset(ctx, address);
};

const sendFrom =
  (lastSyncCount: number) =>
  async (ctx: Context, update: RecordUpdate): Promise<SynchronizeAnswer> => {
    const send = (lockIdentity: boolean): Promise<SynchronizeAnswer> =>
      callFunction(ctx, 'synchronize', [
        ...updateArguments(update, lockIdentity),
        lastSyncCount,
        LIMITS.recordsPerPage + 1,
      ]);
    const answer = await send(false);
    const { status } = answer.push as { status: string }; // The one that is no result: it goes no further.
    return status === 'LOCK_IDENTITY_FIRST' ? send(true) : answer;
  };

const describe = (
  ctx: Context,
  sync: DatasetSync,
  { answer, merged, update, outcome }: TriggeredPush<SynchronizeAnswer>,
): SynchronizedDataset => {
  const { push } = answer;
  if (answer.pull === undefined) throw refusalOf(ctx, push as MergeRefusal, update);
  const pull = {
    address: update.address,
    lastSyncCount: sync.lastSyncCount,
    position: undefined,
    sessionId: undefined,
    pageSize: LIMITS.recordsPerPage,
  };
  return {
    ...NOTHING,
    ...outcomeOf(push.status === 'OK' ? { ...push, ...outcome } : push),
    datasetName: sync.datasetName,
    listing: toListing(ctx, pull, readableRow(ctx, pull, answer.pull)),
    merged: push.status === 'CONFLICT' ? [] : merged,
  };
};

const outcomeOf = (push: MergeResult): Pick<SynchronizedDataset, 'applied' | 'conflicts' | 'isRepeated'> => {
  if (push.status === 'REPEATED') {
    const conflicts = (push.result.conflicts ?? []).map(({ key, patch_sync_count }) => ({
      key,
      patchSyncCount: patch_sync_count,
      record: null,
    }));
    return { applied: push.result.applied, conflicts, isRepeated: true };
  }
  if (push.status === 'OK')
    return { applied: push.applied, conflicts: conflictsOf(push.conflicts ?? []), isRepeated: false };
  return {
    applied: [],
    conflicts: push.status === 'CONFLICT' ? conflictsOf(push.conflicts) : [],
    isRepeated: false,
  };
};
