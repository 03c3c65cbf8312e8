import { connect } from 'node:net';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../support/server';

/*
 * Raw bytes at the AWS door: requests that are nearly right, cut, flipped and filled with anything. Whatever comes, the
 * answer is HTTP with an error that an AWS client can read, and the server goes on.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

interface Answer {
  status: number;
  headers: string;
  body: string;
}

/** Sends bytes and reads until the server hangs up, which `Connection: close` or broken HTTP make it do. */
const exchange = (bytes: Buffer): Promise<Answer | undefined> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    let received = '';
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (received += chunk));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve(parsed(received)) : reject(error),
    );
    socket.on('close', () => resolve(parsed(received)));
  });

/** The last answer; none when the server only hung up, which it does when the bytes end before the headers do. */
const parsed = (received: string): Answer | undefined => {
  if (received === '') return undefined;
  const [, status = ''] = /^HTTP\/1\.1 (\d{3}) /.exec(received) ?? [];
  const end = received.indexOf('\r\n\r\n');
  return {
    status: Number(status),
    headers: received.slice(0, end).toLowerCase(),
    body: received.slice(end + 4),
  };
};

const expectAwsError = ({ status, headers, body }: Answer): void => {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(headers).toMatch(/^x-amzn-requestid: \S+\r?$/m);
  if (headers.includes('content-type: text/xml')) {
    expect(body).toMatch(/^<ErrorResponse .*<Code>\w+<\/Code><Message>.*<\/ErrorResponse>$/s);
    return;
  }
  expect(headers).toMatch(/^x-amzn-errortype: \w+\r?$/m);
  expect(JSON.parse(body)).toMatchObject({ __type: expect.any(String), message: expect.any(String) });
};

const POOL = 'us-east-1%3A01234567-89ab-cdef-0123-456789abcdef';
const DATASET = `/identitypools/${POOL}/identities/${POOL}/datasets/d`;

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom('', '%', '%zz', '%00', '/', '..', '?', '\0'),
);

/** A JSON body that an operation could nearly have. */
const json = fc
  .oneof(
    fc.dictionary(
      fc.constantFrom(
        'IdentityPoolId',
        'Logins',
        'SyncSessionToken',
        'RecordPatches',
        'MaxResults',
        '__proto__',
        'x',
      ),
      fc.jsonValue({ maxDepth: 3 }),
    ),
    fc.jsonValue({ maxDepth: 4 }),
  )
  .map((value) => JSON.stringify(value));

const body = fc.oneof(
  json,
  text,
  fc.constantFrom('[', '{'.repeat(5000), '{"IdentityPoolId":', 'null', 'Action=x&Version=2011-06-15'),
);

const header = fc.oneof(
  fc.constantFrom(
    'X-Amz-Target: AWSCognitoIdentityService.GetId',
    'X-Amz-Target: AWSCognitoIdentityService.CreateIdentityPool',
    'X-Amz-Target: constructor',
    'Content-Type: application/x-amz-json-1.1',
    'Content-Type: application/x-www-form-urlencoded',
    'Content-Type: ;;;',
    'Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;constructor, Signature=00',
    'Authorization: AWS4-HMAC-SHA256',
    'Authorization: Bearer x',
    'X-Amz-Date: 20261301T000000Z',
    'X-Amz-Security-Token: x',
  ),
  text.map((value) => `X-Amz-Target: ${value.replaceAll(/[\r\n]/g, '')}`),
  text.map((value) => `Authorization: AWS4-HMAC-SHA256 ${value.replaceAll(/[\r\n]/g, '')}`),
);

const target = fc.oneof(
  fc.constantFrom(
    '/',
    DATASET,
    `${DATASET}/records?lastSyncCount=x&nextToken=%`,
    '/identitypools',
    '/identitypools/',
  ),
  text.map((value) => `/identitypools/${value.replaceAll(/[\s\0]/g, '+')}`),
);

const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH'),
    target,
    headers: fc.array(header, { maxLength: 4 }),
    body,
  })
  // GET / is nobody's: what is not under /identitypools is AWS's with POST alone.
  .map((made) => (made.target === '/' ? { ...made, method: 'POST' } : made))
  .map(({ method, target: address, headers, body: content }) =>
    Buffer.from(
      [
        `${method} ${address} HTTP/1.1`,
        'Host: localhost',
        'Connection: close',
        ...headers,
        `Content-Length: ${Buffer.byteLength(content)}`,
        '',
        content,
      ].join('\r\n'),
    ),
  );

const expectReadable = async (bytes: Buffer): Promise<void> => {
  const answer = await exchange(bytes);
  expect(answer).toBeDefined();
  expectAwsError(answer!);
};

const RUNS = { numRuns: 500 };

it('every request that is nearly right gets an error that AWS clients read', () =>
  fc.assert(fc.asyncProperty(request, expectReadable), RUNS));

it('every request with a byte changed anywhere gets one, or the connection is ended', () =>
  fc.assert(
    fc.asyncProperty(request, fc.nat(), fc.integer({ min: 0, max: 255 }), async (bytes, at, value) => {
      const broken = Buffer.from(bytes);
      // The method and the first slash stay: another path is another door's.
      broken[8 + (at % (broken.length - 8))] = value;
      const answer = await exchange(broken);
      if (answer) expect(answer.status).toBeGreaterThanOrEqual(400);
      if (answer && answer.status >= 500) throw new Error(answer.body);
    }),
    RUNS,
  ));

it('bytes that are no HTTP at all are refused, and the server goes on', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 20, maxLength: 200 }), async (bytes) => {
      const answer = await exchange(Buffer.concat([Buffer.from('\x16\x03'), bytes, Buffer.from('\r\n\r\n')]));
      if (answer) expectAwsError(answer);
    }),
    { numRuns: 50 },
  );
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});
