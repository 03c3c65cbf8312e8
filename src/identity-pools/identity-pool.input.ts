import { z } from 'zod';
import { invalidParameter } from '../errors';
import { IDENTITY_POOL_NAME_PATTERN, LIMITS } from '../protocol/limits';
import { regionalId, text } from '../validate';

const tag = z.object({ key: text(1, LIMITS.tagKeyLength), value: text(0, LIMITS.tagValueLength) });

const uniqueTags = (tags: { key: string }[]): boolean => new Set(tags.map((t) => t.key)).size === tags.length;

/** At most 50 tags, each key once. */
export const tagList = z
  .array(tag)
  .max(LIMITS.tagsPerPool)
  .refine(uniqueTags, 'must not have the same key twice');

const providerArns = z
  .array(text(20, 2048))
  .max(100)
  .refine((arns) => new Set(arns).size === arns.length, 'must not have the same ARN twice')
  .nullish()
  .transform((arns) => arns ?? []);

const poolMembers = {
  identityPoolName: text(1, LIMITS.identityPoolNameLength).regex(IDENTITY_POOL_NAME_PATTERN),
  allowUnauthenticatedIdentities: z.boolean(),
  allowClassicFlow: z.boolean().nullish(),
  openIdConnectProviderARNs: providerArns,
};

/** The members of CreateIdentityPool with their limits, and our `createDefaultRoles`, true when left out. */
export const createIdentityPoolInput = z.object({
  ...poolMembers,
  identityPoolTags: tagList.nullish().transform((tags) => tags ?? []),
  createDefaultRoles: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
});

/** The members of UpdateIdentityPool with their limits. */
export const updateIdentityPoolInput = z.object({
  identityPoolId: regionalId,
  ...poolMembers,
  /** Left as they are when not given. */
  identityPoolTags: tagList.nullish(),
});

/** What operations take that name a pool and nothing else. */
export const identityPoolIdInput = z.object({ identityPoolId: regionalId });

export type CreateIdentityPoolInput = z.input<typeof createIdentityPoolInput>;
export type UpdateIdentityPoolInput = z.input<typeof updateIdentityPoolInput>;

/**
 * A pool needs a way to get an identity: guests, or a provider.
 * @throws INVALID_PARAMETER. AWS would make a pool that nobody can use.
 */
export const requireAWayIn = (pool: {
  allowUnauthenticatedIdentities: boolean;
  openIdConnectProviderARNs: string[];
}): void => {
  if (pool.allowUnauthenticatedIdentities || pool.openIdConnectProviderARNs.length > 0) return;
  throw invalidParameter(
    'An identity pool needs a way to get an identity: set allowUnauthenticatedIdentities to true, or name a provider in openIdConnectProviderARNs.',
    { field: 'allowUnauthenticatedIdentities' },
  );
};
