import { inTransaction, type Context } from '../context';
import { DEFAULT_HISTORY_DAYS } from './sync-configuration';

/** Datasets that are looked up at once. */
const DATASETS = 100;
/** Values that one transaction forgets: a dataset's lock is held for some milliseconds. */
const VALUES = 1000;
/** Transactions of one run, so that a mountain of them does not keep other chores waiting. */
const MAX_TRANSACTIONS = 2000;

/** A dataset with values that are remembered for too long. */
interface DueDataset {
  identity_id: string;
  dataset_name: string;
  /** What was replaced until then is to be forgotten. */
  kept_since: Date;
}

/**
 * Forgets earlier values that are older than their pool's retention (S52), in small transactions of one dataset each.
 * Any number of nodes may do so at once: none waits for a dataset that another node, or a writer, has in hand. Answers
 * how many transactions it took.
 */
export const sweepHistory = async (ctx: Context): Promise<number> => {
  let done = 0;
  for (;;) {
    const due = await dueDatasets(ctx);
    let swept = 0;
    for (const dataset of due) if (await sweepDataset(ctx, dataset)) swept += 1;
    done += swept;
    if (swept === 0 || done >= MAX_TRANSACTIONS) return done;
  }
};

const dueDatasets = (ctx: Context): Promise<DueDataset[]> =>
  ctx.db.query(
    `SELECT due.identity_id, due.dataset_name, pool.kept_since
       FROM (SELECT p.identity_pool_id, $1::timestamptz - make_interval(
                      hours => 24 * coalesce(c.history_retention_days, ${DEFAULT_HISTORY_DAYS})) AS kept_since
               FROM identity_pools p LEFT JOIN sync_configurations c ON c.identity_pool_id = p.identity_pool_id) pool
      CROSS JOIN LATERAL (
        SELECT d.identity_id, d.dataset_name FROM datasets d
         WHERE d.identity_pool_id = pool.identity_pool_id AND d.oldest_history_at <= pool.kept_since
         ORDER BY d.oldest_history_at LIMIT ${DATASETS}) due
      LIMIT ${DATASETS}`,
    [ctx.now()],
  );

/** Whether it was ours to sweep. The lock comes first, so that what follows sees all that was written before it. */
const sweepDataset = (ctx: Context, due: DueDataset): Promise<boolean> =>
  inTransaction(ctx, async (tx) => {
    const at = [due.identity_id, due.dataset_name];
    const locked: unknown[] = await tx.db.query(
      'SELECT 1 FROM datasets WHERE identity_id = $1 AND dataset_name = $2 FOR NO KEY UPDATE SKIP LOCKED',
      at,
    );
    if (locked.length === 0) return false;
    const forgotten = await forgetValues(tx, due);
    // S53: of a count below one whose replaced values are gone, the state is not known any more.
    await tx.db.query(
      `UPDATE datasets SET
         history_since_sync_count =
           CASE WHEN history_since_sync_count IS NOT NULL THEN greatest(history_since_sync_count, $3) END,
         oldest_history_at = (
           SELECT h.superseded_at FROM record_history h WHERE h.identity_id = $1 AND h.dataset_name = $2
            ORDER BY h.superseded_sync_count LIMIT 1)
       WHERE identity_id = $1 AND dataset_name = $2`,
      [...at, forgotten],
    );
    return true;
  });

/** Forgets what is too old among the values replaced first; answers the highest count that replaced one of them. */
const forgetValues = async (tx: Context, due: DueDataset): Promise<string | null> => {
  const rows: { highest: string | null }[] = await tx.db.query(
    `WITH oldest AS (
       SELECT h.record_key, h.sync_count, h.superseded_at FROM record_history h
        WHERE h.identity_id = $1 AND h.dataset_name = $2 ORDER BY h.superseded_sync_count LIMIT ${VALUES}),
     gone AS (
       DELETE FROM record_history h USING oldest o
        WHERE h.identity_id = $1 AND h.dataset_name = $2 AND h.record_key = o.record_key
          AND h.sync_count = o.sync_count AND o.superseded_at <= $3
        RETURNING h.superseded_sync_count)
     SELECT max(superseded_sync_count) AS highest FROM gone`,
    [due.identity_id, due.dataset_name, due.kept_since],
  );
  return rows[0]?.highest ?? null;
};
