import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';

/** A key pair of AWS's documentation, with a session token where a test needs one. */
export interface KeyPair {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** What a test has signed. */
export interface Unsigned {
  method?: string;
  rawPath?: string;
  /** Decoded; the signer gets it as it is, and the request has it encoded. */
  query?: Record<string, string | string[]>;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** Who signs, when and for what. */
export interface Signing {
  key: KeyPair;
  service?: string;
  region?: string;
  at: Date;
}

/** SHA-256 in the shape that Smithy's signer takes. */
class Sha256 {
  private readonly hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash =
      secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }

  update(data: Uint8Array): void {
    this.hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }

  reset(): void {
    throw new Error('Signers make a new one each time.');
  }
}

/** The signer of the AWS SDK for JavaScript v3. */
export const smithySigner = ({ key, service = 'cognito-sync', region = 'us-east-1' }: Omit<Signing, 'at'>) =>
  new SignatureV4({ credentials: key, region, service, sha256: Sha256 });

/** A request as Smithy's signer signs it and as a server receives it. */
export const signedBySmithy = async (unsigned: Unsigned, signing: Signing): Promise<SignedRequest> => {
  const { method = 'GET', rawPath = '/', query = {}, body = '' } = unsigned;
  const headers = { host: 'sync.example', ...unsigned.headers };
  const { headers: signed } = await smithySigner(signing).sign(
    { method, protocol: 'https:', hostname: 'sync.example', path: rawPath, query, headers, body },
    { signingDate: signing.at, signableHeaders: new Set(Object.keys(headers)) },
  );
  return {
    method,
    rawPath,
    rawQuery: rawQueryOf(query),
    headers: lowerCased(signed),
    body: Buffer.from(body),
  };
};

/** Encoded as SDKs send it, which is not always as they sign it. */
const rawQueryOf = (query: Record<string, string | string[]>): string =>
  Object.entries(query)
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value].map(encodeURIComponent)))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');

const lowerCased = (headers: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
