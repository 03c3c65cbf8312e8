import fc from 'fast-check';
import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';
import { signedBySmithy } from './signed-by';
import { verdictOn } from './verdict';

const RUNS = 150;
const AT = new Date('2026-01-01T00:00:00Z');

/** Empty ones and `.` and `..` are taken out by the signer: see aws-test-suite.test.ts. */
const segment = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
  .map(encodeURIComponent)
  .filter((text) => text !== '.' && text !== '..');

const rawPath = fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`);

/** Two names that the signer leaves out: see refusals.test.ts. */
const parameterName = fc
  .string({ unit: 'grapheme', maxLength: 6 })
  .filter((name) => name !== '__proto__' && name.toLowerCase() !== 'x-amz-signature');

const query = fc.dictionary(
  parameterName,
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.base64String({ maxLength: 24 }),
    fc.array(fc.string({ maxLength: 4 }), { minLength: 2, maxLength: 3 }),
  ),
  { maxKeys: 4 },
);

const headers = fc.dictionary(
  fc.constantFrom('content-type', 'user-agent', 'x-amz-target', 'x-amz-client-context', 'amz-sdk-request'),
  fc.string({ unit: fc.constantFrom(' ', '\t', 'a', 'B', ',', '"', ':', ';', '='), maxLength: 16 }),
);

const unsigned = fc.record({
  method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT'),
  rawPath,
  query,
  headers,
  body: fc.uint8Array({ maxLength: 64 }),
});

const signing = fc.record({
  at: fc.integer({ min: -300, max: 300 }).map((seconds) => new Date(AT.getTime() + seconds * 1000)),
  key: fc.record({
    accessKeyId: fc.stringMatching(/^AKIA[A-Z2-7]{16}$/),
    secretAccessKey: fc.string({ minLength: 1, maxLength: 60 }),
    sessionToken: fc.base64String({ minLength: 4, maxLength: 200 }),
  }),
  region: fc.constantFrom('us-east-1', 'eu-central-1', 'local'),
});

test('Whatever Smithy signs is accepted', async () => {
  await fc.assert(
    fc.asyncProperty(unsigned, signing, async (request, by) => {
      const signed = await signedBySmithy(request, by);

      expect(verdictOn(signed, { at: AT, secret: by.key.secretAccessKey })).toBe('accepted');
    }),
    { numRuns: RUNS },
  );
});

/** Where one character or byte is changed, and into what. */
interface Change {
  part: 'method' | 'path' | 'query' | 'header' | 'body' | 'signature' | 'scope' | 'secret';
  at: number;
  to: number;
}

const change: fc.Arbitrary<Change> = fc.record({
  part: fc.constantFrom('method', 'path', 'query', 'header', 'body', 'signature', 'scope', 'secret'),
  at: fc.nat(10_000),
  to: fc.integer({ min: 0x21, max: 0x7e }),
});

/** Puts a character in the place of one, or at the end of an empty text. */
const changed = (text: string, { at, to }: Change): string => {
  const place = text.length === 0 ? 0 : at % text.length;
  return text.slice(0, place) + String.fromCharCode(to) + text.slice(place + 1);
};

type Signed = SignedRequest & { secret: string };

const inHeader = (signed: Signed, name: string, how: (value: string) => string): Signed => ({
  ...signed,
  headers: { ...signed.headers, [name]: how(signed.headers[name] as string) },
});

const CHANGES: Record<Change['part'], (signed: Signed, change: Change) => Signed> = {
  method: (signed, at) => ({ ...signed, method: changed(signed.method, at) }),
  path: (signed, at) => ({ ...signed, rawPath: changed(signed.rawPath, at) }),
  query: (signed, at) => ({ ...signed, rawQuery: changed(signed.rawQuery, at) }),
  body: (signed, at) => ({
    ...signed,
    body: Buffer.from(changed(Buffer.from(signed.body).toString('latin1'), at), 'latin1'),
  }),
  secret: (signed, at) => ({ ...signed, secret: changed(signed.secret, at) }),
  header: (signed, at) => {
    const names = Object.keys(signed.headers).filter((name) => name !== 'authorization');
    return inHeader(signed, names[at.at % names.length]!, (value) => changed(value, at));
  },
  signature: (signed, at) =>
    inHeader(signed, 'authorization', (value) => value.slice(0, -64) + changed(value.slice(-64), at)),
  scope: (signed, at) =>
    inHeader(signed, 'authorization', (value) =>
      value.replace(/(?<=Credential=\w+\/)[^,]+/, (scope) => changed(scope, at)),
    ),
};

/** What a request says: the same however its query is encoded and ordered and its headers are spaced. */
const meaningOf = (signed: Signed): unknown => ({
  ...signed,
  rawQuery: [...new URLSearchParams(signed.rawQuery)].map(String).sort(),
  headers: Object.entries(signed.headers).map(([name, value]) => [
    name,
    String(value)
      .replace(/[ \t]+/g, ' ')
      .replace(/^ | $/g, ''),
  ]),
  body: Buffer.from(signed.body).toString('latin1'),
});

test('A request that says anything else than what was signed is refused', async () => {
  const refused = new Set<string>();
  await fc.assert(
    fc.asyncProperty(unsigned, signing, change, async (request, by, wanted) => {
      const signed = { ...(await signedBySmithy(request, by)), secret: by.key.secretAccessKey };
      const other = CHANGES[wanted.part](signed, wanted);
      fc.pre(JSON.stringify(meaningOf(other)) !== JSON.stringify(meaningOf(signed)));

      expect(verdictOn(other, { at: AT, secret: other.secret })).toMatch(
        /^(Invalid|Incomplete)SignatureException: /,
      );
      refused.add(wanted.part);
    }),
    { numRuns: 2 * RUNS },
  );
  expect([...refused].sort()).toEqual(Object.keys(CHANGES).sort());
});

test('Bytes that are no signature are refused by name, whatever they are', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 40 });
  const request = fc.record({
    method: anything,
    rawPath: anything,
    rawQuery: anything,
    headers: fc.dictionary(
      fc.oneof(anything, fc.constantFrom('host', 'x-amz-date', 'date')),
      fc.oneof(anything, fc.array(anything)),
    ),
    body: fc.uint8Array(),
  });
  const authorization = fc.oneof(
    anything,
    anything.map((text) => `AWS4-HMAC-SHA256 ${text}`),
    anything.map(
      (text) =>
        `AWS4-HMAC-SHA256 Credential=A/20260101/r/cognito-sync/aws4_request,SignedHeaders=host;x-amz-date,Signature=${text}`,
    ),
  );

  fc.assert(
    fc.property(request, authorization, fc.boolean(), (received, value, isDated) => {
      const dated = isDated ? { host: 'h', 'x-amz-date': '20260101T000000Z' } : {};
      const headers = { ...received.headers, ...dated, authorization: value };

      expect(verdictOn({ ...received, headers }, { at: AT })).toMatch(/^\w+Exception: ./);
    }),
    { numRuns: 5 * RUNS },
  );
});
