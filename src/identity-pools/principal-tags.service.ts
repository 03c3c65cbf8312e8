import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { limitExceeded } from '../errors';
import { LIMITS } from '../protocol/limits';
import { hasEachKeyOnce, isEachOnce, parse, regionalId, text } from '../validate';
import type { PrincipalTagAttributeMap } from './identity-pool.entity';
import { authorizedPool, lockPool, recordPoolChange, savePool } from './identity-pool.service';

/** Providers of a pool that have a map. Ours: a provider need not be registered to have one. */
const MAPS_PER_POOL = 100;

/** Bytes of UTF-8 of a tag key and its claim's name together (attributes for access control, B9). */
const TAG_AND_CLAIM_BYTES = 460;

const principalTag = z
  .object({ key: text(1, 128), value: text(1, 256) })
  .refine(
    ({ key, value }) => Buffer.byteLength(key) + Buffer.byteLength(value) <= TAG_AND_CLAIM_BYTES,
    `and its claim must have at most ${TAG_AND_CLAIM_BYTES} bytes together`,
  );

/** AWS takes 128 characters, which the ARN of an issuer may pass; role mappings take as many as this. */
const identityProviderName = text(1, 2048);

const getInput = z.object({ identityPoolId: regionalId, identityProviderName });

/** The members of SetPrincipalTagAttributeMap beside the pool's id, with their limits. */
export const principalTagMembers = {
  identityProviderName,
  useDefaults: z.boolean().nullish(),
  principalTags: z
    .array(principalTag)
    .max(LIMITS.principalTagsPerProvider)
    .refine(hasEachKeyOnce, 'must not have the same key twice')
    .nullish(),
};

/** Active maps of a pool, each provider once. */
export const principalTagMaps = z
  .array(z.object(principalTagMembers))
  .max(MAPS_PER_POOL)
  .refine(
    (maps) => isEachOnce(maps.map((map) => map.identityProviderName)),
    'must not name a provider twice',
  );

const setInput = z.object({ identityPoolId: regionalId, ...principalTagMembers });

export type SetPrincipalTagAttributeMapInput = z.input<typeof setInput>;

/**
 * Which claims of a provider become principal tags, for `${aws:PrincipalTag/KEY}` in policies: the defaults, a map of
 * tag keys to claims, or neither, which turns it off. The trust policies of the pool's roles must allow sts:TagSession.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER, LIMIT_EXCEEDED.
 */
export const setPrincipalTagAttributeMap = async (
  ctx: Context,
  input: SetPrincipalTagAttributeMapInput,
): Promise<PrincipalTagAttributeMap> => {
  const given = parse(setInput, input);
  const action = 'cognito-identity:SetPrincipalTagAttributeMap';
  await authorizedPool(ctx, action, given.identityPoolId);
  const map = toPrincipalTagMap(given);
  await inTransaction(ctx, async (tx) => {
    const pool = await lockPool(tx, given.identityPoolId);
    const others = pool.principalTagAttributeMaps.filter(
      (other) => other.identityProviderName !== map.identityProviderName,
    );
    if (isActive(map) && others.length >= MAPS_PER_POOL)
      throw limitExceeded(`A pool has principal tags for at most ${MAPS_PER_POOL} providers.`, {
        limit: 'principalTagAttributeMapsPerPool',
        maximum: MAPS_PER_POOL,
      });
    pool.principalTagAttributeMaps = isActive(map) ? [...others, map] : others;
    await savePool(tx, pool);
    await recordPoolChange(tx, action, pool, { ...map });
  });
  return map;
};

/** The map as it is stored. */
export const toPrincipalTagMap = (
  given: Omit<z.infer<typeof setInput>, 'identityPoolId'>,
): PrincipalTagAttributeMap => ({
  identityProviderName: given.identityProviderName,
  useDefaults: given.useDefaults ?? false,
  principalTags: given.principalTags ?? [],
});

/** Whether the map makes any tag. */
export const isActive = ({ useDefaults, principalTags }: PrincipalTagAttributeMap): boolean =>
  useDefaults || principalTags.length > 0;

/** GetPrincipalTagAttributeMap: of a provider that has none, an inactive one. @throws RESOURCE_NOT_FOUND */
export const getPrincipalTagAttributeMap = async (
  ctx: Context,
  input: z.input<typeof getInput>,
): Promise<PrincipalTagAttributeMap> => {
  const { identityPoolId, identityProviderName } = parse(getInput, input);
  const action = 'cognito-identity:GetPrincipalTagAttributeMap';
  const { principalTagAttributeMaps: maps } = await authorizedPool(ctx, action, identityPoolId);
  const known = maps.find((map) => map.identityProviderName === identityProviderName);
  return known ?? { identityProviderName, useDefaults: false, principalTags: [] };
};

/** All active maps of a pool. @throws RESOURCE_NOT_FOUND */
export const listPrincipalTagAttributeMaps = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<PrincipalTagAttributeMap[]> => {
  const { identityPoolId } = parse(z.object({ identityPoolId: regionalId }), input);
  const action = 'cognito-identity:GetPrincipalTagAttributeMap';
  return (await authorizedPool(ctx, action, identityPoolId)).principalTagAttributeMaps;
};
