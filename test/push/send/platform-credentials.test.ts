import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { generateVAPIDKeys } from 'web-push';
import { ServiceError } from '../../../src/errors';
import { parseCredentials, type Platform } from '../../../src/push/send/platform-credentials';

const pemOf = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8'): string =>
  key
    .export({ type, format: 'pem' } as never)
    .toString()
    .trim();

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const rsaPss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
const shortRsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;

const APNS = { teamId: 'TEAM123456', keyId: 'KEYID12345', privateKey: pemOf(p256), topic: 'com.example.app' };
const GCM = {
  project_id: 'my-app-1234',
  client_email: 'push@my-app-1234.iam.gserviceaccount.com',
  private_key: pemOf(rsa),
};
const ADM = { clientId: 'amzn1.application-oa2-client.abc', clientSecret: 'adm-secret' };
const WEB_PUSH = { ...generateVAPIDKeys(), subject: 'mailto:push@example.com' };

const good: Record<Platform, object> = { APNS, APNS_SANDBOX: APNS, GCM, ADM, WEB_PUSH };

test.each(Object.entries(good) as [Platform, object][])('Credentials for %s are read', (platform, given) => {
  expect(JSON.stringify(parseCredentials(platform, given))).toBe(
    JSON.stringify({ platform, credentials: given }),
  );
});

test('A service account’s JSON is read as Google hands it out, and the rest of it is left out', () => {
  const given = {
    type: 'service_account',
    ...GCM,
    private_key_id: 'key1',
    token_uri: 'https://evil.example/token',
  };

  expect(parseCredentials('GCM', given).credentials).toEqual({ ...GCM, private_key_id: 'key1' });
});

test('Blank lines around a key do not matter', () => {
  expect(parseCredentials('APNS', { ...APNS, privateKey: `\n${APNS.privateKey}\n\n` }).credentials).toEqual({
    ...APNS,
    privateKey: APNS.privateKey,
  });
});

const refusalOf = (platform: Platform, input: unknown): ServiceError => {
  try {
    parseCredentials(platform, input);
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error('It was taken');
};

test.each<[Platform, string, unknown, RegExp]>([
  ['APNS', 'teamId', 'team', /10 capital letters/],
  ['APNS', 'keyId', undefined, /must be a string/],
  ['APNS', 'topic', 'com.example app', /bundle id/],
  ['APNS', 'privateKey', 'secret-text', /PKCS#8 PEM.*\.p8 file/],
  ['APNS', 'privateKey', pemOf(p256, 'sec1'), /PKCS#8 PEM/],
  ['APNS', 'privateKey', pemOf(p256).replace(/\n/g, '\\n'), /PKCS#8 PEM/],
  ['APNS', 'privateKey', pemOf(p384), /ES256/],
  ['APNS', 'privateKey', pemOf(rsa), /ES256/],
  ['APNS_SANDBOX', 'privateKey', pemOf(rsa), /ES256/],
  ['GCM', 'project_id', '../other', /project’s id/],
  ['GCM', 'client_email', 'nobody', /service account/],
  ['GCM', 'private_key', pemOf(p256), /RS256/],
  ['GCM', 'private_key', pemOf(shortRsa), /RS256/],
  ['GCM', 'private_key', pemOf(rsaPss), /RS256/],
  ['GCM', 'private_key', pemOf(rsa, 'pkcs1'), /PKCS#8 PEM/],
  ['ADM', 'clientId', 'a b', /printable ASCII/],
  ['ADM', 'clientSecret', '', /length of at least 1/],
  ['WEB_PUSH', 'publicKey', 'BAAA', /65 bytes in base64url/],
  ['WEB_PUSH', 'publicKey', Buffer.alloc(65, 4).toString('base64url'), /curve P-256/],
  ['WEB_PUSH', 'privateKey', `${WEB_PUSH.privateKey}=`, /32 bytes in base64url/],
  ['WEB_PUSH', 'privateKey', generateVAPIDKeys().privateKey, /must be the private key of publicKey/],
  ['WEB_PUSH', 'privateKey', Buffer.alloc(32).toString('base64url'), /must be the private key of publicKey/],
  ['WEB_PUSH', 'subject', 'somebody@example.com', /mailto:push@example\.com/],
  ['WEB_PUSH', 'subject', 'mailto: push@example.com', /mailto:push@example\.com/],
  ['WEB_PUSH', 'subject', 'http://example.com', /https:\/\/example\.com/],
  ['WEB_PUSH', 'subject', 'https://localhost/', /not localhost/],
])('%s with a wrong %s (%#) is refused by name, without what it held', (platform, field, value, sentence) => {
  const refusal = refusalOf(platform, { ...good[platform], [field]: value });

  expect(refusal.code).toBe('INVALID_PARAMETER');
  expect(refusal.fields.field).toBe(`credentials.${field}`);
  expect(refusal.message).toMatch(sentence);
  const held = String(value)
    .split('\n')
    .filter((line) => line.length > 8 && !line.startsWith('-----'));
  for (const line of held) expect(JSON.stringify([refusal.message, refusal.fields])).not.toContain(line);
});

test('What is no object at all is refused', () => {
  const refusal = refusalOf('ADM', 'my password');

  expect(refusal.code).toBe('INVALID_PARAMETER');
  expect(refusal.message).not.toContain('my password');
});
