import { hash, timingSafeEqual } from 'node:crypto';
import { ALGORITHM, parseAuthorization, type SignatureClaim } from './authorization-header';
import { canonicalRequest } from './canonical-request';
import { requireCurrent, signingTimeOf, type SigningTime } from './request-time';
import { invalidSignature, SignatureMismatch } from './signature-error';
import { headerOf, type SignedRequest } from './signed-request';
import { hmac, signingKey } from './signing-key';

/** A signature that could hold: nothing but the secret is missing to tell. */
export interface ReadSignature extends SignatureClaim {
  /** `YYYYMMDDTHHMMSSZ` */
  timestamp: string;
}

/** Whom a signature must be for, and what it must cover. */
export interface SignatureTarget {
  /** The name in the scope of credentials, such as `cognito-sync`. */
  service: string;
  /** Lower-case names of headers by which a call says what is to be done. */
  decisiveHeaders: string[];
}

/**
 * Reads the signature of a request and checks all of it that needs no secret: its form, its time, that it is for the
 * service and that it covers what decides the call. Any region will do: this server stands for all.
 * @throws SignatureError MissingAuthenticationTokenException, IncompleteSignatureException, InvalidSignatureException.
 */
export const readSignature = (
  request: SignedRequest,
  { service, decisiveHeaders }: SignatureTarget,
  now: Date,
): ReadSignature => {
  const claim = parseAuthorization(headerOf(request, 'authorization'));
  const time = signingTimeOf(request);
  requireSignedHeaders(claim, [time.header, ...decisiveHeaders]);
  requireCurrent(time, now);
  requireScope(claim, time, service);
  return { ...claim, timestamp: time.timestamp };
};

/**
 * Without the host and the time a signature would do for any server and at any time; without the header that names the
 * operation, for all operations that take the same members. AWS wants every `x-amz-*` header signed, and its SDKs sign
 * this one.
 */
const requireSignedHeaders = ({ signedHeaders }: SignatureClaim, needed: string[]): void => {
  if (!signedHeaders.includes('host'))
    throw invalidSignature("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  const missing = needed.find((name) => !signedHeaders.includes(name));
  if (missing !== undefined)
    throw invalidSignature(`'${missing}' must be a 'SignedHeader' in the AWS Authorization.`);
};

const requireScope = (claim: SignatureClaim, { timestamp }: SigningTime, service: string): void => {
  if (claim.date !== timestamp.slice(0, 8))
    throw invalidSignature(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.date}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    );
  if (claim.service !== service)
    throw invalidSignature(`Credential should be scoped to correct service: '${service}'.`);
};

/**
 * Checks that the holder of the secret signed this very request. The body is hashed here, whatever a header says of it, and the
 * comparison takes the same time wherever signatures differ.
 * @throws SignatureError InvalidSignatureException
 */
export const requireSignature = (
  request: SignedRequest,
  read: ReadSignature,
  secretAccessKey: string,
): void => {
  const payloadHash = hash('sha256', request.body, 'hex');
  requireHonestHash(request, payloadHash);
  const expected = Buffer.from(signatureOf(request, read, payloadHash, secretAccessKey));
  const given = Buffer.from(read.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw new SignatureMismatch();
};

/** Also refuses `UNSIGNED-PAYLOAD`, which is for S3 alone. */
const requireHonestHash = (request: SignedRequest, payloadHash: string): void => {
  const claimed = headerOf(request, 'x-amz-content-sha256');
  if (claimed !== undefined && claimed !== payloadHash)
    throw invalidSignature("The header 'x-amz-content-sha256' must be the SHA-256 of the body.");
};

const signatureOf = (
  request: SignedRequest,
  read: ReadSignature,
  payloadHash: string,
  secretAccessKey: string,
): string => {
  const canonical = canonicalRequest(request, read.signedHeaders, payloadHash);
  const toSign = [ALGORITHM, read.timestamp, scopeOf(read), hash('sha256', canonical, 'hex')].join('\n');
  return hmac(signingKey(secretAccessKey, read), toSign).toString('hex');
};

const scopeOf = ({ date, region, service }: ReadSignature): string =>
  `${date}/${region}/${service}/aws4_request`;
