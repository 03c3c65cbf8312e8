import type { Context } from '../context';
import { ServiceError } from '../errors';
import { askJson } from './fetch-json';
import { missingClaim, verifyIdToken, type IdTokenClaims } from './id-token';
import { askProvider, didNotCheck, invalidLogin } from './invalid-login';
import type { VerifiedLogin } from './verified-login';

const NAME = /^cognito-idp\.[a-z]{2}(-[a-z]+)+-\d{1,2}\.amazonaws\.com(\.cn)?\/([\w-]+_[0-9a-zA-Z]+)$/;

/** A user pool's client whose tokens an identity pool takes. */
export interface UserPoolClient {
  /** `cognito-idp.REGION.amazonaws.com/USERPOOLID` */
  providerName: string;
  clientId: string;
  serverSideTokenCheck: boolean;
}

/** Whether a name is that of a user pool, so that asking for its keys asks nobody but AWS. */
export const isUserPoolName = (providerName: string): boolean => NAME.test(providerName);

const issuerOf = (ctx: Context, providerName: string): string => {
  const base = ctx.config.loginProviders.userPool;
  return base === undefined ? `https://${providerName}` : `${base}/${NAME.exec(providerName)?.[3]}`;
};

/**
 * Checks an ID token of a user pool, which must be made for one of `clients`, all of that pool. With
 * `serverSideTokenCheck` the operator's endpoint is asked too whether the token still holds.
 * @throws NOT_AUTHORIZED, also for an access token; EXTERNAL_SERVICE when keys or endpoint do not answer.
 */
export const verifyUserPoolToken = async (
  ctx: Context,
  clients: UserPoolClient[],
  providerName: string,
  token: string,
): Promise<VerifiedLogin> => {
  const url = issuerOf(ctx, providerName);
  const issuer = {
    url,
    keysUrl: `${url}/.well-known/jwks.json`,
    clientIds: clients.map(({ clientId }) => clientId),
    audienceHint: 'The token must be made for one of the user pool’s clients that the identity pool names.',
  };
  const claims = await verifyIdToken(ctx, issuer, providerName, token);
  requireIdToken(claims);
  const client = clients.find(({ clientId }) => [claims.aud].flat().includes(clientId));
  if (client?.serverSideTokenCheck) await requireActive(ctx, providerName, token);
  return {
    provider: providerName,
    subject: claims.sub,
    claims,
    qualifier: `${providerName}:CognitoSignIn:${claims.sub}`,
    roleMappingKeys: [`${providerName}:${client?.clientId}`, providerName],
  };
};

const requireIdToken = ({ token_use: use }: IdTokenClaims): void => {
  if (use === 'id') return;
  if (use === undefined) throw missingClaim('token_use');
  throw invalidLogin('Not an ID token.', 'Send the ID token, not the access token, of the user pool.');
};

/** Asks as RFC 7662 (token introspection) has it: the answer is `{ "active": true }` or `{ "active": false }`. */
const requireActive = async (ctx: Context, providerName: string, token: string): Promise<void> => {
  const endpoint = ctx.config.loginProviders.userPoolCheck;
  if (endpoint === undefined) throw noCheckEndpoint();
  const form = { token, token_type_hint: 'id_token' };
  const { status, body } = await askProvider(providerName, () => askJson(new URL(endpoint), { form }));
  const { active } = (body ?? {}) as { active?: unknown };
  if (status !== 200 || typeof active !== 'boolean')
    throw didNotCheck(providerName, `its check answered with status ${status} and without active`);
  if (!active)
    throw invalidLogin(
      'The user pool takes it no longer.',
      'The user was removed or disabled, or has signed out everywhere: sign in again.',
    );
};

const noCheckEndpoint = (): ServiceError =>
  new ServiceError(
    'INVALID_IDENTITY_POOL_CONFIGURATION',
    'Invalid identity pool configuration. serverSideTokenCheck is on, but this server has no ROCKPOOL_USER_POOL_CHECK_URL.',
  );
