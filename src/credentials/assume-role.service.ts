import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import type { Context } from '../context';
import { ServiceError, badCredentials, invalidParameter, identityForbidden } from '../errors';
import { assumedRoleArn, roleId } from '../ids';
import type { IdentityPool } from '../identity-pools/identity-pool.entity';
import { findPool } from '../identity-pools/identity-pool.service';
import { ownerOf } from '../identities/developer-identities.service';
import type { Identity } from '../identities/identity.entity';
import { findIdentity } from '../identities/identity-state';
import { markActive } from '../identities/mark-active';
import { limitCaller, limitPool } from '../rate-limits/rate-limits';
import { parsePolicyDocument, SESSION_POLICY_MAX_SIZE } from '../policy/document';
import type { Role } from '../roles/role.entity';
import { findRole } from '../roles/role.service';
import { verifyOpenIdToken, type OpenIdToken } from '../tokens/open-id-token';
import { parse, text } from '../validate';
import { requireClassicFlow, trusts } from './credentials.service';
import { expirationAfter, issueCredentials, type Credentials } from './temporary-credentials';

const input = z.object({
  roleArn: text(20, 2048),
  roleSessionName: text(2, 64).regex(/^[\w+=,.@-]*$/),
  webIdentityToken: text(4, 20_000),
  durationSeconds: z.int().min(900).max(43_200).nullish(),
  policy: z.unknown().optional(),
  policyArns: z
    .array(z.string())
    .refine(
      (arns) => arns.length === 0,
      'must be empty: there are no managed policies here to cut a session down with; give their statements in policy',
    )
    .optional(),
});

export type AssumeRoleInput = z.input<typeof input>;

/** What STS answers with. */
export interface AssumedRole {
  credentials: Credentials;
  /** The identity id. */
  subjectFromWebIdentityToken: string;
  assumedRoleArn: string;
  /** The role's unique id and the session's name: `AROA…:SESSION`. */
  assumedRoleId: string;
  provider: string;
  /** The pool id. */
  audience: string;
}

/**
 * AssumeRoleWithWebIdentity (STS), the second half of the classic flow: credentials for a role of the caller's choice,
 * if its trust policy agrees. 900 to 43,200 s, 3,600 when left out, and never longer than the role allows; `policy`
 * cuts them down further. Guests are not cut down here, as in AWS.
 * @throws NOT_AUTHORIZED for a token that does not hold (`fields.reason`), ACCESS_DENIED when the trust policy refuses,
 *   INVALID_PARAMETER, MALFORMED_POLICY_DOCUMENT.
 */
export const assumeRoleWithWebIdentity = async (
  ctx: Context,
  request: AssumeRoleInput,
): Promise<AssumedRole> => {
  const given = parse(input, request);
  await limitCaller(ctx, 'assumeRoleWithWebIdentity');
  const token = await requireToken(ctx, given.webIdentityToken);
  const identity = await requireLiveIdentity(ctx, token);
  const role = await requireTrustedRole(ctx, given.roleArn, token);
  const seconds = given.durationSeconds ?? 3600;
  requireDuration(role, seconds);
  await markActive(ctx, identity);
  const credentials = await issueCredentials(ctx, {
    identityId: token.identityId,
    identityPoolId: token.identityPoolId,
    roleArn: role.arn,
    sessionName: given.roleSessionName,
    amr: token.amr,
    principalTags: token.principalTags,
    cut: false,
    ...sessionPolicy(given.policy),
    expiresAt: expirationAfter(ctx.now(), seconds),
  });
  await recordAudit(ctx, {
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: role.arn,
    identityPoolId: token.identityPoolId,
    identityId: token.identityId,
    details: {
      identityId: token.identityId,
      roleArn: role.arn,
      roleSessionName: given.roleSessionName,
      accessKeyId: credentials.accessKeyId,
      durationSeconds: seconds,
    },
  });
  return {
    credentials,
    subjectFromWebIdentityToken: token.identityId,
    assumedRoleArn: assumedRoleArn(role.arn, given.roleSessionName),
    assumedRoleId: `${roleId(role.arn)}:${given.roleSessionName}`,
    provider: ctx.config.publicUrl,
    audience: token.identityPoolId,
  };
};

const requireToken = async (ctx: Context, webIdentityToken: string): Promise<OpenIdToken> => {
  const verdict = await verifyOpenIdToken(ctx, webIdentityToken);
  if (verdict.outcome === 'expired')
    throw badCredentials('EXPIRED', 'The web identity token has expired. Call getOpenIdToken again.', {
      field: 'webIdentityToken',
    });
  if (verdict.outcome === 'invalid')
    throw badCredentials(
      'INVALID',
      'webIdentityToken is not a token that getOpenIdToken of this server issued.',
      {
        field: 'webIdentityToken',
        problem: verdict.problem,
      },
    );
  await limitPool(ctx, verdict.token.identityPoolId, 'assumeRoleWithWebIdentity');
  return verdict.token;
};

const requireLiveIdentity = async (ctx: Context, token: OpenIdToken): Promise<Identity> => {
  const pool = await findPool(ctx, token.identityPoolId);
  const identity = await findIdentity(ctx, token.identityId);
  const isLive = pool && identity.disabledAt === null && (await isStillTrue(ctx, pool, identity, token));
  if (!isLive) throw identityForbidden(token.identityId);
  requireClassicFlow(pool);
  return identity;
};

/**
 * A guest's token ends when the guest signs in: whoever knew its id would have a way to the data of that person. One that
 * a back end asked for ends when its user is unlinked from the identity.
 */
const isStillTrue = async (
  ctx: Context,
  pool: IdentityPool,
  { id, isAuthenticated }: Identity,
  { amr, developerUser }: OpenIdToken,
): Promise<boolean> => {
  if (isAuthenticated !== amr.includes('authenticated')) return false;
  return developerUser === undefined || (await ownerOf(ctx, pool, developerUser)) === id;
};

const requireTrustedRole = async (ctx: Context, arn: string, token: OpenIdToken): Promise<Role> => {
  const role = await findRole(ctx, arn);
  if (role && trusts(ctx, role, token)) return role;
  throw new ServiceError('ACCESS_DENIED', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', {
    action: 'sts:AssumeRoleWithWebIdentity',
    resource: arn,
  });
};

const requireDuration = (role: Role, seconds: number): void => {
  if (seconds <= role.maxSessionDuration) return;
  throw invalidParameter(
    `The requested DurationSeconds exceeds the MaxSessionDuration set for this role: ${role.maxSessionDuration}.`,
    { field: 'durationSeconds', limit: role.maxSessionDuration },
  );
};

const sessionPolicy = (policy: unknown): { policy?: string } => {
  if (policy === undefined || policy === null) return {};
  return { policy: JSON.stringify(parsePolicyDocument(policy, 'policy', SESSION_POLICY_MAX_SIZE)) };
};
