import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';
import { signedBySmithy, type Unsigned } from './signed-by';
import { EXAMPLE_KEY, MISMATCH, verdictOn } from './verdict';

const AT = new Date('2026-01-01T00:10:00Z');
const seconds = (count: number): Date => new Date(AT.getTime() + count * 1000);

const signed = (unsigned: Unsigned = {}, signing: object = {}): Promise<SignedRequest> =>
  signedBySmithy(unsigned, { key: EXAMPLE_KEY, at: AT, ...signing });

const withHeaders = (request: SignedRequest, headers: SignedRequest['headers']): SignedRequest => ({
  ...request,
  headers: { ...request.headers, ...headers },
});

const authorized = (authorization: string): SignedRequest => ({
  method: 'GET',
  rawPath: '/',
  rawQuery: '',
  headers: { host: 'sync.example', 'x-amz-date': '20260101T001000Z', authorization },
  body: Buffer.alloc(0),
});

const CREDENTIAL = 'Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-sync/aws4_request';
const NAMES = 'SignedHeaders=host;x-amz-date';
const SIGNATURE = `Signature=${'0'.repeat(64)}`;

describe('The form of a signature', () => {
  it('must be there', () => {
    const { headers, ...rest } = authorized('');

    expect(verdictOn({ ...rest, headers: { ...headers, authorization: undefined } }, { at: AT })).toBe(
      'MissingAuthenticationTokenException: Missing Authentication Token',
    );
  });

  it.each([
    ['a bearer', 'Bearer AKIATEST.secret', "The Authorization header must begin with 'AWS4-HMAC-SHA256'."],
    [
      'the signature with a key pair of SigV4A',
      `AWS4-ECDSA-P256-SHA256 ${CREDENTIAL}, ${NAMES}, ${SIGNATURE}`,
      "The Authorization header must begin with 'AWS4-HMAC-SHA256'.",
    ],
    [
      'an algorithm alone',
      'AWS4-HMAC-SHA256',
      "Authorization header requires 'Credential' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires 'Signature' parameter.",
    ],
    [
      'no Signature',
      `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${NAMES}`,
      "Authorization header requires 'Signature' parameter.",
    ],
    [
      'no SignedHeaders',
      `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${SIGNATURE}`,
      "Authorization header requires 'SignedHeaders' parameter.",
    ],
    [
      'a parameter twice',
      `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${NAMES}, ${SIGNATURE}, ${CREDENTIAL}`,
      "Authorization header has 'Credential' twice.",
    ],
    [
      'something else among them',
      `AWS4-HMAC-SHA256 ${CREDENTIAL}, ${NAMES}, Secret, ${SIGNATURE}`,
      "Authorization header must consist of 'Credential=…', 'SignedHeaders=…' and 'Signature=…', separated by commas.",
    ],
    [
      'header names in capitals',
      `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=Host;X-Amz-Date, ${SIGNATURE}`,
      'SignedHeaders must be the lower-case names of headers, separated by semicolons.',
    ],
    ...[
      'AKIDEXAMPLE',
      'AKIDEXAMPLE/20260101/us-east-1/cognito-sync',
      'AKIDEXAMPLE/20260101/us-east-1/cognito-sync/aws4',
      'AKIDEXAMPLE/2026-01-01/us-east-1/cognito-sync/aws4_request',
      'AKIDEXAMPLE/20260101//cognito-sync/aws4_request',
      '/20260101/us-east-1/cognito-sync/aws4_request',
    ].map((credential) => [
      `the scope ${credential}`,
      `AWS4-HMAC-SHA256 Credential=${credential}, ${NAMES}, ${SIGNATURE}`,
      "Credential must be '<access key id>/<YYYYMMDD>/<region>/<service>/aws4_request'.",
    ]),
  ])('is refused for %s', (_what, authorization, sentence) => {
    expect(verdictOn(authorized(authorization!), { at: AT })).toBe(
      `IncompleteSignatureException: ${sentence}`,
    );
  });
});

describe('The time of a signature', () => {
  it.each([-300, -1, 0, 1, 300])('may be %d seconds off', async (off) => {
    expect(verdictOn(await signed({}, { at: seconds(off) }), { at: AT })).toBe('accepted');
  });

  it('in the header Date must be signed there, and have the form of HTTP', async () => {
    const request = withHeaders(await signed(), { 'x-amz-date': undefined });
    const dated = (date: string) => verdictOn(withHeaders(request, { date }), { at: AT });

    expect(dated('Thu, 01 Jan 2026 00:10:00 GMT')).toBe(
      "InvalidSignatureException: 'date' must be a 'SignedHeader' in the AWS Authorization.",
    );
    expect(dated('Thu, 01 Jan 2026 00:10')).toMatch(/^IncompleteSignatureException: Date must be/);
    expect(dated('Thu, 99 Jan 2026 00:10:00 GMT')).toMatch(/^IncompleteSignatureException: Date must be/);
  });

  it('that is over is refused in the words by which SDKs set their clocks', async () => {
    const request = await signed({}, { at: seconds(-301) });

    expect(verdictOn(request, { at: AT })).toBe(
      'InvalidSignatureException: Signature expired: 20260101T000459Z is now earlier than 20260101T000500Z (20260101T001000Z - 5 min.)',
    );
  });

  it('that is to come is refused likewise', async () => {
    const request = await signed({}, { at: seconds(301) });

    expect(verdictOn(request, { at: AT })).toBe(
      'InvalidSignatureException: Signature not yet current: 20260101T001501Z is still later than 20260101T001500Z (20260101T001000Z + 5 min.)',
    );
  });

  it.each(['', 'yesterday', '2026-01-01T00:10:00Z', '20260231T000000Z', '20260101T001000'])(
    'is refused when it reads "%s"',
    async (time) => {
      expect(verdictOn(withHeaders(await signed(), { 'x-amz-date': time }), { at: AT })).toBe(
        "IncompleteSignatureException: Date must be in ISO-8601 'basic format', such as 20260101T000000Z.",
      );
    },
  );

  it('must be given', async () => {
    expect(verdictOn(withHeaders(await signed(), { 'x-amz-date': undefined }), { at: AT })).toBe(
      "IncompleteSignatureException: Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  });

  it('must be of the day in the scope', () => {
    const scope = CREDENTIAL.replace('20260101', '20251231');

    expect(verdictOn(authorized(`AWS4-HMAC-SHA256 ${scope}, ${NAMES}, ${SIGNATURE}`), { at: AT })).toBe(
      "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20251231' != '20260101', from '20260101T001000Z'.",
    );
  });
});

describe('The scope of a signature', () => {
  it.each(['eu-central-1', 'us-gov-west-1', 'local', 'aws-global'])(
    'may name the region %s',
    async (region) => {
      expect(verdictOn(await signed({}, { region }), { at: AT })).toBe('accepted');
    },
  );

  it('must name the service of the operation', async () => {
    expect(verdictOn(await signed({}, { service: 'sts' }), { at: AT })).toBe(
      "InvalidSignatureException: Credential should be scoped to correct service: 'cognito-sync'.",
    );
  });
});

describe('The signed headers', () => {
  it.each([
    ['host', 'x-amz-date', "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."],
    ['x-amz-date', 'host', "'x-amz-date' must be a 'SignedHeader' in the AWS Authorization."],
  ])('must have %s among them', (_missing, names, sentence) => {
    const request = authorized(`AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=${names}, ${SIGNATURE}`);

    expect(verdictOn(request, { at: AT })).toBe(`InvalidSignatureException: ${sentence}`);
  });

  it.each(['x-not-sent', 'constructor', '__proto__', 'hasownproperty'])(
    'must have been sent: %s was not',
    (name) => {
      const names = `SignedHeaders=${name};host;x-amz-date`;

      expect(
        verdictOn(authorized(`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${names}, ${SIGNATURE}`), { at: AT }),
      ).toBe(MISMATCH);
    },
  );

  it('must have been sent even if they had no value', async () => {
    const request = await signed({ headers: { 'x-amz-target': '' } });

    expect(verdictOn(request, { at: AT })).toBe('accepted');
    expect(verdictOn(withHeaders(request, { 'x-amz-target': undefined }), { at: AT })).toBe(MISMATCH);
  });

  it('must have among them what decides the call', async () => {
    const of = async (headers: Record<string, string>) =>
      verdictOn(await signed({ headers }), { at: AT, decisiveHeaders: ['x-amz-target'] });

    expect(await of({ 'x-amz-target': 'S.DescribeDataset' })).toBe('accepted');
    expect(await of({})).toBe(
      "InvalidSignatureException: 'x-amz-target' must be a 'SignedHeader' in the AWS Authorization.",
    );
  });

  it('must be named once each: a long header that is signed a thousand times is megabytes to hash', () => {
    const names = 'SignedHeaders=host;x-amz-date;host';

    expect(verdictOn(authorized(`AWS4-HMAC-SHA256 ${CREDENTIAL}, ${names}, ${SIGNATURE}`), { at: AT })).toBe(
      'IncompleteSignatureException: SignedHeaders must have each name once.',
    );
  });

  it('leave the others out: what a proxy adds or changes does no harm', async () => {
    const request = await signed();

    expect(verdictOn(withHeaders(request, { 'x-forwarded-for': '10.0.0.1' }), { at: AT })).toBe('accepted');
  });
});

describe('The body', () => {
  it.each(['UNSIGNED-PAYLOAD', 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', '', '0'.repeat(64)])(
    'is hashed here, and is not what is signed when the client says "%s"',
    async (claimed) => {
      const request = await signed({ body: 'b', headers: { 'x-amz-content-sha256': claimed } });

      expect(verdictOn(request, { at: AT })).toBe(
        "InvalidSignatureException: The header 'x-amz-content-sha256' must be the SHA-256 of the body.",
      );
    },
  );
});

describe('The query', () => {
  const queried = async (rawQuery: string, query: Record<string, string | string[]>): Promise<string> =>
    verdictOn({ ...(await signed({ query })), rawQuery }, { at: AT });

  it.each<[string, Record<string, string | string[]>]>([
    ['nextToken=a%2Bb%2F%3D', { nextToken: 'a+b/=' }],
    ['nextToken=a+b', { nextToken: 'a b' }],
    ['nextToken=a%20b', { nextToken: 'a b' }],
    ["nextToken=(a)!*'", { nextToken: "(a)!*'" }],
    ['nextToken', { nextToken: '' }],
    ['nextToken=', { nextToken: '' }],
    ['b=2&a=x&a=%20&a=&a-=3', { a: ['', ' ', 'x'], 'a-': '3', b: '2' }],
    ['a=b=c', { a: 'b=c' }],
  ])('%s is read as what it says', async (rawQuery, query) => {
    expect(await queried(rawQuery, query)).toBe('accepted');
  });

  it.each(['a=%', 'a=%zz', 'a=%ff', '%zz%41=1'])(
    '%s, which cannot be decoded, is nothing that was signed',
    async (rawQuery) => {
      expect(await queried(rawQuery, Object.fromEntries(new URLSearchParams(rawQuery)))).toBe(MISMATCH);
    },
  );

  it('has parameters by whatever name, which a signature covers all the same', async () => {
    expect(verdictOn({ ...(await signed()), rawQuery: '__proto__=1' }, { at: AT })).toBe(MISMATCH);
    expect(verdictOn({ ...(await signed()), rawQuery: 'X-Amz-Signature=1' }, { at: AT })).toBe(MISMATCH);
    expect(verdictOn({ ...(await signed()), rawQuery: '&' }, { at: AT })).toBe(MISMATCH);
  });
});
