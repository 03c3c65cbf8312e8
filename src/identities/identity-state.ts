import { In } from 'typeorm';
import type { Context } from '../context';
import { violatedConstraint } from '../db/constraints';
import { identityDeleted } from '../errors';
import { newRegionalId } from '../ids';
import { poolNotFound } from '../identity-pools/identity-pool.service';
import { identityNotFound } from '../sync/dataset-owner';
import type { IdentityState } from './decide-logins';
import { wasDeleted } from './deleted-identities';
import { Identity } from './identity.entity';
import { IdentityLogin } from './identity-login.entity';
import { unprovenRows, unprovenStates } from './unproven-logins';

/** An identity that is not stored yet. */
export const newIdentity = (ctx: Context, identityPoolId: string, isAuthenticated: boolean): Identity => ({
  id: newRegionalId(ctx.config.region),
  identityPoolId,
  isAuthenticated,
  disabledAt: null,
  mergedInto: null,
  lastActiveAt: ctx.now(),
  createdAt: ctx.now(),
  lastModifiedAt: ctx.now(),
});

/** Stores a new identity. @throws RESOURCE_NOT_FOUND when its pool is gone. */
export const insertIdentity = async (ctx: Context, identity: Identity): Promise<void> => {
  await ctx.db.insert(Identity, identity).catch(orPoolNotFound(identity.identityPoolId));
};

/** For writes that found the pool deleted, of which this node has not heard yet. @throws RESOURCE_NOT_FOUND */
export const orPoolNotFound =
  (identityPoolId: string) =>
  (error: unknown): never => {
    throw violatedConstraint(error)?.endsWith('__of_a_pool') ? poolNotFound(identityPoolId) : error;
  };

/** The identity. @throws RESOURCE_NOT_FOUND, IDENTITY_DELETED for one that was there. */
export const findIdentity = async (ctx: Context, identityId: string): Promise<Identity> => {
  const identity = await ctx.db.findOneBy(Identity, { id: identityId });
  if (!identity) throw await identityGone(ctx, identityId);
  return identity;
};

/** What to answer about an identity that is not there: whether it ever was. */
export const identityGone = async (ctx: Context, identityId: string): Promise<Error> =>
  (await wasDeleted(ctx, identityId)) ? identityDeleted(identityId) : identityNotFound(identityId);

/** Identities, locked until the transaction ends, in the order of their ids so that no two calls deadlock. */
export const lockIdentities = (tx: Context, ids: string[]): Promise<Identity[]> =>
  tx.db.find(Identity, {
    where: { id: In(ids) },
    order: { id: 'ASC' },
    lock: { mode: 'pessimistic_write' },
  });

/** The logins of an identity in the order they were linked. */
export const loginsOf = (ctx: Context, identityId: string): Promise<IdentityLogin[]> =>
  ctx.db.find(IdentityLogin, { where: { identityId }, order: { createdAt: 'ASC', provider: 'ASC' } });

/** Everything that the rules ask of an identity; `developerProvider` is the pool's. */
export const stateOf = async (
  ctx: Context,
  identity: Identity,
  developerProvider: string | null,
): Promise<IdentityState> => {
  const logins = await loginsOf(ctx, identity.id);
  // A guest has none, and most calls are guests' or come from where nothing was imported.
  const unproven = identity.isAuthenticated ? await unprovenRows(ctx, identity.id) : [];
  return {
    id: identity.id,
    isAuthenticated: identity.isAuthenticated,
    isDisabled: identity.disabledAt !== null,
    mergedInto: await survivorOf(ctx, identity),
    createdAt: identity.createdAt,
    logins: logins.map(({ loginKey: key, provider }) => ({
      key,
      provider,
      isDeveloper: provider === developerProvider,
    })),
    unproven: unprovenStates(unproven, developerProvider),
  };
};

/** Merges that are followed from an identity that was merged; whoever has two logins can make a chain of any length. */
const MERGES_FOLLOWED = 1_000;

/**
 * Where the merges of an identity end: the survivor may have been merged itself since. One statement, since a long chain
 * would take a thousand.
 */
export const survivorOf = async (
  ctx: Context,
  { mergedInto }: Pick<Identity, 'mergedInto'>,
): Promise<string | null> => {
  if (mergedInto === null) return null;
  const [last] = (await ctx.db.query(
    `WITH RECURSIVE merged (identity_id, place) AS (
       SELECT $1::text, 1
       UNION ALL
       SELECT i.merged_into, m.place + 1 FROM merged m JOIN identities i ON i.identity_id = m.identity_id
         WHERE i.merged_into IS NOT NULL AND m.place < ${MERGES_FOLLOWED})
     SELECT identity_id FROM merged ORDER BY place DESC LIMIT 1`,
    [mergedInto],
  )) as { identity_id: string }[];
  return last?.identity_id ?? null;
};
