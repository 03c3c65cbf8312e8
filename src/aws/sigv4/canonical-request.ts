import { SignatureMismatch } from './signature-error';
import { headerOf, type SignedRequest } from './signed-request';

/*
 * Written out here although @smithy/signature-v4, a signer, has it too, and the tests hold the two against each other.
 * A verifier must not be generous: of that library's steps the path (it drops `//`, `.` and `..`, so that one signature
 * would serve several addresses), the query (it takes it decoded into an object, where a parameter named `__proto__`
 * is lost), the headers (it drops `date`) and the body's hash (it believes x-amz-content-sha256) all stand
 * in the way, and what would be left of it is a join of six lines.
 */

/**
 * The canonical request of Signature Version 4 for every service but S3.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * @param payloadHash SHA-256 of the body in lower-case hex.
 * @throws SignatureError InvalidSignatureException for what no client can have signed.
 */
export const canonicalRequest = (
  request: SignedRequest,
  signedHeaders: string[],
  payloadHash: string,
): string =>
  [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(request.rawQuery),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request, name)}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');

/**
 * Each segment of the path as it was sent, percent-encoded once more: `%3A` becomes `%253A`. Nothing is normalised. A
 * path with empty segments, `.` or `..` would have the same canonical form as another one, and a signature that was given for
 * the one would do for the other.
 */
export const canonicalPath = (rawPath: string): string => rawPath.split('/').map(uriEncode).join('/');

/** Names and values decoded, where `+` is a space, and encoded again; by name, then by value. */
export const canonicalQuery = (rawQuery: string): string =>
  rawQuery === ''
    ? ''
    : rawQuery
        .split('&')
        .map(canonicalParameter)
        .sort(byNameThenValue)
        .map(([name, value]) => `${name}=${value}`)
        .join('&');

type Parameter = [name: string, value: string];

const canonicalParameter = (parameter: string): Parameter => {
  const [name = '', ...value] = parameter.split('=');
  return [uriEncode(decode(name)), uriEncode(decode(value.join('=')))];
};

const byNameThenValue = (a: Parameter, b: Parameter): number => order(a[0], b[0]) || order(a[1], b[1]);

/** Encoded texts are ASCII, so that this is the order of their bytes. */
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What cannot be decoded is read in more than one way, so nobody can have signed it. */
const decode = (encoded: string): string => {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch {
    throw new SignatureMismatch();
  }
};

/** RFC 3986's unreserved characters stay. */
const uriEncode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** A header that is said to be signed and was not sent is a mismatch, rather than a header without value. */
const canonicalValue = (request: SignedRequest, name: string): string => {
  const value = headerOf(request, name);
  if (value === undefined) throw new SignatureMismatch();
  return value.replace(/[ \t]+/g, ' ').replace(/^ | $/g, '');
};
