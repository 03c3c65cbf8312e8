import { invalidParameter, type ServiceError } from '../errors';
import { LIMITS } from '../protocol/limits';

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether an address never leaves this machine, so that plain http is safe: for development and tests. */
export const isLoopback = (url: URL): boolean => LOOPBACK_HOSTS.has(url.hostname);

/** An issuer without the slash that some write at its end. */
export const withoutTrailingSlash = (issuer: string): string => issuer.replace(/\/$/, '');

/** The key under which tokens of an issuer are sent as logins: its address without scheme and trailing slash. */
export const loginKeyOf = (issuer: string): string =>
  withoutTrailingSlash(issuer).replace(/^https?:\/\//, '');

const refuse = (problem: string): ServiceError => invalidParameter(`url ${problem}`, { field: 'url' });

/**
 * An issuer's address in the one form in which it is stored and compared.
 * @throws INVALID_PARAMETER unless it is https (or http on this machine) without query, fragment and credentials.
 */
export const normalizeIssuer = (text: string): string => {
  if (!URL.canParse(text)) throw refuse('must be an address such as https://accounts.example.com');
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url)))
    throw refuse('must begin with https:// (http:// only for localhost, 127.0.0.1 and [::1])');
  if (url.username !== '' || url.password !== '') throw refuse('must not contain a user name or password');
  if (/[?#]/.test(text)) throw refuse('must not have a query or a fragment');
  const issuer = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  if (loginKeyOf(issuer).length > LIMITS.providerNameLength)
    throw refuse(
      `must have at most ${LIMITS.providerNameLength} characters after its scheme: it is the key of logins`,
    );
  return issuer;
};
