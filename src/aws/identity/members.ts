import { enumeration, integer, list, string, stringMap } from '../members/shapes';

/** `REGION:UUID`: the id of a pool or of an identity. */
export const poolId = string({ min: 1, max: 55, pattern: '[\\w-]+:[0-9a-f-]+' });

/** The ARN of a role, a provider or a pool. */
export const arn = string({ min: 20, max: 2048 });

/** The key under which a provider's logins, role mapping or tags are kept. */
export const providerName = string({ min: 1, max: 128 });

/** Provider to token; for developer identities, to the user's own identifier. */
export const loginsMap = stringMap(providerName, string({ min: 1, max: 50_000 }), { max: 10 });

/** The name of a developer's own provider. */
export const developerProviderName = string({ min: 1, max: 128, pattern: '[\\w._-]+' });

/** A user of the developer's own provider. */
export const developerUserIdentifier = string({ min: 1, max: 1024 });

/** Items of a page. */
export const maxResults = integer({ min: 1, max: 60 });

/** Where an earlier page ended. */
export const nextToken = string({ min: 1, max: 65_535, pattern: '[\\S]+' });

/** The key of a pool's tag. */
export const tagKey = string({ min: 1, max: 128 });

/** Tags of a pool. */
export const tagsMap = stringMap(tagKey, string({ min: 0, max: 256 }));

/** Tags of a session: to claims in a map of attributes, to values in a call for one user. */
export const principalTagsMap = stringMap(string({ min: 1, max: 128 }), string({ min: 1, max: 256 }), {
  max: 50,
});

/** Providers that logins are taken off of. */
export const loginsList = list(providerName);

/** How a claim is held against the value of a rule. */
export const matchType = enumeration('Equals', 'Contains', 'StartsWith', 'NotEqual');

/** A map's pairs as the services take logins. */
export const toLogins = (pairs: [string, string][] | undefined): { provider: string; token: string }[] =>
  (pairs ?? []).map(([provider, token]) => ({ provider, token }));

/** A map's pairs as the services take tags. */
export const toTags = (pairs: [string, string][]): { key: string; value: string }[] =>
  pairs.map(([key, value]) => ({ key, value }));

/** Tags as a map. */
export const fromTags = (tags: { key: string; value: string }[]): Record<string, string> =>
  Object.fromEntries(tags.map(({ key, value }) => [key, value]));
