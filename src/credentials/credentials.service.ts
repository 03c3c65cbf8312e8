import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { requestKeys, webIdentityKeys, type WebIdentity } from '../authorize';
import type { Context } from '../context';
import { ServiceError, invalidParameter } from '../errors';
import { COGNITO_PRINCIPAL } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { markActive } from '../identities/mark-active';
import { proveIdentity, type ProvenIdentity } from '../identities/prove-identity';
import type { LoginInput } from '../logins/verify-logins';
import type { RoleSlot } from '../roles/default-roles';
import type { Role } from '../roles/role.entity';
import { findRole } from '../roles/role.service';
import { evaluateTrust } from '../policy/evaluate';
import { amrOf, issueOpenIdToken } from '../tokens/open-id-token';
import { parse, text } from '../validate';
import { roleArnFor } from './choose-role';
import { tagsOfLogins } from './principal-tags';
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
 * @throws what proving an identity throws; INVALID_PARAMETER when the pool's classic flow is off, it has role mappings, or
 *   a login is SAML's.
 */
export const getOpenIdToken = async (
  ctx: Context,
  input: IdentityCallInput,
): Promise<{ identityId: string; token: string }> => {
  const proven = await proveIdentity(ctx, input, 'getOpenIdToken', requireClassicLogins);
  await markActive(ctx, proven.identity);
  const identityId = proven.identity.id;
  const token = await issueOpenIdToken(ctx, {
    identityId,
    identityPoolId: proven.pool.id,
    amr: amrFor(proven),
    principalTags: tagsOfLogins(proven.pool, proven.logins),
  });
  await recordIssue(ctx, 'cognito-identity:GetOpenIdToken', proven);
  return { identityId, token };
};

/** The classic flow is allowed unless it was turned off, or role mappings choose the role. @throws INVALID_PARAMETER */
export const requireClassicFlow = (pool: IdentityPool): void => {
  if (pool.allowClassicFlow === false)
    throw invalidParameter('Basic (classic) flow is not enabled, please use enhanced flow.', {
      field: 'allowClassicFlow',
    });
  if (pool.roleMappings.length > 0)
    throw invalidParameter(
      'Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
      { field: 'roleMappings' },
    );
};

/** SAML has the enhanced flow alone (B11). @throws INVALID_PARAMETER, as `requireClassicFlow` does too. */
const requireClassicLogins = (pool: IdentityPool, logins: LoginInput[]): void => {
  requireClassicFlow(pool);
  const at = logins.findIndex(({ provider }) => pool.samlProviderArns.includes(provider));
  if (at < 0) return;
  throw invalidParameter(
    'Basic (classic) flow is not supported with SAML providers, please use enhanced flow.',
    { field: `logins[${at}].provider` },
  );
};

/** A developer's token brings the methods that its back end had it made with. */
const amrFor = ({ logins }: ProvenIdentity): string[] => {
  const developer = logins.find((login) => login.developer)?.developer;
  const others = logins.filter((login) => !login.developer);
  if (!developer) return amrOf({ authenticated: logins.length > 0, logins });
  return [...developer.amr, ...others.flatMap(({ provider, qualifier }) => [provider, qualifier])];
};

const credentialsInput = z.object({ customRoleArn: text(20, 2048).nullish() });

/** An identity, the logins that prove it, and for providers that carry several roles the one that is wanted. */
export interface GetCredentialsInput extends IdentityCallInput {
  customRoleArn?: string | null;
}

/**
 * GetCredentialsForIdentity, for anybody who proves the identity: credentials of one hour for the role that the pool's
 * role mappings or role slots give. Guests are cut down to what AWS lets guests do.
 * @throws what proving an identity throws; NOT_AUTHORIZED when a role mapping denies or `customRoleArn` is not among
 *   the login's roles; INVALID_IDENTITY_POOL_CONFIGURATION when there is no such role, or its trust policy does not
 *   let this identity take it (or tag the session).
 */
export const getCredentialsForIdentity = async (
  ctx: Context,
  input: GetCredentialsInput,
): Promise<{ identityId: string; credentials: Credentials }> => {
  const { customRoleArn } = parse(credentialsInput, input);
  const proven = await proveIdentity(ctx, input, 'getCredentialsForIdentity');
  const { identity, pool, logins } = proven;
  const amr = amrFor(proven);
  const principalTags = tagsOfLogins(pool, logins);
  const role = await chosenRole(ctx, proven, customRoleArn);
  if (!trusts(ctx, role, { identityId: identity.id, identityPoolId: pool.id, amr, principalTags }))
    throw badPoolConfiguration('NOT_TRUSTED', slotOf(proven), role.arn);
  await markActive(ctx, identity);
  const credentials = await issueCredentials(ctx, {
    identityId: identity.id,
    identityPoolId: pool.id,
    roleArn: role.arn,
    sessionName: SESSION_NAME,
    amr,
    principalTags,
    cut: logins.length === 0,
    expiresAt: expirationAfter(ctx.now(), ENHANCED_FLOW_SECONDS),
  });
  const { accessKeyId } = credentials;
  const action = 'cognito-identity:GetCredentialsForIdentity';
  await recordIssue(ctx, action, proven, { roleArn: role.arn, accessKeyId });
  return { identityId: identity.id, credentials };
};

/** Before they are handed out: what cannot be written down is not issued. */
const recordIssue = (
  ctx: Context,
  action: string,
  { identity, pool, logins }: ProvenIdentity,
  details: Record<string, unknown> = {},
): Promise<void> =>
  recordAudit(ctx, {
    action,
    resource: '*',
    identityPoolId: pool.id,
    identityId: identity.id,
    details: { ...details, identityId: identity.id, providers: logins.map((login) => login.provider) },
  });

const slotOf = ({ logins }: ProvenIdentity): RoleSlot =>
  logins.length > 0 ? 'authenticated' : 'unauthenticated';

const chosenRole = async (
  ctx: Context,
  proven: ProvenIdentity,
  customRoleArn: string | null | undefined,
): Promise<Role> => {
  const arn = roleArnFor(proven.pool, proven.logins, customRoleArn);
  const role = arn === null ? null : await findRole(ctx, arn);
  if (role) return role;
  throw badPoolConfiguration(arn === null ? 'NO_ROLE' : 'ROLE_NOT_FOUND', slotOf(proven), arn);
};

const HINTS = {
  NO_ROLE: 'The pool has no role for such identities: set one with setIdentityPoolRoles.',
  ROLE_NOT_FOUND:
    'No role has this ARN: make it with createRole, or set another one with setIdentityPoolRoles.',
  NOT_TRUSTED:
    "The role's trust policy does not let this identity take it, or not tag the session (sts:TagSession, needed with principal tags): see updateRole.",
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

/** Whom a role's trust policy is asked about. */
export interface TrustSubject extends WebIdentity {
  principalTags: Record<string, string>;
}

/**
 * Whether the trust policy of a role lets an identity take it (sts:AssumeRoleWithWebIdentity), and with principal tags
 * also tag the session (sts:TagSession).
 */
export const trusts = (ctx: Context, role: Role, subject: TrustSubject): boolean => {
  const isTagged = Object.keys(subject.principalTags).length > 0;
  const actions = ['sts:AssumeRoleWithWebIdentity', ...(isTagged ? ['sts:TagSession'] : [])];
  const context = { ...requestKeys(ctx), ...webIdentityKeys(subject), ...sessionTagKeys(subject) };
  return actions.every(
    (action) =>
      evaluateTrust(role.trustPolicy, { action, principal: { Federated: COGNITO_PRINCIPAL }, context })
        .outcome === 'allow',
  );
};

const sessionTagKeys = ({ principalTags }: TrustSubject): Record<string, string | string[]> => ({
  'aws:TagKeys': Object.keys(principalTags),
  ...Object.fromEntries(
    Object.entries(principalTags).map(([tag, value]) => [`aws:RequestTag/${tag}`, value]),
  ),
});
