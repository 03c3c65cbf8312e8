import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { invalidParameter } from '../errors';
import { LIMITS } from '../protocol/limits';
import { splitMergedName } from '../protocol/sync';
import { parse, text } from '../validate';
import { authorizedOwner, datasetNotFound, datasetResource, type DatasetOwner } from './dataset-owner';
import { announceDeletion } from './datasets.service';
import { foldDataset, type Fold, type FoldResult } from './fold-dataset';
import type { FoldedRecord } from './fold-records';
import { FOLD_STRATEGIES } from './fold-strategy';
import { lockOwner } from './lock-dataset';
import { mayReadRecords, refusalOf } from './refusal';
import { rehearse } from './rehearse';
import { liveRow, toDataset, type DatasetDescription } from './rows';
import { findSyncConfiguration } from './sync-configuration';
import { datasetName, ownerInput } from './sync.input';
import { requireMergedDataset } from './require-merged-dataset';

const foldInput = ownerInput.extend({
  datasetName,
  mergedDatasetName: datasetName,
  strategy: z.enum(FOLD_STRATEGIES).nullish(),
  dryRun: z.boolean().nullish(),
  deviceId: text(1, LIMITS.deviceIdLength).nullish(),
});

export type FoldMergedDatasetInput = z.input<typeof foldInput>;

/** A record after a fold, as far as the caller may see it. */
export type ToldRecord = Pick<FoldedRecord, 'key' | 'outcome' | 'rule' | 'value'> & { valueHidden: boolean };

/** What a fold did, or would do. */
export interface FoldedDataset {
  /** By key; without those that are removed. */
  records: ToldRecord[];
  /** The base afterwards; null when there was none and nothing to make it of. */
  dataset: DatasetDescription | null;
  /** 0 when there is no base. */
  datasetSyncCount: number;
  /** The merged dataset as it was. */
  mergedDataset: DatasetDescription;
  isDryRun: boolean;
}

/**
 * Folds the dataset `NAME.REGION:UUID` of a merged identity into `NAME`, in one transaction: NAME is updated, the other
 * one deleted, or with `dryRun` neither (S56). Needs cognito-sync:UpdateRecords on NAME, and cognito-sync:ListRecords
 * and cognito-sync:DeleteDataset on the other.
 * @throws RESOURCE_NOT_FOUND also when there is no merged dataset; LIMIT_EXCEEDED when NAME would become too large;
 *   INVALID_PARAMETER also when the two names do not belong together
 */
export const foldMergedDataset = async (
  ctx: Context,
  input: FoldMergedDatasetInput,
): Promise<FoldedDataset> => {
  const given = parse(foldInput, input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:UpdateRecords', given, given.datasetName);
  authorizeMerged(ctx, owner, given.mergedDatasetName);
  requirePair(given);
  await requireMergedDataset(ctx, { ...owner, datasetName: given.datasetName });
  const { foldStrategy } = await findSyncConfiguration(ctx, owner.identityPoolId);
  const fold: Fold = {
    owner,
    datasetName: given.datasetName,
    mergedDatasetName: given.mergedDatasetName,
    strategy: given.strategy ?? foldStrategy ?? 'RULES',
    deviceId: given.deviceId,
  };
  const isDryRun = given.dryRun ?? false;
  const result = await (isDryRun ? rehearse : inTransaction)(ctx, (tx) => foldLocked(tx, fold));
  if (result.status === 'DATASET_NOT_FOUND')
    throw datasetNotFound(fold.mergedDatasetName, 'mergedDatasetName');
  if (result.status === 'REFUSED') throw refusalOf(ctx, result.refusal, result.update);
  return describe(ctx, fold, result, isDryRun);
};

const authorizeMerged = (ctx: Context, owner: DatasetOwner, name: string): void => {
  const merged = datasetResource(ctx, owner, name);
  authorize(ctx, 'cognito-sync:ListRecords', merged);
  authorize(ctx, 'cognito-sync:DeleteDataset', merged);
};

const requirePair = (given: { datasetName: string; mergedDatasetName: string }): void => {
  if (splitMergedName(given.mergedDatasetName)?.datasetName === given.datasetName) return;
  throw invalidParameter(
    'mergedDatasetName must be the datasetName with a dot and the id of a merged identity behind it, as mergedDatasetNames has it',
    { field: 'mergedDatasetName' },
  );
};

const foldLocked = async (tx: Context, fold: Fold): Promise<FoldResult> => {
  await lockOwner(tx, fold.owner); // S41
  const result = await foldDataset(tx, fold);
  if (result.status === 'OK') announceDeletion(tx, fold.owner, result.mergedDataset);
  return result;
};

const describe = (
  ctx: Context,
  { owner, datasetName: name }: Fold,
  { records, dataset, mergedDataset }: FoldResult & { status: 'OK' },
  isDryRun: boolean,
): FoldedDataset => {
  const mayRead = mayReadRecords(ctx, { ...owner, datasetName: name });
  const row = liveRow(dataset);
  return {
    records: records.map((record) => toTold(record, mayRead)),
    dataset: row ? toDataset(row) : null,
    datasetSyncCount: row?.sync_count ?? 0,
    mergedDataset: toDataset(mergedDataset),
    isDryRun,
  };
};

/** S44: who may not read the base is shown only what came from the merged dataset. */
const toTold = ({ key, outcome, rule, value }: FoldedRecord, mayRead: boolean): ToldRecord => {
  const valueHidden = !mayRead && outcome !== 'TAKEN';
  return { key, outcome, rule, value: valueHidden ? null : value, valueHidden };
};
