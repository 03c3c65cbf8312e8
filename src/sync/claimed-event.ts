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

/** It is given up and kept for an administrator to look at; what comes after it goes on. */
export const buryEvent = async (ctx: Context, event: ClaimedEvent, failure: string): Promise<void> => {
  await ctx.db.query(
    `UPDATE sync_events SET is_dead = true, failure = $5, next_attempt_at = $6 WHERE ${AT_KEY}`,
    [...keyOf(event), failure, ctx.now()],
  );
};
