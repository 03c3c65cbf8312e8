import { askJson } from './fetch-json';
import { askProvider, didNotCheck } from './invalid-login';
import { notValidAt, otherApp, socialLogin, type SocialCheck } from './social-login';

const HOST = 'www.amazon.com';

interface TokenInfo {
  aud?: unknown;
  app_id?: unknown;
  user_id?: unknown;
  error?: unknown;
}

/**
 * Login with Amazon: an access token of the pool's app, which may be named by its client id
 * (`amzn1.application-oa2-client.…`) or its app id (`amzn1.application.…`).
 */
export const verifyLoginWithAmazon: SocialCheck = async (ctx, appId, token) => {
  const url = new URL(`${ctx.config.loginProviders.amazon}/auth/o2/tokeninfo`);
  url.searchParams.set('access_token', token);
  const { status, body } = await askProvider(HOST, () => askJson(url));
  const info = (body ?? {}) as TokenInfo;
  if (status === 400 && (info.error === 'invalid_token' || info.error === 'invalid_request'))
    throw notValidAt(HOST, 'Send the access token that Login with Amazon answered the sign-in with.');
  if (status !== 200 || typeof info.user_id !== 'string')
    throw didNotCheck(HOST, `it answered with status ${status} and no user_id`);
  if (info.aud !== appId && info.app_id !== appId) throw otherApp(HOST);
  return socialLogin(HOST, appId, { iss: HOST, aud: appId, sub: info.user_id, user_id: info.user_id });
};
