import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { execute } from '../support/database';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ config: { publicUrl: 'https://sync.example.com/base' } });
});
afterAll(() => server?.close());

const get = async (path: string, init: RequestInit = {}) => {
  const answer = await fetch(`${server.url}${path}`, init);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, json: text === '' ? undefined : JSON.parse(text) };
};

describe('health', () => {
  test('/healthz says that the process answers', async () => {
    expect(await get('/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
  });

  test('/readyz says ready with a database, not ready without, and ready again when it is back', async () => {
    const name = new URL(server.database.url).pathname.slice(1);
    const elsewhere = new URL(server.database.url);
    elsewhere.pathname = '/postgres';
    const before = await get('/readyz');

    await execute(elsewhere.href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await execute(
      elsewhere.href,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
    );
    const without = await get('/readyz');
    const alive = await get('/healthz');
    await execute(elsewhere.href, `ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    const after = await get('/readyz');

    expect(before).toMatchObject({ status: 200, json: { status: 'ready' } });
    expect(without).toMatchObject({ status: 503, json: { status: 'not ready' } });
    expect(alive.status).toBe(200);
    expect(after).toMatchObject({ status: 200, json: { status: 'ready' } });
  });
});

describe('the well-known documents', () => {
  test('the discovery document names the public address as issuer, and its keys', async () => {
    const { status, json, headers } = await get('/.well-known/openid-configuration');

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(json).toMatchObject({
      issuer: 'https://sync.example.com/base',
      jwks_uri: 'https://sync.example.com/base/.well-known/jwks_uri',
    });
  });

  test('the keys are public ones only', async () => {
    const { status, json, headers } = await get('/.well-known/jwks_uri');

    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=300');
    expect(json.keys.length).toBeGreaterThan(0);
    for (const key of json.keys) {
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', kid: expect.any(String) });
      expect(Object.keys(key)).not.toEqual(expect.arrayContaining(['d']));
      expect(
        Object.keys(key).filter((member) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(member)),
      ).toEqual([]);
    }
  });
});

describe('a page of another origin', () => {
  test('may send a bearer and JSON after a preflight', async () => {
    const { status, headers } = await get('/graphql', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://game.example.com',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      },
    });

    expect(status).toBe(204);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-allow-methods')).toContain('POST');
    expect(headers.get('access-control-allow-headers')?.split(', ')).toEqual(
      expect.arrayContaining(['authorization', 'content-type']),
    );
    expect(headers.get('access-control-max-age')).toBe('86400');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('may read the answer and the request id, also of an error', async () => {
    const { status, headers } = await get('/graphql', {
      method: 'POST',
      headers: { origin: 'https://game.example.com', 'content-type': 'application/json' },
      body: '{"query":"{"}',
    });

    expect(status).toBe(400);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('access-control-expose-headers')).toContain('x-request-id');
  });
});

test.each(['/', '/identitypools/a%3Ab', '/graphql'])(
  'OPTIONS %s, which no browser sent, is answered as if one had',
  async (path) => {
    const answer = await fetch(server.url + path, { method: 'OPTIONS' });

    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, POST, DELETE, OPTIONS');
  },
);

describe('what no door takes', () => {
  const nothingHere = {
    errors: [
      {
        message: 'Nothing is here. GraphQL is at /graphql.',
        extensions: { code: 'RESOURCE_NOT_FOUND' },
      },
    ],
  };

  test.each(['/', '/graphql/', '/favicon.ico', '/.well-known/', '/../etc/passwd', `/${'x'.repeat(5000)}`])(
    'the path %.20s is answered with 404 in JSON',
    async (path) => {
      expect(await get(path)).toMatchObject({ status: 404, json: nothingHere });
    },
  );

  test.each(['PUT', 'DELETE', 'PATCH'])('%s to /graphql is answered with 404 in JSON', async (method) => {
    expect(await get('/graphql', { method })).toMatchObject({ status: 404, json: nothingHere });
  });

  test('a path that is no address is INVALID_PARAMETER', async () => {
    const { status, json } = await get('/%zz');

    expect(status).toBe(400);
    expect(json.errors).toEqual([
      { message: 'The path of the address is not valid.', extensions: { code: 'INVALID_PARAMETER' } },
    ]);
  });
});

describe('the request id', () => {
  const idOf = async (sent?: string): Promise<string | null> =>
    (await get('/healthz', sent ? { headers: { 'x-request-id': sent } } : {})).headers.get('x-request-id');

  test('is made when the caller has none, a new one each time', async () => {
    const [first, second] = [await idOf(), await idOf()];

    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
  });

  test('is the caller’s own when that is 1 to 128 letters, digits, _ or -', async () => {
    expect(await idOf('phone-17_b')).toBe('phone-17_b');
    expect(await idOf('x'.repeat(128))).toBe('x'.repeat(128));
  });

  test.each(['two words', 'a"b', 'x'.repeat(129), '<script>'])(
    'is a new one in place of %.20s',
    async (sent) => {
      expect(await idOf(sent)).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

/** Bytes as they are; answers all that came back until the server or the patience ended. */
const sendRaw = (text: string, patience = 2000): Promise<string> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(server.url);
    const socket: Socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (data) => {
      answer += data.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    setTimeout(() => socket.destroy(), patience).unref();
  });

describe('what is hardly HTTP', () => {
  const isUp = async (): Promise<boolean> => (await get('/healthz')).status === 200;

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a header without end', `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['two lengths', 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}'],
    [
      'a length and chunks',
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a negative length', 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n'],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n'],
  ])('%s is refused with a status of 4xx', async (_name, text) => {
    expect(await sendRaw(text)).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(await isUp()).toBe(true);
  });

  test.each(['[', 'a b', 'x:y:z', '%', 'a/b?c#d'])('a host header of "%s" breaks nothing', async (host) => {
    const body = '{"query":"{__typename}"}';
    const head = `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
    const answer = await sendRaw(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);

    expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
    expect(answer).not.toContain('INTERNAL_ERROR');
    expect(await isUp()).toBe(true);
  });

  test('a body that stops in the middle holds nobody else up, and one that is broken off does no harm', async () => {
    const head = 'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const stalled = sendRaw(`${head}Content-Length: 100\r\n\r\n{"query"`, 300);

    expect(await isUp()).toBe(true);
    expect(await stalled).toBe('');
    expect(await isUp()).toBe(true);
  });

  test.each([
    ['8 MiB', 'with', 8 * 1024 * 1024, () => ({ authorization: `Bearer ${server.admin}` })],
    ['1 MiB', 'without', 1024 * 1024, () => ({})],
  ])('a body of %s %s Authorization is read, and one byte more is told the limit', async (...given) => {
    const [, , limit, headersOf] = given;
    const bodyOf = (size: number) => {
      const frame = '{"query":"{__typename}","variables":{"a":""}}';
      return frame.replace('""', `"${'x'.repeat(size - frame.length)}"`);
    };
    const post = (size: number) =>
      get('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headersOf() },
        body: bodyOf(size),
      });

    expect(await post(limit)).toMatchObject({ status: 200, json: { data: { __typename: 'Query' } } });
    expect(await post(limit + 1)).toMatchObject({
      status: 413,
      json: {
        errors: [
          {
            message: `The request body is larger than ${limit} bytes.`,
            extensions: { code: 'LIMIT_EXCEEDED', limit: 'requestBytes', maximum: limit },
          },
        ],
      },
    });
  });

  test('a body in chunks is read, up to the same limit', async () => {
    const post = (size: number) =>
      sendRaw(
        'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n' +
          `Transfer-Encoding: chunked\r\n\r\n17\r\n{"query":"{__typename}"\r\n` +
          `${size.toString(16)}\r\n${' '.repeat(size)}\r\n1\r\n}\r\n0\r\n\r\n`,
      );

    expect(await post(1000)).toContain('"__typename":"Query"');
    expect(await post(1024 * 1024)).toContain('"limit":"requestBytes","maximum":1048576');
  });

  test.each([
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
    ['lists after strings with quotes and brackets', '["]\\"]",', ']'],
  ])('JSON of %s may be nested 64 deep, and is not parsed when it is deeper', async (_name, open, close) => {
    const post = (depth: number) =>
      get('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"query":"{__typename}","variables":{"a":${open.repeat(depth)}1${close.repeat(depth)}}}`,
      });

    expect(await post(62)).toMatchObject({ status: 200, json: { data: { __typename: 'Query' } } });
    expect(await post(63)).toMatchObject({
      status: 400,
      json: {
        errors: [
          {
            message: 'The request body has lists and objects more than 64 deep.',
            extensions: { code: 'INVALID_PARAMETER', limit: 64 },
          },
        ],
      },
    });
  });

  test('brackets in a string are no nesting', async () => {
    const { json } = await get('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{__typename}', variables: { a: `\\"${'[{'.repeat(100)}` } }),
    });

    expect(json).toEqual({ data: { __typename: 'Query' } });
  });

  test('a body in chunks without end is cut off at the same limit', async () => {
    const { hostname, port } = new URL(server.url);
    const status = await new Promise<number | string>((resolve) => {
      const call = request({
        hostname,
        port,
        path: '/graphql',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
      });
      call.on('response', (answer) => resolve(answer.statusCode ?? 0));
      call.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      const more = (): void => {
        if (!call.destroyed && call.writable) call.write('x'.repeat(1024 * 1024), () => setImmediate(more));
      };
      call.write('{"query":"');
      more();
    });

    expect([413, 'EPIPE', 'ECONNRESET']).toContain(status);
    expect(await isUp()).toBe(true);
  });
});
