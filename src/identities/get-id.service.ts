import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter, notAuthorized } from '../errors';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool, poolNotFound } from '../identity-pools/identity-pool.service';
import { verifyLogins } from '../logins/verify-logins';
import { limitCaller, limitPool } from '../rate-limits/rate-limits';
import { parse, regionalId, text } from '../validate';
import { insertGuest } from './count-identities';
import { decideGetId } from './decide-logins';
import { describe, type IdentityDescription } from './identity.service';
import { findIdentity, newIdentity, orPoolNotFound } from './identity-state';
import type { Identity } from './identity.entity';
import type { LoginScope } from './login-rows';
import { settleLogins } from './settle-logins';

/** What a provider says of a user: its name and its token. */
export interface LoginInput {
  provider: string;
  token: string;
}

/** Logins as they come in: their own limits are checked where they are verified. */
export const loginList = z
  .array(z.object({ provider: z.string(), token: z.string() }))
  .nullish()
  .transform((list) => list ?? []);

const getIdInput = z.object({
  identityPoolId: regionalId,
  accountId: text(1, 15).regex(/^\d+$/).nullish(),
  logins: loginList,
});

export type GetIdInput = z.input<typeof getIdInput>;

/**
 * GetId, for anybody: the identity of the logins, made when they are new; without logins a new guest each time. Logins
 * of several identities merge these into the oldest. `accountId` is accepted for the sake of old clients and ignored.
 * @throws NOT_AUTHORIZED when guests are not allowed or a login does not hold, RESOURCE_NOT_FOUND, RESOURCE_CONFLICT
 *   for two users of one provider, LIMIT_EXCEEDED, INVALID_PARAMETER for the developer provider, which has its own call.
 */
export const getId = async (ctx: Context, input: GetIdInput): Promise<IdentityDescription> => {
  const given = parse(getIdInput, input);
  const isGuest = given.logins.length === 0;
  await limitCaller(ctx, ...(isGuest ? ['guests' as const] : []), 'getId');
  const pool = await requirePool(ctx, given.identityPoolId);
  if (isGuest) requireGuestAccess(pool);
  await limitPool(ctx, pool.id, 'getId', ...(isGuest ? ['guests' as const] : []));
  if (isGuest) {
    return { identity: await createGuest(ctx, pool.id), logins: [] };
  }
  requirePublicProviders(pool, given.logins);
  const verified = await verifyLogins(ctx, pool, given.logins);
  const identityId = await settleLogins(ctx, {
    ...scopeOf(pool),
    identityId: null,
    proven: verified.filter((login) => !login.developer),
    decide: ({ logins, owners }) => decideGetId(logins, owners),
  });
  return describe(ctx, await findIdentity(ctx, identityId));
};

const createGuest = async (ctx: Context, identityPoolId: string): Promise<Identity> => {
  const identity = newIdentity(ctx, identityPoolId, false);
  await insertGuest(ctx, identity).catch(orPoolNotFound(identityPoolId));
  return identity;
};

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
