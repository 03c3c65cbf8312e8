import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Webhook } from 'standardwebhooks';
import type { AddressRules } from '../../src/webhooks/address-rules';
import { postSigned, type SignedPost } from '../../src/webhooks/post-signed';
import { newWebhookSecret, problemOfWebhookSecret } from '../../src/webhooks/webhook-secret';
import { answerWith, startReceiver, type Answer, type Receiver } from '../support/receiver';
import { makeTlsCertificate } from '../support/tls-certificate';

const SECRET = newWebhookSecret();
const LOCAL: AddressRules = { allowPrivateAddresses: true, allowPlaintext: true };
const NOW = new Date('2026-03-01T12:00:00.900Z');

let receiver: Receiver;
let sockets: Server | undefined;

beforeEach(async () => {
  receiver = await startReceiver();
});

afterEach(async () => {
  sockets?.close();
  await receiver.close();
});

const post = (changes: Partial<SignedPost> = {}) =>
  postSigned({
    url: `http://127.0.0.1:${receiver.port}/in`,
    secret: SECRET,
    id: 'msg_1',
    timestamp: NOW,
    body: '{"text":"ä"}',
    timeoutMs: 10_000,
    maxAnswerBytes: 1000,
    rules: LOCAL,
    ...changes,
  });

/** Rules with a resolver of ours that counts its questions. */
const resolving = (addresses: string[], rules: Partial<AddressRules> = {}) => {
  const resolve = jest.fn(async () => addresses);
  return { ...LOCAL, ...rules, resolve };
};

/** A server below HTTP. */
const startSockets = async (onConnection: (socket: Socket) => void): Promise<string> => {
  sockets = createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(sockets, 'listening');
  return `http://127.0.0.1:${(sockets.address() as AddressInfo).port}/`;
};

describe('what is sent', () => {
  test('is a JSON message whose signature the library of Standard Webhooks accepts', async () => {
    const timestamp = new Date();
    receiver.answer = answerWith(200, {}, '{"ok":"é"}');

    const result = await post({ timestamp });

    const [request] = receiver.requests;
    expect(result).toEqual({ outcome: 'ANSWERED', status: 200, body: '{"ok":"é"}' });
    expect(request).toMatchObject({ method: 'POST', path: '/in', body: '{"text":"ä"}' });
    expect(request!.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'msg_1' });
    expect(new Webhook(SECRET).verify(request!.body, request!.headers as Record<string, string>)).toEqual({
      text: 'ä',
    });
  });

  test('does not verify with another secret, id, time or body', async () => {
    await post({ timestamp: new Date() });
    const { body, headers } = receiver.requests[0]!;
    const given = headers as Record<string, string>;
    const verify = (secret: string, text: string, changes: Record<string, string>) => () =>
      new Webhook(secret).verify(text, { ...given, ...changes });

    expect(verify(SECRET, body, {})).not.toThrow();
    expect(verify(newWebhookSecret(), body, {})).toThrow('No matching signature found');
    expect(verify(SECRET, `${body} `, {})).toThrow('No matching signature found');
    expect(verify(SECRET, body, { 'webhook-id': 'msg_2' })).toThrow('No matching signature found');
    expect(
      verify(SECRET, body, { 'webhook-timestamp': String(Number(given['webhook-timestamp']) - 1) }),
    ).toThrow('No matching signature found');
  });

  test('is dated in whole seconds', async () => {
    await post();

    expect(receiver.requests[0]!.headers['webhook-timestamp']).toBe(String(NOW.getTime() / 1000 - 0.9));
  });
});

describe('an answer', () => {
  test.each([204, 302, 400, 410, 500])('of status %d is told as it is', async (status) => {
    receiver.answer = answerWith(status);

    expect(await post()).toEqual({ outcome: 'ANSWERED', status, body: '' });
  });

  test.each([301, 302, 303, 307, 308])('of status %d leads nowhere', async (status) => {
    receiver.answer = answerWith(status, { location: `http://127.0.0.1:${receiver.port}/elsewhere` });

    expect(await post()).toMatchObject({ outcome: 'ANSWERED', status });
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/in']);
  });

  test.each([
    ['120', 120],
    ['0', 0],
    ['Sun, 01 Mar 2026 12:01:00 GMT', 60],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['99999999999', 86_400],
    ['soon', undefined],
  ])('that says Retry-After: %s is waited for %p seconds', async (text, retryAfterSeconds) => {
    receiver.answer = answerWith(503, { 'retry-after': text });

    expect(await post()).toEqual({ outcome: 'ANSWERED', status: 503, body: '', retryAfterSeconds });
  });

  test('may have as many bytes as allowed, and not one more', async () => {
    receiver.answer = answerWith(200, {}, 'x'.repeat(1000));

    expect(await post()).toMatchObject({ outcome: 'ANSWERED', body: 'x'.repeat(1000) });
    expect(await post({ maxAnswerBytes: 999 })).toEqual({ outcome: 'ANSWER_TOO_LARGE', status: 200 });
  });

  test('without end is cut off', async () => {
    let sent = 0;
    receiver.answer = (response) => {
      const more = () => {
        sent += 1024;
        if (!response.destroyed) response.write('x'.repeat(1024), () => setImmediate(more));
      };
      response.setHeader('retry-after', '7');
      more();
    };

    expect(await post()).toEqual({ outcome: 'ANSWER_TOO_LARGE', status: 200, retryAfterSeconds: 7 });
    expect(sent).toBeLessThan(10_000_000);
  });

  test('that is compressed does not grow', async () => {
    const bomb = gzipSync('x'.repeat(1_000_000));
    receiver.answer = (response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);

    expect(await post({ maxAnswerBytes: bomb.length })).toMatchObject({ outcome: 'ANSWERED', status: 200 });
    expect(receiver.requests[0]!.headers['accept-encoding']).toBe('identity');
  });
});

describe('a server that takes too long is given up after the time limit', () => {
  test.each<[string, Answer]>([
    ['before it answers', () => undefined],
    ['after the headers', (response) => void response.writeHead(200).flushHeaders()],
    ['in the middle', (response) => void response.write('{')],
    [
      'sending byte by byte',
      (response) => {
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('when it stops %s', async (_, answer) => {
    receiver.answer = answer;

    expect(await post({ timeoutMs: 100 })).toEqual({ outcome: 'TIMED_OUT' });
  });

  test('when its name is not resolved', async () => {
    const rules = { ...LOCAL, resolve: () => new Promise<string[]>(() => undefined) };

    expect(await post({ url: 'http://hooks.example/', timeoutMs: 50, rules })).toEqual({
      outcome: 'TIMED_OUT',
    });
  });

  test('when it does not speak TLS', async () => {
    const url = await startSockets(() => undefined);

    expect(await post({ url: url.replace('http:', 'https:'), timeoutMs: 50 })).toEqual({
      outcome: 'TIMED_OUT',
    });
  });
});

describe('a server is unreachable', () => {
  test('when nobody listens', async () => {
    const { port } = receiver;
    await receiver.close();
    receiver = await startReceiver();

    expect(await post({ url: `http://127.0.0.1:${port}/` })).toEqual({
      outcome: 'UNREACHABLE',
      reason: 'it cannot be reached (ECONNREFUSED)',
    });
  });

  test('when its name is not found', async () => {
    const url = 'http://hooks.example/';

    expect(await post({ url, rules: resolving([]) })).toEqual({
      outcome: 'UNREACHABLE',
      reason: 'it cannot be reached (ENOTFOUND)',
    });
  });

  test.each<[string, string, string]>([
    ['hangs up', '', 'ECONNRESET'],
    ['answers in another language', 'SSH-2.0-OpenSSH_9.2\r\n', 'HPE_INVALID_CONSTANT'],
    ['ends in the middle', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', 'ECONNRESET'],
    [
      'switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
      'ECONNRESET',
    ],
    ['floods with headers', `HTTP/1.1 200 OK\r\nx: ${'x'.repeat(100_000)}\r\n\r\n`, 'HPE_HEADER_OVERFLOW'],
  ])('when it %s', async (_, answer, code) => {
    const url = await startSockets((socket) => socket.once('data', () => socket.end(answer)));

    expect(await post({ url })).toEqual({
      outcome: 'UNREACHABLE',
      reason: `it cannot be reached (${code})`,
    });
  });

  test('when its certificate is of its own making', async () => {
    const secure = await startReceiver(makeTlsCertificate('localhost'));

    const result = await post({ url: `https://localhost:${secure.port}/`, rules: resolving(['127.0.0.1']) });

    expect(result).toEqual({
      outcome: 'UNREACHABLE',
      reason: 'it cannot be reached (DEPTH_ZERO_SELF_SIGNED_CERT)',
    });
    expect(secure.requests).toEqual([]);
    await secure.close();
  });
});

describe('nothing is sent', () => {
  const NOT_PUBLIC =
    'its host has an address that is not on the public Internet, which this server does not allow';

  test.each(['127.0.0.1', 'localhost', '127.1', '0.0.0.0', '[::ffff:127.0.0.1]'])(
    'to %s unless private addresses are allowed',
    async (host) => {
      const url = `http://${host}:${receiver.port}/`;

      const result = await post({ url, rules: { allowPrivateAddresses: false, allowPlaintext: true } });

      expect(result).toEqual({
        outcome: 'REFUSED',
        reason: 'its address must have a host on the public Internet: this server does not allow others',
      });
      expect(receiver.requests).toEqual([]);
    },
  );

  test.each([
    ['to this machine', ['127.0.0.1']],
    ['to this machine too', ['1.1.1.1', '127.0.0.1']],
    ['to this machine by IPv6', ['::ffff:127.0.0.1']],
  ])('when a name leads %s', async (_, addresses) => {
    const url = `http://hooks.example:${receiver.port}/`;

    const result = await post({ url, rules: resolving(addresses, { allowPrivateAddresses: false }) });

    expect(result).toEqual({ outcome: 'REFUSED', reason: NOT_PUBLIC });
    expect(receiver.requests).toEqual([]);
  });

  test('when the system’s resolver leads to this machine', async () => {
    const url = `http://localhost.:${receiver.port}/`;

    const result = await post({ url, rules: { allowPrivateAddresses: false, allowPlaintext: true } });

    expect(result.outcome).not.toBe('ANSWERED');
    expect(receiver.requests).toEqual([]);
  });

  test('in plaintext to another host than this machine unless that is allowed', async () => {
    const url = `http://hooks.example:${receiver.port}/`;

    const result = await post({ url, rules: resolving(['127.0.0.1'], { allowPlaintext: false }) });

    expect(result).toMatchObject({ outcome: 'REFUSED', reason: expect.stringContaining('https://') });
    expect(receiver.requests).toEqual([]);
  });

  test.each([
    [
      'a secret of another form',
      { secret: 'whsec_c2hvcnQ=' },
      'its secret must be whsec_ and 24 to 64 bytes in base64',
    ],
    ['an id with a dot', { id: 'msg.1' }, 'the id of the message cannot be signed'],
    ['an id with a second header in it', { id: 'msg\r\nx: 1' }, 'the id of the message cannot be signed'],
  ])('with %s', async (_, changes, reason) => {
    expect(await post(changes)).toEqual({ outcome: 'REFUSED', reason });
    expect(receiver.requests).toEqual([]);
  });
});

describe('a connection', () => {
  test('goes to the address that the resolver gave, which is asked once', async () => {
    const rules = resolving(['127.0.0.1']);

    const result = await post({ url: `http://hooks.example:${receiver.port}/in`, rules });

    expect(result).toMatchObject({ outcome: 'ANSWERED', status: 204 });
    expect(receiver.requests[0]!.headers.host).toBe(`hooks.example:${receiver.port}`);
    expect(rules.resolve.mock.calls).toEqual([['hooks.example']]);
  });

  test('is not used again for a name that leads elsewhere by now', async () => {
    const url = `http://hooks.example:${receiver.port}/in`;
    await post({ url, rules: resolving(['127.0.0.1']) });

    const result = await post({ url, rules: resolving(['127.0.0.1'], { allowPrivateAddresses: false }) });

    expect(result.outcome).toBe('REFUSED');
    expect(receiver.requests).toHaveLength(1);
  });
});

describe('a secret', () => {
  test('is new each time and of the form of Standard Webhooks', () => {
    expect(SECRET).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(newWebhookSecret()).not.toBe(SECRET);
    expect(problemOfWebhookSecret(SECRET)).toBeUndefined();
  });

  const ofBytes = (count: number): string => `whsec_${Buffer.alloc(count, 1).toString('base64')}`;

  test('has 24 to 64 bytes', () => {
    const problem = 'must be whsec_ and 24 to 64 bytes in base64';

    expect([23, 24, 64, 65].map((count) => problemOfWebhookSecret(ofBytes(count)))).toEqual([
      problem,
      undefined,
      undefined,
      problem,
    ]);
    expect(problemOfWebhookSecret(SECRET.slice('whsec_'.length))).toBe(problem);
    expect(problemOfWebhookSecret(`${SECRET}!`)).toBe(problem);
  });
});
