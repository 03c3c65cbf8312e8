import { lookup } from 'node:dns';
import { BlockList, isIP, isIPv4, type LookupFunction } from 'node:net';

/** Networks of IPv4 that lead to no public host, from the IANA registry of special-purpose addresses. */
const SPECIAL_IPV4: [string, number][] = [
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

/** The same for IPv6, within what is public: Teredo and others, documentation, 6to4. */
const SPECIAL_IPV6: [string, number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

/** What a network without IPv4 reaches IPv4 by (RFC 6052): as public as the address at its end. */
const NAT64 = '64:ff9b::';

/** Node looks for IPv4 addresses in IPv6 notation (`::ffff:10.0.0.1`) by the networks of IPv4. */
const special = new BlockList();
for (const [network, bits] of SPECIAL_IPV4) {
  special.addSubnet(network, bits, 'ipv4');
  special.addSubnet(`${NAT64}${network}`, 96 + bits, 'ipv6');
}
for (const [network, bits] of SPECIAL_IPV6) special.addSubnet(network, bits, 'ipv6');

const publicIPv6 = new BlockList();
publicIPv6.addSubnet('2000::', 3, 'ipv6');
publicIPv6.addSubnet(NAT64, 96, 'ipv6');
publicIPv6.addSubnet('::ffff:0:0', 96, 'ipv6');

/** Whether an IP address is one that the whole internet can reach: not this machine, not a network of its owner's. */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !special.check(address, 'ipv4');
  return isIP(address) === 6 && publicIPv6.check(address, 'ipv6') && !special.check(address, 'ipv6');
};

/** A host has an address that is not public. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/**
 * Finds a host's addresses for a connection, and fails with PrivateAddressError when one of them is not public. What
 * was vetted is what is connected to, so that a name which changes between two look-ups gains nothing.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const [first] = addresses ?? [];
    if (error || first === undefined) return callback(error ?? new Error('no address'), []);
    if (!addresses.every(({ address }) => isPublicAddress(address)))
      return callback(new PrivateAddressError(hostname), []);
    return options.all ? callback(null, addresses) : callback(null, first.address, first.family);
  });
};
