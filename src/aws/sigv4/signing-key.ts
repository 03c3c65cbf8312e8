import { createHmac, hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { SignatureClaim } from './authorization-header';

/** A key holds for a day, a region and a service: one for each caller of the day. */
const REMEMBERED_KEYS = 10_000;

const signingKeys = new LRUCache<string, Buffer>({ max: REMEMBERED_KEYS });

/** The key that a secret signs with on one day, in one region and for one service. */
export const signingKey = (
  secretAccessKey: string,
  { date, region, service }: Pick<SignatureClaim, 'date' | 'region' | 'service'>,
): Buffer => {
  const name = `${hash('sha256', secretAccessKey, 'base64')}/${date}/${region}/${service}`;
  const known = signingKeys.get(name);
  if (known) return known;
  const key = [date, region, service, 'aws4_request'].reduce(hmac, Buffer.from(`AWS4${secretAccessKey}`));
  signingKeys.set(name, key);
  return key;
};

/** HMAC-SHA256 */
export const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
