import { randomInt } from 'node:crypto';
import type { DataSource } from 'typeorm';
import { dataSourceOf, type Context } from '../context';
import { DAY_MS, dayOf } from '../utc-day';

/** Rows that the sessions of a pool on one day are spread over. */
const SHARDS = 16;
const EVERY_MS = 5_000;

/** Sessions that began on this node and are not in the database yet. */
interface Uncounted {
  /** The row that this node counts in, so that nodes seldom wait for each other. */
  shard: number;
  /** By pool and day: `POOL YYYY-MM-DD`. */
  sessions: Map<string, number>;
}

const uncounted = new WeakMap<DataSource, Uncounted>();

const uncountedOf = (ctx: Context): Uncounted => {
  const dataSource = dataSourceOf(ctx);
  const known = uncounted.get(dataSource) ?? {
    shard: randomInt(SHARDS),
    sessions: new Map<string, number>(),
  };
  uncounted.set(dataSource, known);
  return known;
};

const add = ({ sessions }: Uncounted, key: string, count: number): void => {
  sessions.set(key, (sessions.get(key) ?? 0) + count);
};

/**
 * Counts a sync session of the pool on this day, in UTC (S33). It takes no time of the caller's: the node remembers it
 * and writes it within seconds, so that a crash loses the last of them.
 */
export const countSyncSession = (ctx: Context, identityPoolId: string): void =>
  add(uncountedOf(ctx), `${identityPoolId} ${dayOf(ctx.now())}`, 1);

/** Writes the sessions that began since the last time; they are kept for the next time when that fails. */
export const writeSyncSessions = async (ctx: Context): Promise<void> => {
  const { shard, sessions } = uncountedOf(ctx);
  if (sessions.size === 0) return;
  const written = [...sessions].sort(([a], [b]) => (a < b ? -1 : 1));
  sessions.clear();
  try {
    await insertSessions(ctx, shard, written);
  } catch (error) {
    for (const [key, count] of written) add(uncountedOf(ctx), key, count);
    throw error;
  }
};

/** In the order of their keys, as every statement that locks several of these rows. Pools that are gone are left out. */
const insertSessions = async (ctx: Context, shard: number, sessions: [string, number][]): Promise<void> => {
  const [pools, days] = [0, 1].map((at) => sessions.map(([key]) => key.split(' ')[at]));
  await ctx.db.query(
    `INSERT INTO sync_session_counts AS c (identity_pool_id, day, shard, sessions)
     SELECT s.identity_pool_id, s.day, $1::integer, s.sessions
       FROM unnest($2::text[], $3::text[], $4::bigint[]) AS s (identity_pool_id, day, sessions)
       JOIN identity_pools p ON p.identity_pool_id = s.identity_pool_id
      ORDER BY s.identity_pool_id, s.day
     ON CONFLICT (identity_pool_id, day, shard) DO UPDATE SET sessions = c.sessions + excluded.sessions`,
    [shard, pools, days, sessions.map(([, count]) => count)],
  );
};

/** Writes the sessions of this node every 5 seconds, and what is left at `stop`. */
export const startCountingSessions = (ctx: Context): { stop: () => Promise<void> } => {
  let writing: Promise<void> = Promise.resolve();
  const write = (): void => {
    writing = writing
      .then(() => writeSyncSessions(ctx))
      .catch((error: unknown) => ctx.log.warn({ err: error }, 'sync sessions could not be counted yet'));
  };
  const timer = setInterval(write, EVERY_MS);
  timer.unref();
  return {
    stop: async () => {
      clearInterval(timer);
      write();
      await writing;
    },
  };
};

const FOLDED_AT_ONCE = 5000;

/** Adds the shards of days that are over up into one row each. Answers how many rows it did away with. */
export const foldSyncSessions = async (ctx: Context): Promise<number> => {
  const rows: { count: number }[] = await ctx.db.query(
    `WITH past AS (
       SELECT identity_pool_id, day, shard FROM sync_session_counts
       WHERE shard <> 0 AND day < $1 LIMIT ${FOLDED_AT_ONCE} FOR UPDATE SKIP LOCKED),
     gone AS (
       DELETE FROM sync_session_counts c USING past p
       WHERE c.identity_pool_id = p.identity_pool_id AND c.day = p.day AND c.shard = p.shard
       RETURNING c.*),
     folded AS (
       INSERT INTO sync_session_counts AS c (identity_pool_id, day, shard, sessions)
       SELECT identity_pool_id, day, 0, sum(sessions) FROM gone
       GROUP BY identity_pool_id, day ORDER BY identity_pool_id, day
       ON CONFLICT (identity_pool_id, day, shard) DO UPDATE SET sessions = c.sessions + excluded.sessions)
     SELECT count(*)::int AS count FROM gone`,
    [dayOf(new Date(ctx.now().getTime() - 2 * DAY_MS))],
  );
  return rows[0]?.count ?? 0;
};
