import type { Context } from '../context';
import { verifyOpenIdToken, type OpenIdToken } from '../tokens/open-id-token';
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
 * not count: it names no user of the developer's.
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
  const qualifier = made && made.identityPoolId === pool.id ? qualifierOf(pool, made) : undefined;
  if (!made || qualifier === undefined) throw invalidLogin('Not a Cognito token.', HINT);
  const { identityId, amr, principalTags } = made;
  return {
    provider: DEVELOPER_KEY,
    subject: identityId,
    claims: { sub: identityId, aud: pool.id, amr },
    qualifier,
    roleMappingKeys: [],
    developer: { identityId, amr, principalTags },
  };
};

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/** `NAME:POOLID:USER`, which stands in `amr` after the name of the developer's provider. */
const qualifierOf = ({ id, developerProviderName: name }: DeveloperSettings, { amr }: OpenIdToken) =>
  amr[0] === 'authenticated' && amr.includes(name)
    ? amr.find((method) => method.startsWith(`${name}:${id}:`))
    : undefined;
