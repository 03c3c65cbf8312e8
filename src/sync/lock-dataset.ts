import type { Context } from '../context';
import { requireOwner, type DatasetAddress, type DatasetOwner } from './dataset-owner';

/**
 * Keeps others from making and moving datasets of an identity, and from registering its devices, until the transaction
 * ends. To be taken before a dataset's lock (S41).
 * @throws RESOURCE_NOT_FOUND, IDENTITY_DELETED; NOT_AUTHORIZED for one that was merged into another (S19)
 */
export const lockOwner = async (tx: Context, { identityPoolId, identityId }: DatasetOwner): Promise<void> => {
  const rows: { is_disabled: boolean }[] = await tx.db.query(
    `SELECT disabled_at IS NOT NULL AS is_disabled FROM identities
      WHERE identity_id = $1 AND identity_pool_id = $2 FOR NO KEY UPDATE`,
    [identityId, identityPoolId],
  );
  requireOwner(tx, identityId, rows[0]);
};

/**
 * Keeps others from writing a dataset until the transaction ends, whether it exists or not: the identity's lock first
 * and then the dataset's (S41). Answers the dataset's count; of a deleted one the one that its deletion left out (S23).
 * An identity that is not there is no error: whoever writes to it then is told.
 */
export const lockDataset = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
): Promise<number> => {
  await tx.db.query('SELECT 1 FROM identities WHERE identity_id = $1 FOR NO KEY UPDATE', [identityId]);
  const rows: { sync_count: string }[] = await tx.db.query(
    `SELECT sync_count + is_deleted::integer AS sync_count FROM datasets
      WHERE identity_id = $1 AND dataset_name = $2 FOR UPDATE`,
    [identityId, datasetName],
  );
  return Number(rows[0]?.sync_count ?? 0);
};
