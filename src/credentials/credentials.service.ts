import { requestKeys, webIdentityKeys, type WebIdentity } from '../authorize';
import type { Context } from '../context';
import { ServiceError, invalidParameter } from '../errors';
import { COGNITO_PRINCIPAL } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { proveIdentity, type LoginInput, type ProvenIdentity } from '../identities/identity.service';
import type { RoleSlot } from '../roles/default-roles';
import type { Role } from '../roles/role.entity';
import { findRole } from '../roles/role.service';
import { evaluateTrust } from '../policy/evaluate';
import { amrOf, issueOpenIdToken } from '../tokens/open-id-token';
import { expirationAfter, issueCredentials, type Credentials } from './temporary-credentials';

/** Seconds; fixed in the enhanced flow, as in AWS. */
const ENHANCED_FLOW_SECONDS = 3600;

/** The session name of the enhanced flow, which shows in the caller's ARN. */
const SESSION_NAME = 'CognitoIdentityCredentials';

/** An identity and the logins that prove it. */
export interface IdentityCallInput {
  identityId: string;
  logins?: LoginInput[] | null;
}

/**
 * GetOpenIdToken, for anybody who proves the identity: a token of 600 s for the classic flow.
 * @throws what proving an identity throws; INVALID_PARAMETER when the pool's classic flow is off.
 */
export const getOpenIdToken = async (
  ctx: Context,
  input: IdentityCallInput,
): Promise<{ identityId: string; token: string }> => {
  const proven = await proveIdentity(ctx, input, requireClassicFlow);
  const identityId = proven.identity.id;
  const token = await issueOpenIdToken(ctx, {
    identityId,
    identityPoolId: proven.pool.id,
    amr: amrFor(proven),
  });
  return { identityId, token };
};

/** The classic flow is allowed unless it was turned off, as in AWS. @throws INVALID_PARAMETER */
export const requireClassicFlow = (pool: IdentityPool): void => {
  if (pool.allowClassicFlow !== false) return;
  throw invalidParameter('Basic (classic) flow is not enabled, please use enhanced flow.', {
    field: 'allowClassicFlow',
  });
};

const amrFor = ({ logins }: ProvenIdentity): string[] => amrOf({ authenticated: logins.length > 0, logins });

/**
 * GetCredentialsForIdentity, for anybody who proves the identity: credentials of one hour for the role of guests or of
 * identities that signed in. Guests are cut down to what AWS lets guests do.
 * @throws what proving an identity throws; INVALID_IDENTITY_POOL_CONFIGURATION when the pool has no such role or the
 *   role's trust policy does not let this identity take it.
 */
export const getCredentialsForIdentity = async (
  ctx: Context,
  input: IdentityCallInput,
): Promise<{ identityId: string; credentials: Credentials }> => {
  const proven = await proveIdentity(ctx, input);
  const { identity, pool, logins } = proven;
  const amr = amrFor(proven);
  const slot = logins.length > 0 ? 'authenticated' : 'unauthenticated';
  const role = await chosenRole(ctx, pool, slot);
  if (!trusts(ctx, role, { identityId: identity.id, identityPoolId: pool.id, amr }))
    throw badPoolConfiguration('NOT_TRUSTED', slot, role.arn);
  const credentials = await issueCredentials(ctx, {
    identityId: identity.id,
    identityPoolId: pool.id,
    roleArn: role.arn,
    sessionName: SESSION_NAME,
    amr,
    principalTags: {},
    cut: logins.length === 0,
    expiresAt: expirationAfter(ctx.now(), ENHANCED_FLOW_SECONDS),
  });
  return { identityId: identity.id, credentials };
};

const chosenRole = async (ctx: Context, pool: IdentityPool, slot: RoleSlot): Promise<Role> => {
  const arn = slot === 'authenticated' ? pool.authenticatedRoleArn : pool.unauthenticatedRoleArn;
  const role = arn === null ? null : await findRole(ctx, arn);
  if (role) return role;
  throw badPoolConfiguration(arn === null ? 'NO_ROLE' : 'ROLE_NOT_FOUND', slot, arn);
};

const HINTS = {
  NO_ROLE: 'The pool has no role for such identities: set one with setIdentityPoolRoles.',
  ROLE_NOT_FOUND:
    'No role has this ARN: make it with createRole, or set another one with setIdentityPoolRoles.',
  NOT_TRUSTED: "The role's trust policy does not let this identity take it: see updateRole.",
};

const badPoolConfiguration = (
  reason: keyof typeof HINTS,
  slot: RoleSlot,
  roleArn: string | null,
): ServiceError =>
  new ServiceError(
    'INVALID_IDENTITY_POOL_CONFIGURATION',
    'Invalid identity pool configuration. Check assigned IAM roles for this pool.',
    { reason, slot, roleArn, hint: HINTS[reason] },
  );

/** Whether the trust policy of a role lets an identity take it (sts:AssumeRoleWithWebIdentity). */
export const trusts = (ctx: Context, role: Role, identity: WebIdentity): boolean =>
  evaluateTrust(role.trustPolicy, {
    action: 'sts:AssumeRoleWithWebIdentity',
    principal: { Federated: COGNITO_PRINCIPAL },
    context: { ...requestKeys(ctx), ...webIdentityKeys(identity) },
  }).outcome === 'allow';
