import { inTransaction, type Context } from '../../context';

/** That one device is to be told of one dataset, by this node until its lease ends. */
export interface ClaimedMessage {
  identityPoolId: string;
  identityId: string;
  datasetName: string;
  deviceId: string;
  /** The dataset's count that the device is to be told of. */
  syncCount: number;
  /** When the dataset got there. */
  pendingSince: Date;
  /** How often it was tried to tell the device, this time included. */
  attempts: number;
  platform: string;
  tokenHash: string;
  sealedToken: string;
}

/** Events that one statement takes. */
const EVENTS = 500;

/**
 * Hands waiting events of the consumer `push` over to the devices subscribed to their datasets, all but the one that
 * wrote (S54), and takes them from the queue in the same statement: a node that dies loses none and tells of none
 * twice. A device that has a message waiting is told of the highest count alone, not before that message was due.
 * Answers how many events there were.
 */
export const handOver = (ctx: Context): Promise<number> =>
  inTransaction(ctx, async (tx) => {
    const [row]: { count: number }[] = await tx.db.query(HAND_OVER, [tx.now(), EVENTS]);
    return row?.count ?? 0;
  });

const HAND_OVER = `
WITH due AS (
  SELECT identity_id, dataset_name, consumer, sync_count FROM sync_events
    WHERE consumer = 'push' AND NOT is_dead AND next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
  DELETE FROM sync_events e USING due d
    WHERE e.identity_id = d.identity_id AND e.dataset_name = d.dataset_name AND e.consumer = d.consumer
      AND e.sync_count = d.sync_count
    RETURNING e.identity_id, e.dataset_name, e.sync_count, e.device_id, e.created_at
), told AS (
  SELECT s.identity_id, s.dataset_name, s.device_id, max(t.sync_count) AS sync_count, max(t.created_at) AS since
    FROM taken t JOIN dataset_subscriptions s ON s.identity_id = t.identity_id AND s.dataset_name = t.dataset_name
      AND s.device_id IS DISTINCT FROM t.device_id
    GROUP BY s.identity_id, s.dataset_name, s.device_id
), given AS (
  UPDATE dataset_subscriptions s SET
      pending_sync_count = greatest(s.pending_sync_count, t.sync_count),
      pending_since = greatest(s.pending_since, t.since),
      next_attempt_at = CASE WHEN s.pending_sync_count IS NULL THEN $1 ELSE s.next_attempt_at END
    FROM told t
    WHERE s.identity_id = t.identity_id AND s.dataset_name = t.dataset_name AND s.device_id = t.device_id
)
SELECT count(*)::int AS count FROM taken`;

interface MessageRow {
  identity_pool_id: string;
  identity_id: string;
  dataset_name: string;
  device_id: string;
  pending_sync_count: string;
  pending_since: Date;
  attempts: number;
  platform: string;
  token_hash: string;
  sealed_token: string;
}

/** What to claim. */
export interface MessageClaim {
  /** Messages at most. */
  limit: number;
  /** Milliseconds that nobody else has them for. */
  leaseMs: number;
  /** Pools whose messages are left where they are. */
  exceptPools?: string[];
}

/** Takes the messages that are due longest, skipping what others take. */
export const claimMessages = async (
  ctx: Context,
  { limit, leaseMs, exceptPools = [] }: MessageClaim,
): Promise<ClaimedMessage[]> => {
  const now = ctx.now();
  const [rows] = (await ctx.db.query(
    `UPDATE dataset_subscriptions s SET attempts = s.attempts + 1, next_attempt_at = $2
       FROM (
         SELECT w.identity_id, w.dataset_name, w.device_id FROM dataset_subscriptions w
           WHERE w.pending_sync_count IS NOT NULL AND w.next_attempt_at <= $1
             AND (cardinality($4::text[]) = 0 OR NOT EXISTS (
               SELECT 1 FROM devices o WHERE o.identity_id = w.identity_id AND o.device_id = w.device_id
                 AND o.identity_pool_id = ANY ($4)))
           ORDER BY w.next_attempt_at LIMIT $3 FOR UPDATE OF w SKIP LOCKED) due
       JOIN devices d ON d.identity_id = due.identity_id AND d.device_id = due.device_id
      WHERE s.identity_id = due.identity_id AND s.dataset_name = due.dataset_name AND s.device_id = due.device_id
      RETURNING d.identity_pool_id, s.identity_id, s.dataset_name, s.device_id, s.pending_sync_count, s.pending_since,
                s.attempts, d.platform, d.token_hash, d.sealed_token`,
    [now, new Date(now.getTime() + leaseMs), limit, exceptPools],
  )) as [MessageRow[], number];
  return rows.map(toMessage);
};

const toMessage = (row: MessageRow): ClaimedMessage => ({
  identityPoolId: row.identity_pool_id,
  identityId: row.identity_id,
  datasetName: row.dataset_name,
  deviceId: row.device_id,
  syncCount: Number(row.pending_sync_count),
  pendingSince: row.pending_since,
  attempts: row.attempts,
  platform: row.platform,
  tokenHash: row.token_hash,
  sealedToken: row.sealed_token,
});

const AT_KEY = 'identity_id = $1 AND dataset_name = $2 AND device_id = $3';

const keyOf = ({ identityId, datasetName, deviceId }: ClaimedMessage): unknown[] => [
  identityId,
  datasetName,
  deviceId,
];

/** The device was told, or it is given up. What came meanwhile is due at once. */
export const settleMessage = async (ctx: Context, message: ClaimedMessage): Promise<void> => {
  await ctx.db.query(
    `UPDATE dataset_subscriptions SET
         pending_sync_count = CASE WHEN pending_sync_count > $4 THEN pending_sync_count END,
         pending_since = CASE WHEN pending_sync_count > $4 THEN pending_since END,
         next_attempt_at = CASE WHEN pending_sync_count > $4 THEN $5::timestamptz END,
         attempts = 0
       WHERE ${AT_KEY} AND pending_sync_count IS NOT NULL`,
    [...keyOf(message), message.syncCount, ctx.now()],
  );
};

/** The device was not told; it is due again at `at`. */
export const postponeMessage = async (ctx: Context, message: ClaimedMessage, at: Date): Promise<void> => {
  await ctx.db.query(
    `UPDATE dataset_subscriptions SET next_attempt_at = $4 WHERE ${AT_KEY} AND pending_sync_count IS NOT NULL`,
    [...keyOf(message), at],
  );
};
