import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTarget, TargetOptions } from '../../src/streams/targets/stream-target';
import { newWebhookSecret } from '../../src/webhooks/webhook-secret';
import { answerWith, startReceiver, type Receiver } from '../support/receiver';
import { DELIVERED, putOf, targetOptions } from '../support/stream-puts';

const SECRET = newWebhookSecret();

let receiver: Receiver;
let target: StreamTarget;

const openTarget = (changes: Partial<TargetOptions> = {}, url = `http://localhost:${receiver.port}/events`) =>
  targetFor({ type: 'webhook', url, secret: SECRET, maxBytes: 1_000_000 }, targetOptions(changes));

beforeEach(async () => {
  receiver = await startReceiver();
  target = openTarget();
});

afterEach(async () => {
  await target.close();
  await receiver.close();
});

test('Each event is a signed request of its own with the event’s id', async () => {
  const puts = [putOf('a', 'evt_1'), putOf('b', 'evt_2')];

  expect(await target.put(puts)).toEqual([DELIVERED, DELIVERED]);

  const received = receiver.requests.map(({ body, headers }) => ({
    id: headers['webhook-id'],
    event: new Webhook(SECRET).verify(body, headers as Record<string, string>),
  }));
  expect(received.sort((a, b) => String(a.id).localeCompare(String(b.id)))).toEqual([
    { id: 'evt_1', event: puts[0]!.event },
    { id: 'evt_2', event: puts[1]!.event },
  ]);
});

test('A signature is dated by the clock', async () => {
  await openTarget({ now: () => new Date(1_700_000_000_000) }).put([putOf('a', 'evt_1')]);

  expect(receiver.requests[0]!.headers['webhook-timestamp']).toBe('1700000000');
});

test('Events of one identity arrive in order, however long one takes', async () => {
  receiver.answer = (response, { headers }) =>
    void setTimeout(() => response.writeHead(204).end(), headers['webhook-id'] === 'evt_1' ? 50 : 0);

  await target.put([putOf('a', 'evt_1'), putOf('a', 'evt_2'), putOf('a', 'evt_3')]);

  expect(receiver.requests.map(({ headers }) => headers['webhook-id'])).toEqual(['evt_1', 'evt_2', 'evt_3']);
});

test('At most eight requests are under way at the same time', async () => {
  const held: ServerResponse[] = [];
  receiver.answer = (response) => void held.push(response);
  const putting = target.put(Array.from({ length: 20 }, (_, at) => putOf(`identity-${at}`, `evt_${at}`)));
  while (held.length < 8) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(receiver.requests).toHaveLength(8);

  receiver.answer = answerWith(204);
  for (const response of held) response.writeHead(204).end();
  expect(await putting).toEqual(Array(20).fill(DELIVERED));
});

test.each([200, 201, 202, 204])('Status %d is a delivery', async (status) => {
  receiver.answer = answerWith(status, {}, status === 204 ? '' : 'ok');

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
});

test('A delivery is one whatever the answer says, and however much of it', async () => {
  receiver.answer = answerWith(200, {}, 'x'.repeat(1_000_000));

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
});

test.each([408, 425, 429, 500, 502, 503, 504, 599])('Status %d is for later', async (status) => {
  receiver.answer = answerWith(status, { 'retry-after': '30' });

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: `the webhook answered with status ${status}`, retryAfterSeconds: 30 },
  ]);
});

test.each([301, 302, 307, 400, 401, 403, 404, 405, 410, 413, 422])(
  'Status %d needs an administrator',
  async (status) => {
    receiver.answer = answerWith(status, { location: '/elsewhere' });

    expect(await target.put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason: `the webhook answered with status ${status}` },
    ]);
  },
);

test('A webhook that takes too long is for later', async () => {
  receiver.answer = () => undefined;

  expect(await openTarget({ timeoutMs: 50 }).put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'the webhook did not answer within 0.05 seconds' },
  ]);
});

test('A connection that breaks is for later', async () => {
  receiver.answer = (response) => void response.destroy();

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'the webhook failed: it cannot be reached (ECONNRESET)' },
  ]);
});

test('An address that is not allowed needs an administrator, and nothing is sent there', async () => {
  const rules = { allowPrivateAddresses: false, allowPlaintext: true, resolve: async () => ['127.0.0.1'] };
  const url = `http://hooks.example:${receiver.port}/`;

  expect(await openTarget({ rules }, url).put([putOf('a', 'evt_1')])).toEqual([
    {
      outcome: 'BROKEN',
      reason:
        'the webhook was not called: its host has an address that is not on the public Internet, which this server does not allow',
    },
  ]);
  expect(receiver.requests).toEqual([]);
});

test('After a failure the same identity’s later events wait, and those of others arrive', async () => {
  receiver.answer = (response, { headers }) =>
    void response.writeHead(headers['webhook-id'] === 'evt_1' ? 503 : 204).end();

  const outcomes = await target.put([putOf('a', 'evt_1'), putOf('a', 'evt_2'), putOf('b', 'evt_3')]);

  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['RETRY', 'RETRY', 'DELIVERED']);
  expect(receiver.requests.map(({ headers }) => headers['webhook-id']).sort()).toEqual(['evt_1', 'evt_3']);
});
