import { createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters, type KeyLike } from 'jose';
import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { dataSourceOf, type Context } from '../context';
import { ServiceError } from '../errors';
import { UpstreamError, fetchJson } from './fetch-json';
import { isLoopback, withoutTrailingSlash } from './issuer-url';

/** Milliseconds that an issuer's keys are used before they are fetched again. */
export const KEYS_TTL = 10 * 60_000;

/** Milliseconds between two fetches that tokens with unknown keys can cause. */
export const UNKNOWN_KEY_COOL_DOWN = 30_000;

/** Milliseconds for which an issuer that failed is left alone. */
export const FAILURE_COOL_DOWN = 2_000;

/** Whose keys are meant and where they are. */
export interface KeySource {
  /** The issuer's address: its discovery document says where the keys are. */
  issuer: string;
  /** Where they are, for an issuer whose place of keys is known beforehand: no discovery then. */
  keysUrl?: string;
}

const MAX_ISSUERS = 1_000;

/** Keys that are tried for a token which does not say which of them signed it. */
const MAX_CANDIDATES = 10;

type KeySet = ReturnType<typeof createLocalJWKSet>;

interface IssuerKeys {
  keySet?: KeySet;
  fetchedAt: number;
  attemptedAt: number;
  failure?: ServiceError;
  underWay?: Promise<KeySet>;
}

const issuersOfNodes = new WeakMap<DataSource, LRUCache<string, IssuerKeys>>();

const issuerKeysOf = (ctx: Context, { issuer, keysUrl }: KeySource): IssuerKeys => {
  const name = keysUrl ?? issuer;
  const node = dataSourceOf(ctx);
  const issuers = issuersOfNodes.get(node) ?? new LRUCache<string, IssuerKeys>({ max: MAX_ISSUERS });
  issuersOfNodes.set(node, issuers);
  const keys = issuers.get(name) ?? { fetchedAt: -Infinity, attemptedAt: -Infinity };
  issuers.set(name, keys);
  return keys;
};

/** A clock that was set back counts as a long time: better one fetch too many than keys that never age. */
const isWithin = (since: number, now: number, span: number): boolean => now >= since && now - since < span;

/**
 * The public keys of an issuer that may have signed a token with such a header: none, one, or a few when it names
 * none. `source` must be one that an administrator chose, for it is asked over HTTP: once in 10 minutes, and when a
 * key is unknown once more, but not more often than every 30 seconds. Callers at the same time share a fetch.
 * @throws EXTERNAL_SERVICE when it does not answer with its keys.
 */
export const candidateKeys = async (
  ctx: Context,
  source: KeySource,
  header: JWSHeaderParameters,
): Promise<KeyLike[]> => {
  const keys = issuerKeysOf(ctx, source);
  const now = ctx.now().getTime();
  const known =
    keys.keySet && isWithin(keys.fetchedAt, now, KEYS_TTL) ? keys.keySet : await refresh(keys, source, now);
  const found = await matching(known, header);
  if (found.length > 0 || isWithin(keys.attemptedAt, now, UNKNOWN_KEY_COOL_DOWN)) return found;
  return matching(await refresh(keys, source, now), header);
};

const refresh = (keys: IssuerKeys, source: KeySource, now: number): Promise<KeySet> => {
  if (keys.underWay) return keys.underWay;
  if (keys.failure && isWithin(keys.attemptedAt, now, FAILURE_COOL_DOWN)) return Promise.reject(keys.failure);
  keys.attemptedAt = now;
  keys.failure = undefined;
  keys.underWay = fetchKeys(source)
    .then((keySet) => Object.assign(keys, { keySet, fetchedAt: now }).keySet)
    .catch((error: unknown) => {
      if (error instanceof ServiceError) keys.failure = error;
      throw error;
    })
    .finally(() => (keys.underWay = undefined));
  return keys.underWay;
};

const fetchKeys = async ({ issuer, keysUrl }: KeySource): Promise<KeySet> => {
  try {
    const url = keysUrl === undefined ? await findKeySet(issuer) : new URL(keysUrl);
    return toKeySet(await fetchJson(url));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    throw new ServiceError(
      'EXTERNAL_SERVICE',
      `The identity provider ${issuer} did not give its signing keys: ${error.message}.`,
      { issuer },
    );
  }
};

/** Whatever the library says of it, the key set is at fault: one that is nested deep enough takes all of the stack. */
const toKeySet = (keys: unknown): KeySet => {
  try {
    return createLocalJWKSet(keys as JSONWebKeySet);
  } catch {
    throw new UpstreamError('its key set is malformed');
  }
};

/** Where the issuer's discovery document (OpenID Connect Discovery 1.0) says that its keys are. */
const findKeySet = async (issuer: string): Promise<URL> => {
  const document = await fetchJson(new URL(`${issuer}/.well-known/openid-configuration`));
  const { issuer: named, jwks_uri: uri } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown };
  if (typeof named !== 'string' || withoutTrailingSlash(named) !== issuer)
    throw new UpstreamError('its discovery document names another issuer');
  if (typeof uri !== 'string' || !URL.canParse(uri))
    throw new UpstreamError('its discovery document has no jwks_uri');
  const url = new URL(uri);
  if (url.protocol === 'https:' || isLoopbackPair(url, new URL(issuer))) return url;
  throw new UpstreamError('its jwks_uri does not begin with https://');
};

/** Plain http between programs of this machine only: an issuer from outside must not make us ask our neighbours. */
const isLoopbackPair = (url: URL, issuer: URL): boolean =>
  url.protocol === 'http:' && isLoopback(url) && isLoopback(issuer);

/** A key that cannot be imported is as good as none. */
const matching = async (keySet: KeySet, header: JWSHeaderParameters): Promise<KeyLike[]> => {
  try {
    return [await keySet(header)];
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) return [];
    const keys: KeyLike[] = [];
    for await (const key of error) {
      keys.push(key);
      if (keys.length === MAX_CANDIDATES) break;
    }
    return keys;
  }
};
