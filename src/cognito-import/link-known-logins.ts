import type { Context } from '../context';
import { identityForbidden, invalidParameter } from '../errors';
import { Identity } from '../identities/identity.entity';
import { scopeOf } from '../identities/login-call';
import type { ProvenLogin } from '../identities/login-rows';
import { settleLogins } from '../identities/settle-logins';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { DEVELOPER_KEY } from '../logins/developer-token';
import { loginKeysOf } from '../logins/verify-logins';
import type { SourceIdentity } from './import-identities.input';

/**
 * A login that no provider of the pool can vouch for could never be used, and a mistyped name would go unnoticed.
 * @throws INVALID_PARAMETER
 */
export const requireKnownProviders = (pool: IdentityPool, source: SourceIdentity): void => {
  const keys = loginKeysOf(pool).filter((key) => key !== DEVELOPER_KEY);
  const unknown = source.linkedLogins.find(({ provider }) => !keys.includes(provider));
  if (unknown)
    throw invalidParameter(
      `linkedLogins must be of providers of the identity pool, and ${unknown.provider} is none: ${keys.join(', ') || 'it has none'}`,
      { field: 'linkedLogins', provider: unknown.provider },
    );
  if (source.developerUserIdentifiers.length > 0 && pool.developerProviderName === null)
    throw invalidParameter(
      'developerUserIdentifiers need a developerProviderName of the identity pool, which has none',
      { field: 'developerUserIdentifiers' },
    );
};

/**
 * Links the logins whose users are known for certain, as far as nobody else has them; answers the providers of those
 * that another identity has.
 * @throws NOT_AUTHORIZED when it is disabled, RESOURCE_CONFLICT when the identity has another user of one of the providers, LIMIT_EXCEEDED above 20 logins.
 */
export const linkKnownLogins = async (
  ctx: Context,
  pool: IdentityPool,
  source: SourceIdentity,
): Promise<string[]> => {
  const proven = knownLogins(pool, source);
  if (proven.length === 0) return [];
  const { identityId } = source;
  let taken: string[] = [];
  await settleLogins(ctx, {
    ...scopeOf(pool),
    identityId,
    proven,
    decide: ({ named, logins }) => {
      // It may have been merged since it was written.
      if (named?.isDisabled) throw identityForbidden(identityId);
      taken = logins
        .filter(({ ownerId }) => ownerId !== null && ownerId !== identityId)
        .map(({ provider }) => provider);
      return { identityId, merge: [], link: logins.filter(({ ownerId }) => ownerId === null) };
    },
  });
  // Linking is a change of here, and its date is the source's.
  await ctx.db.update(Identity, { id: identityId }, { lastModifiedAt: source.lastModifiedDate });
  return taken;
};

const knownLogins = (pool: IdentityPool, source: SourceIdentity): ProvenLogin[] => [
  ...source.developerUserIdentifiers.map((subject) => ({
    provider: pool.developerProviderName ?? '',
    subject,
  })),
  ...source.linkedLogins,
];
