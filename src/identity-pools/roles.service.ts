import { z } from 'zod';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import type { RoleMapping } from '../roles/role-mapping';
import { parse, regionalId } from '../validate';
import type { IdentityPool } from './identity-pool.entity';
import { authorizedPool, lockPool, recordPoolChange, savePool } from './identity-pool.service';
import { roleArn, roleMappingList, toRoleMapping } from './role-mapping.input';

/** The members of SetIdentityPoolRoles beside the pool's id, with their limits. */
export const poolRoleMembers = {
  roles: z.object({ authenticated: roleArn.nullish(), unauthenticated: roleArn.nullish() }),
  roleMappings: roleMappingList.nullish(),
};

const setIdentityPoolRolesInput = z.object({ identityPoolId: regionalId, ...poolRoleMembers });

export type SetIdentityPoolRolesInput = z.input<typeof setIdentityPoolRolesInput>;

/**
 * Replaces both role slots and all role mappings of a pool; what is left out is emptied. Needs iam:PassRole on each role,
 * those of mapping rules too. An ARN that no role has here is accepted, as AWS accepts it, and fails when credentials are
 * asked for.
 * @throws RESOURCE_NOT_FOUND, INVALID_PARAMETER.
 */
export const setIdentityPoolRoles = async (
  ctx: Context,
  input: SetIdentityPoolRolesInput,
): Promise<IdentityPool> => {
  const given = parse(setIdentityPoolRolesInput, input);
  const roleMappings = (given.roleMappings ?? []).map(toRoleMapping);
  // AWS authorizes this action on '*'; the pool's ARN lets a policy name the pools, and '*' still matches it.
  await authorizedPool(ctx, 'cognito-identity:SetIdentityPoolRoles', given.identityPoolId);
  authorizePassing(ctx, given.roles, roleMappings);
  return inTransaction(ctx, async (tx) => {
    const pool = await lockPool(tx, given.identityPoolId);
    pool.authenticatedRoleArn = given.roles.authenticated ?? null;
    pool.unauthenticatedRoleArn = given.roles.unauthenticated ?? null;
    pool.roleMappings = roleMappings;
    await savePool(tx, pool);
    const { roles } = given;
    await recordPoolChange(tx, 'cognito-identity:SetIdentityPoolRoles', pool, { roles, roleMappings });
    return pool;
  });
};

/** What the two slots of a pool are given. */
export interface GivenRoles {
  authenticated?: string | null | undefined;
  unauthenticated?: string | null | undefined;
}

/** Whoever gives a pool roles needs iam:PassRole on each, those of mapping rules too. @throws ACCESS_DENIED */
export const authorizePassing = (
  ctx: Context,
  { authenticated, unauthenticated }: GivenRoles,
  mappings: RoleMapping[],
): void => {
  const ofRules = mappings.flatMap(({ rules }) => rules.map((rule) => rule.roleArn));
  const arns = [authenticated, unauthenticated, ...ofRules].filter((arn) => typeof arn === 'string');
  for (const arn of new Set(arns)) authorize(ctx, 'iam:PassRole', { arn });
};

/** The ARNs in the two role slots of a pool, and how single providers get their roles. */
export interface IdentityPoolRoles {
  authenticated: string | null;
  unauthenticated: string | null;
  roleMappings: RoleMapping[];
}

/** GetIdentityPoolRoles. @throws RESOURCE_NOT_FOUND */
export const getIdentityPoolRoles = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<IdentityPoolRoles> => {
  const { identityPoolId } = parse(z.object({ identityPoolId: regionalId }), input);
  const pool = await authorizedPool(ctx, 'cognito-identity:GetIdentityPoolRoles', identityPoolId);
  return {
    authenticated: pool.authenticatedRoleArn,
    unauthenticated: pool.unauthenticatedRoleArn,
    roleMappings: pool.roleMappings,
  };
};
