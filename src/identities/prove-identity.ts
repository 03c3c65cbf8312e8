import { z } from 'zod';
import type { Context } from '../context';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool } from '../identity-pools/identity-pool.service';
import { verifyLogins, type LoginInput, type VerifiedLogin } from '../logins/verify-logins';
import { limitCaller, limitPool, type Counted } from '../rate-limits/rate-limits';
import { parse, regionalId } from '../validate';
import { identityNotFound } from '../sync/dataset-owner';
import { loginCall, loginList, requireGuestAccess, requirePublicProviders } from './login-call';
import type { Identity } from './identity.entity';
import { findIdentity } from './identity-state';
import { settleLogins } from './settle-logins';

const proveInput = z.object({ identityId: regionalId, logins: loginList });

/** An identity with its pool and the logins that a caller proved. */
export interface ProvenIdentity {
  /** The one to go on as: another than the one that was named when that was merged. */
  identity: Identity;
  pool: IdentityPool;
  /** In the order of the request; empty for a guest. */
  logins: VerifiedLogin[];
}

/**
 * What GetOpenIdToken and GetCredentialsForIdentity begin with: checks the logins, links or merges, and answers with
 * the identity to go on as. A guest that presents its first login keeps its id and is authenticated for good.
 * @param operation what the call is counted as.
 * @param requirePool may refuse the pool, or these logins there, before anything is linked.
 * @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED, RESOURCE_CONFLICT, LIMIT_EXCEEDED, EXTERNAL_SERVICE.
 */
export const proveIdentity = async (
  ctx: Context,
  input: z.input<typeof proveInput>,
  operation: Counted,
  requirePool: (pool: IdentityPool, logins: LoginInput[]) => void = () => undefined,
): Promise<ProvenIdentity> => {
  const given = parse(proveInput, input);
  await limitCaller(ctx, operation);
  const named = await findIdentity(ctx, given.identityId);
  const pool = await findPool(ctx, named.identityPoolId);
  if (!pool) throw identityNotFound(given.identityId);
  await limitPool(ctx, pool.id, operation);
  requirePool(pool, given.logins);
  requirePublicProviders(pool, given.logins);
  const logins = given.logins.length > 0 ? await verifyLogins(ctx, pool, given.logins) : [];
  const identityId = await settleLogins(ctx, loginCall(pool, named.id, logins));
  if (logins.length === 0) requireGuestAccess(pool);
  const identity = identityId === named.id ? named : await findIdentity(ctx, identityId);
  return { identity, pool, logins };
};
