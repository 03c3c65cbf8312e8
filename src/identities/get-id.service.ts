import { z } from 'zod';
import { noteCommitted, type Context } from '../context';
import { verifyLogins } from '../logins/verify-logins';
import { limitCaller, limitPool } from '../rate-limits/rate-limits';
import { parse, regionalId, text } from '../validate';
import { insertGuest } from './count-identities';
import { describe, type IdentityDescription } from './identity.service';
import { findIdentity, newIdentity, orPoolNotFound } from './identity-state';
import type { Identity } from './identity.entity';
import { loginCall, loginList, requireGuestAccess, requirePool, requirePublicProviders } from './login-call';
import { settleLogins } from './settle-logins';

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
  // Guests that are refused use up nothing that sign-ins need.
  await limitPool(ctx, pool.id, ...(isGuest ? ['guests' as const] : []), 'getId');
  if (isGuest) {
    return { identity: await createGuest(ctx, pool.id), logins: [] };
  }
  requirePublicProviders(pool, given.logins);
  const verified = await verifyLogins(ctx, pool, given.logins);
  const identityId = await settleLogins(ctx, loginCall(pool, null, verified));
  return describe(ctx, await findIdentity(ctx, identityId));
};

const createGuest = async (ctx: Context, identityPoolId: string): Promise<Identity> => {
  const identity = newIdentity(ctx, identityPoolId, false);
  await insertGuest(ctx, identity).catch(orPoolNotFound(identityPoolId));
  noteCommitted(ctx);
  return identity;
};
