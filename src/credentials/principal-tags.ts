import type { IdentityPool, PrincipalTagAttributeMap } from '../identity-pools/identity-pool.entity';
import type { VerifiedLogin } from '../logins/verify-logins';

/** What a provider says of a user. */
type Claims = Readonly<Record<string, unknown>>;

/** Which claim each default tag is read from, by provider (attributes for access control, B9). */
const DEFAULTS: Record<string, Record<string, string>> = {
  'graph.facebook.com': { client: 'aud', username: 'sub' },
  'www.amazon.com': { client: 'aud', username: 'user_id' },
  'api.twitter.com': { client: 'aud', username: 'sub' },
};

const SAML_DEFAULTS: Record<string, string> = {
  client: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier',
  username: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name',
};

const OIDC_DEFAULTS: Record<string, string> = { client: 'aud', username: 'sub' };

/** Tag key to claim name for a provider that uses the defaults: `client` and `username`. */
export const defaultAttributes = (provider: string): Record<string, string> =>
  provider.includes(':saml-provider/') ? SAML_DEFAULTS : (DEFAULTS[provider] ?? OIDC_DEFAULTS);

/** Characters that a tag's value has at most (STS session tags). */
const MAX_VALUE = 256;

/**
 * The principal tags that a login's claims make by a pool's map. A claim that is not there, or is not a plain value,
 * makes no tag; of a list the first value counts.
 */
export const principalTagsOf = (
  map: Pick<PrincipalTagAttributeMap, 'useDefaults' | 'principalTags'> | undefined,
  provider: string,
  claims: Claims,
): Record<string, string> => {
  if (!map) return {};
  const attributes = map.useDefaults
    ? defaultAttributes(provider)
    : Object.fromEntries(map.principalTags.map(({ key, value }) => [key, value]));
  const tags = Object.entries(attributes).flatMap(([tag, claim]) => {
    const value = plainValue(claims[claim]);
    return value === undefined ? [] : [[tag, value.slice(0, MAX_VALUE)] as const];
  });
  return Object.fromEntries(tags);
};

const plainValue = (claim: unknown): string | undefined => {
  const value: unknown = Array.isArray(claim) ? claim[0] : claim;
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
};

/**
 * The principal tags of a session, in the order of the logins: those that a developer's back end gave, or those that a
 * login's claims make by the pool's maps. The first to name a tag keeps it. Policies do not tell `Team` from `team`, so
 * these are one tag: a second one would let a claim speak in the place of the back end.
 */
export const tagsOfLogins = (pool: IdentityPool, logins: VerifiedLogin[]): Record<string, string> => {
  const byLogin = logins.map((login) => {
    if (login.developer) return login.developer.principalTags;
    const map = pool.principalTagAttributeMaps.find((each) =>
      login.roleMappingKeys.includes(each.identityProviderName),
    );
    return principalTagsOf(map, login.providerArn ?? login.provider, login.claims);
  });
  const tags = new Map<string, [tag: string, value: string]>();
  for (const [tag, value] of byLogin.flatMap((each) => Object.entries(each)))
    if (!tags.has(tag.toLowerCase())) tags.set(tag.toLowerCase(), [tag, value]);
  return Object.fromEntries(tags.values());
};
