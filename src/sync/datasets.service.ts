import type { z } from 'zod';
import { noteCommitted, type Context } from '../context';
import { identityForbidden } from '../errors';
import { announceChange } from '../events/announce-change';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parse } from '../validate';
import { callFunction } from './call-function';
import {
  authorizedOwner,
  datasetNotFound,
  modifierOf,
  ownerNotFound,
  visibleOwner,
  type DatasetOwner,
} from './dataset-owner';
import { eventConsumersOf, findSyncConfiguration, usageShardOf } from './sync-configuration';
import { toDataset, type DatasetDescription, type DatasetRow } from './rows';
import { datasetInput, ownerInput, type DatasetInput, type OwnerInput } from './sync.input';

/** What `removeDataset` did: the dataset as it was, or why nothing was. */
export type DeleteResult =
  | { status: 'OK'; dataset: DatasetRow }
  | { status: 'IDENTITY_NOT_FOUND' }
  | { status: 'IDENTITY_DISABLED' }
  | { status: 'DATASET_NOT_FOUND' };

/**
 * Deletes a dataset and all of its records for good; answers it as it was (S20): cognito-sync:DeleteDataset.
 * @throws RESOURCE_NOT_FOUND when there is none; NOT_AUTHORIZED when the identity was merged into another one
 */
export const deleteDataset = async (ctx: Context, input: DatasetInput): Promise<DatasetDescription> => {
  const given = parse(datasetInput, input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:DeleteDataset', given, given.datasetName);
  const result = await removeDataset(ctx, owner, given.datasetName);
  if (result.status === 'IDENTITY_NOT_FOUND') throw ownerNotFound(ctx, owner.identityId);
  if (result.status === 'IDENTITY_DISABLED') throw identityForbidden(owner.identityId);
  if (result.status === 'DATASET_NOT_FOUND') throw datasetNotFound(given.datasetName); // S22
  noteCommitted(ctx);
  announceDeletion(ctx, owner, result.dataset);
  return toDataset(result.dataset);
};

/** Tells live subscribers that a dataset was deleted, which was so before. */
export const announceDeletion = (
  ctx: Context,
  owner: DatasetOwner,
  { dataset_name: datasetName, sync_count: syncCount }: DatasetRow,
): void => announceChange(ctx, { ...owner, datasetName, syncCount, deviceId: null, isDeleted: true });

/** Deletes a dataset (S20), for work that has authorized itself and announces it. */
export const removeDataset = async (
  ctx: Context,
  owner: DatasetOwner,
  datasetName: string,
): Promise<DeleteResult> =>
  callFunction<DeleteResult>(ctx, 'delete_dataset', [
    owner.identityPoolId,
    owner.identityId,
    datasetName,
    modifierOf(ctx, owner),
    ctx.now(),
    eventConsumersOf(await findSyncConfiguration(ctx, owner.identityPoolId)),
    usageShardOf(owner.identityId),
  ]);

/** One dataset without its records: cognito-sync:DescribeDataset. @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED */
export const describeDataset = async (ctx: Context, input: DatasetInput): Promise<DatasetDescription> => {
  const given = parse(datasetInput, input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:DescribeDataset', given, given.datasetName);
  const [row] = await readDatasets(ctx, owner, 'd.dataset_name = $3', [given.datasetName]);
  if (!row) throw datasetNotFound(given.datasetName); // S22
  return toDataset(row);
};

const listDatasetsInput = ownerInput.extend(pageRequest.shape);

/** Whose datasets and which page of them: `first` 1 to 60 (the default), `after` a cursor. */
export interface ListDatasetsInput extends OwnerInput, z.input<typeof pageRequest> {}

/** The live datasets of an identity by name (S32): cognito-sync:ListDatasets. @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED */
export const listDatasets = async (
  ctx: Context,
  input: ListDatasetsInput,
): Promise<Page<DatasetDescription>> => {
  const { first, after, ...given } = parse(listDatasetsInput, input);
  const owner = await authorizedOwner(ctx, 'cognito-sync:ListDatasets', given, null);
  const page = 'd.dataset_name > $3 ORDER BY d.dataset_name LIMIT $4';
  const rows = await readDatasets(ctx, owner, page, [decodeCursor(after), first + 1]);
  return toPage(rows.map(toDataset), first, (dataset) => dataset.datasetName);
};

interface OwnerRow {
  is_disabled: boolean;
  datasets: DatasetRow[] | null;
}

/** The owner's live datasets that meet `condition`, whose parameters start at $3. */
const readDatasets = async (
  ctx: Context,
  { identityPoolId, identityId }: DatasetOwner,
  condition: string,
  parameters: unknown[],
): Promise<DatasetRow[]> => {
  const rows: OwnerRow[] = await ctx.db.query(
    `SELECT i.disabled_at IS NOT NULL AS is_disabled, (
       SELECT json_agg(found) FROM (
         SELECT * FROM datasets d
           WHERE d.identity_id = $2 AND NOT d.is_deleted AND ${condition}
       ) found) AS datasets
     FROM identities i WHERE i.identity_pool_id = $1 AND i.identity_id = $2`,
    [identityPoolId, identityId, ...parameters],
  );
  return visibleOwner(ctx, identityId, rows[0]).datasets ?? [];
};
