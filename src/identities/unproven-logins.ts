import { In, IsNull } from 'typeorm';
import type { Context } from '../context';
import { UnprovenLogin } from './unproven-login.entity';

/** The unproven logins of an identity in the order of their providers' names, without settled ones. */
export const unprovenOf = (ctx: Context, identityId: string): Promise<UnprovenLogin[]> =>
  ctx.db.find(UnprovenLogin, { where: { identityId, settledAt: IsNull() }, order: { provider: 'ASC' } });

/** The providers' names alone. */
export const unprovenProviders = async (ctx: Context, identityId: string): Promise<string[]> =>
  (await unprovenOf(ctx, identityId)).map(({ provider }) => provider);

/** Logins of these providers took their place, or they were unlinked. The identity must be locked. */
export const settleUnproven = async (tx: Context, identityId: string, providers: string[]): Promise<void> => {
  if (providers.length === 0) return;
  await tx.db.update(
    UnprovenLogin,
    { identityId, provider: In(providers), settledAt: IsNull() },
    { settledAt: tx.now() },
  );
};

/**
 * Gives what is unproven of a merged identity to its survivor. Both must be locked, and `requireNoProblems` must have
 * agreed, so that no provider stands twice.
 */
export const moveUnproven = async (tx: Context, loserId: string, survivorId: string): Promise<void> => {
  await tx.db.query(
    `INSERT INTO unproven_logins (identity_id, provider, is_claimable, created_at, settled_at)
     SELECT $2, provider, is_claimable, created_at, NULL FROM unproven_logins
       WHERE identity_id = $1 AND settled_at IS NULL
     ON CONFLICT (identity_id, provider) DO UPDATE SET is_claimable = excluded.is_claimable, settled_at = NULL`,
    [loserId, survivorId],
  );
  await tx.db.delete(UnprovenLogin, { identityId: loserId });
};

/** A provider's name that an identity had a login of where it was imported from. */
export interface UnprovenName {
  provider: string;
  isClaimable: boolean;
}

/**
 * Makes the unproven logins of an identity what its source says now: new names come, those that are gone there go, and
 * settled ones stay settled. The identity must be locked.
 */
export const replaceUnproven = async (
  tx: Context,
  identityId: string,
  names: UnprovenName[],
): Promise<void> => {
  const providers = names.map(({ provider }) => provider);
  await tx.db.query(
    `DELETE FROM unproven_logins
      WHERE identity_id = $1 AND settled_at IS NULL AND provider <> ALL ($2::text[])`,
    [identityId, providers],
  );
  await tx.db.query(
    `INSERT INTO unproven_logins AS u (identity_id, provider, is_claimable, created_at)
     SELECT $1, provider, is_claimable, $4 FROM unnest($2::text[], $3::boolean[]) AS name (provider, is_claimable)
     ON CONFLICT (identity_id, provider) DO UPDATE SET is_claimable = excluded.is_claimable`,
    [identityId, providers, names.map(({ isClaimable }) => isClaimable), tx.now()],
  );
};
