import { createDecipheriv, createECDH, createPublicKey, hkdfSync, randomBytes } from 'node:crypto';
import { jwtVerify } from 'jose';
import { generateVAPIDKeys } from 'web-push';
import type { KeptSender, SenderOptions } from '../../../src/push/send/sender';
import { webPushSender } from '../../../src/push/send/web-push';
import { MESSAGE, startPushStandIn, type PushStandIn, type Reply } from '../../support/push-stand-in';
import { makeTlsCertificate } from '../../support/tls-certificate';

const VAPID = { ...generateVAPIDKeys(), subject: 'mailto:push@example.com' };

/** A browser: it has the keys that its subscription shows half of. */
const browser = createECDH('prime256v1');
browser.generateKeys();
const auth = randomBytes(16);
const KEYS = { p256dh: browser.getPublicKey('base64url'), auth: auth.toString('base64url') };

/** Opens a message by RFC 8188 and RFC 8291 section 3.4, written apart from what it tests. */
const decrypt = (body: Buffer): string => {
  const salt = body.subarray(0, 16);
  const serverKey = body.subarray(21, 21 + body[20]!);
  const cipherText = body.subarray(21 + body[20]!);
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), browser.getPublicKey(), serverKey]);
  const secret = Buffer.from(hkdfSync('sha256', browser.computeSecret(serverKey), auth, info, 32));
  const derive = (name: string, size: number): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, salt, Buffer.from(`Content-Encoding: ${name}\0`), size));
  const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
  decipher.setAuthTag(cipherText.subarray(-16));
  const text = Buffer.concat([decipher.update(cipherText.subarray(0, -16)), decipher.final()]);
  // The last record ends with the delimiter 2 and zeros.
  return text.subarray(0, text.lastIndexOf(2)).toString();
};

const vapidKey = (point: string) => {
  const bytes = Buffer.from(point, 'base64url');
  const [x, y] = [bytes.subarray(1, 33), bytes.subarray(33)].map((part) => part.toString('base64url'));
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
};

let service: PushStandIn;
let sender: KeptSender;

const start = async (
  reply: (call: number) => Reply = () => ({ status: 201 }),
  options: SenderOptions = {},
): Promise<void> => {
  let calls = 0;
  service = await startPushStandIn(() => reply((calls += 1)));
  sender = webPushSender(VAPID, { allowPrivateEndpoints: true, ...options });
};

afterEach(async () => {
  sender.close();
  await service.close();
});

const tokenFor = (endpoint: string, keys: object = KEYS): string =>
  JSON.stringify({ endpoint, expirationTime: null, keys });

const token = () => tokenFor(`${service.url}/wpush/v2/gAAAAA-secret`);

test('The browser alone can read the five keys', async () => {
  await start();

  expect(await sender.send(token(), MESSAGE)).toEqual({ kind: 'SENT' });

  const asked = service.asked[0]!;
  expect(asked).toMatchObject({ method: 'POST', path: '/wpush/v2/gAAAAA-secret' });
  expect(asked.headers['content-encoding']).toBe('aes128gcm');
  expect(asked.body.includes('settings')).toBe(false);
  expect(JSON.parse(decrypt(asked.body))).toEqual(MESSAGE);
});

test('A push service is told how long to keep a message, how urgent it is and what it replaces', async () => {
  await start();

  await sender.send(token(), MESSAGE);

  expect(service.asked[0]!.headers).toMatchObject({
    ttl: '604800',
    urgency: 'normal',
    topic: expect.stringMatching(/^[\w-]{32}$/),
  });
});

test('The message is signed with VAPID for the push service’s own origin', async () => {
  await start();

  await sender.send(token(), MESSAGE);

  const [, jwt, key] = /^vapid t=([^,]+), k=([\w-]+)$/.exec(service.asked[0]!.headers.authorization!)!;
  expect(key).toBe(VAPID.publicKey);
  const { payload } = await jwtVerify(jwt!, vapidKey(key!), { algorithms: ['ES256'] });
  expect(payload).toMatchObject({ aud: service.url, sub: 'mailto:push@example.com' });
  expect(payload.exp! - Date.now() / 1000).toBeLessThanOrEqual(86_400);
});

test.each([200, 201, 202])('Status %i means that it was taken', async (status) => {
  await start(() => ({ status }));

  expect(await sender.send(token(), MESSAGE)).toEqual({ kind: 'SENT' });
});

test.each([404, 410])('Status %i means that the subscription is gone', async (status) => {
  await start(() => ({ status }));

  expect(await sender.send(token(), MESSAGE)).toEqual({ kind: 'GONE' });
});

test.each([400, 401, 403, 413, 301])('Status %i means that the configuration is wrong', async (status) => {
  await start(() => ({
    status,
    headers: { location: `${service.url}/other` },
    body: { reason: 'Forbidden' },
  }));

  expect(await sender.send(token(), MESSAGE)).toEqual({
    kind: 'REFUSED',
    reason: `The push service answered with status ${status}.`,
  });
  expect(service.asked).toHaveLength(1);
});

test.each([429, 500, 503])('Status %i is to be tried again when the service says', async (status) => {
  await start(() => ({ status, headers: { 'retry-after': '40' } }));

  expect(await sender.send(token(), MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: `The push service answered with status ${status}.`,
    retryAfterSeconds: 40,
  });
});

test('A push service can put a message off by a day at most', async () => {
  await start(() => ({ status: 429, headers: { 'retry-after': '99999999999999' } }));

  expect(await sender.send(token(), MESSAGE)).toMatchObject({ retryAfterSeconds: 86_400 });
});

test('A connection that breaks and a slow service are to be tried again', async () => {
  await start((call) => (call === 1 ? 'break' : 'silence'), { limits: { timeout: 200, maxBytes: 1000 } });

  expect(await sender.send(token(), MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: expect.stringMatching(/^The push service: the connection failed \(\w+\)\.$/),
  });
  expect(await sender.send(token(), MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'The push service: it did not answer within 0.2 seconds.',
  });
});

test('An answer without end is not read to its end', async () => {
  await start(() => 'flood', { limits: { timeout: 5000, maxBytes: 10_000 } });

  expect(await sender.send(token(), MESSAGE)).toEqual({ kind: 'SENT' });
  expect(service.flooded()).toBeLessThan(10_000_000);
});

test.each<[string, string]>([
  ['no JSON', 'ab12'],
  ['no object', '[]'],
  ['without keys', '{"endpoint":"https://push.example/x"}'],
  ['with a key that is too short', tokenFor('https://push.example/x', { ...KEYS, p256dh: 'BAAA' })],
  [
    'with a key that is not on the curve',
    tokenFor('https://push.example/x', { ...KEYS, p256dh: Buffer.alloc(65, 4).toString('base64url') }),
  ],
  ['with a secret of the wrong size', tokenFor('https://push.example/x', { ...KEYS, auth: 'AAAA' })],
  ['with an endpoint that is no address', tokenFor('push.example')],
  ['with an endpoint of another scheme', tokenFor('ftp://push.example/x')],
])('A subscription %s is gone', async (_, given) => {
  await start();

  expect(await sender.send(given, MESSAGE)).toEqual({ kind: 'GONE' });
});

test.each([
  'http://push.example/x',
  'http://localhost/x',
  'http://127.0.0.1/x',
  'https://127.0.0.1/x',
  'https://0x7f000001/x',
  'https://10.0.0.1/x',
  'https://169.254.169.254/latest/meta-data',
  'https://[::1]/x',
  'https://[fd00::1]/x',
  'https://[::ffff:192.168.0.1]/x',
  'https://user:password@push.example/x',
])('The endpoint %s is never asked', async (endpoint) => {
  await start(undefined, { allowPrivateEndpoints: false });

  expect(await sender.send(tokenFor(endpoint), MESSAGE)).toEqual({ kind: 'GONE' });
});

test('A host whose name leads to this machine is refused before anything is sent to it', async () => {
  await start(undefined, { allowPrivateEndpoints: false, resolve: async () => ['127.0.0.1'] });
  const endpoint = `${service.url.replace('http://127.0.0.1', 'https://push.example')}/x`;

  expect(await sender.send(tokenFor(endpoint), MESSAGE)).toEqual({
    kind: 'REFUSED',
    reason: 'The push service’s name leads to an address that is not public.',
  });
  expect(service.connections()).toBe(0);
});

test('Over https nothing is sent to a service without a certificate of a known authority', async () => {
  service = await startPushStandIn(() => ({ status: 201 }), {
    http2: true,
    tls: makeTlsCertificate('localhost'),
  });
  sender = webPushSender(VAPID, { allowPrivateEndpoints: true });

  expect(await sender.send(token(), MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'The push service: the connection failed (DEPTH_ZERO_SELF_SIGNED_CERT).',
  });
  expect(service.asked).toEqual([]);
});

test('Plain http stays on this machine also where private endpoints are allowed', async () => {
  await start();

  expect(await sender.send(tokenFor('http://push.example/x'), MESSAGE)).toEqual({ kind: 'GONE' });
});

test('What goes wrong is told without the subscription and without the private key', async () => {
  await start(() => ({ status: 403, body: { reason: VAPID.privateKey } }));

  const told = JSON.stringify([
    await sender.send(token(), MESSAGE),
    await sender.send(tokenFor('https://localhost:1/secret'), MESSAGE),
  ]);

  for (const secret of [KEYS.auth, KEYS.p256dh, VAPID.privateKey, 'secret', service.url])
    expect(told).not.toContain(secret);
});
