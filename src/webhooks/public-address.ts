import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Network = readonly [address: string, bits: number];

/** The networks of the IANA IPv4 Special-Purpose Address Registry, with multicast and what is reserved. */
const SPECIAL_IPV4: Network[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** What IANA has given to the public Internet so far: loopback, unique local, link-local and multicast lie outside. */
const GLOBAL_UNICAST_IPV6: Network[] = [['2000::', 3]];

/** Within it: protocol assignments with Teredo, documentation, and 6to4, which hides an IPv4 address. */
const SPECIAL_IPV6: Network[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const listOf = (networks: Network[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList();
  for (const [address, bits] of networks) list.addSubnet(address, bits, family);
  return list;
};

const specialIPv4 = listOf(SPECIAL_IPV4, 'ipv4');
const globalIPv6 = listOf(GLOBAL_UNICAST_IPV6, 'ipv6');
const specialIPv6 = listOf(SPECIAL_IPV6, 'ipv6');

/** `::ffff:a.b.c.d` (RFC 4291) and `64:ff9b::a.b.c.d` (NAT64, RFC 6052), in the form that a URL gives them. */
const EMBEDDING = /^\[(?:::ffff:|64:ff9b::)(?:([0-9a-f]{1,4}):)?([0-9a-f]{1,4})?\]$/;

const bytesOf = (group: string | undefined): number[] => {
  const value = parseInt(group ?? '0', 16);
  return [value >> 8, value & 0xff];
};

/** The IPv4 address that an IPv6 address stands for; undefined when it stands for itself. */
const embeddedIPv4 = (address: string): string | undefined => {
  const groups = EMBEDDING.exec(new URL(`http://[${address}]`).hostname);
  return groups ? [...bytesOf(groups[1]), ...bytesOf(groups[2])].join('.') : undefined;
};

/**
 * Whether an IP address is one of the public Internet: not private, link-local, loopback, shared, multicast, reserved
 * or for documentation (the IANA registries of special-purpose addresses), nor an IPv6 form of an IPv4 address that is.
 * False for what is no IP address.
 */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !specialIPv4.check(address);
  if (!isIPv6(address) || address.includes('%')) return false;
  const embedded = embeddedIPv4(address);
  if (embedded !== undefined) return isPublicAddress(embedded);
  return globalIPv6.check(address, 'ipv6') && !specialIPv6.check(address, 'ipv6');
};
