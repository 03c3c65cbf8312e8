import { lookup, type LookupAddress } from 'node:dns';
import {
  allowedAddresses,
  ForbiddenAddressError,
  guardedLookup,
  HTTP,
  problemOfUrl,
} from '../../src/webhooks/address-rules';

const STRICT = { allowPrivateAddresses: false, allowPlaintext: false };
const PRIVATE = { allowPrivateAddresses: true, allowPlaintext: false };
const ALL = { allowPrivateAddresses: true, allowPlaintext: true };

const resolvingTo = (...addresses: string[]) => ({ ...STRICT, resolve: async () => addresses });

test.each([
  ['https to a name', 'https://hooks.example/in?x=1', STRICT],
  ['https to a public address', 'https://1.1.1.1/', STRICT],
  ['https to this machine, where private addresses are allowed', 'https://localhost:8443/', PRIVATE],
  ['http to this machine, where private addresses are allowed', 'http://localhost:8080/', PRIVATE],
  ['the same as an address', 'http://127.0.0.1:8080/', PRIVATE],
  ['the same in IPv6', 'http://[::1]:8080/', PRIVATE],
  ['https to a private address, where they are allowed', 'https://10.0.0.1/', PRIVATE],
  ['http anywhere, where that is allowed', 'http://hooks.internal/', ALL],
])('Nothing speaks against %s', (_, url, rules) => {
  expect(problemOfUrl(url, HTTP, rules)).toBeUndefined();
});

const ONLY_ENCRYPTED =
  'must be a URL that starts with https:// (http:// only for localhost, 127.0.0.1 and [::1])';
const ONLY_PUBLIC = 'must have a host on the public Internet: this server does not allow others';

test.each([
  ['no URL', 'hooks.example', STRICT, ONLY_ENCRYPTED],
  ['http to a name', 'http://hooks.example/', PRIVATE, ONLY_ENCRYPTED],
  ['http to a private address', 'http://10.0.0.1/', PRIVATE, ONLY_ENCRYPTED],
  ['another scheme', 'file:///etc/passwd', ALL, 'must be a URL that starts with https:// or http://'],
  ['a user name', 'https://me@hooks.example/', STRICT, 'must not have a user name or a password'],
  ['a password', 'https://:pw@hooks.example/', STRICT, 'must not have a user name or a password'],
  ['localhost', 'https://localhost/', STRICT, ONLY_PUBLIC],
  ['http to localhost', 'http://localhost/', STRICT, ONLY_PUBLIC],
  ['a loopback address', 'https://127.0.0.1/', STRICT, ONLY_PUBLIC],
  ['a loopback address in short', 'https://127.1/', STRICT, ONLY_PUBLIC],
  ['a loopback address as a number', 'https://2130706433/', STRICT, ONLY_PUBLIC],
  ['a loopback address in hexadecimal', 'https://0x7f.0.0.1/', STRICT, ONLY_PUBLIC],
  ['a loopback address in IPv6', 'https://[::1]/', STRICT, ONLY_PUBLIC],
  ['a private address in IPv6’s clothes', 'https://[::ffff:10.0.0.1]/', STRICT, ONLY_PUBLIC],
  ['the address of a cloud’s secrets', 'https://169.254.169.254/', STRICT, ONLY_PUBLIC],
])('%s is a problem', (_, url, rules, problem) => {
  expect(problemOfUrl(url, HTTP, rules)).toBe(problem);
});

test('A name may be connected to at the public addresses that it has', async () => {
  const rules = resolvingTo('1.1.1.1', '2606:4700:4700::1111');

  expect(await allowedAddresses('hooks.example', rules)).toEqual(['1.1.1.1', '2606:4700:4700::1111']);
});

test.each([
  ['a private address', ['10.0.0.1']],
  ['a private address among public ones', ['1.1.1.1', '10.0.0.1']],
  ['a link-local address', ['169.254.169.254']],
  ['this machine', ['::1']],
])('A name that leads to %s may not be connected to', async (_, addresses) => {
  await expect(allowedAddresses('hooks.example', resolvingTo(...addresses))).rejects.toEqual(
    new ForbiddenAddressError(),
  );
});

test('A private address is allowed where the operator allows it', async () => {
  expect(await allowedAddresses('hooks.example', { ...PRIVATE, resolve: async () => ['10.0.0.1'] })).toEqual([
    '10.0.0.1',
  ]);
});

test('An IP address is checked without a resolver', async () => {
  await expect(allowedAddresses('127.0.0.1', resolvingTo('1.1.1.1'))).rejects.toThrow(ForbiddenAddressError);
});

test('A name without an address is not found', async () => {
  await expect(allowedAddresses('hooks.example', resolvingTo())).rejects.toMatchObject({ code: 'ENOTFOUND' });
});

test('The system’s resolver is asked when there is no other', async () => {
  const found = await new Promise<LookupAddress[]>((resolve, reject) =>
    lookup('localhost', { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses))),
  );

  expect(await allowedAddresses('localhost', PRIVATE)).toEqual(found.map(({ address }) => address));
  await expect(allowedAddresses('localhost', STRICT)).rejects.toThrow(ForbiddenAddressError);
});

/** What a socket of Node hears, in the form that it asks for. */
const asked = (answers: string[][], all: boolean): Promise<unknown[]> => {
  const rules = { ...STRICT, resolve: async () => answers.shift() ?? [] };
  return new Promise((resolve) =>
    guardedLookup(rules)('hooks.example', { all }, (...answer) => resolve(answer)),
  );
};

test('A socket gets the addresses that were checked, in the form that it asks for', async () => {
  const both = ['1.1.1.1', '2606:4700:4700::1111'];

  expect(await asked([both], false)).toEqual([null, '1.1.1.1', 4]);
  expect(await asked([both], true)).toEqual([
    null,
    [
      { address: '1.1.1.1', family: 4 },
      { address: '2606:4700:4700::1111', family: 6 },
    ],
  ]);
});

test('A name that was public the first time is checked again the second time', async () => {
  const answers = [['1.1.1.1'], ['127.0.0.1']];

  expect((await asked(answers, false))[0]).toBeNull();
  expect((await asked(answers, false))[0]).toBeInstanceOf(ForbiddenAddressError);
});
