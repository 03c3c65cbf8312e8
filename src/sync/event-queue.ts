import type { Context } from '../context';
import type { SyncEvent, SyncEventConsumer } from './sync-event.entity';

/** An event that this caller, and nobody else until its lease ends, is to deliver. */
export interface ClaimedEvent extends Pick<
  SyncEvent,
  | 'identityId'
  | 'datasetName'
  | 'consumer'
  | 'identityPoolId'
  | 'operation'
  | 'deviceId'
  | 'payload'
  | 'createdAt'
> {
  /** Of the dataset after the change. */
  syncCount: number;
  /** How often it was claimed, this time included. */
  attempts: number;
}

/** How much to claim. */
export interface Claim {
  consumer: SyncEventConsumer;
  /** Events at most; one for each dataset. */
  limit: number;
  /** Milliseconds after which somebody else may deliver what was claimed. */
  leaseMs: number;
}

/** A row as it is read. */
export interface EventRow {
  identity_id: string;
  dataset_name: string;
  consumer: SyncEventConsumer;
  identity_pool_id: string;
  operation: 'replace' | 'remove';
  device_id: string | null;
  payload: SyncEvent['payload'];
  created_at: Date;
  sync_count: string;
  attempts: number;
}

/**
 * Takes the oldest event of each dataset that has one due, skipping what others hold (S54). As long as it is neither
 * completed nor buried, later events of its dataset are claimed by nobody, which keeps them in order.
 */
export const claimEvents = async (
  ctx: Context,
  { consumer, limit, leaseMs }: Claim,
): Promise<ClaimedEvent[]> => {
  const now = ctx.now();
  const answer: [EventRow[], number] = await ctx.db.query(
    `UPDATE sync_events e SET attempts = e.attempts + 1, next_attempt_at = $3
       FROM (
         SELECT c.identity_id, c.dataset_name, c.consumer, c.sync_count FROM sync_events c
          WHERE c.consumer = $1 AND NOT c.is_dead AND c.next_attempt_at <= $2 AND NOT EXISTS (
            SELECT 1 FROM sync_events b
             WHERE b.identity_id = c.identity_id AND b.dataset_name = c.dataset_name AND b.consumer = c.consumer
               AND b.sync_count < c.sync_count AND NOT b.is_dead)
          ORDER BY c.next_attempt_at LIMIT $4
          FOR UPDATE SKIP LOCKED) due
      WHERE e.identity_id = due.identity_id AND e.dataset_name = due.dataset_name AND e.consumer = due.consumer
        AND e.sync_count = due.sync_count
      RETURNING e.identity_id, e.dataset_name, e.consumer, e.identity_pool_id, e.operation, e.device_id, e.payload,
                e.created_at, e.sync_count, e.attempts`,
    [consumer, now, new Date(now.getTime() + leaseMs), limit],
  );
  return answer[0].map(toClaimedEvent);
};

/** A row as an event to deliver. */
export const toClaimedEvent = (row: EventRow): ClaimedEvent => ({
  identityId: row.identity_id,
  datasetName: row.dataset_name,
  consumer: row.consumer,
  identityPoolId: row.identity_pool_id,
  operation: row.operation,
  deviceId: row.device_id,
  payload: row.payload,
  createdAt: row.created_at,
  syncCount: Number(row.sync_count),
  attempts: row.attempts,
});

const AT_KEY = 'identity_id = $1 AND dataset_name = $2 AND consumer = $3 AND sync_count = $4';

const keyOf = ({ identityId, datasetName, consumer, syncCount }: ClaimedEvent): unknown[] => [
  identityId,
  datasetName,
  consumer,
  syncCount,
];

/** It was delivered. */
export const completeEvent = async (ctx: Context, event: ClaimedEvent): Promise<void> => {
  await ctx.db.query(`DELETE FROM sync_events WHERE ${AT_KEY}`, keyOf(event));
};

/** It was not delivered, for `failure`, a clause without secrets; it is due again at `at`. */
export const postponeEvent = async (
  ctx: Context,
  event: ClaimedEvent,
  { at, failure }: { at: Date; failure: string },
): Promise<void> => {
  await ctx.db.query(`UPDATE sync_events SET next_attempt_at = $5, failure = $6 WHERE ${AT_KEY}`, [
    ...keyOf(event),
    at,
    failure,
  ]);
};

/** It is given up and kept for an administrator to look at; what comes after it goes on. */
export const buryEvent = async (ctx: Context, event: ClaimedEvent, failure: string): Promise<void> => {
  await ctx.db.query(
    `UPDATE sync_events SET is_dead = true, failure = $5, next_attempt_at = $6 WHERE ${AT_KEY}`,
    [...keyOf(event), failure, ctx.now()],
  );
};
