import { z } from 'zod';
import type { Context } from '../context';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool } from '../identity-pools/identity-pool.service';
import { verifyLogins, type VerifiedLogin } from '../logins/verify-logins';
import { limitCaller, limitPool, type Counted } from '../rate-limits/rate-limits';
import { parse, regionalId } from '../validate';
import { decideForIdentity, forbidden } from './decide-logins';
import { loginList, requireGuestAccess, requirePublicProviders, scopeOf } from './get-id.service';
import type { Identity } from './identity.entity';
import { findIdentity, identityNotFound } from './identity-state';
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
 * @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED, RESOURCE_CONFLICT, LIMIT_EXCEEDED, EXTERNAL_SERVICE.
 */
export const proveIdentity = async (
  ctx: Context,
  input: z.input<typeof proveInput>,
  operation: Counted,
): Promise<ProvenIdentity> => {
  const given = parse(proveInput, input);
  await limitCaller(ctx, operation);
  const named = await findIdentity(ctx, given.identityId);
  const pool = await findPool(ctx, named.identityPoolId);
  if (!pool) throw identityNotFound(given.identityId);
  await limitPool(ctx, pool.id, operation);
  requirePublicProviders(pool, given.logins);
  const logins = given.logins.length > 0 ? await verifyLogins(ctx, pool, given.logins) : [];
  const identity = await settle(ctx, pool, named, logins);
  if (logins.length === 0) requireGuestAccess(pool);
  return { identity, pool, logins };
};

/** A token that the customer's back end asked us for proves the identity that it names, and no other. */
const settle = async (
  ctx: Context,
  pool: IdentityPool,
  named: Identity,
  logins: VerifiedLogin[],
): Promise<Identity> => {
  const developer = logins.find((login) => login.developer)?.developer;
  if (developer && developer.identityId !== named.id) throw forbidden(named.id);
  const identityId = await settleLogins(ctx, {
    ...scopeOf(pool),
    identityId: named.id,
    proven: logins.filter((login) => !login.developer),
    decide: ({ named: state, logins: owned }) => {
      if (!state) throw identityNotFound(named.id);
      return decideForIdentity(state, owned, developer !== undefined);
    },
  });
  return identityId === named.id ? named : findIdentity(ctx, identityId);
};
