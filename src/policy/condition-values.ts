import { BlockList, isIP } from 'node:net';

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const YEAR = /^\d{4}$/;
const EPOCH_SECONDS = /^-?\d+(?:\.\d+)?$/;
/** The W3C profile of ISO 8601: a time of day always has its time zone. */
const ISO_8601 = /^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?)?)?$/;
const BASE_64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads an integer or decimal number. */
export function toNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/**
 * Reads a date in the W3C's profile of ISO 8601 or in epoch seconds, as milliseconds since the epoch. Four digits are
 * a year, as the W3C writes it; any other number is epoch seconds.
 */
export function toTime(text: string): number | undefined {
  if (EPOCH_SECONDS.test(text) && !YEAR.test(text)) return Number(text) * 1000;
  const time = ISO_8601.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? undefined : time;
}

/** Reads `true` or `false` in any case. */
export function toBoolean(text: string): boolean | undefined {
  const folded = text.toLowerCase();
  return folded === 'true' ? true : folded === 'false' ? false : undefined;
}

/** Reads base64 into a form in which equal bytes are equal strings. */
export function toBytes(text: string): string | undefined {
  return BASE_64.test(text) ? Buffer.from(text, 'base64').toString('hex') : undefined;
}

/** Reads an IPv4 or IPv6 address or CIDR range as a test for addresses. Without a prefix it is that one address. */
export function toAddressRange(text: string): ((address: string) => boolean) | undefined {
  const [network, prefix, ...rest] = text.split('/') as [string, ...string[]];
  const family = familyOf(network);
  if (family === undefined || rest.length > 0) return undefined;
  const widest = family === 'ipv4' ? 32 : 128;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > widest)) return undefined;
  const range = new BlockList();
  range.addSubnet(network, prefix === undefined ? widest : Number(prefix), family);
  return (address) => {
    const kind = familyOf(address);
    return kind !== undefined && range.check(address, kind);
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  // A zone names a network card of one machine and means nothing in a policy.
  if (address.includes('%')) return undefined;
  return ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(address)];
}
