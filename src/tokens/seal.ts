import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What a sealed text is for; each purpose has a key of its own, so that one kind never passes for another. */
export type SealPurpose =
  | 'access-token'
  | 'api-key-secret'
  | 'app-secret'
  | 'device-token'
  | 'next-token'
  | 'platform-credentials'
  | 'session-token'
  | 'signing-key'
  | 'stream-records'
  | 'stream-secret'
  | 'sync-trigger-secret'
  | 'sync-session-token';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const derivedKeys = new LRUCache<string, Buffer>({ max: 64 });

/** The key for one purpose, derived from the master secret with HKDF-SHA-256 (RFC 5869). */
export const deriveKey = (secret: string, purpose: SealPurpose): Buffer => {
  const name = `${purpose}\0${secret}`;
  const known = derivedKeys.get(name);
  if (known) return known;
  const key = Buffer.from(hkdfSync('sha256', secret, 'rockpool', purpose, KEY_BYTES));
  derivedKeys.set(name, key);
  return key;
};

/** The six bits that base64url writes as a dash. */
const DASH = 62;

/** A sealed text begins with its nonce. A dash in front would make an option of it for command lines. */
const newNonce = (): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  return nonce.readUInt8() >> 2 === DASH ? newNonce() : nonce;
};

/**
 * Encrypts and authenticates `text` (AES-256-GCM, random nonce); base64url, without white space and without a dash in
 * front.
 */
export const seal = (secret: string, purpose: SealPurpose, text: string): string => {
  const nonce = newNonce();
  const cipher = createCipheriv('aes-256-gcm', deriveKey(secret, purpose), nonce);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64url');
};

/** The text that was sealed for `purpose` under `secret`; undefined for anything else, however it was damaged. */
export const open = (secret: string, purpose: SealPurpose, sealed: string): string | undefined => {
  const bytes = Buffer.from(sealed, 'base64url');
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  try {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      deriveKey(secret, purpose),
      bytes.subarray(0, NONCE_BYTES),
      { authTagLength: TAG_BYTES },
    );
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const body = bytes.subarray(NONCE_BYTES, -TAG_BYTES);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
};
