import { LIMITS } from '../../protocol/limits';
import { stringMap } from '../members/collections';
import { integer, string } from '../members/shapes';

/** The key under which a provider's logins, role mapping or tags are kept. */
export const providerName = string({ min: 1, max: LIMITS.providerNameLength });

/** Provider to token; for developer identities, to the user's own identifier. */
export const loginsMap = stringMap(providerName, string({ min: 1, max: LIMITS.loginTokenLength }), {
  max: LIMITS.loginsPerRequest,
});

/** The name of a developer's own provider. */
export const developerProviderName = string({ min: 1, max: LIMITS.providerNameLength, pattern: '[\\w._-]+' });

/** A user of the developer's own provider. */
export const developerUserIdentifier = string({ min: 1, max: LIMITS.developerUserIdentifierLength });

/** Items of a page. */
export const maxResults = integer({ min: 1, max: LIMITS.listPage });

/** Where an earlier page ended. */
export const nextToken = string({ min: 1, max: 65_535, pattern: '[\\S]+' });

/** The key of a tag. */
export const tagKey = string({ min: 1, max: LIMITS.tagKeyLength });

/** Tags of a pool. */
export const tagsMap = stringMap(tagKey, string({ min: 0, max: LIMITS.tagValueLength }));

/** Tags of a session: to claims in a map of attributes, to values in a call for one user. */
export const principalTagsMap = stringMap(tagKey, string({ min: 1, max: LIMITS.tagValueLength }), {
  max: LIMITS.principalTagsPerProvider,
});

/** A map's pairs as the services take logins. */
export const toLogins = (pairs: [string, string][] | undefined): { provider: string; token: string }[] =>
  (pairs ?? []).map(([provider, token]) => ({ provider, token }));

/** A map's pairs as the services take tags. */
export const toTags = (pairs: [string, string][]): { key: string; value: string }[] =>
  pairs.map(([key, value]) => ({ key, value }));

/** Tags as a map. */
export const fromTags = (tags: { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ key, value }) => [key, value]));
