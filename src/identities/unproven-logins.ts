import { IsNull } from 'typeorm';
import type { Context } from '../context';
import type { UnprovenLoginState } from './decide-logins';
import { UnprovenLogin } from './unproven-login.entity';

/** The unproven logins of an identity in the order of their providers' names, without settled ones. */
export const unprovenOf = (ctx: Context, identityId: string): Promise<UnprovenLogin[]> =>
  ctx.db.find(UnprovenLogin, { where: { identityId, settledAt: IsNull() }, order: { provider: 'ASC' } });

/** The providers' names alone. */
export const unprovenProviders = async (ctx: Context, identityId: string): Promise<string[]> =>
  (await unprovenOf(ctx, identityId)).map(({ provider }) => provider);

/**
 * What the rules are to know of an identity's unproven logins. Once a login of a public provider was linked or unlinked
 * here, whoever did so had the identity: the other names can be claimed no more, even when that login is gone again.
 */
export const unprovenStates = (
  rows: UnprovenLogin[],
  developerProvider: string | null,
): UnprovenLoginState[] => {
  const isOver = rows.some((row) => row.settledAt !== null && row.provider !== developerProvider);
  return rows
    .filter(({ settledAt }) => settledAt === null)
    .map(({ provider, isClaimable }) => ({
      provider,
      isClaimable: isClaimable && !isOver,
      isDeveloper: provider === developerProvider,
    }));
};

/** All rows of an identity, settled ones too, in the order of their providers' names. */
export const unprovenRows = (ctx: Context, identityId: string): Promise<UnprovenLogin[]> =>
  ctx.db.find(UnprovenLogin, { where: { identityId }, order: { provider: 'ASC' } });

/**
 * Logins of these providers were linked to the identity, or taken off it. Of an identity that has unproven logins, or had
 * some, this is remembered for providers too that were none of them. The identity must be locked.
 */
export const settleUnproven = async (tx: Context, identityId: string, providers: string[]): Promise<void> => {
  if (providers.length === 0) return;
  await tx.db.query(
    `INSERT INTO unproven_logins AS u (identity_id, provider, is_claimable, created_at, settled_at)
     SELECT DISTINCT $1::text, provider, false, $3::timestamptz, $3::timestamptz FROM unnest($2::text[]) AS of (provider)
      WHERE EXISTS (SELECT 1 FROM unproven_logins WHERE identity_id = $1)
     ON CONFLICT (identity_id, provider) DO UPDATE SET settled_at = excluded.settled_at
       WHERE u.settled_at IS NULL`,
    [identityId, providers, tx.now()],
  );
};

/**
 * Gives what is unproven of a merged identity to its survivor, where nobody can claim it: that the merged one's id was kept
 * secret says nothing of the survivor's. Both must be locked, and `requireNoProblems` must have agreed, so that no provider
 * stands twice.
 */
export const moveUnproven = async (tx: Context, loserId: string, survivorId: string): Promise<void> => {
  await tx.db.query(
    `INSERT INTO unproven_logins (identity_id, provider, is_claimable, created_at, settled_at)
     SELECT $2, provider, false, created_at, NULL FROM unproven_logins
       WHERE identity_id = $1 AND settled_at IS NULL
     ON CONFLICT (identity_id, provider) DO UPDATE SET is_claimable = false, settled_at = NULL`,
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
 * settled ones stay settled; providers of which the identity has a login here, `linked`, are settled. The identity must be
 * locked.
 */
export const replaceUnproven = async (
  tx: Context,
  identityId: string,
  names: UnprovenName[],
  linked: string[] = [],
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
  await settleUnproven(tx, identityId, linked);
};
