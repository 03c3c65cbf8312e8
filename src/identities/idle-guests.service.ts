import { In } from 'typeorm';
import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { invalidParameter } from '../errors';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { LIMITS } from '../protocol/limits';
import { forgetOwner } from '../sync/forget-owner';
import { parse, regionalId } from '../validate';
import { recordCounts } from './count-identities';
import { rememberDeleted } from './deleted-identities';
import { Identity } from './identity.entity';
import { ACTIVITY_PRECISION_MS } from './mark-active';

const BATCH = 100;
const DEFAULT_FIRST = 1000;
const MAX_FIRST = 10_000;
/** A dry run counts no further: more takes too long and changes nobody's mind. */
const MAX_COUNT = 1_000_000;
/** Longer than any credentials last, so that no guest is idle whose session is not over. */
const MIN_IDLE_MS = 24 * 3_600_000;

/** What becomes of idle guests: gone with their data, or disabled with their data kept. */
export type IdleGuestMode = 'delete' | 'disable';

const input = z.object({
  identityPoolId: regionalId,
  idleSince: z.date(),
  dryRun: z.boolean().nullish(),
  mode: z.enum(['delete', 'disable']).nullish(),
  first: z.int().min(1).max(MAX_FIRST).nullish(),
});

export type DeleteIdleGuestsInput = z.input<typeof input>;

/** What was done, or in a dry run what there is to do. */
export interface IdleGuestsOutcome {
  dryRun: boolean;
  /** Guests that were deleted or disabled; in a dry run all that would be, counted up to 1,000,000. */
  count: number;
  /** Up to 60 of them, the longest idle first. */
  identityIds: string[];
  /** Whether the call left idle guests, or in a dry run would leave some. */
  hasMore: boolean;
}

interface Run {
  pool: IdentityPool;
  idleSince: Date;
  mode: IdleGuestMode;
  first: number;
}

const ACTION = 'cognito-identity:DeleteIdleGuests';

/**
 * Deletes guests that got no credentials and whose datasets did not change since a time at least a day ago, or disables
 * them. A dry run unless told otherwise: it counts and does nothing. Otherwise up to `first` (1 to 10,000; 1,000 when
 * left out), the longest idle first, in transactions of 100: call again while there are more. Identities that ever
 * signed in, or were merged, are never touched; nor is a guest that is signing in or becoming active at this moment.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER.
 */
export const deleteIdleGuests = async (
  ctx: Context,
  request: DeleteIdleGuestsInput,
): Promise<IdleGuestsOutcome> => {
  const given = parse(input, request);
  const pool = await authorizedPool(ctx, ACTION, given.identityPoolId);
  if (ctx.now().getTime() - given.idleSince.getTime() < MIN_IDLE_MS)
    throw invalidParameter('idleSince must be at least 24 hours ago', { field: 'idleSince' });
  const run: Run = {
    pool,
    idleSince: given.idleSince,
    mode: given.mode ?? 'delete',
    first: given.first ?? DEFAULT_FIRST,
  };
  return given.dryRun === false ? sweep(ctx, run) : rehearse(ctx, run);
};

/**
 * A guest of the pool ($1) whose last credentials are from before idleSince for sure ($2, an hour earlier), and whose
 * datasets did not change since ($3). Disabled guests are still to be deleted, but not to be disabled again ($4).
 */
const IS_IDLE = `i.identity_pool_id = $1 AND NOT i.is_authenticated AND i.merged_into IS NULL
  AND i.last_active_at <= $2 AND (i.disabled_at IS NULL OR $4)
  AND NOT EXISTS (SELECT 1 FROM datasets d WHERE d.identity_id = i.identity_id AND d.last_modified_at >= $3)`;

const parametersOf = ({ pool, idleSince, mode }: Run): unknown[] => [
  pool.id,
  new Date(idleSince.getTime() - ACTIVITY_PRECISION_MS),
  idleSince,
  mode === 'delete',
];

const rehearse = async (ctx: Context, run: Run): Promise<IdleGuestsOutcome> => {
  const [row] = (await ctx.db.query(
    `SELECT count(*)::int AS count FROM (SELECT 1 FROM identities i WHERE ${IS_IDLE} LIMIT ${MAX_COUNT}) AS idle`,
    parametersOf(run),
  )) as [{ count: number }];
  const identityIds = await idleIds(ctx, run, [], LIMITS.listPage);
  return { dryRun: true, count: row.count, identityIds, hasMore: row.count > run.first };
};

/** Ids of guests that look idle, the longest idle first, without those that this call came across before. */
const idleIds = async (ctx: Context, run: Run, seen: string[], limit: number): Promise<string[]> => {
  const rows = (await ctx.db.query(
    `SELECT i.identity_id FROM identities i WHERE ${IS_IDLE} AND i.identity_id <> ALL ($5)
     ORDER BY i.last_active_at, i.identity_id LIMIT $6`,
    [...parametersOf(run), seen, limit],
  )) as { identity_id: string }[];
  return rows.map((row) => row.identity_id);
};

const sweep = async (ctx: Context, run: Run): Promise<IdleGuestsOutcome> => {
  const done: string[] = [];
  const skipped: string[] = [];
  for (;;) {
    const left = run.first - done.length;
    const ids = await idleIds(ctx, run, skipped, Math.max(1, Math.min(BATCH, left)));
    if (ids.length === 0 || left === 0)
      return {
        dryRun: false,
        count: done.length,
        identityIds: done.slice(0, LIMITS.listPage),
        hasMore: ids.length > 0,
      };
    const swept = new Set(await inTransaction(ctx, (tx) => sweepBatch(tx, run, ids)));
    done.push(...ids.filter((id) => swept.has(id)));
    skipped.push(...ids.filter((id) => !swept.has(id)));
  }
};

const sweepBatch = async (tx: Context, run: Run, ids: string[]): Promise<string[]> => {
  const guests = await lockIdle(tx, run, ids);
  const swept = guests.map((guest) => guest.id);
  if (swept.length === 0) return [];
  if (run.mode === 'delete') await erase(tx, swept);
  else await tx.db.update(Identity, { id: In(swept) }, { disabledAt: tx.now(), lastModifiedAt: tx.now() });
  await recordPoolChange(tx, ACTION, run.pool, {
    mode: run.mode,
    idleSince: run.idleSince.toISOString(),
    identityIds: swept,
  });
  const counted = guests.map(({ isDisabled }) => ({ isDisabled, logins: [] }));
  await recordCounts(tx, run.pool.id, counted, []);
  return swept;
};

const erase = async (tx: Context, identityIds: string[]): Promise<void> => {
  await forgetOwner(tx, identityIds);
  await tx.db.delete(Identity, { id: In(identityIds) });
  await rememberDeleted(tx, identityIds);
};

interface IdleGuest {
  id: string;
  isDisabled: boolean;
}

/**
 * Asks again under lock. Whoever holds a lock on a guest is about to link a login to it, to note that it is active, or
 * to make a dataset of it, so it is passed over. Then its datasets are locked: one may just have been written.
 */
const lockIdle = async (tx: Context, run: Run, ids: string[]): Promise<IdleGuest[]> => {
  const rows = (await tx.db.query(
    `SELECT i.identity_id, i.disabled_at FROM identities i WHERE ${IS_IDLE} AND i.identity_id = ANY ($5)
     ORDER BY i.identity_id FOR UPDATE OF i SKIP LOCKED`,
    [...parametersOf(run), ids],
  )) as { identity_id: string; disabled_at: Date | null }[];
  const written = (await tx.db.query(
    `SELECT identity_id, last_modified_at FROM datasets WHERE identity_id = ANY ($1)
     ORDER BY identity_id, dataset_name FOR UPDATE`,
    [rows.map((row) => row.identity_id)],
  )) as { identity_id: string; last_modified_at: Date }[];
  const active = new Set(
    written.filter((row) => row.last_modified_at >= run.idleSince).map((row) => row.identity_id),
  );
  return rows
    .filter((row) => !active.has(row.identity_id))
    .map((row) => ({ id: row.identity_id, isDisabled: row.disabled_at !== null }));
};
