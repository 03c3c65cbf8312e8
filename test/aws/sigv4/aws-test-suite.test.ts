import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';
import { EXAMPLE_KEY, MISMATCH, verdictOn } from './verdict';

/*
 * Requests and signatures of the test suite that AWS publishes for Signature Version 4: service `service`, 30 August
 * 2015. Its paths are given undecoded where they have non-ASCII characters, as the suite gives them.
 */
interface Vector {
  target: string;
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
  signature: string;
}

const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const SESSION_TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';

const VECTORS: Record<string, Vector> = {
  'get-vanilla': {
    target: '/',
    signature: '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  },
  'get-vanilla-query-order-key-case': {
    target: '/?Param2=value2&Param1=value1',
    signature: 'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  },
  'get-vanilla-empty-query-key': {
    target: '/?Param1=value1',
    signature: 'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  },
  'get-vanilla-query-unreserved': {
    target: `/?${UNRESERVED}=${UNRESERVED}`,
    signature: '9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197',
  },
  'get-vanilla-utf8-query': {
    target: '/?%E1%88%B4=bar',
    signature: '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  },
  'get-unreserved': {
    target: `/${UNRESERVED}`,
    signature: '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  },
  'get-utf8': {
    target: '/ሴ',
    signature: '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
  },
  'get-header-key-duplicate': {
    target: '/',
    headers: { 'my-header1': ['value2', 'value2', 'value1'] },
    signature: 'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  },
  'get-header-value-order': {
    target: '/',
    headers: { 'my-header1': ['value4', 'value1', 'value3', 'value2'] },
    signature: '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  },
  'get-header-value-trim': {
    target: '/',
    headers: { 'my-header1': ' value1', 'my-header2': ' "a   b   c"' },
    signature: 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  },
  'post-vanilla': {
    target: '/',
    method: 'POST',
    signature: '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  },
  'post-vanilla-query': {
    target: '/?Param1=value1',
    method: 'POST',
    signature: '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  },
  'post-header-value-case': {
    target: '/',
    method: 'POST',
    headers: { 'my-header1': 'VALUE1' },
    signature: 'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
  },
  'post-sts-header-before': {
    target: '/',
    method: 'POST',
    headers: { 'x-amz-security-token': SESSION_TOKEN },
    signature: '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  },
  'post-x-www-form-urlencoded': {
    target: '/',
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'Param1=value1',
    signature: 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  },
};

const requestOf = ({ target, method = 'GET', headers = {}, body = '', signature }: Vector): SignedRequest => {
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const sent = { host: 'example.amazonaws.com', 'x-amz-date': '20150830T123600Z', ...headers };
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${Object.keys(sent).sort().join(';')}, Signature=${signature}`;
  return { method, rawPath, rawQuery, headers: { ...sent, authorization }, body: Buffer.from(body) };
};

const AT = { service: 'service', at: new Date('2015-08-30T12:36:00Z') };

test.each(Object.entries(VECTORS))('%s is accepted, and with another secret refused', (_name, vector) => {
  const request = requestOf(vector);

  expect(verdictOn(request, AT)).toBe('accepted');
  expect(verdictOn(request, { ...AT, secret: `${EXAMPLE_KEY.secretAccessKey}x` })).toBe(MISMATCH);
});

test.each(['//', '/./', '/example/..', '/../', '//example//..//'])(
  'The suite normalises the path %s to /, which is refused here: one signature would do for two addresses',
  (target) => {
    const { signature } = VECTORS['get-vanilla']!;

    expect(verdictOn(requestOf({ target, signature }), AT)).toBe(MISMATCH);
  },
);

test('The suite of 2011 signs the header Date, in the form of HTTP', () => {
  const signature = 'b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470';
  const request = {
    ...requestOf({ target: '/', signature }),
    headers: {
      host: 'host.foo.com',
      date: 'Mon, 09 Sep 2011 23:36:00 GMT',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, SignedHeaders=date;host, Signature=${signature}`,
    },
  };

  expect(verdictOn(request, { service: 'host', at: new Date('2011-09-09T23:40:00Z') })).toBe('accepted');
});
