import { admSender } from '../../../src/push/send/adm';
import type { KeptSender, SenderOptions } from '../../../src/push/send/sender';
import { EXTRAS, MESSAGE, startPushStandIn, type PushStandIn, type Reply } from '../../support/push-stand-in';

const CREDENTIALS = { clientId: 'amzn1.application-oa2-client.abc', clientSecret: 'adm-secret-123' };
const TOKEN = 'amzn1.adm-registration.v3.Y29tLmFtYXpvbi5E/ZX+Zp=';

let amazon: PushStandIn;
let sender: KeptSender;

interface Script {
  token?: (call: number) => Reply;
  send?: (call: number, authorization: string) => Reply;
}

const honestTokens = (call: number): Reply => ({
  status: 200,
  body: {
    access_token: `Atc|secret-${call}`,
    expires_in: 3600,
    scope: 'messaging:push',
    token_type: 'Bearer',
  },
});
const sent = { status: 200, body: { registrationID: TOKEN } };

const start = async (
  { token = honestTokens, send = () => sent }: Script = {},
  options: SenderOptions = {},
): Promise<void> => {
  const calls = { token: 0, send: 0 };
  amazon = await startPushStandIn(({ path, headers }) =>
    path === '/auth/O2/token'
      ? token((calls.token += 1))
      : send((calls.send += 1), headers.authorization ?? ''),
  );
  sender = admSender(CREDENTIALS, { adm: amazon.url, admToken: `${amazon.url}/auth/O2/token` }, options);
};

afterEach(async () => {
  sender.close();
  await amazon.close();
});

test('A message goes out with the headers and the body that ADM wants', async () => {
  await start();

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });

  const asked = amazon.asked[1]!;
  expect(asked).toMatchObject({
    method: 'POST',
    path: `/messaging/registrations/${encodeURIComponent(TOKEN)}/messages`,
  });
  expect(asked.headers).toMatchObject({
    authorization: 'Bearer Atc|secret-1',
    'content-type': 'application/json',
    accept: 'application/json',
    'x-amzn-type-version': 'com.amazon.device.messaging.ADMMessage@1.0',
    'x-amzn-accept-type': 'com.amazon.device.messaging.ADMSendResult@1.0',
  });
  expect(JSON.parse(asked.body.toString())).toEqual({
    data: EXTRAS,
    consolidationKey: expect.stringMatching(/^[\w-]{32}$/),
    expiresAfter: 604_800,
  });
});

test('Messages replace each other when they are about the same dataset, and only then', async () => {
  await start();
  const about = [
    MESSAGE,
    { ...MESSAGE, syncCount: 8 },
    { ...MESSAGE, datasetName: 'scores' },
    { ...MESSAGE, identityId: MESSAGE.identityPoolId },
  ];

  for (const message of about) await sender.send(TOKEN, message);

  const keys = amazon.asked
    .slice(1)
    .map(({ body }) => (JSON.parse(body.toString()) as { consolidationKey: string }).consolidationKey);
  expect(keys[1]).toBe(keys[0]);
  expect(new Set(keys).size).toBe(3);
});

test('The access token is asked for once, with the client’s credentials', async () => {
  await start();

  await sender.send(TOKEN, MESSAGE);
  await sender.send(TOKEN, MESSAGE);

  const asked = amazon.asked.filter(({ path }) => path === '/auth/O2/token');
  expect(asked).toHaveLength(1);
  expect(asked[0]!.headers['content-type']).toBe('application/x-www-form-urlencoded;charset=UTF-8');
  expect(Object.fromEntries(new URLSearchParams(asked[0]!.body.toString()))).toEqual({
    grant_type: 'client_credentials',
    scope: 'messaging:push',
    client_id: 'amzn1.application-oa2-client.abc',
    client_secret: 'adm-secret-123',
  });
});

test('A token that ADM has replaced is told', async () => {
  await start({ send: () => ({ status: 200, body: { registrationID: 'amzn1.adm-registration.v3.new' } }) });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'SENT',
    newToken: 'amzn1.adm-registration.v3.new',
  });
});

test.each(['Unregistered', 'InvalidRegistrationId'])('%s means that the token is gone', async (reason) => {
  await start({ send: () => ({ status: 400, body: { reason } }) });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'GONE' });
});

test.each(['', '.', '..', 'a b', 'a\n', '\ud800'])(
  'A token that no device has, %j, is gone without asking',
  async (token) => {
    await start();

    expect(await sender.send(token, MESSAGE)).toEqual({ kind: 'GONE' });
    expect(amazon.asked).toEqual([]);
  },
);

test('A token with the signs of an address stays one part of the path', async () => {
  await start();

  await sender.send('../../auth/O2/token?x=#y', MESSAGE);

  expect(amazon.asked[1]!.path).toBe(
    '/messaging/registrations/..%2F..%2Fauth%2FO2%2Ftoken%3Fx%3D%23y/messages',
  );
});

test.each<[number, string, string]>([
  [400, 'InvalidData', 'REFUSED'],
  [413, 'MessageTooLarge', 'REFUSED'],
  [401, 'AccessTokenExpired', 'REFUSED'],
  [429, 'MaxRateExceeded', 'RETRY'],
  [500, 'InternalServerError', 'RETRY'],
  [503, 'ServiceUnavailable', 'RETRY'],
])('Status %i %s is %s', async (status, reason, kind) => {
  await start({ send: () => ({ status, body: { reason } }) });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind,
    reason: `ADM answered with status ${status} (${reason}).`,
  });
});

test('ADM’s Retry-After is passed on, as seconds and as a date', async () => {
  const now = new Date('2026-03-01T00:00:00Z');
  await start(
    {
      send: (call) => ({
        status: 429,
        headers: { 'retry-after': call === 1 ? '30' : 'Sun, 01 Mar 2026 00:02:00 GMT' },
      }),
    },
    { now: () => now },
  );

  expect(await sender.send(TOKEN, MESSAGE)).toMatchObject({ kind: 'RETRY', retryAfterSeconds: 30 });
  expect(await sender.send(TOKEN, MESSAGE)).toMatchObject({ kind: 'RETRY', retryAfterSeconds: 120 });
});

test('An access token that has ended early is replaced', async () => {
  await start({
    send: (_, authorization) =>
      authorization === 'Bearer Atc|secret-1'
        ? { status: 401, body: { reason: 'AccessTokenExpired' } }
        : sent,
  });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({ kind: 'SENT' });
});

test('A client that Amazon does not know is refused, without its secret', async () => {
  const body = { error: 'invalid_client', error_description: `no client with ${CREDENTIALS.clientSecret}` };
  await start({ token: () => ({ status: 401, body }) });

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'REFUSED',
    reason: 'ADM’s token endpoint answered with status 401 (invalid_client).',
  });
});

test.each([CREDENTIALS.clientSecret, 'Atc|secret-1', 'a'.repeat(64), TOKEN, { x: TOKEN }])(
  'What ADM gives as its reason is left out when it is no word of ADM’s: %j',
  async (reason) => {
    await start({ send: () => ({ status: 400, body: { reason } }) });

    expect(await sender.send(TOKEN, MESSAGE)).toEqual({
      kind: 'REFUSED',
      reason: 'ADM answered with status 400.',
    });
  },
);

test('A connection that breaks and a slow ADM are to be tried again', async () => {
  await start(
    { send: (call) => (call === 1 ? 'break' : 'silence') },
    { limits: { timeout: 200, maxBytes: 1000 } },
  );

  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'ADM: the connection failed (ECONNRESET).',
  });
  expect(await sender.send(TOKEN, MESSAGE)).toEqual({
    kind: 'RETRY',
    reason: 'ADM: it did not answer within 0.2 seconds.',
  });
});
