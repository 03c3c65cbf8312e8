import { randomInt } from 'node:crypto';
import type { Context } from '../context';
import { DAY_MS, dayOf } from '../utc-day';
import type { Identity } from './identity.entity';

/** What of an identity is counted. */
export interface CountedIdentity {
  isDisabled: boolean;
  logins: { provider: string }[];
  /** Those of imported identities of which only the provider's name is known: they count like the others. */
  unproven?: { provider: string }[];
}

/** How a count changes. */
export interface CountChange {
  /** '' for all identities. */
  provider: string;
  created: number;
  removed: number;
}

/** The count of all identities of a pool, beside those of its providers. */
export const ALL = '';

/** Rows that one count is spread over. */
const SHARDS = 16;

/** A disabled identity counts nowhere; others count once in all, and once for each provider they have a login of. */
const countsOf = ({ isDisabled, logins, unproven = [] }: CountedIdentity): string[] =>
  isDisabled ? [] : [...new Set([ALL, ...[...logins, ...unproven].map((login) => login.provider)])];

const tally = (identities: CountedIdentity[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of identities.flatMap(countsOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

/**
 * How the counts change when the identities of before become those of after. Only the difference counts: of two
 * identities that merge one is removed, and a login that moves is neither new nor gone.
 */
export const countChanges = (before: CountedIdentity[], after: CountedIdentity[]): CountChange[] => {
  const [old, now] = [tally(before), tally(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((provider) => ({ provider, difference: (now.get(provider) ?? 0) - (old.get(provider) ?? 0) }))
    .filter(({ difference }) => difference !== 0)
    .map(({ provider, difference }) => ({
      provider,
      created: Math.max(difference, 0),
      removed: Math.max(-difference, 0),
    }));
};

/**
 * Keeps the counters of a pool: call it once in each transaction that makes, changes or removes identities, last,
 * because the rows stay locked until it commits.
 */
export const recordCounts = async (
  tx: Context,
  identityPoolId: string,
  before: CountedIdentity[],
  after: CountedIdentity[],
): Promise<void> => {
  const changes = countChanges(before, after);
  if (changes.length === 0) return;
  await tx.db.query(
    `INSERT INTO identity_counts AS c (identity_pool_id, day, provider, shard, created, removed)
     SELECT $1, $2, provider, $3::integer, created, removed
       FROM unnest($4::text[], $5::bigint[], $6::bigint[]) AS change (provider, created, removed) ORDER BY provider
     ON CONFLICT (identity_pool_id, day, provider, shard) DO UPDATE
       SET created = c.created + excluded.created, removed = c.removed + excluded.removed`,
    [
      identityPoolId,
      dayOf(tx.now()),
      randomInt(SHARDS),
      changes.map((change) => change.provider),
      changes.map((change) => change.created),
      changes.map((change) => change.removed),
    ],
  );
};

/** Stores a new guest and counts it, in one statement: the busiest of all operations. */
export const insertGuest = async (ctx: Context, guest: Identity): Promise<void> => {
  await ctx.db.query(
    `WITH counted AS (
       INSERT INTO identity_counts AS c (identity_pool_id, day, provider, shard, created, removed)
       VALUES ($2, $6, '', $7, 1, 0)
       ON CONFLICT (identity_pool_id, day, provider, shard) DO UPDATE SET created = c.created + 1)
     INSERT INTO identities (
       identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
     VALUES ($1, $2, false, $3, $4, $5)`,
    [
      guest.id,
      guest.identityPoolId,
      guest.lastActiveAt,
      guest.createdAt,
      guest.lastModifiedAt,
      dayOf(guest.createdAt),
      randomInt(SHARDS),
    ],
  );
};

const FOLDED_AT_ONCE = 5000;

/**
 * Adds the shards of past days up into one row each, so that years of a pool are read in no time. Answers how many
 * rows it did away with. A change that comes late makes a new row, which is folded next time. Rows are written in the
 * order of their keys: two nodes that fold at once would wait for each other otherwise.
 */
export const foldIdentityCounts = async (ctx: Context): Promise<number> => {
  const [row] = (await ctx.db.query(
    `WITH past AS (
       SELECT identity_pool_id, day, provider, shard FROM identity_counts
       WHERE shard <> 0 AND day < $1 LIMIT ${FOLDED_AT_ONCE} FOR UPDATE SKIP LOCKED),
     gone AS (
       DELETE FROM identity_counts c USING past p
       WHERE c.identity_pool_id = p.identity_pool_id AND c.day = p.day AND c.provider = p.provider
         AND c.shard = p.shard
       RETURNING c.*),
     folded AS (
       INSERT INTO identity_counts AS c (identity_pool_id, day, provider, shard, created, removed)
       SELECT identity_pool_id, day, provider, 0, sum(created), sum(removed) FROM gone
       GROUP BY identity_pool_id, day, provider ORDER BY identity_pool_id, day, provider
       ON CONFLICT (identity_pool_id, day, provider, shard) DO UPDATE
         SET created = c.created + excluded.created, removed = c.removed + excluded.removed)
     SELECT count(*)::int AS count FROM gone`,
    [dayOf(new Date(ctx.now().getTime() - 2 * DAY_MS))],
  )) as [{ count: number }];
  return row.count;
};
