import type { Context } from '../context';

/** A change of what a pool's datasets hold; fewer bytes than before are negative. */
export interface UsageChange {
  bytes: number;
  /** Whichever of them: only their sum means anything. */
  shard: number;
}

/** Counts what a pool holds more or less (S55). Late in its transaction: the row stays locked until it commits. */
export const changeUsage = async (
  tx: Context,
  identityPoolId: string,
  { bytes, shard }: UsageChange,
): Promise<void> => {
  await tx.db.query(
    `INSERT INTO pool_usage AS u (identity_pool_id, shard, data_storage, last_modified_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (identity_pool_id, shard) DO UPDATE SET
       data_storage = u.data_storage + excluded.data_storage,
       last_modified_at = greatest(u.last_modified_at, excluded.last_modified_at)`,
    [identityPoolId, shard, bytes, tx.now()],
  );
};
