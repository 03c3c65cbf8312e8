import type { Context } from '../context';
import { splitMergedName } from '../protocol/sync';
import { datasetNotFound, type DatasetAddress } from './dataset-owner';

/**
 * For whoever writes a dataset: a name `NAME.REGION:UUID` must be there already, or a merge could find the name that it
 * needs taken (S45). Nothing is looked up for other names, nor said of an identity that is not there.
 * @throws RESOURCE_NOT_FOUND
 */
export const requireMergedDataset = async (
  ctx: Context,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
): Promise<void> => {
  if (!splitMergedName(datasetName)) return;
  const missing: unknown[] = await ctx.db.query(
    `SELECT 1 FROM identities i
       WHERE i.identity_pool_id = $1 AND i.identity_id = $2 AND i.disabled_at IS NULL AND NOT EXISTS (
         SELECT 1 FROM datasets d WHERE d.identity_id = $2 AND d.dataset_name = $3 AND NOT d.is_deleted)`,
    [identityPoolId, identityId, datasetName],
  );
  if (missing.length > 0) throw datasetNotFound(datasetName);
};
