import type { Context } from '../context';
import { askJson, type Answer } from './fetch-json';
import { verifyIdToken } from './id-token';
import { askProvider, didNotCheck } from './invalid-login';
import { notValidAt, otherApp, socialLogin, type SocialCheck } from './social-login';

const HOST = 'graph.facebook.com';

const LIMITED_LOGIN_ISSUER = 'https://limited.facebook.com';

/** The Graph API's errors that speak of the token: no session, expired or revoked, not a user's. Others may pass. */
const TOKEN_ERRORS = [102, 190, 2500];

const HINT = 'Send a user access token, or the ID token of Limited Login, and sign in at Facebook again.';

const isJwt = (token: string): boolean => token.split('.').length === 3;

/**
 * Facebook: a user access token, or an ID token of Limited Login, of the pool's app. Role mappings see `iss`, `aud`
 * and `sub` only, as in Cognito.
 */
export const verifyFacebook: SocialCheck = async (ctx, appId, token) => {
  const sub = isJwt(token)
    ? await subjectOfLimitedLogin(ctx, appId, token)
    : await subjectOfAccessToken(ctx, appId, token);
  return socialLogin(HOST, appId, { iss: HOST, aud: appId, sub });
};

const subjectOfLimitedLogin = async (ctx: Context, appId: string, token: string): Promise<string> => {
  const url = ctx.config.loginProviders.facebookLimitedLogin;
  const issuer = {
    url,
    // The issuer of tokens of older versions of Facebook's SDK, with the same keys.
    otherNames: url === LIMITED_LOGIN_ISSUER ? ['https://www.facebook.com'] : [],
    keysUrl: `${url}/.well-known/oauth/openid/jwks/`,
    clientIds: [appId],
    audienceHint: 'The token must be made for the app id that the identity pool has for Facebook.',
  };
  return (await verifyIdToken(ctx, issuer, HOST, token)).sub;
};

/** `debug_token` wants the app's secret, which a pool does not have: the token itself says whose and for which app it is. */
const subjectOfAccessToken = async (ctx: Context, appId: string, token: string): Promise<string> => {
  if (!/^[!-~]+$/.test(token)) throw notValidAt(HOST, HINT);
  const [app, user] = await Promise.all([idOf(ctx, '/app', token), idOf(ctx, '/me', token)]);
  if (app !== appId) throw otherApp(HOST);
  return user;
};

const idOf = async (ctx: Context, path: string, token: string): Promise<string> => {
  const url = new URL(`${ctx.config.loginProviders.facebook}${path}?fields=id`);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await askProvider(HOST, () => askJson(url, { headers }));
  const { id } = (answer.body ?? {}) as { id?: unknown };
  if (answer.status === 200 && typeof id === 'string') return id;
  throw problemOf(answer);
};

const problemOf = ({ status, body }: Answer): Error => {
  const { error } = (body ?? {}) as { error?: { code?: unknown } };
  const code = error?.code;
  if (typeof code !== 'number') return didNotCheck(HOST, `it answered with status ${status} and no id`);
  return TOKEN_ERRORS.includes(code)
    ? notValidAt(HOST, HINT)
    : didNotCheck(HOST, `it answered with its error ${code}`);
};
