import type { Context } from '../context';
import { splitMergedName } from '../protocol/sync';

/** One dataset of a merged identity and where it goes. */
export interface DatasetMove {
  from: string;
  to: string;
}

/** One that is there. */
export interface MovedDataset extends DatasetMove {
  syncCount: number;
  /** The dataset that it was folded into; null when it was not. */
  foldedInto: string | null;
}

/**
 * Where the datasets of a merged identity go: `NAME.LOSERID` under the survivor (C3.5). One that came from an earlier
 * merge keeps its name, which has its own identity's id already, so that a pull of its base still finds it.
 */
export const planMoves = (names: string[], loserId: string, taken: ReadonlySet<string>): DatasetMove[] =>
  names.map((from) => ({
    from,
    to: splitMergedName(from) && !taken.has(from) ? from : `${from}.${loserId}`,
  }));

/** The names of an identity's live datasets, locked until the transaction ends. */
export const lockDatasets = async (tx: Context, identityId: string): Promise<string[]> => {
  const rows = (await tx.db.query(
    `SELECT dataset_name, is_deleted FROM datasets WHERE identity_id = $1 ORDER BY dataset_name FOR UPDATE`,
    [identityId],
  )) as { dataset_name: string; is_deleted: boolean }[];
  return rows.filter((row) => !row.is_deleted).map((row) => row.dataset_name);
};

/** The names of an identity's live datasets. */
export const datasetNames = async (ctx: Context, identityId: string): Promise<string[]> => {
  const rows = (await ctx.db.query(
    `SELECT dataset_name FROM datasets WHERE identity_id = $1 AND NOT is_deleted ORDER BY dataset_name`,
    [identityId],
  )) as { dataset_name: string }[];
  return rows.map((row) => row.dataset_name);
};

/**
 * Moves the datasets of `loserId` under `survivorId`, with their records, history, counts and dates. Both identities must be
 * locked. The row's identity never changes: it is copied and deleted, as sharded databases want it. The limit of 20
 * datasets does not stop a merge; it stops the next new dataset. `foldMovedDatasets` comes afterwards, and announces them.
 */
export const moveDatasets = async (
  tx: Context,
  loserId: string,
  survivorId: string,
): Promise<MovedDataset[]> => {
  const names = await lockDatasets(tx, loserId);
  const moves = planMoves(names, loserId, new Set(await lockDatasets(tx, survivorId)));
  const moved: MovedDataset[] = [];
  for (const move of moves)
    moved.push({ ...move, syncCount: await moveDataset(tx, loserId, survivorId, move), foldedInto: null });
  await tx.db.query('DELETE FROM datasets WHERE identity_id = $1', [loserId]);
  return moved;
};

/**
 * Moves one and answers its sync count. A name that was deleted under the survivor is taken over; its memory of deletions
 * stays. Its counts go on, but at none of those before was it in the state of what took it over, so that it can be brought
 * back to none of them (S53).
 */
const moveDataset = async (
  tx: Context,
  loserId: string,
  survivorId: string,
  { from, to }: DatasetMove,
): Promise<number> => {
  const rows = (await tx.db.query(
    `INSERT INTO datasets AS d (
       identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted,
       num_records, num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by,
       history_since_sync_count, oldest_history_at)
     SELECT $2, $4, identity_pool_id, sync_count, 0, false,
       num_records, num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by,
       history_since_sync_count, oldest_history_at
       FROM datasets WHERE identity_id = $1 AND dataset_name = $3
     ON CONFLICT (identity_id, dataset_name) DO UPDATE SET
       sync_count = greatest(d.sync_count + 1, excluded.sync_count), is_deleted = false,
       num_records = excluded.num_records, num_tombstones = excluded.num_tombstones,
       purged_sync_count = excluded.purged_sync_count, data_storage = excluded.data_storage,
       created_at = excluded.created_at, last_modified_at = excluded.last_modified_at,
       last_modified_by = excluded.last_modified_by,
       history_since_sync_count = CASE WHEN excluded.history_since_sync_count IS NOT NULL
         THEN greatest(d.sync_count + 1, excluded.sync_count) END,
       oldest_history_at = excluded.oldest_history_at
     RETURNING sync_count`,
    [loserId, survivorId, from, to],
  )) as { sync_count: string }[];
  await tx.db.query(
    `INSERT INTO records (
       identity_id, dataset_name, record_key, value, sync_count,
       last_modified_at, last_modified_by, device_last_modified_at)
     SELECT $2, $4, record_key, value, sync_count, last_modified_at, last_modified_by, device_last_modified_at
       FROM records WHERE identity_id = $1 AND dataset_name = $3`,
    [loserId, survivorId, from, to],
  );
  await tx.db.query(
    `INSERT INTO record_history (
       identity_id, dataset_name, record_key, sync_count, superseded_sync_count, value,
       last_modified_at, last_modified_by, device_last_modified_at, superseded_at)
     SELECT $2, $4, record_key, sync_count, superseded_sync_count, value,
       last_modified_at, last_modified_by, device_last_modified_at, superseded_at
       FROM record_history WHERE identity_id = $1 AND dataset_name = $3`,
    [loserId, survivorId, from, to],
  );
  return Number(rows[0]?.sync_count);
};
