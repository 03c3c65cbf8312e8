import type { Context } from '../context';
import { verifyOpenIdToken } from '../tokens/open-id-token';
import { invalidLogin } from './invalid-login';
import type { VerifiedLogin } from './verified-login';

/** The key under which clients send the tokens that their developer's back end asked us for. */
export const DEVELOPER_KEY = 'cognito-identity.amazonaws.com';

/** What a pool says of its developer's back end. */
export interface DeveloperSettings {
  id: string;
  developerProviderName: string;
}

const HINT = 'Send the token that getOpenIdTokenForDeveloperIdentity answered for this identity pool.';

/**
 * Checks an open id token that the back end of a pool's developer asked us for. One that a client got by itself does
 * not count, not even with such a token: it could be renewed for ever, whatever the back end thinks of the user now.
 * Whether the user is still linked to the identity is for the caller to see.
 * @throws NOT_AUTHORIZED in the words of Cognito.
 */
export const verifyDeveloperToken = async (
  ctx: Context,
  pool: DeveloperSettings,
  token: string,
): Promise<VerifiedLogin> => {
  const verdict = await verifyOpenIdToken(ctx, token);
  if (verdict.outcome === 'expired')
    throw invalidLogin(`Token expired: ${seconds(ctx.now())} >= ${seconds(verdict.expiredAt)}`, HINT);
  const made = verdict.outcome === 'valid' ? verdict.token : undefined;
  const user = made?.identityPoolId === pool.id ? made.developerUser : undefined;
  if (!made || user === undefined) throw invalidLogin('Not a Cognito token.', HINT);
  const { identityId, amr, principalTags } = made;
  return {
    provider: DEVELOPER_KEY,
    subject: identityId,
    claims: { sub: identityId, aud: pool.id, amr },
    qualifier: `${pool.developerProviderName}:${pool.id}:${user}`,
    roleMappingKeys: [],
    developer: { identityId, user, amr, principalTags },
  };
};

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);
