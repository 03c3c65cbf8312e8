import { ECDH } from 'node:crypto';
import { z } from 'zod';
import { HTTP, problemOfUrl, type AddressRules } from '../../webhooks/address-rules';
import { jsonOf } from './answer';

const POINT_BYTES = 65;

/** Whether a text is an uncompressed point on the curve P-256, as keys of Web Push are written: base64url. */
export const isP256Point = (text: string): boolean => {
  const bytes = Buffer.from(text, 'base64url');
  if (!/^[\w-]+=*$/.test(text) || bytes.length !== POINT_BYTES) return false;
  try {
    ECDH.convertKey(bytes, 'prime256v1');
    return true;
  } catch {
    return false;
  }
};

const isAuthSecret = (text: string): boolean =>
  /^[\w-]+=*$/.test(text) && Buffer.from(text, 'base64url').length === 16;

const subscription = z.object({
  endpoint: z.url(),
  keys: z.object({ p256dh: z.string().refine(isP256Point), auth: z.string().refine(isAuthSecret) }),
});

/** A browser's subscription (W3C Push API, RFC 8291 section 2). */
export type PushSubscription = z.infer<typeof subscription>;

/**
 * Reads a Web Push token: the JSON of a PushSubscription. Undefined when a message can never go there, because it is
 * of another form or its endpoint is not https on a public host. A host's name is vetted when it is connected to.
 */
export const parseSubscription = (token: string, rules: AddressRules): PushSubscription | undefined => {
  const { data } = subscription.safeParse(jsonOf(token));
  return data && problemOfUrl(data.endpoint, HTTP, rules) === undefined ? data : undefined;
};
