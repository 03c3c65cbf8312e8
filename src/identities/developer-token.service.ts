import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { identityForbidden, ServiceError, invalidParameter, resourceConflict } from '../errors';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { DEVELOPER_KEY } from '../logins/developer-token';
import { requireDistinctKeys, verifyLogins } from '../logins/verify-logins';
import { LIMITS } from '../protocol/limits';
import { LONGEST_TOKEN_LIFE, amrOf, issueOpenIdToken } from '../tokens/open-id-token';
import { hasEachKeyOnce, parse, regionalId, text } from '../validate';
import { identityNotFound } from '../sync/dataset-owner';
import { decideGetId, type IdentityState, type LoginDecision, type OwnedLogin } from './decide-logins';
import { loginList, scopeOf } from './login-call';
import { findIdentity } from './identity-state';
import type { ProvenLogin } from './login-rows';
import { settleLogins } from './settle-logins';

/** A user of the customer's own back end: 1 to 1,024 characters. */
export const developerUser = text(1, LIMITS.developerUserIdentifierLength);

const tokenInput = z.object({
  identityPoolId: regionalId,
  identityId: regionalId.nullish(),
  logins: loginList.refine(
    (list) => list.length <= LIMITS.loginsPerRequest,
    `must have at most ${LIMITS.loginsPerRequest} members`,
  ),
  principalTags: z
    .array(z.object({ key: text(1, 128), value: text(1, 256) }))
    .max(LIMITS.principalTagsPerProvider)
    .refine(hasEachKeyOnce, 'must not have the same key twice')
    .nullish(),
  tokenDuration: z.int().min(1).max(LONGEST_TOKEN_LIFE).nullish(),
});

export type GetOpenIdTokenForDeveloperIdentityInput = z.input<typeof tokenInput>;

const DEFAULT_SECONDS = 900;

/**
 * GetOpenIdTokenForDeveloperIdentity: the customer's back end vouches for a user by a plain identifier, and gets a token
 * for the user's identity: 900 s when left out, at most 86,400. Without `identityId` the user's identity, made when it
 * is new; with it the user is linked to that one. Public logins among `logins` are checked and linked too.
 * @throws DEVELOPER_USER_ALREADY_REGISTERED when the user has another identity, RESOURCE_NOT_FOUND, NOT_AUTHORIZED,
 *   RESOURCE_CONFLICT, INVALID_PARAMETER.
 */
export const getOpenIdTokenForDeveloperIdentity = async (
  ctx: Context,
  input: GetOpenIdTokenForDeveloperIdentityInput,
): Promise<{ identityId: string; token: string }> => {
  const given = parse(tokenInput, input);
  const action = 'cognito-identity:GetOpenIdTokenForDeveloperIdentity';
  const pool = await authorizedPool(ctx, action, given.identityPoolId);
  if (given.identityId) await requireInPool(ctx, pool, given.identityId);
  requireDistinctKeys(given.logins);
  const user = developerLogin(pool, given.logins);
  requireNoDeveloperToken(given.logins);
  const others = given.logins.filter((login) => login.provider !== user.provider);
  const verified = others.length > 0 ? await verifyLogins(ctx, pool, others) : [];
  const seconds = given.tokenDuration ?? DEFAULT_SECONDS;
  const identityId = await inTransaction(ctx, async (tx) => {
    const settled = await settleLogins(tx, {
      ...scopeOf(pool),
      identityId: given.identityId ?? null,
      proven: [user, ...verified],
      decide: ({ named, logins, owners }) =>
        named ? decideLink(named, logins) : decideGetId({ logins, owners }),
    });
    await recordPoolChange(tx, action, pool, {
      identityId: settled,
      providers: [user.provider, ...verified.map((login) => login.provider)],
      tokenDuration: seconds,
    });
    return settled;
  });
  const qualifier = `${user.provider}:${pool.id}:${user.subject}`;
  const token = await issueOpenIdToken(
    ctx,
    {
      identityId,
      identityPoolId: pool.id,
      amr: amrOf({ authenticated: true, logins: [{ provider: user.provider, qualifier }, ...verified] }),
      principalTags: Object.fromEntries((given.principalTags ?? []).map(({ key, value }) => [key, value])),
      developerUser: user.subject,
    },
    seconds,
  );
  return { identityId, token };
};

/** The one entry that names the pool's developer provider; its "token" is the user's plain identifier. */
const developerLogin = (pool: IdentityPool, logins: { provider: string; token: string }[]): ProvenLogin => {
  const at = logins.findIndex((login) => login.provider === pool.developerProviderName);
  const login = logins[at];
  if (!login || pool.developerProviderName === null)
    throw invalidParameter(
      pool.developerProviderName === null
        ? 'The identity pool has no developerProviderName: set one with updateIdentityPool.'
        : `logins must have one entry of the developer provider ${pool.developerProviderName}`,
      { field: 'logins' },
    );
  const subject = parse(z.object({ [`logins[${at}].token`]: developerUser }), {
    [`logins[${at}].token`]: login.token,
  });
  return { provider: login.provider, subject: Object.values(subject)[0] ?? '' };
};

/** A token of ours names an identity and no user: there is nothing in it to link. */
const requireNoDeveloperToken = (logins: { provider: string }[]): void => {
  const at = logins.findIndex((login) => login.provider === DEVELOPER_KEY);
  if (at < 0) return;
  throw invalidParameter(
    `logins must not have a token of ${DEVELOPER_KEY} here: name the user itself, and the identity by identityId`,
    { field: `logins[${at}].provider` },
  );
};

/** The caller is trusted, so the identity needs no login of its own; but a user has one identity only. */
const decideLink = (named: IdentityState, logins: OwnedLogin[]): LoginDecision => {
  if (named.isDisabled)
    throw identityForbidden(named.id, named.mergedInto ? { mergedInto: named.mergedInto } : {});
  const foreign = logins.find((login) => login.ownerId !== null && login.ownerId !== named.id);
  if (foreign?.isDeveloper)
    throw new ServiceError(
      'DEVELOPER_USER_ALREADY_REGISTERED',
      'The developer user identifier is already linked to another identity.',
      { identityId: foreign.ownerId },
    );
  if (foreign)
    throw resourceConflict(`The login of ${foreign.provider} is already linked to another identity.`, {
      provider: foreign.provider,
    });
  return { identityId: named.id, merge: [], link: logins.filter((login) => login.ownerId === null) };
};

/** @throws RESOURCE_NOT_FOUND for an identity of another pool, as for one that does not exist. */
export const requireInPool = async (ctx: Context, pool: IdentityPool, identityId: string): Promise<void> => {
  const identity = await findIdentity(ctx, identityId);
  if (identity.identityPoolId !== pool.id) throw identityNotFound(identityId);
};
