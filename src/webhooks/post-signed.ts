import { Webhook } from 'standardwebhooks';
import { retryAfter } from '../retry-after';
import type { AddressRules } from './address-rules';
import { guardedRequest, type NoAnswer } from './guarded-request';
import { problemOfWebhookSecret } from './webhook-secret';

/** One message for a webhook. */
export interface SignedPost {
  /** https, or http where the rules allow it. */
  url: string;
  /** `whsec_…`, as `newWebhookSecret` makes it. */
  secret: string;
  /** The same for every attempt to deliver the message, so that a receiver knows it again. Visible ASCII without a dot. */
  id: string;
  /** Of this attempt; receivers turn down old ones. */
  timestamp: Date;
  /** JSON. */
  body: string;
  /** Milliseconds for everything: name, connection, question and answer. */
  timeoutMs: number;
  /** Bytes of the answer's body. */
  maxAnswerBytes: number;
  rules: AddressRules;
}

/** What became of it. */
export type PostResult =
  /** With any status: redirects are not followed. The body is read as UTF-8. */
  | { outcome: 'ANSWERED'; status: number; body: string; retryAfterSeconds: number | undefined }
  /** The status came, and more of a body than allowed. */
  | { outcome: 'ANSWER_TOO_LARGE'; status: number; retryAfterSeconds: number | undefined }
  | NoAnswer;

/**
 * Sends a JSON message signed by the scheme of Standard Webhooks (https://www.standardwebhooks.com): `webhook-id`,
 * `webhook-timestamp` and `webhook-signature` with HMAC-SHA256 over the three of them and the body. Never throws, and no
 * result has the secret or the message in it.
 */
export const postSigned = async (post: SignedPost): Promise<PostResult> => {
  const problem = problemOfMessage(post);
  if (problem !== undefined) return { outcome: 'REFUSED', reason: problem };
  const { url, body, timeoutMs, maxAnswerBytes, rules } = post;
  const headers = { 'content-type': 'application/json', ...signatureOf(post) };
  const result = await guardedRequest({
    url,
    method: 'POST',
    headers,
    body,
    timeoutMs,
    maxAnswerBytes,
    rules,
  });
  if (result.outcome !== 'ANSWERED' && result.outcome !== 'ANSWER_TOO_LARGE') return result;
  const { outcome, status } = result;
  const retryAfterSeconds = retryAfter(result.headers['retry-after'], post.timestamp);
  return outcome === 'ANSWERED'
    ? { outcome, status, body: result.body.toString('utf8'), retryAfterSeconds }
    : { outcome, status, retryAfterSeconds };
};

const problemOfMessage = ({ secret, id }: SignedPost): string | undefined => {
  const problem = problemOfWebhookSecret(secret);
  if (problem !== undefined) return `its secret ${problem}`;
  // A dot is what the signature keeps the parts apart by.
  return /^[!-~]+$/.test(id) && !id.includes('.') ? undefined : 'the id of the message cannot be signed';
};

const signatureOf = ({ secret, id, timestamp, body }: SignedPost): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign(id, timestamp, body),
});
