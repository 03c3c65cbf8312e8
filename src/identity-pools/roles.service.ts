import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { parse, regionalId, text } from '../validate';
import type { IdentityPool } from './identity-pool.entity';
import { identityPoolIdInput } from './identity-pool.input';
import { authorizedPool, lockPool, savePool } from './identity-pool.service';

const roleArn = text(20, 2048).regex(/^arn:aws:iam::\d+:role\/.+$/);
const setIdentityPoolRolesInput = z.object({
  identityPoolId: regionalId,
  roles: z.object({ authenticated: roleArn.nullish(), unauthenticated: roleArn.nullish() }),
});

export type SetIdentityPoolRolesInput = z.input<typeof setIdentityPoolRolesInput>;

/**
 * Replaces both role slots of a pool; one left out is emptied. Needs iam:PassRole on each role.
 * An ARN that no role has here is accepted, as AWS accepts it, and fails when credentials are asked for.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER.
 */
export const setIdentityPoolRoles = async (
  ctx: Context,
  input: SetIdentityPoolRolesInput,
): Promise<IdentityPool> => {
  const { identityPoolId, roles } = parse(setIdentityPoolRolesInput, input);
  // AWS authorizes this action on '*'; the pool's ARN lets a policy name the pools, and '*' still matches it.
  await authorizedPool(ctx, 'cognito-identity:SetIdentityPoolRoles', identityPoolId);
  for (const arn of [roles.authenticated, roles.unauthenticated])
    if (arn) authorize(ctx, 'iam:PassRole', { arn });
  return inTransaction(ctx, async (tx) => {
    const pool = await lockPool(tx, identityPoolId);
    pool.authenticatedRoleArn = roles.authenticated ?? null;
    pool.unauthenticatedRoleArn = roles.unauthenticated ?? null;
    await savePool(tx, pool);
    return pool;
  });
};

/** The ARNs in the two role slots of a pool. */
export interface IdentityPoolRoles {
  authenticated: string | null;
  unauthenticated: string | null;
}

/** GetIdentityPoolRoles. @throws RESOURCE_NOT_FOUND */
export const getIdentityPoolRoles = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<IdentityPoolRoles> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  const pool = await authorizedPool(ctx, 'cognito-identity:GetIdentityPoolRoles', identityPoolId);
  return { authenticated: pool.authenticatedRoleArn, unauthenticated: pool.unauthenticatedRoleArn };
};
