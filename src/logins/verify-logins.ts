import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter, notAuthorized, type ServiceError } from '../errors';
import { LIMITS } from '../protocol/limits';
import { parse, text } from '../validate';
import { verifyOidcToken } from './oidc';
import { findOpenIDConnectProvider } from './open-id-connect-provider.service';
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

const DEVELOPER_KEY = 'cognito-identity.amazonaws.com';

/** Tokens that a developer's server asked us for; this installation makes none yet. */
const developer: ProviderKind = async (_ctx, _pool, key) =>
  key === DEVELOPER_KEY
    ? () => Promise.reject(notAuthorized('Invalid login token. Not a Cognito token.'))
    : undefined;

const openIdConnect: ProviderKind = async (ctx, pool, key) => {
  const arn = pool.openIdConnectProviderArns.find((candidate) => keyOfArn(candidate) === key);
  const provider = arn === undefined ? null : await findOpenIDConnectProvider(ctx, arn);
  return provider ? (token) => verifyOidcToken(ctx, provider, key, token) : undefined;
};

/** The kinds in the order in which they are asked; the first that knows the key decides. */
const PROVIDER_KINDS: ProviderKind[] = [developer, openIdConnect];

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

const requireDistinctKeys = (logins: LoginInput[]): void => {
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

const unsupported = (pool: LoginSettings, provider: string): ServiceError => {
  const keys = pool.openIdConnectProviderArns.map(keyOfArn);
  const hint =
    keys.length === 0
      ? 'No login provider is configured for this identity pool: updateIdentityPool adds one.'
      : `This identity pool takes the keys ${keys.join(', ')}: an issuer's address without https://.`;
  return notAuthorized('Token is not from a supported provider of this identity pool.', { provider, hint });
};
