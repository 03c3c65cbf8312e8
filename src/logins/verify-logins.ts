import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter, notAuthorized, type ServiceError } from '../errors';
import { LIMITS } from '../protocol/limits';
import { parse, text } from '../validate';
import { DEVELOPER_KEY, verifyDeveloperToken } from './developer-token';
import { verifyOidcToken } from './oidc';
import { findOpenIDConnectProvider } from './open-id-connect-provider.service';
import { verifySamlResponse } from './saml';
import { findSAMLProvider } from './saml-provider.service';
import { socialCheck } from './social-providers';
import { verifyUserPoolToken, type UserPoolClient } from './user-pool';
import type { VerifiedLogin } from './verified-login';

export type { VerifiedLogin } from './verified-login';

/** A token of a provider, as it comes in: key 1 to 128 characters, token 1 to 50,000. */
export interface LoginInput {
  provider: string;
  token: string;
}

/** What a pool says about the logins that it takes. */
export interface LoginSettings {
  id: string;
  openIdConnectProviderArns: string[];
  supportedLoginProviders: { provider: string; appId: string }[];
  cognitoIdentityProviders: UserPoolClient[];
  samlProviderArns: string[];
  developerProviderName: string | null;
}

const loginsInput = z.object({
  logins: z
    .array(
      z.object({ provider: text(1, LIMITS.providerNameLength), token: text(1, LIMITS.loginTokenLength) }),
    )
    .max(LIMITS.loginsPerRequest),
});

/** A check that knows where its keys come from and only needs the token. */
type Check = (token: string) => Promise<VerifiedLogin>;

/** One kind of provider: the check for a login key of a pool, or undefined for a key that is not of its kind. */
type ProviderKind = (ctx: Context, pool: LoginSettings, key: string) => Promise<Check | undefined>;

/** Tokens that the pool's developer asked us for, under Cognito's own key; never the developer's user ids themselves. */
const developer: ProviderKind = async (ctx, { id, developerProviderName }, key) => {
  if (developerProviderName === null) return undefined;
  if (key === developerProviderName) throw notAPublicProvider(key);
  return key === DEVELOPER_KEY
    ? (token) => verifyDeveloperToken(ctx, { id, developerProviderName }, token)
    : undefined;
};

const notAPublicProvider = (provider: string): ServiceError =>
  invalidParameter('Please provide a valid public provider', {
    field: 'logins',
    provider,
    hint: `Send the token of getOpenIdTokenForDeveloperIdentity under the key ${DEVELOPER_KEY}.`,
  });

const social: ProviderKind = async (ctx, pool, key) => {
  const app = pool.supportedLoginProviders.find(({ provider }) => provider === key);
  const check = app && socialCheck(key);
  return check && ((token) => check(ctx, app.appId, token));
};

const userPool: ProviderKind = async (ctx, pool, key) => {
  const clients = pool.cognitoIdentityProviders.filter(({ providerName }) => providerName === key);
  return clients.length > 0 ? (token) => verifyUserPoolToken(ctx, clients, key, token) : undefined;
};

const saml: ProviderKind = async (ctx, pool, key) => {
  const provider = pool.samlProviderArns.includes(key) ? await findSAMLProvider(ctx, key) : null;
  return provider ? (token) => verifySamlResponse(ctx, provider, pool.id, token) : undefined;
};

const openIdConnect: ProviderKind = async (ctx, pool, key) => {
  const arn = pool.openIdConnectProviderArns.find((candidate) => keyOfArn(candidate) === key);
  const provider = arn === undefined ? null : await findOpenIDConnectProvider(ctx, arn);
  return provider ? (token) => verifyOidcToken(ctx, provider, key, token) : undefined;
};

/** The kinds in the order in which they are asked; the first that knows the key decides. */
const PROVIDER_KINDS: ProviderKind[] = [developer, social, userPool, openIdConnect, saml];

const keyOfArn = (arn: string): string =>
  arn.slice(arn.indexOf(':oidc-provider/') + ':oidc-provider/'.length);

/**
 * Checks logins against the providers of a pool; all hold or the call fails with the first that does not. Asks
 * issuers over HTTP, so never call it inside a transaction.
 * @throws INVALID_PARAMETER for more than 10 logins or a key given twice, NOT_AUTHORIZED, EXTERNAL_SERVICE.
 */
export const verifyLogins = async (
  ctx: Context,
  pool: LoginSettings,
  logins: LoginInput[],
): Promise<VerifiedLogin[]> => {
  const given = parse(loginsInput, { logins }).logins;
  requireDistinctKeys(given);
  const checks: Check[] = [];
  for (const { provider } of given) checks.push(await checkFor(ctx, pool, provider));
  const outcomes = await Promise.allSettled(checks.map((check, index) => check(given[index]!.token)));
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return outcome.value;
    throw outcome.reason;
  });
};

/** @throws INVALID_PARAMETER for a key that is there twice. */
export const requireDistinctKeys = (logins: LoginInput[]): void => {
  const keys = logins.map(({ provider }) => provider);
  const again = keys.findIndex((key, index) => keys.indexOf(key) < index);
  if (again < 0) return;
  throw invalidParameter(`logins has the provider ${keys[again]} twice`, {
    field: `logins[${again}].provider`,
  });
};

const checkFor = async (ctx: Context, pool: LoginSettings, key: string): Promise<Check> => {
  for (const kind of PROVIDER_KINDS) {
    const check = await kind(ctx, pool, key);
    if (check) return check;
  }
  throw unsupported(pool, key);
};

/** The keys under which a pool takes logins. */
export const loginKeysOf = (pool: LoginSettings): string[] => [
  ...pool.supportedLoginProviders.map(({ provider }) => provider),
  ...new Set(pool.cognitoIdentityProviders.map(({ providerName }) => providerName)),
  ...pool.openIdConnectProviderArns.map(keyOfArn),
  ...pool.samlProviderArns,
  ...(pool.developerProviderName === null ? [] : [DEVELOPER_KEY]),
];

const unsupported = (pool: LoginSettings, provider: string): ServiceError => {
  const keys = loginKeysOf(pool);
  const hint =
    keys.length === 0
      ? 'No login provider is configured for this identity pool: updateIdentityPool adds one.'
      : `This identity pool takes the keys ${keys.join(', ')}. The key of an issuer is its address without https://.`;
  return notAuthorized('Token is not from a supported provider of this identity pool.', { provider, hint });
};
