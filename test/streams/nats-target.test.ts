import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamTarget, TargetOptions } from '../../src/streams/targets/stream-target';
import type { NatsSettings } from '../../src/streams/targets/target-settings';
import { startFakeNats, type FakeNats, type NatsReply } from '../support/fake-nats';
import { DELIVERED, POOL, putOf, targetOptions } from '../support/stream-puts';

let nats: FakeNats;
const opened: StreamTarget[] = [];

const openTarget = (settings: Partial<NatsSettings> = {}, options: Partial<TargetOptions> = {}) => {
  const target = targetFor(
    {
      type: 'nats',
      servers: [`nats://127.0.0.1:${nats.port}`],
      subject: 'rockpool.{identityPoolId}',
      maxBytes: 1_000_000,
      ...settings,
    },
    targetOptions(options),
  );
  opened.push(target);
  return target;
};

beforeEach(async () => {
  nats = await startFakeNats();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((target) => target.close()));
  await nats.close();
});

const jetStreamError = (code: number, errCode: number): NatsReply => ({
  error: { code, err_code: errCode, description: 'a sentence of the server' },
});

test('An event is published to the subject of its pool, with its id for deduplication', async () => {
  const put = putOf('a', 'evt_1');

  expect(await openTarget().put([put])).toEqual([DELIVERED]);

  const [message] = nats.messages;
  expect(message).toMatchObject({ subject: `rockpool.${POOL}`, id: 'evt_1' });
  expect(JSON.parse(message!.body)).toEqual(put.event);
});

test('Events of one identity are published in order, each after the acknowledgement of the last', async () => {
  const target = openTarget();

  await target.put([putOf('a', 'evt_1'), putOf('a', 'evt_2'), putOf('b', 'evt_3')]);

  expect(nats.messages.map(({ id }) => id)).toEqual(['evt_1', 'evt_3', 'evt_2']);
});

test('One connection is used for everything', async () => {
  const target = openTarget();

  await target.put([putOf('a', 'evt_1'), putOf('b', 'evt_2')]);
  await target.put([putOf('a', 'evt_3')]);

  expect(nats.connections()).toBe(1);
});

test.each([
  ['a user and a password', { user: 'me', password: 'pw' }, { user: 'me', pass: 'pw' }],
  ['a token', { token: 't' }, { auth_token: 't' }],
])('It connects with %s', async (_, settings, options) => {
  await openTarget(settings).put([putOf('a', 'evt_1')]);

  expect(nats.options).toEqual([expect.objectContaining(options)]);
});

test('Without a stream for the subject it is broken, also for those who may not ask for streams', async () => {
  nats.reply = ({ subject }) =>
    subject.startsWith('$JS.API')
      ? `-ERR 'Permissions Violation for Publish to "${subject}"'`
      : 'NO_RESPONDERS';

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'no NATS stream takes the subject' },
  ]);
});

test('Without a stream for the subject it is broken', async () => {
  nats.reply = ({ subject }) =>
    subject.startsWith('$JS.API') ? { streams: null, total: 0 } : 'NO_RESPONDERS';

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'no NATS stream takes the subject' },
  ]);
});

test('With a stream that nobody leads at the moment it is for later', async () => {
  nats.reply = ({ subject }) =>
    subject.startsWith('$JS.API') ? { streams: ['EVENTS'], total: 1 } : 'NO_RESPONDERS';

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'the NATS stream has no leader' },
  ]);
});

test('A server without JetStream is broken', async () => {
  nats.reply = () => 'NO_RESPONDERS';

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'the NATS server has no JetStream' },
  ]);
});

test.each(['Authorization Violation', 'Authentication Timeout', 'Account Authentication Expired'])(
  'Credentials that are answered with %s are broken',
  async (refusal) => {
    nats.refusal = refusal;

    expect(await openTarget({ user: 'me', password: 'pw' }).put([putOf('a', 'evt_1')])).toEqual([
      { outcome: 'BROKEN', reason: 'NATS does not accept the credentials' },
    ]);
  },
);

test('Credentials that may not publish are broken', async () => {
  nats.reply = ({ subject }) => `-ERR 'Permissions Violation for Publish to "${subject}"'`;

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'NATS does not permit these credentials to publish to the subject' },
  ]);
});

test.each([
  ['full or short of resources', 503, 10077, 'RETRY'],
  ['failing', 500, 10000, 'RETRY'],
  ['sealed', 400, 10109, 'BROKEN'],
  ['refusing messages of this size', 400, 10054, 'BROKEN'],
])('A stream that is %s is told by its error', async (_, code, errCode, outcome) => {
  nats.reply = () => jetStreamError(code, errCode);

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome, reason: `JetStream refused an event (error ${errCode})` },
  ]);
});

test('An account without JetStream is broken', async () => {
  nats.reply = () => jetStreamError(503, 10039);

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'the NATS server has no JetStream' },
  ]);
});

test('A message beyond the server’s limit is broken', async () => {
  nats.info = { max_payload: 100 };

  const [outcome] = await openTarget().put([putOf('a', 'evt_1')]);

  expect(outcome).toMatchObject({ outcome: 'BROKEN', reason: expect.stringContaining('maxBytes') });
});

test('A server that does not acknowledge is for later, and gets a new connection then', async () => {
  const target = openTarget({}, { timeoutMs: 100 });
  nats.reply = () => undefined;
  expect(await target.put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'NATS did not answer within 0.1 seconds' },
  ]);
  nats.reply = () => ({ stream: 'EVENTS', seq: 1 });

  expect(await target.put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
  expect(nats.connections()).toBe(2);
});

test('A connection that breaks before the acknowledgement is for later', async () => {
  nats.reply = () => void nats.cut();

  const outcomes = await openTarget({}, { timeoutMs: 2000 }).put([putOf('a', 'evt_1')]);

  expect(outcomes).toMatchObject([{ outcome: 'RETRY' }]);
});

test('A connection that broke in between is made again', async () => {
  const target = openTarget();
  await target.put([putOf('a', 'evt_1')]);
  nats.cut();
  await new Promise((resolve) => setTimeout(resolve, 50));

  expect(await target.put([putOf('a', 'evt_2')])).toEqual([DELIVERED]);
  expect(nats.connections()).toBe(2);
});

test('A server that is not there is for later', async () => {
  const target = openTarget();
  await nats.close();

  const outcomes = await target.put([putOf('a', 'evt_1')]);
  nats = await startFakeNats();

  expect(outcomes).toEqual([{ outcome: 'RETRY', reason: 'NATS cannot be reached (ECONNREFUSED)' }]);
});

test('The next server is tried when one is not there', async () => {
  const gone = await startFakeNats();
  await gone.close();
  const servers = [`nats://127.0.0.1:${gone.port}`, `nats://127.0.0.1:${nats.port}`];

  expect(await openTarget({ servers }).put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
});

test('A server that wants TLS is not spoken to without it', async () => {
  nats.info = { tls_required: true };

  const outcomes = await openTarget({ user: 'me', password: 'pw' }).put([putOf('a', 'evt_1')]);

  expect(outcomes).toEqual([
    {
      outcome: 'RETRY',
      reason: 'NATS takes no connection like this: it may want TLS (tls://), or not have it',
    },
  ]);
  expect(nats.options).toEqual([]);
});

test('A server without TLS gets no credentials where the address wants it', async () => {
  const servers = [`tls://127.0.0.1:${nats.port}`];

  const outcomes = await openTarget({ servers, user: 'me', password: 'pw' }).put([putOf('a', 'evt_1')]);

  expect(outcomes).toMatchObject([{ outcome: 'RETRY' }]);
  expect(nats.options).toEqual([]);
});

test('A server at an address that is not allowed is broken, and not connected to', async () => {
  const rules = { allowPrivateAddresses: false, allowPlaintext: true, resolve: async () => ['127.0.0.1'] };
  const servers = [`nats://nats.example:${nats.port}`];

  expect(await openTarget({ servers }, { rules }).put([putOf('a', 'evt_1')])).toEqual([
    {
      outcome: 'BROKEN',
      reason: 'NATS is not on the public Internet, which this server does not allow',
    },
  ]);
  expect(nats.connections()).toBe(0);
});

test('A name is connected to at the address that was checked', async () => {
  const resolve = jest.fn(async () => ['127.0.0.1']);
  const rules = { allowPrivateAddresses: true, allowPlaintext: true, resolve };
  const servers = [`nats://nats.example:${nats.port}`];

  expect(await openTarget({ servers }, { rules }).put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
  expect(resolve).toHaveBeenCalledTimes(1);
});

test('Servers that a cluster tells of are not connected to', async () => {
  const other = await startFakeNats();
  nats.info = { connect_urls: [`127.0.0.1:${other.port}`] };
  const target = openTarget();
  await target.put([putOf('a', 'evt_1')]);
  await nats.close();

  const outcomes = await target.put([putOf('a', 'evt_2')]);
  nats = await startFakeNats();

  expect(outcomes).toMatchObject([{ outcome: 'RETRY' }]);
  expect(other.connections()).toBe(0);
  await other.close();
});
