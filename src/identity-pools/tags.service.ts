import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { invalidParameter, limitExceeded } from '../errors';
import { identityPoolArn } from '../ids';
import { LIMITS } from '../protocol/limits';
import { parse, text } from '../validate';
import type { IdentityPool, Tag } from './identity-pool.entity';
import { tagList } from './identity-pool.input';
import { authorizedPool, lockPool, recordPoolChange, savePool } from './identity-pool.service';
import { requestTagKeys, tagKeys } from './tag-keys';

const resourceArn = text(20, 2048);
const tagResourceInput = z.object({ resourceArn, tags: tagList });
const untagResourceInput = z.object({
  resourceArn,
  tagKeys: z.array(text(1, LIMITS.tagKeyLength)).max(LIMITS.tagsPerPool),
});

/** Sets tags of a pool, named by its ARN; others stay. @throws LIMIT_EXCEEDED above 50 tags, RESOURCE_NOT_FOUND */
export const tagResource = async (
  ctx: Context,
  input: { resourceArn: string; tags: Tag[] },
): Promise<IdentityPool> => {
  const given = parse(tagResourceInput, input);
  const call = {
    action: 'cognito-identity:TagResource',
    arn: given.resourceArn,
    keys: requestTagKeys(given.tags),
  };
  return changeTags(ctx, call, (tags) =>
    withinLimit([...tags.filter((tag) => !given.tags.some((t) => t.key === tag.key)), ...given.tags]),
  );
};

/** Takes tags off a pool; keys that it does not have are no error. @throws RESOURCE_NOT_FOUND */
export const untagResource = async (
  ctx: Context,
  input: { resourceArn: string; tagKeys: string[] },
): Promise<IdentityPool> => {
  const given = parse(untagResourceInput, input);
  const call = {
    action: 'cognito-identity:UntagResource',
    arn: given.resourceArn,
    keys: tagKeys(given.tagKeys),
  };
  return changeTags(ctx, call, (tags) => tags.filter((tag) => !given.tagKeys.includes(tag.key)));
};

/** The tags of a pool. */
export const listTagsForResource = async (ctx: Context, input: { resourceArn: string }): Promise<Tag[]> => {
  const { resourceArn: arn } = parse(z.object({ resourceArn }), input);
  const pool = await authorizedPool(ctx, 'cognito-identity:ListTagsForResource', poolIdOf(ctx, arn));
  return pool.tags;
};

interface TagCall {
  action: string;
  arn: string;
  /** Condition keys of the call. */
  keys: Record<string, string | string[]>;
}

const changeTags = async (
  ctx: Context,
  { action, arn, keys }: TagCall,
  change: (tags: Tag[]) => Tag[],
): Promise<IdentityPool> => {
  const id = poolIdOf(ctx, arn);
  await authorizedPool(ctx, action, id, keys);
  return inTransaction(ctx, async (tx) => {
    const pool = await lockPool(tx, id);
    pool.tags = change(pool.tags);
    await savePool(tx, pool);
    await recordPoolChange(tx, action, pool, { tags: pool.tags });
    return pool;
  });
};

const withinLimit = (tags: Tag[]): Tag[] => {
  if (tags.length <= LIMITS.tagsPerPool) return tags;
  throw limitExceeded(`A pool has at most ${LIMITS.tagsPerPool} tags.`, {
    limit: 'tagsPerPool',
    maximum: LIMITS.tagsPerPool,
    value: tags.length,
  });
};

const poolIdOf = (ctx: Context, arn: string): string => {
  const prefix = identityPoolArn(ctx.config, '');
  if (arn.startsWith(prefix)) return arn.slice(prefix.length);
  throw invalidParameter(`resourceArn must be the ARN of an identity pool: ${prefix}REGION:UUID`, {
    field: 'resourceArn',
  });
};
