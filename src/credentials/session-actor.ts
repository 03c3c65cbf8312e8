import { LRUCache } from 'lru-cache';
import type { IdentityActor } from '../actor';
import type { Context } from '../context';
import { badCredentials } from '../errors';
import { assumedRoleArn } from '../ids';
import { findPool } from '../identity-pools/identity-pool.service';
import type { PolicyDocument } from '../policy/document';
import { findRole } from '../roles/role.service';
import type { AccessTokenSession } from '../tokens/access-token';
import { GUEST_SESSION_POLICY } from './guest-session-policy';

/**
 * Whoever acts under a session, with what its role allows now. Access tokens and temporary keys are two ways to show one
 * session, so that both end together.
 * @throws NOT_AUTHORIZED with `fields.reason` REVOKED when the pool or the role is gone.
 */
export const sessionActor = async (ctx: Context, session: AccessTokenSession): Promise<IdentityActor> => {
  const [pool, role] = await Promise.all([
    findPool(ctx, session.identityPoolId),
    findRole(ctx, session.roleArn),
  ]);
  if (!pool || !role)
    throw badCredentials('REVOKED', 'The identity pool or the role of these credentials is gone.');
  return {
    kind: 'identity',
    identityId: session.identityId,
    identityPoolId: session.identityPoolId,
    roleArn: role.arn,
    arn: assumedRoleArn(role.arn, session.sessionName),
    amr: session.amr,
    principalTags: session.principalTags,
    expiresAt: session.expiresAt,
    policies: role.permissionPolicies.map((policy) => policy.document),
    sessionPolicies: sessionPoliciesOf(session),
  };
};

const parsedPolicies = new LRUCache<string, PolicyDocument>({ max: 1000 });

const sessionPoliciesOf = ({ cut, policy }: AccessTokenSession): PolicyDocument[] => [
  ...(cut ? [GUEST_SESSION_POLICY] : []),
  ...(policy === undefined ? [] : [parsedPolicy(policy)]),
];

/** The same text gives the same object, since a policy is compiled once for each object. */
const parsedPolicy = (text: string): PolicyDocument => {
  const known = parsedPolicies.get(text);
  if (known) return known;
  const document = JSON.parse(text) as PolicyDocument;
  parsedPolicies.set(text, document);
  return document;
};
