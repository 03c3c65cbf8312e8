import { SignJWT, errors, jwtVerify, type JWTHeaderParameters, type JWTPayload, type KeyLike } from 'jose';
import type { Context } from '../context';
import { limitExceeded, type ServiceError } from '../errors';
import { identityPoolArn, type ArnScope } from '../ids';
import { SIGNING_ALGORITHM, signingKey, verificationKeys } from './key-ring';

/** Seconds that a token lives when nobody says otherwise, as in GetOpenIdToken. */
export const DEFAULT_TOKEN_LIFE = 600;

/** The longest life in seconds that a caller may ask for: 24 hours. */
export const LONGEST_TOKEN_LIFE = 86_400;

const POOL_ARN_CLAIM = 'https://cognito-identity.amazonaws.com/identity-pool-arn';
const TAGS_CLAIM = 'https://aws.amazon.com/tags';
/** Ours: Cognito's own tokens do not tell whether a back end asked for them. */
const USER_CLAIM = 'developer_user';

/** Seconds by which the clocks of two nodes may differ. */
const CLOCK_SKEW = 5;

/** No longer ones are issued, and longer texts are not looked at: STS takes no more. An honest one has about 1 KB. */
const MAX_TOKEN_CHARACTERS = 20_000;

/** Whom an open id token is about. */
export interface OpenIdTokenSubject {
  identityId: string;
  identityPoolId: string;
  /** From `amrOf`. */
  amr: string[];
  /** Attributes for access control; left out of the token when there are none. */
  principalTags?: Record<string, string>;
  /** The user whom a developer's back end vouches for, in a token that it asked for itself and in no other. */
  developerUser?: string;
}

/** A verified token. */
export interface OpenIdToken extends OpenIdTokenSubject {
  principalTags: Record<string, string>;
  issuedAt: Date;
  expiresAt: Date;
}

/** Why a token does not hold: not a token of this kind, of unknown or broken signature, of another server, incomplete. */
export type OpenIdTokenProblem = 'MALFORMED' | 'SIGNATURE' | 'ISSUER' | 'CLAIMS';

/** Whether a token holds, and if not, why. */
export type OpenIdTokenVerdict =
  | { outcome: 'valid'; token: OpenIdToken }
  | { outcome: 'expired'; expiredAt: Date }
  | { outcome: 'invalid'; problem: OpenIdTokenProblem };

/** A login that an identity was reached by, with the qualifier that names the user at the provider. */
export interface AmrLogin {
  provider: string;
  qualifier: string;
}

/** The authentication methods of a token: `unauthenticated` for guests, else two entries per login used. */
export const amrOf = ({ authenticated, logins }: { authenticated: boolean; logins: AmrLogin[] }): string[] =>
  authenticated
    ? ['authenticated', ...logins.flatMap(({ provider, qualifier }) => [provider, qualifier])]
    : ['unauthenticated'];

/** Where and how long a token holds. */
interface Issuance {
  issuer: string;
  scope: ArnScope;
  issuedAt: Date;
  /** Whole seconds, 1 to 86,400. */
  lifetime: number;
}

/** The claims of Cognito's own OpenID token. */
export const openIdTokenClaims = (subject: OpenIdTokenSubject, issuance: Issuance): JWTPayload => {
  const issuedAt = Math.floor(issuance.issuedAt.getTime() / 1000);
  const tags = Object.entries(subject.principalTags ?? {});
  return {
    sub: subject.identityId,
    aud: subject.identityPoolId,
    amr: subject.amr,
    iss: issuance.issuer,
    [POOL_ARN_CLAIM]: identityPoolArn(issuance.scope, subject.identityPoolId),
    ...(tags.length > 0
      ? { [TAGS_CLAIM]: { principal_tags: Object.fromEntries(tags.map(([tag, value]) => [tag, [value]])) } }
      : {}),
    ...(subject.developerUser === undefined ? {} : { [USER_CLAIM]: subject.developerUser }),
    iat: issuedAt,
    exp: issuedAt + issuance.lifetime,
  };
};

/**
 * Signs an open id token for an identity; `lifetime` in seconds, 600 when left out.
 * @throws LIMIT_EXCEEDED with the limit `openIdTokenSize` when nobody would take it; RangeError unless `lifetime` is a
 *   whole number from 1 to 86,400, which services check before.
 */
export const issueOpenIdToken = async (
  ctx: Context,
  subject: OpenIdTokenSubject,
  lifetime: number = DEFAULT_TOKEN_LIFE,
): Promise<string> => {
  if (!Number.isInteger(lifetime) || lifetime < 1 || lifetime > LONGEST_TOKEN_LIFE)
    throw new RangeError(`a token's life must be 1 to ${LONGEST_TOKEN_LIFE} seconds`);
  const key = await signingKey(ctx);
  const claims = openIdTokenClaims(subject, {
    issuer: ctx.config.publicUrl,
    scope: ctx.config,
    issuedAt: ctx.now(),
    lifetime,
  });
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, typ: 'JWS', kid: key.kid })
    .sign(key.privateKey);
  if (token.length > MAX_TOKEN_CHARACTERS) throw tooLarge(token.length);
  return token;
};

const tooLarge = (value: number): ServiceError =>
  limitExceeded(
    'The principal tags and the logins make a token that is too large. Use fewer or shorter tags.',
    {
      limit: 'openIdTokenSize',
      maximum: MAX_TOKEN_CHARACTERS,
      value,
    },
  );

/** Whether a text is an open id token of this server that still holds; `aud` is up to the caller to compare. */
export const verifyOpenIdToken = async (ctx: Context, token: string): Promise<OpenIdTokenVerdict> => {
  if (token.length > MAX_TOKEN_CHARACTERS) return invalid('MALFORMED');
  try {
    const { payload } = await jwtVerify(token, (header) => publicKeyFor(ctx, header), {
      algorithms: [SIGNING_ALGORITHM],
      typ: 'JWS',
      issuer: ctx.config.publicUrl,
      requiredClaims: ['sub', 'aud', 'amr', 'iat', 'exp'],
      clockTolerance: CLOCK_SKEW,
      currentDate: ctx.now(),
    });
    const verified = toOpenIdToken(payload);
    return verified ? { outcome: 'valid', token: verified } : invalid('CLAIMS');
  } catch (error) {
    return verdictOf(error);
  }
};

const invalid = (problem: OpenIdTokenProblem): OpenIdTokenVerdict => ({ outcome: 'invalid', problem });

const publicKeyFor = async (ctx: Context, { kid, alg }: JWTHeaderParameters): Promise<KeyLike> => {
  const key = (await verificationKeys(ctx)).find((known) => known.kid === kid && known.algorithm === alg);
  if (!key) throw new errors.JWKSNoMatchingKey();
  return key.publicKey;
};

const isListOfText = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

const toOpenIdToken = (payload: JWTPayload): OpenIdToken | undefined => {
  const { sub, aud, amr, iat, exp, [USER_CLAIM]: user } = payload;
  if (typeof sub !== 'string' || typeof aud !== 'string' || !isListOfText(amr)) return undefined;
  return {
    identityId: sub,
    identityPoolId: aud,
    amr,
    principalTags: tagsOf(payload[TAGS_CLAIM]),
    ...(typeof user === 'string' ? { developerUser: user } : {}),
    issuedAt: new Date(Number(iat) * 1000),
    expiresAt: new Date(Number(exp) * 1000),
  };
};

const tagsOf = (claim: unknown): Record<string, string> => {
  const tags = (claim as { principal_tags?: Record<string, unknown> } | undefined)?.principal_tags ?? {};
  return Object.fromEntries(
    Object.entries(tags).flatMap(([tag, values]) =>
      isListOfText(values) ? values.slice(0, 1).map((value) => [tag, value]) : [],
    ),
  );
};

const PROBLEMS: Record<string, OpenIdTokenProblem> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'SIGNATURE',
  ERR_JWKS_NO_MATCHING_KEY: 'SIGNATURE',
  ERR_JOSE_ALG_NOT_ALLOWED: 'SIGNATURE',
  ERR_JWT_CLAIM_VALIDATION_FAILED: 'CLAIMS',
};

/** What is not jose's own finding about the token, such as a database that is down, is no verdict on the token. */
const verdictOf = (error: unknown): OpenIdTokenVerdict => {
  if (error instanceof errors.JWTExpired)
    return { outcome: 'expired', expiredAt: new Date(Number(error.payload.exp) * 1000) };
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'iss') return invalid('ISSUER');
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'typ') return invalid('MALFORMED');
  if (error instanceof errors.JOSEError) return invalid(PROBLEMS[error.code] ?? 'MALFORMED');
  throw error;
};

/** What `/.well-known/openid-configuration` answers (OpenID Connect Discovery 1.0), with Cognito's path of the key set. */
export const discoveryDocument = (issuer: string): Record<string, unknown> => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  jwks_uri: `${issuer}/.well-known/jwks_uri`,
  response_types_supported: ['id_token'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: [SIGNING_ALGORITHM],
  claims_supported: ['iss', 'sub', 'aud', 'amr', 'iat', 'exp', POOL_ARN_CLAIM, TAGS_CLAIM, USER_CLAIM],
});
