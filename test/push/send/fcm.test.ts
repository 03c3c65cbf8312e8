import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { fcmSender } from '../../../src/push/send/fcm';
import type { KeptSender, SenderOptions } from '../../../src/push/send/sender';
import { EXTRAS, MESSAGE, startPushStandIn, type PushStandIn, type Reply } from '../../support/push-stand-in';

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const CREDENTIALS = {
  project_id: 'my-app-1234',
  client_email: 'push@my-app-1234.iam.gserviceaccount.com',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  private_key_id: 'key1',
};
const TOKEN = 'cHJvb2Y:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx';

let google: PushStandIn;
let sender: KeptSender;

/** Gives out `secret-access-1`, `secret-access-2` and so on, one hour each. */
const honestTokens = (): ((call: number) => Reply) => {
  return (call) => ({
    status: 200,
    body: { access_token: `secret-access-${call}`, expires_in: 3600, token_type: 'Bearer' },
  });
};

interface Script {
  token?: (call: number) => Reply;
  send?: (call: number, authorization: string) => Reply;
}

const sent: Reply = { status: 200, body: { name: 'projects/my-app-1234/messages/1' } };

const start = async (
  { token = honestTokens(), send = () => sent }: Script = {},
  options: SenderOptions = {},
): Promise<void> => {
  const calls = { token: 0, send: 0 };
  google = await startPushStandIn(({ path, headers }) =>
    path === '/token' ? token((calls.token += 1)) : send((calls.send += 1), headers.authorization ?? ''),
  );
  sender = fcmSender(CREDENTIALS, { fcm: google.url, googleToken: `${google.url}/token` }, options);
};

afterEach(async () => {
  sender.close();
  await google.close();
});

const tokenRequests = () => google.asked.filter(({ path }) => path === '/token');

const failure = (code: number, status: string, ...details: object[]): Reply => ({
  status: code,
  body: { error: { code, message: `about ${TOKEN}`, status, details } },
});

const fcmError = (errorCode: string) => ({
  '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError',
  errorCode,
});

const badField = (field: string) => ({
  '@type': 'type.googleapis.com/google.rpc.BadRequest',
  fieldViolations: [{ field, description: 'Invalid' }],
});

test('A message goes out as data of normal priority, with the five keys as text', async () => {
  await start();

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });

  const asked = google.asked[1]!;
  expect(asked).toMatchObject({ method: 'POST', path: '/v1/projects/my-app-1234/messages:send' });
  expect(asked.headers.authorization).toBe('Bearer secret-access-1');
  expect(JSON.parse(asked.body.toString())).toEqual({
    message: { token: TOKEN, data: EXTRAS, android: { priority: 'NORMAL', ttl: '604800s' } },
  });
});

test('The access token is asked for with an assertion that the service account signed', async () => {
  await start();

  await sender.send(TOKEN, MESSAGE);

  const form = new URLSearchParams(google.asked[0]!.body.toString());
  expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  const { payload, protectedHeader } = await jwtVerify(form.get('assertion')!, publicKey);
  expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key1' });
  expect(payload).toEqual({
    iss: CREDENTIALS.client_email,
    aud: 'https://oauth2.googleapis.com/token',
    scope: 'https://www.googleapis.com/auth/firebase.messaging',
    iat: expect.any(Number),
    exp: payload.iat! + 3600,
  });
});

test('Messages at once and one after the other share an access token until a minute before its end', async () => {
  let seconds = 0;
  await start({}, { now: () => new Date(Date.parse('2026-03-01T00:00:00Z') + seconds * 1000) });

  await Promise.all(Array.from({ length: 10 }, () => sender.send(TOKEN, MESSAGE)));
  seconds = 3539;
  await sender.send(TOKEN, MESSAGE);
  expect(tokenRequests()).toHaveLength(1);

  seconds = 3540;
  await sender.send(TOKEN, MESSAGE);
  expect(tokenRequests()).toHaveLength(2);
  expect(google.asked.at(-1)!.headers.authorization).toBe('Bearer secret-access-2');
});

test('An access token that FCM no longer takes is replaced once', async () => {
  await start({
    send: (_, authorization) =>
      authorization === 'Bearer secret-access-1'
        ? failure(401, 'UNAUTHENTICATED')
        : { status: 200, body: { name: 'x' } },
  });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(tokenRequests()).toHaveLength(2);
});

test.each<[string, Reply]>([
  ['the app was uninstalled', failure(404, 'NOT_FOUND', fcmError('UNREGISTERED'))],
  ['FCM says so with another word', failure(404, 'GONE', fcmError('UNREGISTERED'))],
  ['it is not found', failure(404, 'NOT_FOUND')],
  ['it is no token', failure(400, 'INVALID_ARGUMENT', fcmError('INVALID_ARGUMENT'))],
  [
    'FCM names it as the wrong field',
    failure(400, 'INVALID_ARGUMENT', fcmError('INVALID_ARGUMENT'), badField('message.token')),
  ],
])('The token is gone when %s', async (_, reply) => {
  await start({ send: () => reply });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'GONE' });
});

test.each<[string, Reply, string]>([
  [
    'a wrong field of the message',
    failure(400, 'INVALID_ARGUMENT', badField('message.data[0].value')),
    'status 400 (INVALID_ARGUMENT)',
  ],
  [
    'another wrong field of the message',
    failure(400, 'INVALID_ARGUMENT', fcmError('INVALID_ARGUMENT'), badField('message.android.ttl')),
    'status 400 (INVALID_ARGUMENT)',
  ],
  ['no rights in the project', failure(403, 'PERMISSION_DENIED'), 'status 403 (PERMISSION_DENIED)'],
  [
    'a token of another project',
    failure(403, 'PERMISSION_DENIED', fcmError('SENDER_ID_MISMATCH')),
    'status 403 (SENDER_ID_MISMATCH)',
  ],
  ['no authentication, twice', failure(401, 'UNAUTHENTICATED'), 'status 401 (UNAUTHENTICATED)'],
  ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'status 302'],
  ['a status that is the token', failure(403, TOKEN), 'status 403'],
])('FCM refuses for %s', async (_, reply, reason) => {
  await start({ send: () => reply });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'REFUSED',
    reason: `FCM answered with ${reason}.`,
  });
});

test.each<[string, Reply, string, number | undefined]>([
  ['503', failure(503, 'UNAVAILABLE', fcmError('UNAVAILABLE')), 'status 503 (UNAVAILABLE)', undefined],
  ['a page with 500', { status: 500, body: '<html>' }, 'status 500', undefined],
  [
    'a page with 404, as in an outage',
    { status: 404, body: '<html>' },
    'status 404 and no reason',
    undefined,
  ],
  ['429', failure(429, 'RESOURCE_EXHAUSTED', fcmError('QUOTA_EXCEEDED')), 'status 429 (QUOTA_EXCEEDED)', 60],
  ['429 and a time', { status: 429, headers: { 'retry-after': '5' } }, 'status 429', 5],
])('FCM is to be asked again after %s', async (_, reply, reason, retryAfterSeconds) => {
  await start({ send: () => reply });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: `FCM answered with ${reason}.`,
    retryAfterSeconds,
  });
});

test.each<[string, Reply, object]>([
  [
    'refuses the account',
    { status: 400, body: { error: 'invalid_grant', error_description: 'Invalid JWT Signature.' } },
    { kind: 'REFUSED', reason: 'Google’s token endpoint answered with status 400 (invalid_grant).' },
  ],
  [
    'is busy',
    { status: 503, headers: { 'retry-after': '9' } },
    { kind: 'RETRY', reason: 'Google’s token endpoint answered with status 503.', retryAfterSeconds: 9 },
  ],
  [
    'gives no token',
    { status: 200, body: { id_token: 'x' } },
    { kind: 'RETRY', reason: 'Google’s token endpoint answered without an access token.' },
  ],
  [
    'breaks the connection',
    'break',
    { kind: 'RETRY', reason: 'Google’s token endpoint: the connection failed (ECONNRESET).' },
  ],
])(
  'When the token endpoint %s, FCM is not asked, and the next message tries again',
  async (_, reply, outcome) => {
    await start({ token: (call) => (call === 1 ? reply : honestTokens()(call)) });

    expect(await sender.send(TOKEN, MESSAGE)).toEqual(outcome);
    expect(google.asked).toHaveLength(1);
    expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  },
);

test('A connection that breaks is to be tried again', async () => {
  await start({ send: (call) => (call === 1 ? 'break' : sent) });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'FCM: the connection failed (ECONNRESET).',
  });
  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
});

test('A slow FCM is given up after the time limit', async () => {
  await start({ send: () => 'silence' }, { limits: { timeout: 200, maxBytes: 1000 } });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'FCM: it did not answer within 0.2 seconds.',
  });
});

test('An answer without end is not read to its end', async () => {
  await start({ send: () => 'flood' }, { limits: { timeout: 5000, maxBytes: 10_000 } });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
  expect(google.flooded()).toBeLessThan(10_000_000);
});

test('Connections are kept for the next message', async () => {
  await start();

  for (let count = 0; count < 3; count += 1) await sender.send(TOKEN, MESSAGE);

  expect(google.connections()).toBe(1);
});

test('What is under way when the sender is closed is to be tried again', async () => {
  await start({ send: () => 'silence' });
  const sending = sender.send(TOKEN, MESSAGE);
  while (google.asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));

  sender.close();

  expect(await sending).toMatchObject({ kind: 'RETRY' });
});
