import { authorize } from '../authorize';
import type { Context } from '../context';
import { identityPoolArn } from '../ids';
import type { IdentityPool, Tag } from './identity-pool.entity';

type ConditionKeys = Record<string, string | string[]>;

/** Condition keys that say which tags a call sets: `aws:RequestTag/KEY` and `aws:TagKeys`. */
export const requestTagKeys = (tags: Tag[]): ConditionKeys => ({
  ...Object.fromEntries(tags.map(({ key, value }) => [`aws:RequestTag/${key}`, value])),
  ...tagKeys(tags.map(({ key }) => key)),
});

/** The condition key that says of which tags a call is about: `aws:TagKeys`; none when it is about none. */
export const tagKeys = (keys: string[]): ConditionKeys => (keys.length > 0 ? { 'aws:TagKeys': keys } : {});

/** Condition keys that say which tags the pool has: `aws:ResourceTag/KEY`. */
export const resourceTagKeys = (tags: Tag[]): ConditionKeys =>
  Object.fromEntries(tags.map(({ key, value }) => [`aws:ResourceTag/${key}`, value]));

/**
 * Whoever replaces the tags of a pool needs what setting and taking off those that differ needs: tags decide who may
 * work on a pool, so no other operation may change them in passing.
 * @throws ACCESS_DENIED
 */
export const authorizeTagChange = (ctx: Context, pool: IdentityPool, tags: Tag[]): void => {
  const set = tags.filter(
    ({ key, value }) => !pool.tags.some((tag) => tag.key === key && tag.value === value),
  );
  const taken = pool.tags.filter(({ key }) => !tags.some((tag) => tag.key === key)).map(({ key }) => key);
  const arn = identityPoolArn(ctx.config, pool.id);
  const ofPool = resourceTagKeys(pool.tags);
  if (set.length > 0)
    authorize(ctx, 'cognito-identity:TagResource', {
      arn,
      conditionKeys: { ...ofPool, ...requestTagKeys(set) },
    });
  if (taken.length > 0)
    authorize(ctx, 'cognito-identity:UntagResource', {
      arn,
      conditionKeys: { ...ofPool, ...tagKeys(taken) },
    });
};
