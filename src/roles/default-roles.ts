import { COGNITO_PRINCIPAL, roleArn, type ArnScope } from '../ids';
import type { PolicyDocument, TrustPolicyDocument } from '../policy/document';
import type { Role } from './role.entity';

/** The two role slots of a pool. */
export type RoleSlot = 'authenticated' | 'unauthenticated';

/** Who may take the role: identities of this pool that signed in, or its guests. */
export const defaultTrustPolicy = (identityPoolId: string, slot: RoleSlot): TrustPolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: COGNITO_PRINCIPAL },
      // Tagging too, so that principal tags can be turned on without a change of the role.
      Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
      Condition: {
        StringEquals: { [`${COGNITO_PRINCIPAL}:aud`]: identityPoolId },
        'ForAnyValue:StringLike': { [`${COGNITO_PRINCIPAL}:amr`]: slot },
      },
    },
  ],
});

/** Own-data access: an identity sees itself, renews its credentials and synchronizes its own datasets. */
export const ownDataPolicy = ({ region, accountId }: ArnScope): PolicyDocument => {
  const own = `arn:aws:cognito-sync:${region}:${accountId}:identitypool/\${${COGNITO_PRINCIPAL}:aud}/identity/\${${COGNITO_PRINCIPAL}:sub}`;
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'OwnData', Effect: 'Allow', Action: 'cognito-sync:*', Resource: [own, `${own}/*`] },
      {
        Sid: 'OwnIdentity',
        Effect: 'Allow',
        Action: ['cognito-identity:GetCredentialsForIdentity', 'cognito-identity:DescribeIdentity'],
        Resource: '*',
      },
    ],
  };
};

const SLOT_NAME: Record<RoleSlot, string> = { authenticated: 'Auth', unauthenticated: 'Unauth' };

/** `Cognito_POOLNAMEAuth_Role_1a2b3c4d`: the console's name, made unique by the pool's id; at most 64 characters. */
export const defaultRoleName = (poolName: string, identityPoolId: string, slot: RoleSlot): string => {
  const name = poolName.replace(/[^\w+=,.@-]/g, '').slice(0, 30);
  const unique = identityPoolId.split(':')[1]?.slice(0, 8) ?? '';
  return `Cognito_${name}${SLOT_NAME[slot]}_Role_${unique}`;
};

/** One of the two roles that a new pool is given. */
export const defaultRole = (
  scope: ArnScope,
  pool: { id: string; name: string },
  slot: RoleSlot,
  now: Date,
): Role => {
  const name = defaultRoleName(pool.name, pool.id, slot);
  return {
    arn: roleArn(scope, name),
    name,
    description: `Default role for ${slot} identities of the identity pool ${pool.id}`,
    trustPolicy: defaultTrustPolicy(pool.id, slot),
    permissionPolicies: [{ name: 'OwnData', document: ownDataPolicy(scope) }],
    maxSessionDuration: 3600,
    createdAt: now,
    lastModifiedAt: now,
  };
};
