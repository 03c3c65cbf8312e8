import { z } from 'zod';
import { IDENTITY_POOL_NAME_PATTERN, LIMITS } from '../protocol/limits';
import { hasEachKeyOnce, regionalId, text } from '../validate';
import { loginProviderMembers } from './login-providers';

const tag = z.object({ key: text(1, LIMITS.tagKeyLength), value: text(0, LIMITS.tagValueLength) });

/** At most 50 tags, each key once. */
export const tagList = z
  .array(tag)
  .max(LIMITS.tagsPerPool)
  .refine(hasEachKeyOnce, 'must not have the same key twice');

const poolMembers = {
  identityPoolName: text(1, LIMITS.identityPoolNameLength).regex(IDENTITY_POOL_NAME_PATTERN),
  allowUnauthenticatedIdentities: z.boolean(),
  allowClassicFlow: z.boolean().nullish(),
  ...loginProviderMembers,
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
