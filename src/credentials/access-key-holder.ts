import type { Actor, AdministratorActor } from '../actor';
import type { Context } from '../context';
import { badCredentials } from '../errors';
import { apiKeyArn } from '../ids';
import { open } from '../tokens/seal';
import type { ApiKey } from './api-key.entity';
import { findApiKey } from './api-key.service';
import { MANAGED_POLICIES } from './managed-policies';
import { sessionActor } from './session-actor';
import { openSessionToken, type TemporaryKey } from './temporary-credentials';

/** Whoever has an access key, as far as is told before they have shown that they know its secret. */
export interface AccessKeyHolder<A extends Actor = Actor> {
  /** What they must know. Never send it anywhere. */
  secretAccessKey: string;
  /**
   * Who they are; to be asked once the secret has been shown.
   * @throws NOT_AUTHORIZED with `fields.reason` EXPIRED or REVOKED.
   */
  actor: () => Promise<A>;
}

/**
 * The holder of the access key of a signed request: of an identity's temporary key when the request brought its session
 * token along, else of an API key.
 *
 * What has become of the key is told by `actor` alone, so that only those who know the secret learn of it. An id that
 * nobody has and a session token that is forged, damaged or of another key get the same answer.
 * @throws NOT_AUTHORIZED with `fields.reason` INVALID.
 */
export const accessKeyHolder = async (
  ctx: Context,
  accessKeyId: string,
  sessionToken: string | undefined,
): Promise<AccessKeyHolder> => {
  const holder =
    sessionToken === undefined
      ? await apiKeyHolder(ctx, accessKeyId)
      : temporaryKeyHolder(ctx, accessKeyId, sessionToken);
  if (holder) return holder;
  throw badCredentials('INVALID', 'The security token included in the request is invalid.');
};

/** The administrator who has an API key; undefined for an id that is none of this server's. */
export const apiKeyHolder = async (
  ctx: Context,
  accessKeyId: string,
): Promise<AccessKeyHolder<AdministratorActor> | undefined> => {
  if (!/^\w{3,128}$/.test(accessKeyId)) return undefined;
  const key = await findApiKey(ctx, accessKeyId);
  const secretAccessKey = key ? open(ctx.config.secret, 'api-key-secret', key.sealedSecret) : undefined;
  if (!key || secretAccessKey === undefined) return undefined;
  return { secretAccessKey, actor: async () => administratorOf(ctx, key) };
};

const administratorOf = (ctx: Context, key: ApiKey): AdministratorActor => {
  if (key.revokedAt) throw badCredentials('REVOKED', `The API key ${key.accessKeyId} has been revoked.`);
  return {
    kind: 'administrator',
    accessKeyId: key.accessKeyId,
    arn: apiKeyArn(ctx.config, key.accessKeyId),
    policies: [
      ...key.managedPolicies.map((name) => MANAGED_POLICIES[name]),
      ...key.inlinePolicies.map((policy) => policy.document),
    ],
  };
};

const temporaryKeyHolder = (
  ctx: Context,
  accessKeyId: string,
  sessionToken: string,
): AccessKeyHolder | undefined => {
  const key = openSessionToken(ctx.config, sessionToken);
  if (key?.accessKeyId !== accessKeyId) return undefined;
  return { secretAccessKey: key.secretKey, actor: async () => temporaryActor(ctx, key) };
};

const temporaryActor = (ctx: Context, { session }: TemporaryKey): Promise<Actor> => {
  if (session.expiresAt <= ctx.now())
    throw badCredentials('EXPIRED', 'The security token included in the request is expired', {
      expiredAt: session.expiresAt.toISOString(),
    });
  return sessionActor(ctx, session);
};
