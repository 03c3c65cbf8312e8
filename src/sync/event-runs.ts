import type { Context } from '../context';
import { toClaimedEvent, type ClaimedEvent, type EventRow } from './claimed-event';
import type { SyncEventConsumer } from './sync-event.entity';

/** An event in a run of its dataset's. `attempts` is 0 for one that was never the first of a run. */
export interface RunEvent extends ClaimedEvent {
  /** When an administrator put it back in line. */
  retriedAt: Date | null;
}

/** How much to claim of a pool. */
export interface RunClaim {
  consumer: SyncEventConsumer;
  identityPoolId: string;
  /** Datasets at most. */
  datasets: number;
  /** Events of each at most. */
  eventsPerDataset: number;
  /** Bytes of records that are read at most, but one event is always read. */
  maxBytes: number;
  /** Milliseconds after which somebody else may deliver what was claimed; see `renewLeases`. */
  leaseMs: number;
}

/**
 * Takes the oldest events of datasets of a pool that have one due, several of each in the order of their counts (S54). The
 * lease is on the first of each dataset, and as long as that is neither completed nor buried nobody claims the others.
 * Answers the events of one dataset behind each other.
 */
export const claimRuns = async (ctx: Context, claim: RunClaim): Promise<RunEvent[]> => {
  const heads = await claimHeads(ctx, claim);
  if (heads.length === 0) return [];
  const events = await readRuns(ctx, claim, heads);
  const read = new Set(events.map(datasetKey));
  const left = heads.filter((head) => !read.has(datasetKey(head)));
  if (left.length > 0) await releaseHeads(ctx, claim.consumer, left);
  return events;
};

/** What tells datasets apart. */
export const datasetKey = ({ identityId, datasetName }: DatasetOfRun): string =>
  `${identityId}/${datasetName}`;

interface DatasetOfRun {
  identityId: string;
  datasetName: string;
}

interface Head extends DatasetOfRun {
  syncCount: string;
}

const claimHeads = async (
  ctx: Context,
  { consumer, identityPoolId, datasets, leaseMs }: RunClaim,
): Promise<Head[]> => {
  const now = ctx.now();
  const answer: [Head[], number] = await ctx.db.query(
    `UPDATE sync_events e SET attempts = e.attempts + 1, next_attempt_at = $4
       FROM (
         SELECT c.identity_id, c.dataset_name, c.consumer, c.sync_count FROM sync_events c
          WHERE c.identity_pool_id = $1 AND c.consumer = $2 AND NOT c.is_dead AND c.next_attempt_at <= $3
            AND NOT EXISTS (
              SELECT 1 FROM sync_events b
               WHERE b.identity_id = c.identity_id AND b.dataset_name = c.dataset_name AND b.consumer = c.consumer
                 AND b.sync_count < c.sync_count AND NOT b.is_dead)
          ORDER BY c.next_attempt_at LIMIT $5
          FOR UPDATE SKIP LOCKED) due
      WHERE e.identity_id = due.identity_id AND e.dataset_name = due.dataset_name AND e.consumer = due.consumer
        AND e.sync_count = due.sync_count
      RETURNING e.identity_id AS "identityId", e.dataset_name AS "datasetName", e.sync_count AS "syncCount"`,
    [identityPoolId, consumer, now, new Date(now.getTime() + leaseMs), datasets],
  );
  return answer[0];
};

interface RunRow extends EventRow {
  retried_at: Date | null;
}

const readRuns = async (
  ctx: Context,
  { consumer, eventsPerDataset, maxBytes }: RunClaim,
  heads: Head[],
): Promise<RunEvent[]> => {
  const rows: RunRow[] = await ctx.db.query(
    `SELECT * FROM (
       SELECT e.*, h.place, sum(e.bytes) OVER (ORDER BY h.place, e.sync_count) - e.bytes AS bytes_before
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS h(identity_id, dataset_name, place)
         JOIN LATERAL (
           SELECT c.*, coalesce(octet_length(c.payload::text), 0) AS bytes FROM sync_events c
            WHERE c.identity_id = h.identity_id AND c.dataset_name = h.dataset_name AND c.consumer = $3 AND NOT c.is_dead
            ORDER BY c.sync_count LIMIT $4) e ON true
     ) run WHERE run.bytes_before < $5 ORDER BY run.place, run.sync_count`,
    [...datasetsOf(heads), consumer, eventsPerDataset, maxBytes],
  );
  return rows.map((row) => ({ ...toClaimedEvent(row), retriedAt: row.retried_at }));
};

const datasetsOf = (events: DatasetOfRun[]): [string[], string[]] => [
  events.map((event) => event.identityId),
  events.map((event) => event.datasetName),
];

/** Gives back what was claimed and not read, as if it had not been. */
const releaseHeads = async (ctx: Context, consumer: SyncEventConsumer, heads: Head[]): Promise<void> => {
  await ctx.db.query(
    `UPDATE sync_events e SET attempts = e.attempts - 1, next_attempt_at = $5 ${FROM_KEYS}`,
    [...datasetsOf(heads), heads.map((head) => head.syncCount), consumer, ctx.now()],
  );
};

/** Rows by identity ($1), dataset ($2), count ($3) and consumer ($4). */
const FROM_KEYS = `FROM unnest($1::text[], $2::text[], $3::bigint[]) AS k(identity_id, dataset_name, sync_count)
  WHERE e.identity_id = k.identity_id AND e.dataset_name = k.dataset_name AND e.sync_count = k.sync_count
    AND e.consumer = $4`;

const keysOf = (events: ClaimedEvent[]): unknown[] => [
  ...datasetsOf(events),
  events.map((event) => event.syncCount),
  events[0]?.consumer,
];

/** The first event of each dataset, which holds the lease. */
export const headsOf = <T extends DatasetOfRun>(events: T[]): T[] => {
  const heads = new Map<string, T>();
  for (const event of events) if (!heads.has(datasetKey(event))) heads.set(datasetKey(event), event);
  return [...heads.values()];
};

/** Holds what was claimed for so many milliseconds more; what somebody else has claimed meanwhile stays theirs. */
export const renewLeases = async (ctx: Context, events: ClaimedEvent[], leaseMs: number): Promise<void> => {
  const heads = headsOf(events);
  await ctx.db.query(
    `UPDATE sync_events e SET next_attempt_at = $6
       FROM unnest($1::text[], $2::text[], $3::bigint[], $5::integer[])
         AS k(identity_id, dataset_name, sync_count, attempts)
      WHERE e.identity_id = k.identity_id AND e.dataset_name = k.dataset_name AND e.sync_count = k.sync_count
        AND e.consumer = $4 AND e.attempts = k.attempts AND NOT e.is_dead`,
    [...keysOf(heads), heads.map((head) => head.attempts), new Date(ctx.now().getTime() + leaseMs)],
  );
};

/** They were delivered. */
export const completeEvents = async (ctx: Context, events: ClaimedEvent[]): Promise<void> => {
  if (events.length === 0) return;
  await ctx.db.query(
    `DELETE FROM sync_events e USING unnest($1::text[], $2::text[], $3::bigint[]) AS k(identity_id, dataset_name, sync_count)
      WHERE e.identity_id = k.identity_id AND e.dataset_name = k.dataset_name AND e.sync_count = k.sync_count
        AND e.consumer = $4`,
    keysOf(events),
  );
};

/** An event that was not delivered. */
export interface Postponed {
  event: ClaimedEvent;
  /** When it is due again. */
  at: Date;
  /** A clause without secrets; null when it was not tried. */
  failure: string | null;
}

/** They were not delivered; what somebody else has claimed meanwhile is theirs and stays as it is. */
export const postponeEvents = async (ctx: Context, postponed: Postponed[]): Promise<void> => {
  if (postponed.length === 0) return;
  const events = postponed.map(({ event }) => event);
  await ctx.db.query(
    `UPDATE sync_events e
        SET next_attempt_at = k.at, failure = coalesce(k.failure, e.failure), attempts = greatest(e.attempts, 1)
       FROM unnest($1::text[], $2::text[], $3::bigint[], $5::integer[], $6::timestamptz[], $7::text[])
         AS k(identity_id, dataset_name, sync_count, attempts, at, failure)
      WHERE e.identity_id = k.identity_id AND e.dataset_name = k.dataset_name AND e.sync_count = k.sync_count
        AND e.consumer = $4 AND e.attempts = k.attempts AND NOT e.is_dead`,
    [
      ...keysOf(events),
      events.map((event) => event.attempts),
      postponed.map(({ at }) => at),
      postponed.map(({ failure }) => failure),
    ],
  );
};

/** Events to be given up. */
export interface Overdue {
  consumer: SyncEventConsumer;
  identityPoolId: string;
  /** Written, or put back in line, at this moment or before. */
  since: Date;
  /** Why, as a clause without secrets, of those that have no reason of their own. */
  failure: string;
  limit: number;
}

/** Gives up what waited too long and is in nobody's hands; answers how many. */
export const buryOverdue = async (
  ctx: Context,
  { consumer, identityPoolId, since, failure, limit }: Overdue,
): Promise<number> => {
  const [, count] = (await ctx.db.query(
    `UPDATE sync_events e SET is_dead = true, failure = coalesce(e.failure, $5), next_attempt_at = $3
       FROM (
         SELECT c.identity_id, c.dataset_name, c.consumer, c.sync_count FROM sync_events c
          WHERE c.identity_pool_id = $1 AND c.consumer = $2 AND NOT c.is_dead AND c.next_attempt_at <= $3
            AND coalesce(c.retried_at, c.created_at) <= $4
          LIMIT $6 FOR UPDATE SKIP LOCKED) due
      WHERE e.identity_id = due.identity_id AND e.dataset_name = due.dataset_name AND e.consumer = due.consumer
        AND e.sync_count = due.sync_count`,
    [identityPoolId, consumer, ctx.now(), since, failure, limit],
  )) as [unknown, number];
  return count;
};
