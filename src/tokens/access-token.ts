import { hash, randomUUID } from 'node:crypto';
import { SignJWT, errors, jwtVerify, type JWTPayload } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { ServerConfig } from '../context';
import { badCredentials, limitExceeded, type ServiceError } from '../errors';
import { deriveKey } from './seal';

const AUDIENCE = 'rockpool';
const TYPE = 'at+jwt';

/**
 * No longer ones are issued, and longer texts are refused unread: a token travels in a header, and all headers of a
 * request have 16 KiB. One has about 1 KB; tags and a session policy make it a few more.
 */
const MAX_TOKEN_CHARACTERS = 12 * 1024;

const REMEMBERED_TOKENS = 10_000;

/** Who holds an access token and what cuts their permissions down. Never changed once made: it may be shared. */
export interface AccessTokenSession {
  identityId: string;
  identityPoolId: string;
  roleArn: string;
  /** The last part of the assumed role's ARN. */
  sessionName: string;
  amr: string[];
  principalTags: Record<string, string>;
  /** Whether the session policy for guests of the enhanced flow applies. */
  cut: boolean;
  /** A session policy document as JSON, when the caller of the classic flow gave one. */
  policy?: string;
  expiresAt: Date;
}

/** A session as it is read back, with the token's own id. */
export interface VerifiedAccessToken extends AccessTokenSession {
  tokenId: string;
  issuedAt: Date;
}

/**
 * The bearer for the GraphQL door: a JWT (HS256, RFC 9068's `at+jwt`) that expires with `session.expiresAt`.
 * @throws LIMIT_EXCEEDED with the limit `sessionSize` when no request could carry it.
 */
export const issueAccessToken = async (
  config: ServerConfig,
  now: Date,
  session: AccessTokenSession,
): Promise<string> => {
  const token = await sign(config, now, session);
  if (token.length <= MAX_TOKEN_CHARACTERS) return token;
  throw limitExceeded(
    'The principal tags, the logins and the session policy make a session that is too large. Use fewer or shorter ones.',
    { limit: 'sessionSize', maximum: MAX_TOKEN_CHARACTERS, value: token.length },
  );
};

const sign = (config: ServerConfig, now: Date, session: AccessTokenSession): Promise<string> =>
  new SignJWT({
    pool: session.identityPoolId,
    role: session.roleArn,
    session: session.sessionName,
    amr: session.amr,
    tags: session.principalTags,
    ...(session.cut ? { cut: true } : {}),
    ...(session.policy === undefined ? {} : { policy: session.policy }),
  })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setIssuer(config.publicUrl)
    .setAudience(AUDIENCE)
    .setSubject(session.identityId)
    .setJti(randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(session.expiresAt)
    .sign(deriveKey(config.secret, 'access-token'));

/**
 * The session of an access token that this installation issued.
 *
 * Every call of an identity comes through here, so tokens that held once are remembered by their SHA-256; the time
 * is checked each time.
 * @throws NOT_AUTHORIZED with `fields.reason` EXPIRED or INVALID.
 */
export const verifyAccessToken = async (
  config: ServerConfig,
  now: Date,
  token: string,
): Promise<VerifiedAccessToken> => {
  if (token.length > MAX_TOKEN_CHARACTERS) throw invalidToken();
  const remembered = rememberedBy(config);
  const name = hash('sha256', token, 'base64');
  const known = remembered.get(name);
  if (known && known.expiresAt <= now) throw expiredToken(known.expiresAt);
  if (known) return known;
  requireCanonicalSignature(token);
  const session = toSession(await verify(config, now, token));
  remembered.set(name, session);
  return session;
};

/**
 * The last character of a signature has bits that decoders ignore, so that four spellings of one token would hold. What
 * stands before the signature is signed as it is spelled.
 */
const requireCanonicalSignature = (token: string): void => {
  const signature = token.slice(token.lastIndexOf('.') + 1);
  if (Buffer.from(signature, 'base64url').toString('base64url') !== signature) throw invalidToken();
};

/** Kept per configuration, since what holds under one secret and issuer does not hold under another. */
const rememberedBy = (config: ServerConfig): LRUCache<string, VerifiedAccessToken> => {
  const known = memories.get(config);
  if (known) return known;
  const memory = new LRUCache<string, VerifiedAccessToken>({ max: REMEMBERED_TOKENS });
  memories.set(config, memory);
  return memory;
};

const memories = new WeakMap<ServerConfig, LRUCache<string, VerifiedAccessToken>>();

const verify = async (config: ServerConfig, now: Date, token: string): Promise<JWTPayload> => {
  try {
    const { payload } = await jwtVerify(token, deriveKey(config.secret, 'access-token'), {
      algorithms: ['HS256'],
      typ: TYPE,
      issuer: config.publicUrl,
      audience: AUDIENCE,
      currentDate: now,
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expiredToken(new Date(Number(error.payload.exp) * 1000));
    throw invalidToken();
  }
};

const claims = z.object({
  sub: z.string(),
  pool: z.string(),
  role: z.string(),
  session: z.string(),
  amr: z.array(z.string()),
  tags: z.record(z.string(), z.string()),
  cut: z.boolean().optional(),
  policy: z.string().optional(),
  jti: z.string(),
  iat: z.number(),
  exp: z.number(),
});

const toSession = (payload: JWTPayload): VerifiedAccessToken => {
  const parsed = claims.safeParse(payload);
  if (!parsed.success) throw invalidToken();
  const { data } = parsed;
  return Object.freeze({
    identityId: data.sub,
    identityPoolId: data.pool,
    roleArn: data.role,
    sessionName: data.session,
    amr: data.amr,
    principalTags: data.tags,
    cut: data.cut === true,
    ...(data.policy === undefined ? {} : { policy: data.policy }),
    tokenId: data.jti,
    issuedAt: new Date(data.iat * 1000),
    expiresAt: new Date(data.exp * 1000),
  });
};

const expiredToken = (expiredAt: Date): ServiceError =>
  badCredentials('EXPIRED', 'The access token has expired. Call getCredentialsForIdentity again.', {
    expiredAt: expiredAt.toISOString(),
  });

const invalidToken = (): ServiceError =>
  badCredentials(
    'INVALID',
    'The access token is not valid. Send the accessToken that getCredentialsForIdentity answered with, unchanged.',
  );
