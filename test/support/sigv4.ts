import { createHash, createHmac } from 'node:crypto';
import type { ReceivedRequest } from './receiver';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** The signature that a request should have (AWS Signature Version 4), by the headers that it says it signed. */
export const expectedSignature = (
  { method, path, headers, body }: ReceivedRequest,
  secretAccessKey: string,
): string => {
  const { scope, signedHeaders } = authorizationOf(headers.authorization ?? '');
  const canonical = [
    method,
    path,
    '',
    ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name]).trim()}`),
    '',
    signedHeaders,
    sha256(body),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, toSign).toString('hex');
};

/** The parts of the header `Authorization`. */
export const authorizationOf = (header: string) => {
  const pattern = /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/;
  const [, accessKeyId = '', scope = '', signedHeaders = '', signature = ''] = pattern.exec(header) ?? [];
  return { accessKeyId, scope, signedHeaders, signature };
};
