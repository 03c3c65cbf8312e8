import { isIP } from 'node:net';
import { z } from 'zod';

/** Digits, from `low` to `high`. */
export const wholeNumber = (low: number, high: number) =>
  z
    .string()
    .refine((text) => /^\d+$/.test(text) && Number(text) >= low && Number(text) <= high, {
      message: `must be a whole number from ${low} to ${high}`,
    })
    .transform(Number);

/** An address of one of these protocols, each with its colon. */
export const url = (protocols: string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

/** Where a PostgreSQL server is; may be left out. */
export const postgresUrl = url(['postgres:', 'postgresql:']).optional();

/** Whether it can be sent once its percent signs are undone. */
const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

/** Small letters alone: the library takes `REDISS://` for a connection without TLS. A query would change its options. */
const isRedisAddress = (text: string): boolean => {
  if (!/^rediss?:/.test(text) || !URL.canParse(text)) return false;
  const { hostname, username, password, pathname, search, hash } = new URL(text);
  return (
    hostname !== '' &&
    [username, password].every(isDecodable) &&
    /^(\/\d{0,5})?$/.test(pathname) &&
    search + hash === ''
  );
};

/** Where a Redis is. */
export const redisUrl = z
  .string()
  .refine(
    isRedisAddress,
    'must be redis://HOST or rediss://HOST, with user:password@ before the host and :PORT and /DATABASE (a number) behind it if need be',
  );

/** This machine, as it stands in a URL. */
export const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** What is sent there proves who somebody is, so it goes encrypted or stays on this machine. */
const isSafeAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK_HOSTS.includes(hostname));
};

/** An address that what proves who somebody is may be sent to. */
export const safeAddress = z
  .string()
  .refine(
    isSafeAddress,
    'must be a URL that starts with https:// (http:// only for localhost, 127.0.0.1 and [::1]), without user name and password',
  );

/** The same as the beginning of addresses: without a slash at the end. */
export const baseUrl = safeAddress
  .refine((text) => !/[?#]/.test(text), 'must not have a query or a fragment')
  .transform((text) => text.replace(/\/+$/, ''));

/** Names with commas. */
export const listOfNames = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .refine((names) => names.every((name) => name !== ''), 'must be names with a comma between them');

const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...rest] = text.split('/');
  const width = isIP(address) === 4 ? 32 : 128;
  return (
    isIP(address) !== 0 &&
    rest.length === 0 &&
    (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= width))
  );
};

/** A number of proxies, or their addresses and networks. */
export const proxies = z
  .string()
  .refine((text) => /^(\d|10)$/.test(text) || text.split(',').every((each) => isNetwork(each.trim())), {
    message:
      'must be a number of proxies from 0 to 10, or IP addresses and networks with a comma between them',
  })
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : text.split(',').map((each) => each.trim())));

/** The words true and false. */
export const trueOrFalse = z
  .enum(['true', 'false'], { message: 'must be true or false' })
  .transform((text) => text === 'true');
