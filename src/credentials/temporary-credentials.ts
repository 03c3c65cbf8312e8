import { z } from 'zod';
import type { Context, ServerConfig } from '../context';
import { newSecretAccessKey, newTemporaryKeyId } from '../ids';
import { issueAccessToken, type AccessTokenSession } from '../tokens/access-token';
import { open, seal } from '../tokens/seal';

/** Temporary credentials of an identity. Nothing of them is stored. */
export interface Credentials {
  /** `ASIA` and 16 characters. */
  accessKeyId: string;
  /** 40 characters. */
  secretKey: string;
  /** Opaque; travels in the clear beside SigV4 signatures, so it is never taken as a bearer. */
  sessionToken: string;
  /** The bearer for GraphQL. */
  accessToken: string;
  expiration: Date;
}

/** Makes credentials for a session. The session token is the session with its secret, sealed under the master secret. */
export const issueCredentials = async (ctx: Context, session: AccessTokenSession): Promise<Credentials> => {
  const accessKeyId = newTemporaryKeyId();
  const secretKey = newSecretAccessKey();
  return {
    accessKeyId,
    secretKey,
    sessionToken: seal(
      ctx.config.secret,
      'session-token',
      JSON.stringify({ ...session, accessKeyId, secretKey }),
    ),
    accessToken: await issueAccessToken(ctx.config, ctx.now(), session),
    expiration: session.expiresAt,
  };
};

/** What a session token holds. */
export interface TemporaryKey {
  accessKeyId: string;
  secretKey: string;
  session: AccessTokenSession;
}

const sealedSession = z.object({
  accessKeyId: z.string(),
  secretKey: z.string(),
  identityId: z.string(),
  identityPoolId: z.string(),
  roleArn: z.string(),
  sessionName: z.string(),
  amr: z.array(z.string()),
  principalTags: z.record(z.string(), z.string()),
  cut: z.boolean(),
  policy: z.string().optional(),
  expiresAt: z.iso.datetime(),
});

/** The key and the session of a token that this installation made, whether they have ended or not; undefined for any other text. */
export const openSessionToken = (config: ServerConfig, sessionToken: string): TemporaryKey | undefined => {
  const text = open(config.secret, 'session-token', sessionToken);
  if (text === undefined) return undefined;
  const { accessKeyId, secretKey, policy, ...session } = sealedSession.parse(JSON.parse(text));
  return {
    accessKeyId,
    secretKey,
    session: {
      ...session,
      ...(policy === undefined ? {} : { policy }),
      expiresAt: new Date(session.expiresAt),
    },
  };
};

/** When a session that starts now ends, in whole seconds as JWTs count. */
export const expirationAfter = (now: Date, seconds: number): Date =>
  new Date((Math.floor(now.getTime() / 1000) + seconds) * 1000);
