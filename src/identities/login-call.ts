import { z } from 'zod';
import type { Context } from '../context';
import { identityForbidden, invalidParameter, notAuthorized } from '../errors';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool, poolNotFound } from '../identity-pools/identity-pool.service';
import type { DeveloperLogin, VerifiedLogin } from '../logins/verified-login';
import type { LoginInput } from '../logins/verify-logins';
import { identityNotFound } from '../sync/dataset-owner';
import { decideForIdentity, decideGetId, type IdentityState } from './decide-logins';
import { loginKey, type LoginScope } from './login-rows';
import type { LoginCall } from './settle-logins';

/** Logins as they come in: their own limits are checked where they are verified. */
export const loginList = z
  .array(z.object({ provider: z.string(), token: z.string() }))
  .nullish()
  .transform((list) => list ?? []);

/** AWS's words for a caller who takes the developer provider's name for a public one. */
export const requirePublicProviders = (pool: IdentityPool, logins: LoginInput[]): void => {
  const at = logins.findIndex((login) => login.provider === pool.developerProviderName);
  if (at < 0) return;
  throw invalidParameter('Please provide a valid public provider', { field: `logins[${at}].provider` });
};

/** What the logins of a pool are read by. */
export const scopeOf = (pool: IdentityPool): LoginScope => ({
  identityPoolId: pool.id,
  developerProvider: pool.developerProviderName,
});

/** The pool. @throws RESOURCE_NOT_FOUND */
export const requirePool = async (ctx: Context, identityPoolId: string): Promise<IdentityPool> => {
  const pool = await findPool(ctx, identityPoolId);
  if (!pool) throw poolNotFound(identityPoolId);
  return pool;
};

/** @throws NOT_AUTHORIZED in AWS's words when the pool has no guests. */
export const requireGuestAccess = (pool: IdentityPool): void => {
  if (!pool.allowUnauthenticatedIdentities)
    throw notAuthorized('Unauthenticated access is not supported for this identity pool.');
};

/**
 * The call that verified logins make, of the identity that the caller named or of none: what `settleLogins` takes. A
 * token that the customer's back end asked us for proves the identity that it is about, and no other; it is no login.
 * It holds as long as its user is linked to that identity.
 * @throws NOT_AUTHORIZED when the caller named another one.
 */
export const loginCall = (
  pool: IdentityPool,
  identityId: string | null,
  logins: VerifiedLogin[],
): LoginCall => {
  const vouched = logins.find((login) => login.developer)?.developer;
  if (vouched && identityId !== null && vouched.identityId !== identityId)
    throw identityForbidden(identityId);
  const named = identityId ?? vouched?.identityId ?? null;
  return {
    ...scopeOf(pool),
    identityId: named,
    proven: logins.filter((login) => !login.developer),
    decide: (world) => {
      if (named === null) return decideGetId(world);
      if (!world.named) throw identityNotFound(named);
      const decision = decideForIdentity(world.named, world, vouched !== undefined);
      if (vouched && !isLinkedUser(pool, vouched, world.named)) throw identityForbidden(named);
      return decision;
    },
  };
};

/** Whether the user that a back end's token vouches for is one of the identity's still: it may have been unlinked. */
export const isLinkedUser = (
  pool: IdentityPool,
  { identityId, user }: DeveloperLogin,
  { id, logins }: Pick<IdentityState, 'id' | 'logins'>,
): boolean => identityId === id && logins.some(({ key }) => key === developerKey(pool, user));

/** The key of the login that a user of the pool's back end has. */
export const developerKey = (pool: IdentityPool, user: string): string =>
  loginKey(pool.id, pool.developerProviderName ?? '', user);
