import type { JWTPayload } from 'jose';
import type { Context } from '../context';
import { invalidLogin, requireSubject } from './invalid-login';
import type { VerifiedLogin } from './verified-login';

/** Checks a token of a social provider that was made for a pool's app. Asks the provider over HTTP. */
export type SocialCheck = (ctx: Context, appId: string, token: string) => Promise<VerifiedLogin>;

/** A user of a social provider. `appId` ends up in tokens that clients see, so it must not have a secret in it. */
export const socialLogin = (host: string, appId: string, claims: JWTPayload): VerifiedLogin => {
  const subject = requireSubject(claims.sub, `The user's id at ${host}`);
  return {
    provider: host,
    subject,
    claims,
    qualifier: `${host}:${appId}:${subject}`,
    roleMappingKeys: [host],
  };
};

/** The provider says that the token does not hold, or it cannot be one. */
export const notValidAt = (host: string, hint: string): Error =>
  invalidLogin(`Token is not valid at ${host}.`, hint);

/** The token holds, but for an app other than the pool's. */
export const otherApp = (host: string): Error =>
  invalidLogin(
    'Incorrect token audience.',
    `The token was made for an app other than the one that the identity pool has for ${host}.`,
  );
