import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ANONYMOUS, type Actor, type AdministratorActor, type IdentityActor } from '../actor';
import type { Context } from '../context';
import { ServiceError, badCredentials } from '../errors';
import { apiKeyArn, assumedRoleArn } from '../ids';
import { findPool } from '../identity-pools/identity-pool.service';
import type { PolicyDocument } from '../policy/document';
import { findRole } from '../roles/role.service';
import { verifyAccessToken, type VerifiedAccessToken } from '../tokens/access-token';
import { open } from '../tokens/seal';
import { findApiKey } from './api-key.service';
import { GUEST_SESSION_POLICY } from './guest-session-policy';
import { MANAGED_POLICIES } from './managed-policies';

/**
 * Who is calling, from the `Authorization` header. Credentials that do not hold make an anonymous caller who is told
 * why as soon as an operation needs more than that: the public ones go on working, so that a client whose token has
 * expired can get a new one.
 */
export const authenticate = async (ctx: Context, header: string | undefined): Promise<Actor> => {
  if (header === undefined || header === '') return ANONYMOUS;
  try {
    return await actorOf(ctx, bearerOf(header));
  } catch (error) {
    if (error instanceof ServiceError) return { kind: 'anonymous', problem: error };
    throw error;
  }
};

const bearerOf = (header: string): string => {
  const [scheme = '', token = '', ...rest] = header.trim().split(/ +/);
  if (scheme.toLowerCase() === 'bearer' && token !== '' && rest.length === 0) return token;
  throw badCredentials(
    'INVALID',
    'The Authorization header must be "Bearer <accessToken>" or "Bearer <accessKeyId>.<secretAccessKey>".',
  );
};

/** Access tokens are JWTs, whose first part is the base64url of `{"`; no key id starts with it. */
const actorOf = (ctx: Context, bearer: string): Promise<Actor> =>
  /^[^.]+\.[^.]+\.[^.]*$/.test(bearer) && bearer.startsWith('ey')
    ? identityActor(ctx, bearer)
    : administratorActor(ctx, bearer);

const identityActor = async (ctx: Context, token: string): Promise<IdentityActor> => {
  const session = await verifyAccessToken(ctx.config, ctx.now(), token);
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

const sessionPoliciesOf = ({ cut, policy }: VerifiedAccessToken): PolicyDocument[] => [
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

const administratorActor = async (ctx: Context, bearer: string): Promise<AdministratorActor> => {
  const dot = bearer.indexOf('.');
  const accessKeyId = bearer.slice(0, dot);
  if (dot < 1 || bearer.length > 300 || !/^\w{3,128}$/.test(accessKeyId)) throw wrongKey();
  const key = await findApiKey(ctx, accessKeyId);
  const secret = key ? open(ctx.config.secret, 'api-key-secret', key.sealedSecret) : undefined;
  if (!key || secret === undefined || !sameSecret(secret, bearer.slice(dot + 1))) throw wrongKey();
  if (key.revokedAt) throw badCredentials('REVOKED', `The API key ${accessKeyId} has been revoked.`);
  return {
    kind: 'administrator',
    accessKeyId,
    arn: apiKeyArn(ctx.config, accessKeyId),
    policies: [
      ...key.managedPolicies.map((name) => MANAGED_POLICIES[name]),
      ...key.inlinePolicies.map((policy) => policy.document),
    ],
  };
};

const sameSecret = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b));

const sha256 = (value: string): Buffer => createHash('sha256').update(value).digest();

const wrongKey = (): ServiceError =>
  badCredentials(
    'INVALID',
    'The bearer is neither an access token nor an API key of this server. An API key is sent as <accessKeyId>.<secretAccessKey>.',
  );
