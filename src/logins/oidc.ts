import {
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  type KeyLike,
  type ProtectedHeaderParameters,
} from 'jose';
import type { Context } from '../context';
import { notAuthorized, type ServiceError } from '../errors';
import { loginKeyOf, withoutTrailingSlash } from './issuer-url';
import { candidateKeys } from './jwks-cache';
import type { OpenIdConnectProvider } from './open-id-connect-provider.entity';
import type { VerifiedLogin } from './verified-login';

/** Public-key signatures only: a token signed with a secret proves nothing here, since its key would be public. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];

/** Seconds by which an issuer's clock may differ from ours, as at AWS. */
const CLOCK_SKEW = 300;

const MAX_SUBJECT_LENGTH = 255;

/** The refusal of a login's token; `hint` tells a person what to do about it. */
const invalidLogin = (sentence: string, hint?: string): ServiceError =>
  notAuthorized(`Invalid login token. ${sentence}`, hint === undefined ? {} : { hint });

/**
 * Checks an ID token that was sent under `loginsKey` against a registered provider, in the order of AWS: form,
 * issuer, signature, audience, times.
 * @throws NOT_AUTHORIZED with the message that Cognito has for it, EXTERNAL_SERVICE when the issuer does not answer.
 */
export const verifyOidcToken = async (
  ctx: Context,
  provider: OpenIdConnectProvider,
  loginsKey: string,
  token: string,
): Promise<VerifiedLogin> => {
  const { header, claims } = readToken(token);
  requireIssuer(claims, provider, loginsKey);
  await requireSignature(ctx, provider, header, token);
  requireAudience(claims, provider.clientIds);
  requireTimes(claims, Math.floor(ctx.now().getTime() / 1000));
  const subject = subjectOf(claims);
  return {
    provider: loginsKey,
    providerArn: provider.arn,
    subject,
    claims,
    qualifier: `${provider.arn}:OIDC:${subject}`,
  };
};

interface ReadToken {
  header: ProtectedHeaderParameters;
  claims: JWTPayload;
}

const readToken = (token: string): ReadToken => {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw invalidLogin(
      'Not a valid OpenId Connect identity token.',
      'Send the ID token that the provider answered the sign-in with: three parts with dots between them.',
    );
  }
};

const requireIssuer = (claims: JWTPayload, provider: OpenIdConnectProvider, loginsKey: string): void => {
  const { iss } = claims;
  if (iss === undefined) throw missingClaim('iss');
  const isOfProvider = typeof iss === 'string' && withoutTrailingSlash(iss) === provider.url;
  if (isOfProvider && loginsKey === loginKeyOf(provider.url)) return;
  throw invalidLogin(
    "Issuer doesn't match providerName",
    `The token must come from ${provider.url}, since it was sent under the key ${loginsKey}.`,
  );
};

const requireSignature = async (
  ctx: Context,
  provider: OpenIdConnectProvider,
  header: ProtectedHeaderParameters,
  token: string,
): Promise<void> => {
  const { alg, crit } = header as { alg?: string; crit?: unknown };
  if (alg === undefined || !ALGORITHMS.includes(alg))
    throw unverified(`It must be signed with one of ${ALGORITHMS.join(', ')}.`);
  if (crit !== undefined) throw unverified('It asks for an extension that is not supported.');
  const keys = await candidateKeys(ctx, provider.url, { ...header, alg });
  for (const key of keys) if (await isSignedBy(key, token)) return;
  throw unverified(`None of the keys that ${provider.url} publishes now has signed it.`);
};

const unverified = (hint: string): ServiceError => invalidLogin("Couldn't verify signed token.", hint);

/** A key that does not fit the algorithm, or is too short to be safe, counts as one that did not sign. */
const isSignedBy = async (key: KeyLike, token: string): Promise<boolean> => {
  try {
    await compactVerify(token, key, { algorithms: ALGORITHMS });
    return true;
  } catch {
    return false;
  }
};

const missingClaim = (claim: string): ServiceError =>
  invalidLogin(
    `Missing a required claim: ${claim}`,
    'Send the ID token, not the access token, of the provider.',
  );

/** The party that the token was made for, `azp`, counts when there is one; else the audience. */
const requireAudience = (claims: JWTPayload, clientIds: string[]): void => {
  const { aud, azp } = claims;
  if (aud === undefined) throw missingClaim('aud');
  const parties: unknown[] = azp === undefined ? [aud].flat() : [azp];
  if (parties.some((party) => typeof party === 'string' && clientIds.includes(party))) return;
  throw invalidLogin(
    'Incorrect token audience.',
    'The client ID of the app must be registered with the provider: addClientIDToOpenIDConnectProvider.',
  );
};

const requireTimes = (claims: JWTPayload, now: number): void => {
  const expires = seconds(claims, 'exp');
  const issued = seconds(claims, 'iat');
  if (now - CLOCK_SKEW >= expires)
    throw invalidLogin(`Token expired: ${now} >= ${expires}`, 'Sign in at the provider again.');
  if (now + CLOCK_SKEW < issued) throw invalidLogin(`Token issued in the future: ${now} < ${issued}`);
  const begins = claims.nbf === undefined ? issued : seconds(claims, 'nbf');
  if (now + CLOCK_SKEW < begins) throw invalidLogin(`Token not yet valid: ${now} < ${begins}`);
};

const seconds = (claims: JWTPayload, claim: 'exp' | 'iat' | 'nbf'): number => {
  const value: unknown = claims[claim];
  if (value === undefined) throw missingClaim(claim);
  if (typeof value !== 'number')
    throw invalidLogin(`The claim ${claim} must be a number of seconds since 1970.`);
  return value;
};

const subjectOf = ({ sub }: JWTPayload): string => {
  if (sub === undefined) throw missingClaim('sub');
  if (typeof sub === 'string' && isSubject(sub)) return sub;
  throw invalidLogin(`The claim sub must be a text of 1 to ${MAX_SUBJECT_LENGTH} characters.`);
};

const isSubject = (sub: string): boolean =>
  sub.length >= 1 && sub.length <= MAX_SUBJECT_LENGTH && sub.isWellFormed() && !sub.includes('\0');
