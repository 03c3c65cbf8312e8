import type { PolicyDocument } from '../policy/document';

const allow = (...actions: string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
});

const allowBut = (denied: string, ...actions: string[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: actions, Resource: '*' },
    { Effect: 'Deny', Action: denied, Resource: '*' },
  ],
});

/**
 * The ready-made policies of an API key, after AWS's AdministratorAccess, AmazonCognitoPowerUser and
 * AmazonCognitoReadOnly. A power user runs pools and their data, but cannot make roles, providers or keys.
 */
export const MANAGED_POLICIES = {
  AdministratorAccess: allow('*'),
  PowerUser: allowBut(
    'cognito-identity:RotateSigningKey',
    'cognito-identity:*',
    'cognito-sync:*',
    'iam:Get*',
    'iam:List*',
    'iam:PassRole',
    'iam:SimulateCustomPolicy',
    'iam:SimulatePrincipalPolicy',
    'sns:CreatePlatformApplication',
    'sns:DeletePlatformApplication',
    'sns:SetPlatformApplicationAttributes',
  ),
  ReadOnly: allow(
    'cloudtrail:LookupEvents',
    'cognito-identity:Describe*',
    'cognito-identity:Get*Analytics',
    'cognito-identity:Get*PoolRoles',
    'cognito-identity:GetPrincipalTagAttributeMap',
    'cognito-identity:List*',
    'cognito-identity:LookupDeveloperIdentity',
    'cognito-identity:LookupLogin',
    'cognito-sync:Describe*',
    'cognito-sync:GetBulkPublishDetails',
    'cognito-sync:GetCognitoEvents',
    'cognito-sync:GetDatasetConfiguration',
    'cognito-sync:GetIdentityPoolConfiguration',
    'cognito-sync:List*',
    'iam:Get*',
    'iam:List*',
    'iam:SimulateCustomPolicy',
    'iam:SimulatePrincipalPolicy',
  ),
} as const satisfies Record<string, PolicyDocument>;

/** The name of a ready-made policy, as it is stored with a key. */
export type ManagedPolicyName = keyof typeof MANAGED_POLICIES;
