import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { authorizedPool } from '../identity-pools/identity-pool.service';
import { LIMITS } from '../protocol/limits';
import { parse, regionalId } from '../validate';
import { DAY_MS, dayOf } from '../utc-day';
import { ALL } from './count-identities';

const DEFAULT_DAYS = 30;

const day = z.string().refine(isDay, 'must be a day of the calendar, such as 2027-03-01');

function isDay(value: string): boolean {
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)) && dayAfter(value, 0) === value
  );
}

function dayAfter(start: string, days: number): string {
  return dayOf(new Date(Date.parse(start) + days * DAY_MS));
}

const poolInput = z.object({ identityPoolId: regionalId });

/** Identities of a pool that have a login of a provider. */
export interface ProviderIdentities {
  provider: string;
  identities: number;
}

/** How many identities a pool has. Disabled ones do not count. */
export interface IdentityPoolAnalytics {
  totalIdentities: number;
  /** By name, without those that no identity has any more. */
  providers: ProviderIdentities[];
}

/**
 * How many identities a pool has, in total and by provider (GetIdentityPoolAnalytics), from counters that are kept with
 * every change.
 * @throws RESOURCE_NOT_FOUND
 */
export const getIdentityPoolAnalytics = async (
  ctx: Context,
  input: z.input<typeof poolInput>,
): Promise<IdentityPoolAnalytics> => {
  const { identityPoolId } = parse(poolInput, input);
  await authorizedPool(ctx, 'cognito-identity:GetIdentityPoolAnalytics', identityPoolId);
  const rows = (await ctx.db.query(
    `SELECT provider, sum(created) - sum(removed) AS identities FROM identity_counts WHERE identity_pool_id = $1
     GROUP BY provider HAVING sum(created) <> sum(removed) ORDER BY provider`,
    [identityPoolId],
  )) as { provider: string; identities: string }[];
  const counts = rows.map(({ provider, identities }) => ({ provider, identities: Number(identities) }));
  return {
    totalIdentities: counts.find(({ provider }) => provider === ALL)?.identities ?? 0,
    providers: counts.filter(({ provider }) => provider !== ALL),
  };
};

/** One day of a pool, or of one of its providers. */
export interface DayCount {
  newIdentities: number;
  /** At the end of the day. */
  totalIdentities: number;
}

/** One day of a pool. */
export interface AnalyticsDay extends DayCount {
  identityPoolId: string;
  /** `YYYY-MM-DD`, in UTC. */
  day: string;
  /** For `getIdentityProviderDailyAnalytics`, which asks for permission. */
  byProvider: ({ provider: string } & DayCount)[];
}

const daysInput = poolInput.extend({ from: day.nullish(), to: day.nullish() });

export type DailyAnalyticsInput = z.input<typeof daysInput>;

/**
 * New identities and their total on each day (GetIdentityPoolDailyAnalytics), in UTC: at most 366 days; the last 30
 * when left out; none after today.
 * @throws INVALID_PARAMETER, RESOURCE_NOT_FOUND.
 */
export const getIdentityPoolDailyAnalytics = async (
  ctx: Context,
  input: DailyAnalyticsInput,
): Promise<AnalyticsDay[]> => {
  const given = parse(daysInput, input);
  await authorizedPool(ctx, 'cognito-identity:GetIdentityPoolDailyAnalytics', given.identityPoolId);
  const days = daysBetween(dayOf(ctx.now()), given);
  const [first, last] = [days[0], days.at(-1)];
  if (first === undefined || last === undefined) return [];
  return addUp(given.identityPoolId, days, await changesOf(ctx, given.identityPoolId, first, last));
};

const daysBetween = (
  today: string,
  { from, to }: Omit<z.infer<typeof daysInput>, 'identityPoolId'>,
): string[] => {
  const end = to ?? today;
  const start = from ?? dayAfter(end, 1 - DEFAULT_DAYS);
  const count = (Date.parse(end) - Date.parse(start)) / DAY_MS + 1;
  if (count < 1) throw invalidParameter('from must not be after to', { field: 'from' });
  if (count > LIMITS.analyticsDays)
    throw invalidParameter(`from and to must name at most ${LIMITS.analyticsDays} days in all`, {
      field: 'from',
      limit: LIMITS.analyticsDays,
    });
  return Array.from({ length: count }, (_, index) => dayAfter(start, index)).filter((each) => each <= today);
};

/** What changed on a day; what changed before the first of them has the day ''. */
interface Change {
  day: string;
  provider: string;
  created: number;
  removed: number;
}

const changesOf = async (
  ctx: Context,
  identityPoolId: string,
  first: string,
  last: string,
): Promise<Change[]> => {
  const rows = (await ctx.db.query(
    `SELECT CASE WHEN day < $2 THEN '' ELSE day END AS on_day, provider, sum(created) AS created,
       sum(removed) AS removed
     FROM identity_counts WHERE identity_pool_id = $1 AND day <= $3 GROUP BY on_day, provider ORDER BY provider`,
    [identityPoolId, first, last],
  )) as Record<'on_day' | 'provider' | 'created' | 'removed', string>[];
  return rows.map(({ on_day, provider, created, removed }) => ({
    day: on_day,
    provider,
    created: Number(created),
    removed: Number(removed),
  }));
};

const addUp = (identityPoolId: string, days: string[], changes: Change[]): AnalyticsDay[] => {
  const totals = new Map([...new Set(changes.map(({ provider }) => provider))].map((each) => [each, 0]));
  const created = new Map<string, number>();
  const pass = (on: string): void => {
    created.clear();
    for (const change of changes.filter((each) => each.day === on)) {
      created.set(change.provider, change.created);
      totals.set(change.provider, (totals.get(change.provider) ?? 0) + change.created - change.removed);
    }
  };
  const countOf = (provider: string): DayCount => ({
    newIdentities: created.get(provider) ?? 0,
    totalIdentities: totals.get(provider) ?? 0,
  });
  pass('');
  return days.map((on) => {
    pass(on);
    const providers = [...totals.keys()].filter((provider) => provider !== ALL);
    const byProvider = providers.map((provider) => ({ provider, ...countOf(provider) }));
    return { identityPoolId, day: on, ...countOf(ALL), byProvider };
  });
};

/**
 * The providers of a day by name (GetIdentityProviderDailyAnalytics): every one that an identity of the pool ever had
 * until the last of the days.
 * @throws RESOURCE_NOT_FOUND
 */
export const getIdentityProviderDailyAnalytics = async (
  ctx: Context,
  { identityPoolId, byProvider }: AnalyticsDay,
): Promise<AnalyticsDay['byProvider']> => {
  await authorizedPool(ctx, 'cognito-identity:GetIdentityProviderDailyAnalytics', identityPoolId);
  return byProvider;
};
