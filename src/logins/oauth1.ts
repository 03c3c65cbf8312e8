import { createHmac } from 'node:crypto';

/** The secrets that a request of OAuth 1.0a is signed with: the app's and the user's. */
export interface OAuth1Secrets {
  consumerSecret: string;
  tokenSecret: string;
}

/** Percent-encoding as RFC 5849 has it (section 3.6): all but letters, digits and `-._~`. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const byCodeUnits = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

/** What is signed (section 3.4.1): the method, the address without its query, all parameters in order. */
const baseString = (method: string, url: URL, parameters: [string, string][]): string => {
  const pairs = [...url.searchParams, ...parameters].map(([name, value]) => [encode(name), encode(value)]);
  const sorted = pairs.toSorted(
    ([name = '', value = ''], [other = '', otherValue = '']) =>
      byCodeUnits(name, other) || byCodeUnits(value, otherValue),
  );
  const text = sorted.map((pair) => pair.join('=')).join('&');
  return [method, `${url.origin}${url.pathname}`, text].map(encode).join('&');
};

/**
 * The HMAC-SHA1 signature of a request (RFC 5849, section 3.4.2), in base64. `parameters` are those of the
 * Authorization header and of a form; those of the query are taken from `url`.
 */
export const oauth1Signature = (
  method: string,
  url: URL,
  parameters: [string, string][],
  { consumerSecret, tokenSecret }: OAuth1Secrets,
): string =>
  createHmac('sha1', `${encode(consumerSecret)}&${encode(tokenSecret)}`)
    .update(baseString(method, url, parameters))
    .digest('base64');

/** Who asks, and when: `nonce` must be a new one each time, `timestamp` is in seconds since 1970. */
export interface OAuth1Request extends OAuth1Secrets {
  consumerKey: string;
  token: string;
  nonce: string;
  timestamp: number;
}

/** The Authorization header of a signed GET (RFC 5849, section 3.5.1). */
export const oauth1Header = (url: URL, request: OAuth1Request): string => {
  const parameters: [string, string][] = [
    ['oauth_consumer_key', request.consumerKey],
    ['oauth_nonce', request.nonce],
    ['oauth_signature_method', 'HMAC-SHA1'],
    ['oauth_timestamp', `${request.timestamp}`],
    ['oauth_token', request.token],
    ['oauth_version', '1.0'],
  ];
  const signature = oauth1Signature('GET', url, parameters, request);
  const all = [...parameters, ['oauth_signature', signature] as const];
  return `OAuth ${all.map(([name, value]) => `${name}="${encode(value)}"`).join(', ')}`;
};
