import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { syncIdentityArn, syncPoolArn } from '../ids';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { LIMITS } from '../protocol/limits';
import { DAY_MS, dayOf } from '../utc-day';
import { parse, regionalId } from '../validate';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool } from '../identity-pools/identity-pool.service';
import { visibleOwner } from './dataset-owner';

const identityInput = identityPoolIdInput.extend({ identityId: regionalId });

/** What an identity holds. */
export interface IdentityUsage {
  identityId: string;
  identityPoolId: string;
  /** When one of its datasets was written or deleted last; null when it never had one. */
  lastModifiedDate: Date | null;
  /** Live datasets. */
  datasetCount: number;
  /** Bytes of UTF-8 in the keys and values of all of its live records. */
  dataStorage: number;
}

interface IdentityRow {
  is_disabled: boolean;
  last_modified_at: Date | null;
  datasets: number;
  bytes: string;
}

/** What an identity holds: cognito-sync:DescribeIdentityUsage. @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED */
export const describeIdentityUsage = async (
  ctx: Context,
  request: z.input<typeof identityInput>,
): Promise<IdentityUsage> => {
  const owner = parse(identityInput, request);
  const { identityPoolId, identityId } = owner;
  const arn = syncIdentityArn(ctx.config, identityPoolId, identityId);
  authorize(ctx, 'cognito-sync:DescribeIdentityUsage', { arn, owner });
  const rows: IdentityRow[] = await ctx.db.query(
    `SELECT i.disabled_at IS NOT NULL AS is_disabled, held.*
       FROM identities i CROSS JOIN LATERAL (
         SELECT max(d.last_modified_at) AS last_modified_at,
                (count(*) FILTER (WHERE NOT d.is_deleted))::int AS datasets, coalesce(sum(d.data_storage), 0) AS bytes
           FROM datasets d WHERE d.identity_id = i.identity_id) held
      WHERE i.identity_pool_id = $1 AND i.identity_id = $2`,
    [identityPoolId, identityId],
  );
  const row = visibleOwner(ctx, identityId, rows[0]);
  return {
    ...owner,
    lastModifiedDate: row.last_modified_at,
    datasetCount: row.datasets,
    dataStorage: Number(row.bytes),
  };
};

/** What all datasets of a pool hold. */
export interface IdentityPoolUsage {
  identityPoolId: string;
  /** Sync sessions that ever began (S33), up to some seconds ago; null when none did. */
  syncSessionsCount: number | null;
  /** Bytes of UTF-8 in the keys and values of all live records, exactly (S55). */
  dataStorage: number;
  /** When a dataset was written or deleted last; null when there never was one. */
  lastModifiedDate: Date | null;
}

interface PoolRow {
  identity_pool_id: string;
  sessions: string | null;
  bytes: string | null;
  last_modified_at: Date | null;
}

/** What all datasets of a pool hold: cognito-sync:DescribeIdentityPoolUsage. @throws RESOURCE_NOT_FOUND */
export const describeIdentityPoolUsage = async (
  ctx: Context,
  request: z.input<typeof identityPoolIdInput>,
): Promise<IdentityPoolUsage> => {
  const { identityPoolId } = parse(identityPoolIdInput, request);
  await authorizedPool(ctx, 'cognito-sync:DescribeIdentityPoolUsage', identityPoolId);
  const [usage] = await readPools(ctx, 'p.identity_pool_id = $1', [identityPoolId]);
  return usage ?? { identityPoolId, syncSessionsCount: null, dataStorage: 0, lastModifiedDate: null };
};

/** What the datasets of each pool hold, by the pools' ids: cognito-sync:ListIdentityPoolUsage. */
export const listIdentityPoolUsage = async (
  ctx: Context,
  request: z.input<typeof pageRequest>,
): Promise<Page<IdentityPoolUsage>> => {
  const { first, after } = parse(pageRequest, request);
  // Every pool is in the answer, so every pool is asked for.
  authorize(ctx, 'cognito-sync:ListIdentityPoolUsage', { arn: syncPoolArn(ctx.config, '*') });
  const page = 'p.identity_pool_id > $1 ORDER BY p.identity_pool_id LIMIT $2';
  const pools = await readPools(ctx, page, [decodeCursor(after), first + 1]);
  return toPage(pools, first, (pool) => pool.identityPoolId);
};

const readPools = async (
  ctx: Context,
  condition: string,
  parameters: unknown[],
): Promise<IdentityPoolUsage[]> => {
  const rows: PoolRow[] = await ctx.db.query(
    `SELECT p.identity_pool_id, held.bytes, held.last_modified_at, begun.sessions
       FROM identity_pools p
       CROSS JOIN LATERAL (
         SELECT sum(u.data_storage) AS bytes, max(u.last_modified_at) AS last_modified_at
           FROM pool_usage u WHERE u.identity_pool_id = p.identity_pool_id) held
       CROSS JOIN LATERAL (
         SELECT sum(c.sessions) AS sessions
           FROM sync_session_counts c WHERE c.identity_pool_id = p.identity_pool_id) begun
      WHERE p.deleted_at IS NULL AND ${condition}`,
    parameters,
  );
  return rows.map((row) => ({
    identityPoolId: row.identity_pool_id,
    syncSessionsCount: row.sessions === null ? null : Number(row.sessions),
    dataStorage: Number(row.bytes ?? 0),
    lastModifiedDate: row.last_modified_at,
  }));
};

/** The sync sessions of a pool on a day. */
export interface SyncSessionDay {
  /** `YYYY-MM-DD`, in UTC. */
  day: string;
  /** Sessions that began on it. */
  syncSessions: number;
}

const daysInput = identityPoolIdInput.extend({ days: z.int().min(1).max(LIMITS.analyticsDays).nullish() });

const DEFAULT_DAYS = 30;

/**
 * The sync sessions of a pool on each of the last days, today the last, in UTC: 1 to 366 days, 30 when left out:
 * cognito-sync:DescribeIdentityPoolUsage.
 * @throws RESOURCE_NOT_FOUND
 */
export const listSyncSessions = async (
  ctx: Context,
  request: z.input<typeof daysInput>,
): Promise<SyncSessionDay[]> => {
  const { identityPoolId, days } = parse(daysInput, request);
  await authorizedPool(ctx, 'cognito-sync:DescribeIdentityPoolUsage', identityPoolId);
  const named = lastDays(ctx.now(), days ?? DEFAULT_DAYS);
  const rows: { day: string; sessions: string }[] = await ctx.db.query(
    `SELECT day, sum(sessions) AS sessions FROM sync_session_counts
      WHERE identity_pool_id = $1 AND day >= $2 GROUP BY day`,
    [identityPoolId, named[0]],
  );
  const counts = new Map(rows.map(({ day, sessions }) => [day, Number(sessions)]));
  return named.map((day) => ({ day, syncSessions: counts.get(day) ?? 0 }));
};

const lastDays = (now: Date, count: number): string[] =>
  Array.from({ length: count }, (_, at) => dayOf(new Date(now.getTime() - (count - 1 - at) * DAY_MS)));
