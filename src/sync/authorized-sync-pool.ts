import { authorize } from '../authorize';
import type { Context } from '../context';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool, poolNotFound } from '../identity-pools/identity-pool.service';
import { resourceTagKeys } from '../identity-pools/tag-keys';
import { syncPoolArn } from '../ids';

/**
 * The pool, for a caller that may do `action`, one of Cognito Sync's, on it: on the pool's ARN of that service, as in
 * AWS, which is another one than that of Cognito Identity.
 * @throws ACCESS_DENIED, NOT_AUTHORIZED, RESOURCE_NOT_FOUND
 */
export const authorizedSyncPool = async (
  ctx: Context,
  action: string,
  identityPoolId: string,
): Promise<IdentityPool> => {
  const pool = await findPool(ctx, identityPoolId);
  authorize(ctx, action, {
    arn: syncPoolArn(ctx.config, identityPoolId),
    conditionKeys: resourceTagKeys(pool?.tags ?? []),
  });
  if (!pool) throw poolNotFound(identityPoolId);
  return pool;
};
