import {
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  type JWTPayload,
  type KeyLike,
  type ProtectedHeaderParameters,
} from 'jose';
import type { Context } from '../context';
import type { ServiceError } from '../errors';
import { CLOCK_SKEW, invalidLogin, requireSubject } from './invalid-login';
import { withoutTrailingSlash } from './issuer-url';
import { candidateKeys } from './jwks-cache';

/** Public-key signatures only: a token signed with a secret proves nothing here, since its key would be public. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'];

/** An issuer of ID tokens that somebody responsible chose: an administrator, or the operator's configuration. */
export interface TrustedIssuer {
  /** The address that stands in `iss`, without a slash at its end. */
  url: string;
  /** What may stand in `iss` too. */
  otherNames?: string[];
  /** Where its keys are, when that is not to be asked of its discovery document. */
  keysUrl?: string;
  /** The audiences that are taken. */
  clientIds: string[];
  /** Whether the party that the token was made for, `azp`, counts in place of the audience when there is one. */
  countsAzp?: boolean;
  /** What to tell a person whose token is for somebody else. */
  audienceHint: string;
}

/** The claims of an ID token that was checked; `sub` has 1 to 255 characters. */
export type IdTokenClaims = JWTPayload & { sub: string };

/**
 * Checks an ID token that was sent under `loginsKey`, in the order of AWS: form, issuer, signature, audience, times.
 * @throws NOT_AUTHORIZED with the message that Cognito has for it, EXTERNAL_SERVICE when the issuer does not answer.
 */
export const verifyIdToken = async (
  ctx: Context,
  issuer: TrustedIssuer,
  loginsKey: string,
  token: string,
): Promise<IdTokenClaims> => {
  const { header, claims } = readToken(token);
  requireIssuer(claims, issuer, loginsKey);
  await requireSignature(ctx, issuer, header, token);
  requireAudience(claims, issuer);
  requireTimes(claims, Math.floor(ctx.now().getTime() / 1000));
  if (claims.sub === undefined) throw missingClaim('sub');
  return { ...claims, sub: requireSubject(claims.sub, 'The claim sub') };
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

const requireIssuer = (claims: JWTPayload, issuer: TrustedIssuer, loginsKey: string): void => {
  const { iss } = claims;
  if (iss === undefined) throw missingClaim('iss');
  const names = [issuer.url, ...(issuer.otherNames ?? [])];
  if (typeof iss === 'string' && names.includes(withoutTrailingSlash(iss))) return;
  throw invalidLogin(
    "Issuer doesn't match providerName",
    `The token must come from ${issuer.url}, since it was sent under the key ${loginsKey}.`,
  );
};

const requireSignature = async (
  ctx: Context,
  issuer: TrustedIssuer,
  header: ProtectedHeaderParameters,
  token: string,
): Promise<void> => {
  const { alg, crit } = header as { alg?: string; crit?: unknown };
  if (alg === undefined || !ALGORITHMS.includes(alg))
    throw unverified(`It must be signed with one of ${ALGORITHMS.join(', ')}.`);
  if (crit !== undefined) throw unverified('It asks for an extension that is not supported.');
  const keys = await candidateKeys(ctx, { issuer: issuer.url, keysUrl: issuer.keysUrl }, { ...header, alg });
  for (const key of keys) if (await isSignedBy(key, token)) return;
  throw unverified(`None of the keys that ${issuer.url} publishes now has signed it.`);
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

/** A claim that every ID token has is not there. */
export const missingClaim = (claim: string): ServiceError =>
  invalidLogin(
    `Missing a required claim: ${claim}`,
    'Send the ID token, not the access token, of the provider.',
  );

const requireAudience = (claims: JWTPayload, { clientIds, countsAzp, audienceHint }: TrustedIssuer): void => {
  const { aud, azp } = claims;
  if (aud === undefined) throw missingClaim('aud');
  const parties: unknown[] = countsAzp && azp !== undefined ? [azp] : [aud].flat();
  if (parties.some((party) => typeof party === 'string' && clientIds.includes(party))) return;
  throw invalidLogin('Incorrect token audience.', audienceHint);
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
