import type { Context } from '../context';
import type { SyncRecord } from '../protocol/sync';
import { STORAGE_LIMITS, type StorageLimits } from './apply-patches';
import type { DatasetOwner } from './dataset-owner';
import { removeDataset } from './datasets.service';
import { foldPatches, foldRecords, type FoldedRecord } from './fold-records';
import type { FoldStrategy } from './fold-strategy';
import { mergeRecords, type MergeRefusal, type RecordUpdate } from './merge';
import { announceUpdate, newUpdate } from './record-update';
import { toSyncRecord, type DatasetRow, type RecordRow } from './rows';
import { findSyncConfiguration } from './sync-configuration';

/** A dataset that a merge of identities brought, and the one of the same owner that it is folded into. */
export interface Fold {
  owner: DatasetOwner;
  datasetName: string;
  mergedDatasetName: string;
  strategy: FoldStrategy;
  /** The device that asks for it, if there is one: the base's `lastModifiedBy`; its records keep their writers. */
  deviceId?: string | null | undefined;
}

/** What came of it: everything, or nothing and why. */
export type FoldResult =
  | {
      status: 'OK';
      records: FoldedRecord[];
      /** The base afterwards; null when there was none and nothing to make it of. */
      dataset: DatasetRow | null;
      /** The merged dataset as it was. */
      mergedDataset: DatasetRow;
    }
  | { status: 'DATASET_NOT_FOUND' }
  | { status: 'REFUSED'; refusal: MergeRefusal; update: RecordUpdate };

/** S58: a fold makes at most as many datasets as it deletes. */
const FOLD_LIMITS: StorageLimits = {
  ...STORAGE_LIMITS,
  datasetsPerIdentity: 2 ** 31 - 1,
  deletedDatasetsPerIdentity: 2 ** 31 - 1,
};

/**
 * Folds one dataset into another: an update of the base and a deletion of the merged one (S56). The identity must be
 * locked (S41). Announces the base when the transaction is committed. Asks no sync trigger and authorizes nothing.
 */
export const foldDataset = async (tx: Context, fold: Fold): Promise<FoldResult> => {
  const { owner, datasetName, mergedDatasetName } = fold;
  if (!(await lockBoth(tx, fold))) return { status: 'DATASET_NOT_FOUND' };
  const configuration = await findSyncConfiguration(tx, owner.identityPoolId);
  const records = foldRecords(
    await readRecords(tx, owner.identityId, datasetName),
    await readRecords(tx, owner.identityId, mergedDatasetName),
    { strategy: fold.strategy, ruleSets: configuration.mergeRules, datasetName },
  );
  const update: RecordUpdate = {
    ...newUpdate(tx, configuration, { ...owner, datasetName }, fold.deviceId),
    patches: foldPatches(records),
    limits: FOLD_LIMITS,
  };
  const result = await mergeRecords(tx, update);
  if (result.status === 'REPEATED') throw new Error('a call without mutation cannot be repeated');
  if (result.status !== 'OK') return { status: 'REFUSED', refusal: result, update };
  const deletion = await removeDataset(tx, owner, mergedDatasetName);
  if (deletion.status !== 'OK') throw new Error(`a locked dataset is gone: ${deletion.status}`);
  announceUpdate(tx, update, result);
  return { status: 'OK', records, dataset: result.dataset, mergedDataset: deletion.dataset };
};

/** Whether the merged dataset is there. Both rows before anything else, in one order, as a merge locks them. */
const lockBoth = async (tx: Context, { owner, datasetName, mergedDatasetName }: Fold): Promise<boolean> => {
  const rows: { dataset_name: string; is_deleted: boolean }[] = await tx.db.query(
    `SELECT dataset_name, is_deleted FROM datasets
      WHERE identity_id = $1 AND dataset_name = ANY($2::text[]) ORDER BY dataset_name FOR UPDATE`,
    [owner.identityId, [datasetName, mergedDatasetName]],
  );
  return rows.some((row) => row.dataset_name === mergedDatasetName && !row.is_deleted);
};

const readRecords = async (tx: Context, identityId: string, datasetName: string): Promise<SyncRecord[]> => {
  const rows: { records: RecordRow[] | null }[] = await tx.db.query(
    `SELECT json_agg(found) AS records FROM (
       SELECT r.record_key AS key, r.value, r.sync_count,
              (date_part('epoch', r.last_modified_at) * 1000)::bigint AS modified_ms,
              r.last_modified_by AS modified_by,
              (date_part('epoch', r.device_last_modified_at) * 1000)::bigint AS device_ms
         FROM records r WHERE r.identity_id = $1 AND r.dataset_name = $2) found`,
    [identityId, datasetName],
  );
  return (rows[0]?.records ?? []).map(toSyncRecord);
};
