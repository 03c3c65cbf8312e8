import type { Context } from '../context';
import type { DatasetAddress } from './dataset-owner';

/**
 * Keeps others from writing a dataset until the transaction ends, whether it exists or not: the identity's lock first
 * and then the dataset's (S41).
 */
export const lockDataset = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
): Promise<void> => {
  await tx.db.query('SELECT 1 FROM identities WHERE identity_id = $1 FOR NO KEY UPDATE', [identityId]);
  await tx.db.query('SELECT 1 FROM datasets WHERE identity_id = $1 AND dataset_name = $2 FOR UPDATE', [
    identityId,
    datasetName,
  ]);
};
