import type { Actor, AdministratorActor, IdentityActor } from './actor';
import type { Context } from './context';
import { ServiceError, badCredentials, notAuthorized } from './errors';
import { COGNITO_PRINCIPAL } from './ids';
import { evaluate, type Decision } from './policy/evaluate';

/** What an action is done on: an ARN, or `*` for actions that IAM does not tie to a resource. */
export interface Resource {
  arn: string;
  /** Condition keys that the action brings along, such as `cognito-identity:IdentityPoolArn`. */
  conditionKeys?: Record<string, string | string[] | undefined>;
  /** The identity that owns it. What has no owner belongs to the installation and is for administrators only. */
  owner?: { identityPoolId: string; identityId: string };
}

/**
 * The one authorization call: every service function makes it after the form of its input, and before it answers or
 * changes anything. The public operations (getId and its like) prove an identity instead.
 *
 * Identity against identity is checked before any policy, whatever the policy says. Then the actor's policies decide:
 * explicit deny wins, every session policy must allow too, and nothing said is a denial.
 * @throws NOT_AUTHORIZED for a caller without credentials and for another's identity or pool, ACCESS_DENIED when the policies do not allow it. Only administrators are told which statement decided.
 */
export const authorize = (ctx: Context, action: string, resource: Resource): void => {
  const { actor } = ctx;
  if (actor.kind === 'anonymous') throw actor.problem ?? credentialsMissing(action);
  if (actor.kind === 'identity') requireOwnIdentity(actor, resource);
  const decision = decide(ctx, actor, action, resource);
  if (decision.outcome !== 'allow') throw accessDenied(actor, action, resource.arn, decision);
};

/** Whether the actor may; for answers that leave out what the caller may not see. */
export const isAuthorized = (ctx: Context, action: string, resource: Resource): boolean => {
  try {
    authorize(ctx, action, resource);
    return true;
  } catch (error) {
    if (error instanceof ServiceError) return false;
    throw error;
  }
};

const credentialsMissing = (action: string): ServiceError =>
  badCredentials(
    'MISSING',
    `${action} needs credentials. Send "Authorization: Bearer <accessToken>" with an access token from getCredentialsForIdentity, or an administrator key as <accessKeyId>.<secretAccessKey>.`,
    { action },
  );

const requireOwnIdentity = (actor: IdentityActor, { owner }: Resource): void => {
  if (!owner)
    throw notAuthorized('Only administrators may do this, whatever the role of an identity allows.');
  if (owner.identityId !== actor.identityId || owner.identityPoolId !== actor.identityPoolId)
    throw notAuthorized('mismatch between session identity id and request identity id');
};

const decide = (
  ctx: Context,
  actor: AdministratorActor | IdentityActor,
  action: string,
  resource: Resource,
): Decision =>
  evaluate(
    {
      action,
      resource: resource.arn,
      // Who is calling is said last: no action may say otherwise.
      context: { ...resource.conditionKeys, ...conditionKeysOf(ctx, actor) },
    },
    {
      permissions: actor.policies,
      sessionPolicies: actor.kind === 'identity' ? actor.sessionPolicies : [],
    },
  );

type ConditionKeys = Record<string, string | string[] | undefined>;

/** The condition keys that every request has, whoever sends it. */
export const requestKeys = (ctx: Context): ConditionKeys => ({
  ...(ctx.request.sourceIp === null ? {} : { 'aws:SourceIp': ctx.request.sourceIp }),
  'aws:CurrentTime': ctx.now().toISOString(),
  'aws:EpochTime': String(Math.floor(ctx.now().getTime() / 1000)),
  'aws:RequestedRegion': ctx.config.region,
});

/** An identity as policies know it: those of its role, and the trust policy of a role that it wants to take. */
export interface WebIdentity {
  identityId: string;
  identityPoolId: string;
  amr: string[];
}

/** The condition keys and policy variables that name an identity. */
export const webIdentityKeys = ({ identityId, identityPoolId, amr }: WebIdentity): ConditionKeys => ({
  'aws:FederatedProvider': COGNITO_PRINCIPAL,
  [`${COGNITO_PRINCIPAL}:sub`]: identityId,
  [`${COGNITO_PRINCIPAL}:aud`]: identityPoolId,
  [`${COGNITO_PRINCIPAL}:amr`]: amr,
});

/** The condition keys and policy variables that a caller brings along. */
export const conditionKeysOf = (ctx: Context, actor: Actor): ConditionKeys => {
  const common = requestKeys(ctx);
  if (actor.kind === 'anonymous') return common;
  if (actor.kind === 'administrator')
    return { ...common, 'aws:PrincipalArn': actor.arn, 'aws:username': actor.accessKeyId };
  return { ...common, ...identityKeys(actor) };
};

const identityKeys = (actor: IdentityActor): ConditionKeys => ({
  'aws:PrincipalArn': actor.roleArn,
  ...webIdentityKeys(actor),
  ...Object.fromEntries(
    Object.entries(actor.principalTags).map(([tag, value]) => [`aws:PrincipalTag/${tag}`, value]),
  ),
});

const accessDenied = (
  actor: AdministratorActor | IdentityActor,
  action: string,
  resource: string,
  decision: Decision,
): ServiceError => {
  const sentence = `User: ${actor.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  const fields = actor.kind === 'administrator' ? { action, resource, decision } : { action, resource };
  return new ServiceError('ACCESS_DENIED', sentence, fields);
};
