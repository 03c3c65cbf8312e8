import { isIPv6 } from 'node:net';

/**
 * What counts as one caller: an IPv4 address, or the first 64 bits of an IPv6 address, which is what a subscriber gets
 * and may choose addresses from at will.
 */
export const networkOf = (address: string): string =>
  isIPv6(address) ? `${groupsOf(address).slice(0, 4).join(':')}::/64` : address;

/** The eight groups, without leading zeros. An IPv4 address in the end stands for two. */
const groupsOf = (address: string): string[] => {
  const [text = ''] = address.split('%');
  const [head = '', tail] = text.split('::');
  const left = split(head);
  const right = split(tail ?? '');
  const missing = tail === undefined ? 0 : 8 - left.length - right.length;
  const zeros = Array.from({ length: Math.max(0, missing) }, () => '0');
  return [...left, ...zeros, ...right].map((group) => parseInt(group, 16).toString(16));
};

const split = (text: string): string[] =>
  text === '' ? [] : text.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
