import { isAuthorized } from '../authorize';
import type { Context } from '../context';
import {
  ServiceError,
  identityForbidden,
  invalidParameter,
  limitExceeded,
  resourceConflict,
} from '../errors';
import type { SyncRecord } from '../protocol/sync';
import type { StorageLimits } from './apply-patches';
import { datasetResource, ownerNotFound, type DatasetAddress } from './dataset-owner';
import type { ConflictRow, MergeRefusal, RecordUpdate } from './merge';
import { toSyncRecord } from './rows';
import { sessionNotValid } from './session-token';

/** The error that tells a caller why its update was refused, and what to do next. */
export const refusalOf = (ctx: Context, refusal: MergeRefusal, { address, limits }: RecordUpdate): Error => {
  switch (refusal.status) {
    case 'IDENTITY_NOT_FOUND':
      return ownerNotFound(ctx, address.identityId);
    case 'IDENTITY_DISABLED':
      return identityForbidden(address.identityId);
    case 'SESSION_USED':
      return sessionNotValid('USED');
    case 'CONFLICT':
      return staleRecords(refusal, mayReadRecords(ctx, address));
    case 'AHEAD':
      return unknownSyncCount(refusal.value, refusal.dataset?.sync_count ?? 0, 'recordPatches');
    case 'MUTATION_ID_REUSED':
      return mutationIdReused();
    case 'CHANGED':
    case 'MERGE_FIRST':
      return changedMeanwhile();
    default:
      return limitPassed(LIMIT_OF_STATUS[refusal.status], refusal.value, limits);
  }
};

/** S46 */
const mutationIdReused = (): Error =>
  invalidParameter('mutationId was used before for something else. Every change needs an id of its own.', {
    field: 'mutationId',
  });

/** Others wrote the dataset each time that this call had made up its mind about it. */
const changedMeanwhile = (): Error =>
  new ServiceError(
    'CONCURRENT_MODIFICATION',
    'The dataset changed again and again while the call was at work. Nothing was written; send it again.',
  );

/** How many conflicts the message spells out; the fields have all of them. */
const CONFLICTS_IN_MESSAGE = 5;
const KEY_LENGTH_IN_MESSAGE = 100;

const shortened = (key: string): string =>
  key.length <= KEY_LENGTH_IN_MESSAGE ? key : `${key.slice(0, KEY_LENGTH_IN_MESSAGE).toWellFormed()}…`;

const inWords = ({ key, sync_count, patch_sync_count }: ConflictRow): string =>
  `Current SyncCount for: ${shortened(key)} is: ${sync_count} not: ${patch_sync_count}`;

type Conflicts = Extract<MergeRefusal, { status: 'CONFLICT' }>;

/** S7 */
const staleRecords = ({ conflicts, dataset }: Conflicts, showValues: boolean): Error => {
  const sentences = conflicts.slice(0, CONFLICTS_IN_MESSAGE).map(inWords);
  const more = conflicts.length - sentences.length;
  const pullFrom = Math.min(...conflicts.map((conflict) => conflict.patch_sync_count));
  return resourceConflict(
    `${sentences.join('; ')}${more > 0 ? `; and ${more} more` : ''}. Nothing was written. ` +
      'Pull with listRecords and your lastSyncCount, merge, and send the patches again with the new sync counts.',
    {
      conflicts: conflicts.map((row) => toConflict(row, showValues)),
      datasetSyncCount: dataset.sync_count,
      pullFrom,
    },
  );
};

/** A stale patch and the newer record that it met; null where only the fact is remembered. */
export interface StaleRecord {
  key: string;
  patchSyncCount: number;
  record: SyncRecord | null;
}

/** The stale patches with the records that they met, for a caller that may read them. */
export const conflictsOf = (rows: ConflictRow[]): StaleRecord[] => rows.map((row) => toConflict(row, true));

const toConflict = (row: ConflictRow, showValue: boolean) => ({
  key: row.key,
  patchSyncCount: row.patch_sync_count,
  record: showValue ? toSyncRecord(row) : { ...toSyncRecord(row), value: null, valueHidden: true },
});

/** Who may write but not read gets no values by way of conflicts (S44). */
export const mayReadRecords = (ctx: Context, address: DatasetAddress): boolean =>
  isAuthorized(ctx, 'cognito-sync:ListRecords', datasetResource(ctx, address, address.datasetName));

/** The device is ahead of this server (S8, S28), in AWS's words. */
export const unknownSyncCount = (syncCount: number, datasetSyncCount: number, field: string): Error =>
  invalidParameter(`No such SyncCount: ${syncCount} exists for this Dataset`, {
    field,
    syncCount,
    datasetSyncCount,
  });

const LIMIT_OF_STATUS = {
  TOO_MANY_DATASETS: 'datasetsPerIdentity',
  TOO_MANY_DELETED_DATASETS: 'deletedDatasetsPerIdentity',
  TOO_MANY_RECORDS: 'recordsPerDataset',
  TOO_MANY_BYTES: 'datasetBytes',
} as const;

const UNIT = {
  datasetsPerIdentity: 'datasets in this identity',
  deletedDatasetsPerIdentity: 'names of deleted datasets in this identity',
  recordsPerDataset: 'records in this dataset',
  datasetBytes: 'bytes of keys and values in this dataset',
};

/** S12, S13, S14, S43 */
const limitPassed = (limit: keyof typeof UNIT, value: number, limits: StorageLimits): Error =>
  limitExceeded(`This would make ${value} ${UNIT[limit]}; at most ${limits[limit]} are allowed.`, {
    limit,
    maximum: limits[limit],
    value,
  });
