import { randomBytes } from 'node:crypto';
import { askJson, type Answer } from './fetch-json';
import { askProvider, didNotCheck } from './invalid-login';
import { oauth1Header } from './oauth1';
import { notValidAt, socialLogin, type SocialCheck } from './social-login';

const HOST = 'api.twitter.com';

const HINT = 'Send authToken;authTokenSecret: both parts of the access token, with a semicolon between them.';

/** Errors with status 403 that speak of the user: suspended, locked. */
const USER_ERRORS = [64, 326];

/** Two texts with a semicolon between them, neither empty, as keys and tokens of Twitter come; undefined for others. */
export const splitPair = (text: string): [string, string] | undefined => {
  const [first, second, ...rest] = text.split(';');
  return first && second && rest.length === 0 ? [first, second] : undefined;
};

/**
 * Twitter (X): `authToken;authTokenSecret`, held against the pool's `consumerKey;consumerSecret` by a signed call of
 * `account/verify_credentials`. Claims and `amr` name the consumer key alone: clients see them.
 */
export const verifyTwitter: SocialCheck = async (ctx, appId, token) => {
  const [consumerKey, consumerSecret] = splitPair(appId) ?? ['', ''];
  const pair = splitPair(token);
  if (!pair) throw notValidAt(HOST, HINT);
  const url = new URL(`${ctx.config.loginProviders.twitter}/1.1/account/verify_credentials.json`);
  const authorization = oauth1Header(url, {
    consumerKey,
    consumerSecret,
    token: pair[0],
    tokenSecret: pair[1],
    nonce: randomBytes(16).toString('hex'),
    timestamp: Math.floor(ctx.now().getTime() / 1000),
  });
  const answer = await askProvider(HOST, () => askJson(url, { headers: { authorization } }));
  return socialLogin(HOST, consumerKey, { iss: HOST, aud: consumerKey, sub: userOf(answer) });
};

const userOf = ({ status, body }: Answer): string => {
  const { id_str: id, errors } = (body ?? {}) as { id_str?: unknown; errors?: unknown };
  if (status === 200 && typeof id === 'string') return id;
  const codes = Array.isArray(errors) ? errors.map((error: { code?: unknown } | null) => error?.code) : [];
  const isOfUser = codes.some((code) => typeof code === 'number' && USER_ERRORS.includes(code));
  if (status === 401 || (status === 403 && isOfUser)) throw notValidAt(HOST, HINT);
  throw didNotCheck(HOST, `it answered with status ${status} and no user`);
};
