import { authorize } from '../authorize';
import type { Context } from '../context';
import { syncPoolArn } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool, poolNotFound } from '../identity-pools/identity-pool.service';
import { resourceTagKeys } from '../identity-pools/tag-keys';

/**
 * The pool, for a caller that may do `action` of Cognito Sync on it: on its ARN in that service.
 * @throws ACCESS_DENIED, RESOURCE_NOT_FOUND
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
