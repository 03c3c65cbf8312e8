import type { Context } from '../context';
import { DAY_MS } from '../utc-day';

/** Days that an event is kept that nobody took: a dead letter, or one that waits while streaming is switched off. */
const DAYS_KEPT = 14;

/** Rows that one sweep removes. */
const SWEEP = 10_000;

/**
 * Forgets dead letters 14 days after they were given up, and what has waited as long for a stream that is not enabled;
 * answers how many. What waits for one that is enabled is never forgotten.
 */
export const sweepSyncEvents = async (ctx: Context): Promise<number> => {
  const before = new Date(ctx.now().getTime() - DAYS_KEPT * DAY_MS);
  const dead = await sweep(ctx, before, 'c.is_dead');
  const waiting = await sweep(
    ctx,
    before,
    `c.consumer = 'stream' AND NOT c.is_dead AND NOT EXISTS (
       SELECT 1 FROM sync_configurations s
        WHERE s.identity_pool_id = c.identity_pool_id AND s.stream->>'streamingStatus' = 'ENABLED')`,
  );
  return dead + waiting;
};

const sweep = async (ctx: Context, before: Date, condition: string): Promise<number> => {
  const [, count] = (await ctx.db.query(
    `DELETE FROM sync_events e USING (
       SELECT c.identity_id, c.dataset_name, c.consumer, c.sync_count FROM sync_events c
        WHERE c.next_attempt_at < $1 AND ${condition} LIMIT ${SWEEP} FOR UPDATE OF c SKIP LOCKED) old
     WHERE e.identity_id = old.identity_id AND e.dataset_name = old.dataset_name AND e.consumer = old.consumer
       AND e.sync_count = old.sync_count`,
    [before],
  )) as [unknown, number];
  return count;
};
