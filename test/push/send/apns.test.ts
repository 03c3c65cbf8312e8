import { generateKeyPairSync } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import { apnsSender } from '../../../src/push/send/apns';
import type { KeptSender, SenderOptions } from '../../../src/push/send/sender';
import { MESSAGE, startPushStandIn, type PushStandIn, type Reply } from '../../support/push-stand-in';
import { makeTlsCertificate } from '../../support/tls-certificate';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const CREDENTIALS = {
  teamId: 'TEAM123456',
  keyId: 'KEYID12345',
  privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  topic: 'com.example.app',
};
const TOKEN = 'ab12'.repeat(16);

let apple: PushStandIn;
let sender: KeptSender;

const start = async (reply: (call: number) => Reply, options: SenderOptions = {}): Promise<void> => {
  let calls = 0;
  apple = await startPushStandIn(() => reply((calls += 1)), { http2: true });
  sender = apnsSender(CREDENTIALS, apple.url, options);
};

afterEach(async () => {
  sender.close();
  await apple.close();
});

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const tokensSeen = (): string[] =>
  apple.asked.map(({ headers }) => headers.authorization!.replace('bearer ', ''));

test('A message goes out as a background notification with the five keys under data', async () => {
  await start(() => ({ status: 200 }), { now: () => new Date('2026-03-01T00:00:00Z') });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });

  const [asked] = apple.asked;
  expect(asked).toMatchObject({ method: 'POST', path: `/3/device/${TOKEN}` });
  expect(asked!.headers).toMatchObject({
    'apns-topic': 'com.example.app',
    'apns-push-type': 'background',
    'apns-priority': '5',
    'apns-expiration': String(Date.parse('2026-03-08T00:00:00Z') / 1000),
  });
  expect(JSON.parse(asked!.body.toString())).toEqual({ aps: { 'content-available': 1 }, data: MESSAGE });
});

test('The provider token is signed with the key, for the team', async () => {
  await start(() => ({ status: 200 }));

  await sender.send(TOKEN, MESSAGE);

  const { payload, protectedHeader } = await jwtVerify(tokensSeen()[0]!, publicKey);
  expect(protectedHeader).toEqual({ alg: 'ES256', kid: 'KEYID12345' });
  expect(payload).toEqual({ iss: 'TEAM123456', iat: expect.any(Number) });
});

test('The provider token is kept for 45 minutes, and made anew when the clock was set back', async () => {
  let minutes = 0;
  const now = () => new Date(Date.parse('2026-03-01T00:00:00Z') + minutes * 60_000);
  await start(() => ({ status: 200 }), { now });

  for (minutes of [0, 44, 45, 30]) await sender.send(TOKEN, MESSAGE);

  const tokens = tokensSeen();
  expect(tokens[1]).toBe(tokens[0]);
  expect(tokens.map((token) => (decodeJwt(token).iat! - decodeJwt(tokens[0]!).iat!) / 60)).toEqual([
    0, 0, 45, 30,
  ]);
});

test('Many messages at once share one connection and one provider token', async () => {
  await start(() => ({ status: 200 }));

  const outcomes = await Promise.all(Array.from({ length: 50 }, () => sender.send(TOKEN, MESSAGE)));

  expect(outcomes).toEqual(Array(50).fill({ kind: 'SENT' }));
  expect(apple.connections()).toBe(1);
  expect(new Set(tokensSeen()).size).toBe(1);
});

test.each([
  [410, 'Unregistered'],
  [410, 'ExpiredToken'],
  [400, 'Unregistered'],
  [400, 'ExpiredToken'],
  [400, 'BadDeviceToken'],
  [400, 'DeviceTokenNotForTopic'],
])('Status %i %s means that the token is gone', async (status, reason) => {
  await start(() => ({ status, body: { reason, timestamp: 1_700_000_000_000 } }));

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'GONE' });
});

test.each([
  [429, 'TooManyRequests', undefined],
  [429, 'TooManyProviderTokenUpdates', 1200],
  [500, 'InternalServerError', 900],
  [503, 'Shutdown', 900],
])('Status %i %s is to be tried again', async (status, reason, retryAfterSeconds) => {
  await start(() => ({ status, body: { reason } }));

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: `APNs answered with status ${status} (${reason}).`,
    retryAfterSeconds,
  });
});

test('A Retry-After of APNs goes before its usual waits', async () => {
  await start(() => ({
    status: 503,
    headers: { 'retry-after': '17' },
    body: { reason: 'ServiceUnavailable' },
  }));

  expect(await sender.send(TOKEN, MESSAGE)).toMatchObject({ kind: 'RETRY', retryAfterSeconds: 17 });
});

test('A connection that APNs closes as idle is to be tried again', async () => {
  await start(() => ({ status: 400, body: { reason: 'IdleTimeout' } }));

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'APNs closed an idle connection.',
  });
});

test.each([
  [403, 'InvalidProviderToken'],
  [403, 'ExpiredProviderToken'],
  [403, 'BadEnvironmentKeyIdInToken'],
  [400, 'TopicDisallowed'],
  [413, 'PayloadTooLarge'],
])('Status %i %s means that the configuration is wrong', async (status, reason) => {
  await start(() => ({ status, body: { reason } }));

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'REFUSED',
    reason: `APNs answered with status ${status} (${reason}).`,
  });
});

test('Neither a token nor a page that APNs sends back gets into the reason', async () => {
  await start((call) => ({ status: 403, body: call === 1 ? { reason: TOKEN } : '<html>' }));

  const expected = { kind: 'REFUSED', reason: 'APNs answered with status 403.' };
  expect(await sender.send(TOKEN, MESSAGE)).toEqual(expected);
  expect(await sender.send(TOKEN, MESSAGE)).toEqual(expected);
});

test.each(['', 'not hex', '../3/device/ab12', 'ab12\r\nx: y', '\ud800'])(
  'A token that no device has, %j, is gone without asking',
  async (token) => {
    await start(() => ({ status: 200 }));

    expect(await sender.send(token, MESSAGE)).toEqual({ kind: 'GONE' });
    expect(apple.asked).toEqual([]);
  },
);

test('A connection that breaks is to be tried again, and the next message opens a new one', async () => {
  await start((call) => (call === 1 ? 'break' : { status: 200 }));

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: expect.stringMatching(/^APNs: the connection failed( \(\w+\))?\.$/),
  });
  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(apple.connections()).toBe(2);
});

test('After a goodbye of APNs the next message opens a new connection', async () => {
  await start(() => ({ status: 200 }));
  await sender.send(TOKEN, MESSAGE);

  apple.sayGoodbye();
  await later(50);

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(apple.connections()).toBe(2);
});

test('A goodbye lets what is under way end, while the next message opens a new connection', async () => {
  apple = await startPushStandIn(
    async ({ path }) => {
      if (path.endsWith('00')) await later(200);
      return { status: 200 };
    },
    { http2: true },
  );
  sender = apnsSender(CREDENTIALS, apple.url);
  const first = sender.send(`${TOKEN}00`, MESSAGE);
  while (apple.asked.length === 0) await later(5);

  apple.sayGoodbye();
  await later(50);

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(await first).toEqual({ kind: 'SENT' });
  expect(apple.connections()).toBe(2);
});

test('A silent connection is given up after the time limit, and left for a new one', async () => {
  const limits = { timeout: 200, maxBytes: 1000 };
  await start((call) => (call === 1 ? 'silence' : { status: 200 }), { limits });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'APNs: it did not answer within 0.2 seconds.',
  });
  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(apple.connections()).toBe(2);
});

test('Who waits on a connection that another gave up keeps waiting', async () => {
  const limits = { timeout: 400, maxBytes: 1000 };
  apple = await startPushStandIn(
    async ({ path }) => {
      if (path.endsWith('00')) return 'silence';
      await later(300);
      return { status: 200 };
    },
    { http2: true },
  );
  sender = apnsSender(CREDENTIALS, apple.url, { limits });

  const first = sender.send(`${TOKEN}00`, MESSAGE);
  await later(250);
  const second = sender.send(TOKEN, MESSAGE);

  expect(await first).toMatchObject({ kind: 'RETRY' });
  expect(await second).toEqual({ kind: 'SENT' });
  expect(apple.connections()).toBe(1);
});

test('An answer without end is not read to its end', async () => {
  await start(() => 'flood', { limits: { timeout: 5000, maxBytes: 10_000 } });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(apple.flooded()).toBeLessThan(1_000_000);
});

test('What is under way when the sender is closed is to be tried again', async () => {
  await start(() => 'silence');
  const sending = sender.send(TOKEN, MESSAGE);
  while (apple.asked.length === 0) await later(5);

  sender.close();

  expect(await sending).toMatchObject({ kind: 'RETRY' });
});

test('Closing ends the connections that were given up, too', async () => {
  apple = await startPushStandIn(async () => later(150).then(() => 'silence'), { http2: true });
  sender = apnsSender(CREDENTIALS, apple.url, { limits: { timeout: 1000, maxBytes: 1000 } });
  const first = sender.send(TOKEN, MESSAGE);
  await later(900);
  const second = sender.send(TOKEN, MESSAGE);
  expect(await first).toMatchObject({ kind: 'RETRY' });
  const closed = Date.now();

  sender.close();

  expect(await second).toEqual({ kind: 'RETRY', reason: expect.stringContaining('the connection failed') });
  expect(Date.now() - closed).toBeLessThan(500);
});

test('An APNs that is not there is to be tried again', async () => {
  await start(() => ({ status: 200 }));
  await apple.close();

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'APNs: the connection failed (ECONNREFUSED).',
  });
  apple = await startPushStandIn(() => 'silence');
});

test('APNs is spoken to over TLS, and only with a certificate of a known authority', async () => {
  const tls = makeTlsCertificate('localhost');
  apple = await startPushStandIn(() => ({ status: 200 }), { http2: true, tls });
  const stranger = apnsSender(CREDENTIALS, apple.url);
  sender = apnsSender(CREDENTIALS, apple.url, { apnsCa: tls.cert });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(await stranger.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'APNs: the connection failed (DEPTH_ZERO_SELF_SIGNED_CERT).',
  });
  expect(apple.asked).toHaveLength(1);
  stranger.close();
});
