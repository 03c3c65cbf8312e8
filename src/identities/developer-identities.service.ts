import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { invalidParameter, resourceConflict, resourceNotFound } from '../errors';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { decodeCursor, encodeCursor } from '../page';
import { LIMITS } from '../protocol/limits';
import { parse, regionalId, text } from '../validate';
import type { LoginDecision, OwnedLogin } from './decide-logins';
import { developerUser, requireInPool } from './developer-token.service';
import { developerKey, scopeOf } from './login-call';
import type { IdentityDescription } from './identity.service';
import { IdentityLogin } from './identity-login.entity';
import { Login } from './login.entity';
import { settleLogins } from './settle-logins';
import { lockedState, unlinkFrom } from './unlink-identity.service';

const developerProvider = text(1, LIMITS.providerNameLength).regex(/^[\w._-]+$/);

const lookupInput = z
  .object({
    identityPoolId: regionalId,
    identityId: regionalId.nullish(),
    developerUserIdentifier: developerUser.nullish(),
    maxResults: z.int().min(1).max(LIMITS.listPage).nullish(),
    nextToken: text(1, 65_535).nullish(),
  })
  .refine((given) => given.identityId || given.developerUserIdentifier, {
    path: ['identityId'],
    message: 'or developerUserIdentifier must be given',
  });

export type LookupDeveloperIdentityInput = z.input<typeof lookupInput>;

/** An identity and the users of the developer provider that it has. */
export interface DeveloperIdentity {
  identityId: string;
  developerUserIdentifierList: string[];
  nextToken: string | null;
}

/**
 * LookupDeveloperIdentity, either way: the identity of a user, or the users of an identity, up to 60 in a page. With
 * both given they must belong together.
 * @throws RESOURCE_NOT_FOUND, RESOURCE_CONFLICT when they do not.
 */
export const lookupDeveloperIdentity = async (
  ctx: Context,
  input: LookupDeveloperIdentityInput,
): Promise<DeveloperIdentity> => {
  const given = parse(lookupInput, input);
  const pool = await authorizedPool(ctx, 'cognito-identity:LookupDeveloperIdentity', given.identityPoolId);
  const provider = pool.developerProviderName ?? '';
  const user = given.developerUserIdentifier;
  const owner = user ? await ownerOf(ctx, pool, user) : null;
  if (user && given.identityId && owner !== given.identityId)
    throw resourceConflict('The developer user identifier and the identity do not belong together.', {
      identityId: given.identityId,
    });
  const identityId = given.identityId ?? owner;
  if (!identityId) throw developerUserNotFound();
  await requireInPool(ctx, pool, identityId);
  const limit = given.maxResults ?? LIMITS.listPage;
  const rows = await usersOf(ctx, {
    identityId,
    provider,
    after: decodeCursor(given.nextToken, 'nextToken'),
    limit,
  });
  const page = rows.slice(0, limit);
  return {
    identityId,
    developerUserIdentifierList: page,
    nextToken: rows.length > limit ? encodeCursor(page.at(-1) ?? '') : null,
  };
};

const usersOf = async (
  ctx: Context,
  {
    identityId,
    provider,
    after,
    limit,
  }: { identityId: string; provider: string; after: string; limit: number },
): Promise<string[]> => {
  const rows = await ctx.db
    .createQueryBuilder(IdentityLogin, 'login')
    .where('login.identityId = :identityId AND login.provider = :provider AND login.subject > :after', {
      identityId,
      provider,
      after,
    })
    .orderBy('login.subject', 'ASC')
    .take(limit + 1)
    .getMany();
  return rows.map((row) => row.subject);
};

/** The identity of a user of the pool's back end; null when it has none. */
export const ownerOf = async (ctx: Context, pool: IdentityPool, user: string): Promise<string | null> => {
  return (await ctx.db.findOneBy(Login, { key: developerKey(pool, user) }))?.identityId ?? null;
};

const developerUserNotFound = (): Error =>
  resourceNotFound('No identity has this developer user identifier.', { field: 'developerUserIdentifier' });

const mergeInput = z.object({
  sourceUserIdentifier: developerUser,
  destinationUserIdentifier: developerUser,
  developerProviderName: developerProvider,
  identityPoolId: regionalId,
});

export type MergeDeveloperIdentitiesInput = z.input<typeof mergeInput>;

/**
 * MergeDeveloperIdentities: merges the identity of one user into that of another, which survives. Called again it
 * answers the same.
 * @throws RESOURCE_NOT_FOUND when one of them has no identity, RESOURCE_CONFLICT, LIMIT_EXCEEDED, INVALID_PARAMETER.
 */
export const mergeDeveloperIdentities = async (
  ctx: Context,
  input: MergeDeveloperIdentitiesInput,
): Promise<{ identityId: string }> => {
  const given = parse(mergeInput, input);
  const action = 'cognito-identity:MergeDeveloperIdentities';
  const pool = await authorizedPool(ctx, action, given.identityPoolId);
  requireDeveloperProvider(pool, given.developerProviderName);
  const users = [given.sourceUserIdentifier, given.destinationUserIdentifier];
  return inTransaction(ctx, async (tx) => {
    const identityId = await settleLogins(tx, {
      ...scopeOf(pool),
      identityId: null,
      proven: users.map((subject) => ({ provider: given.developerProviderName, subject })),
      decide: ({ logins }) => decideDeveloperMerge(logins, given.destinationUserIdentifier),
    });
    const details = { identityId, developerProviderName: given.developerProviderName };
    await recordPoolChange(tx, action, pool, details);
    return { identityId };
  });
};

const decideDeveloperMerge = (logins: OwnedLogin[], destination: string): LoginDecision => {
  const identityId = logins.find((login) => login.subject === destination)?.ownerId ?? null;
  if (identityId === null || logins.some((login) => login.ownerId === null)) throw developerUserNotFound();
  const merge = logins.flatMap(({ ownerId }) =>
    ownerId === null || ownerId === identityId ? [] : [ownerId],
  );
  return { identityId, merge, link: [] };
};

const requireDeveloperProvider = (pool: IdentityPool, name: string): void => {
  if (pool.developerProviderName === name) return;
  throw invalidParameter(`${name} is not the developer provider of this identity pool.`, {
    field: 'developerProviderName',
  });
};

const unlinkInput = z.object({
  identityId: regionalId,
  identityPoolId: regionalId,
  developerProviderName: developerProvider,
  developerUserIdentifier: developerUser,
});

export type UnlinkDeveloperIdentityInput = z.input<typeof unlinkInput>;

/**
 * UnlinkDeveloperIdentity: the user counts as new next time. Removing the last login leaves an identity that nobody can
 * reach.
 * @throws RESOURCE_NOT_FOUND when the identity does not have this user.
 */
export const unlinkDeveloperIdentity = async (
  ctx: Context,
  input: UnlinkDeveloperIdentityInput,
): Promise<IdentityDescription> => {
  const given = parse(unlinkInput, input);
  const action = 'cognito-identity:UnlinkDeveloperIdentity';
  const pool = await authorizedPool(ctx, action, given.identityPoolId);
  requireDeveloperProvider(pool, given.developerProviderName);
  await requireInPool(ctx, pool, given.identityId);
  const key = developerKey(pool, given.developerUserIdentifier);
  return inTransaction(ctx, async (tx) => {
    const state = await lockedState(tx, given.identityId, pool.developerProviderName);
    if (!state.logins.some((login) => login.key === key)) throw developerUserNotFound();
    const details = { identityId: state.id, developerProviderName: given.developerProviderName };
    await recordPoolChange(tx, action, pool, details);
    return unlinkFrom(tx, state, [key]);
  });
};
