import type { LookupAddress } from 'node:dns';
import { isPublicAddress, lookupPublic, PrivateAddressError } from '../../../src/push/send/public-address';

test.each([
  '8.8.8.8',
  '172.15.255.255',
  '172.32.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '192.167.255.255',
  '223.255.255.255',
  '2606:4700:4700::1111',
  '2a00:1450:4001:830::200a',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  '0.0.0.0',
  '10.255.255.255',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.8',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  '2001::1',
  '2001:db8::1',
  '2002:7f00:1::',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::10.0.0.1',
  'localhost',
  '',
])('%j is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

const find = (hostname: string, options: { all?: boolean } = {}): Promise<unknown> =>
  new Promise((resolve, reject) => {
    lookupPublic(hostname, options, (error, address: string | LookupAddress[], family) =>
      error ? reject(error) : resolve([address, family]),
    );
  });

test('Addresses are found in both forms that connections ask for', async () => {
  expect(await find('8.8.8.8')).toEqual(['8.8.8.8', 4]);
  expect(await find('8.8.8.8', { all: true })).toEqual([[{ address: '8.8.8.8', family: 4 }], undefined]);
});

test('A name that leads to this machine is not found', async () => {
  await expect(find('localhost')).rejects.toBeInstanceOf(PrivateAddressError);
  await expect(find('localhost', { all: true })).rejects.toBeInstanceOf(PrivateAddressError);
});
