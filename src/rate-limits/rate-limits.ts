import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { DataSource } from 'typeorm';
import type { RateLimits } from '../config';
import { dataSourceOf, isInTransaction, type Context } from '../context';
import { tooManyRequests } from '../errors';
import { counterStore, type CounterStore } from './counter-store';
import { networkOf } from './network';

/** What is counted: the operations that need no credentials, and guests that are made. */
export type Counted =
  | 'assumeRoleWithWebIdentity'
  | 'getCredentialsForIdentity'
  | 'getId'
  | 'getOpenIdToken'
  | 'guests'
  | 'previewMerge'
  | 'unlinkIdentity';

const CREDENTIALS: Counted[] = ['assumeRoleWithWebIdentity', 'getCredentialsForIdentity', 'getOpenIdToken'];

const perIp = (limits: RateLimits, counted: Counted): number =>
  counted === 'guests' ? limits.guestsPerIp : limits.callsPerIp;

const perPool = (limits: RateLimits, counted: Counted): number => {
  if (counted === 'guests') return limits.guestsPerPool;
  return CREDENTIALS.includes(counted) ? limits.credentialsPerPool : limits.identitiesPerPool;
};

/**
 * Counts a call for the address that it came from, an IPv6 one with its whole /64. Make it the first thing of an
 * operation, outside of any transaction, once for each call however many come in one request. The strictest comes
 * first: what is refused by one limit is not counted in those after it. Administrators' back ends, which speak for
 * many, are not counted.
 * @throws TOO_MANY_REQUESTS with `limit`, its `maximum` and `retryAfterSeconds`.
 */
export const limitCaller = async (ctx: Context, ...counted: Counted[]): Promise<void> => {
  const { sourceIp } = ctx.request;
  if (sourceIp === null || ctx.actor.kind === 'administrator') return;
  for (const each of counted)
    await consume(ctx, {
      limit: `${each}PerIp`,
      maximum: perIp(ctx.config.rateLimits, each),
      key: networkOf(sourceIp),
    });
};

/**
 * Counts a call for its pool, which must exist; after `limitCaller`, so that a single address uses up no more than
 * its own share of a pool.
 * @throws TOO_MANY_REQUESTS as `limitCaller` does.
 */
export const limitPool = async (
  ctx: Context,
  identityPoolId: string,
  ...counted: Counted[]
): Promise<void> => {
  for (const each of counted)
    await consume(ctx, {
      limit: `${each}PerPool`,
      maximum: perPool(ctx.config.rateLimits, each),
      key: identityPoolId,
    });
};

interface Count {
  limit: string;
  maximum: number;
  key: string;
}

const consume = async (ctx: Context, { limit, maximum, key }: Count): Promise<void> => {
  if (!ctx.config.rateLimits.enabled) return;
  // The counters have connections of their own: two at once for each call would use up the pool and stand still.
  if (isInTransaction(ctx)) throw new Error(`${limit} must be counted before the transaction`);
  try {
    await limiterOf(ctx, limit, maximum).consume(key);
  } catch (error) {
    throw error instanceof RateLimiterRes ? rateExceeded(limit, maximum, error) : error;
  }
};

const rateExceeded = (limit: string, maximum: number, { msBeforeNext }: RateLimiterRes): Error => {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return tooManyRequests(`Rate exceeded. Send the call again after ${seconds} s.`, seconds, {
    limit,
    maximum,
  });
};

interface Counters {
  newLimiter: CounterStore;
  limiters: Map<string, RateLimiterAbstract>;
}

const countersOfNodes = new WeakMap<DataSource, Counters>();

/** What a node counts with; made with the first call that is counted. */
const countersOf = (ctx: Context): Counters => {
  const dataSource = dataSourceOf(ctx);
  const counters = countersOfNodes.get(dataSource) ?? { newLimiter: counterStore(ctx), limiters: new Map() };
  countersOfNodes.set(dataSource, counters);
  return counters;
};

const limiterOf = (ctx: Context, limit: string, points: number): RateLimiterAbstract => {
  const { newLimiter, limiters } = countersOf(ctx);
  const duration = ctx.config.rateLimits.windowSeconds;
  const limiter = limiters.get(limit) ?? newLimiter({ limit, points, duration });
  limiters.set(limit, limiter);
  return limiter;
};
