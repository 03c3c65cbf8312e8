import type { Redis } from 'ioredis';
import type { Pool, QueryResult } from 'pg';
import type { Logger } from 'pino';
import {
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
  type IRateLimiterStoreOptions,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import type { DataSource } from 'typeorm';
import { dataSourceOf, type Context } from '../context';
import { reasonOf } from '../redis/connection';

/** So many calls of each key in so many seconds. */
export interface Window {
  /** What the limit is called; keys of one do not count in another. */
  limit: string;
  points: number;
  duration: number;
}

/** Makes limiters that count in one place. */
export type CounterStore = (window: Window) => RateLimiterAbstract;

/**
 * Where the nodes of an installation count together: Redis when it is configured, PostgreSQL otherwise. A key that has
 * used up its limit is refused from memory until its window ends, so that a flood does not reach the store; while the
 * store is away each node counts for itself.
 */
export const counterStore = (ctx: Context): CounterStore =>
  ctx.redis ? inRedis(ctx.redis, ctx.log) : inPostgres(dataSourceOf(ctx), ctx.log);

/** A statement as the library sends it. */
interface Statement {
  text: string;
  values?: unknown[];
}

/** Without the names of prepared statements, which do not pass a pooler that shares connections. */
const inPostgres = (dataSource: DataSource, log: Logger): CounterStore => {
  const ask = pausing('the database', log, String);
  const storeClient = {
    query: ({ text, values }: Statement): Promise<QueryResult> =>
      ask(() => poolOf(dataSource).query(text, values)),
  };
  return (window) =>
    new RateLimiterPostgres({
      ...insured(window, window.limit),
      storeClient,
      storeType: 'pool',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
    });
};

const poolOf = (dataSource: DataSource): Pool => (dataSource.driver as unknown as { master: Pool }).master;

/** The command that the library defines on a connection: it counts, and gives a new key the end of its window. */
interface CountingRedis extends Redis {
  rlflxIncr(keyAndNumbers: string[]): Promise<unknown>;
}

/** Keys end by themselves with their windows. */
const inRedis = (redis: Redis, log: Logger): CounterStore => {
  const ask = pausing('Redis', log, reasonOf);
  const storeClient = {
    defineCommand: (...definition: Parameters<Redis['defineCommand']>) => redis.defineCommand(...definition),
    rlflxIncr: (keyAndNumbers: string[]) => ask(() => (redis as CountingRedis).rlflxIncr(keyAndNumbers)),
  };
  return (window) => new RateLimiterRedis({ ...insured(window, `rockpool:rl:${window.limit}`), storeClient });
};

const insured = (
  { points, duration }: Window,
  keyPrefix: string,
): Omit<IRateLimiterStoreOptions, 'storeClient'> => ({
  keyPrefix,
  points,
  duration,
  inMemoryBlockOnConsumed: points,
  insuranceLimiter: new RateLimiterMemory({ keyPrefix, points, duration }),
});

/** Milliseconds for which a store that did not answer is not asked again. */
const PAUSE = 1000;

type Ask = <T>(question: () => Promise<T>) => Promise<T>;

/** Asks a store, but not again and again while it is away: calls would be held up by each question. */
const pausing = (store: string, log: Logger, reason: (error: unknown) => string): Ask => {
  let awayUntil = 0;
  return async (question) => {
    if (Date.now() < awayUntil) throw new Error(`${store} was away a moment ago`);
    try {
      return await question();
    } catch (error) {
      // Of the questions that fail together one is told of.
      if (Date.now() >= awayUntil)
        log.warn({ reason: reason(error) }, `calls are counted on this node alone: ${store} is away`);
      awayUntil = Date.now() + PAUSE;
      throw error;
    }
  };
};
