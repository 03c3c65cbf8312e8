import type { Context } from '../context';
import { newSecretAccessKey, newTemporaryKeyId } from '../ids';
import { issueAccessToken, type AccessTokenSession } from '../tokens/access-token';
import { seal } from '../tokens/seal';

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

/** When a session that starts now ends, in whole seconds as JWTs count. */
export const expirationAfter = (now: Date, seconds: number): Date =>
  new Date((Math.floor(now.getTime() / 1000) + seconds) * 1000);
