import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { LOOPBACK_HOSTS } from '../config-values';
import { isPublicAddress } from './public-address';

/** Where the server may send something on an administrator's word. The operator decides. */
export interface AddressRules {
  /** Addresses that are not of the public Internet (`isPublicAddress`), this machine among them. */
  allowPrivateAddresses: boolean;
  /** Without encryption to other hosts than this machine. */
  allowPlaintext: boolean;
  /** All IP addresses of a host name. The system's resolver when left out. */
  resolve?: (hostname: string) => Promise<string[]>;
}

/** The schemes of one kind of address, each with its colon. */
export interface Schemes {
  encrypted: string;
  plaintext: string;
}

/** Of HTTP. */
export const HTTP: Schemes = { encrypted: 'https:', plaintext: 'http:' };

/** A host has an address that the rules do not allow. The message is a clause and does not tell the address. */
export class ForbiddenAddressError extends Error {
  override readonly name = 'ForbiddenAddressError';

  constructor() {
    super('its host has an address that is not on the public Internet, which this server does not allow');
  }
}

/** A URL's host without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * Why nothing is sent to a URL, as a clause that begins with must; undefined when nothing speaks against it before its
 * host is resolved. Encryption is needed unless the host is this machine, user name and password are not taken, and a
 * host that is an IP address must be an allowed one.
 */
export const problemOfUrl = (text: string, schemes: Schemes, rules: AddressRules): string | undefined => {
  if (!URL.canParse(text) || !isSchemeAllowed(new URL(text), schemes, rules))
    return `must be a URL that starts with ${schemesFor(schemes, rules)}`;
  const url = new URL(text);
  if (url.hostname === '') return 'must have a host';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or a password';
  if (isPrivate(url) && !rules.allowPrivateAddresses)
    return 'must have a host on the public Internet: this server does not allow others';
  return undefined;
};

const isLoopback = ({ hostname }: URL): boolean => LOOPBACK_HOSTS.includes(hostname);

const isSchemeAllowed = (url: URL, { encrypted, plaintext }: Schemes, rules: AddressRules): boolean =>
  url.protocol === encrypted || (url.protocol === plaintext && (rules.allowPlaintext || isLoopback(url)));

const schemesFor = ({ encrypted, plaintext }: Schemes, { allowPlaintext }: AddressRules): string =>
  allowPlaintext
    ? `${encrypted}// or ${plaintext}//`
    : `${encrypted}// (${plaintext}// only for localhost, 127.0.0.1 and [::1])`;

const isPrivate = (url: URL): boolean =>
  isLoopback(url) || (isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url)));

const systemResolver = async (hostname: string): Promise<string[]> =>
  (await lookup(hostname, { all: true })).map(({ address }) => address);

/**
 * The IP addresses that may be connected to for a host, which may be one itself. Connect to these and resolve no more:
 * a name that answers something else the second time gains nothing then (DNS rebinding).
 * @throws ForbiddenAddressError when one of them is not allowed; what the resolver throws
 */
export const allowedAddresses = async (host: string, rules: AddressRules): Promise<string[]> => {
  const addresses = isIP(host) !== 0 ? [host] : await (rules.resolve ?? systemResolver)(host);
  if (addresses.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
  if (!rules.allowPrivateAddresses && !addresses.every(isPublicAddress)) throw new ForbiddenAddressError();
  return addresses;
};

/** Resolves for sockets of Node, which connect to what it answers. They do not ask it about IP addresses. */
export const guardedLookup =
  (rules: AddressRules): LookupFunction =>
  (hostname, { all }, callback) => {
    allowedAddresses(hostname, rules).then(
      (addresses) => {
        const found = addresses.map((address) => ({ address, family: isIP(address) }));
        if (all) callback(null, found);
        else callback(null, found[0]!.address, found[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
