import { postSigned, type PostResult } from '../../webhooks/post-signed';
import { oneByOne, putInOrder } from './put-in-order';
import {
  broken,
  DELIVERED,
  retry,
  type PutOutcome,
  type StreamPut,
  type StreamTarget,
  type TargetOptions,
} from './stream-target';
import type { WebhookSettings } from './target-settings';

/** Requests at the same time, each for another identity: enough to use a slow line, too few to flood a small server. */
const AT_ONCE = 8;

/** What a webhook answers is not read beyond its status. */
const MAX_ANSWER_BYTES = 16_384;

/** Request Timeout, Too Early, Too Many Requests: the server asks to come again. */
const PASSING = [408, 425, 429];

/**
 * Sends each event as a signed request of its own (`postSigned`). Any 2xx is a delivery. 408, 425, 429, 5xx and a server
 * that cannot be reached are for later; every other answer, a redirect among them, needs an administrator.
 */
export const webhookTarget = (settings: WebhookSettings, options: TargetOptions): StreamTarget => {
  const put = async ({ event, id }: StreamPut): Promise<PutOutcome> => {
    const { url, secret } = settings;
    const { rules, timeoutMs, now } = options;
    const message = { url, secret, id, timestamp: now(), body: JSON.stringify(event) };
    const result = await postSigned({ ...message, timeoutMs, maxAnswerBytes: MAX_ANSWER_BYTES, rules });
    return outcomeOf(result, timeoutMs);
  };
  return {
    maxBytes: settings.maxBytes,
    put: (events) => putInOrder(events, AT_ONCE, oneByOne(put)),
    close: () => Promise.resolve(),
  };
};

const outcomeOf = (result: PostResult, timeoutMs: number): PutOutcome => {
  switch (result.outcome) {
    case 'TIMED_OUT':
      return retry(`the webhook did not answer within ${timeoutMs / 1000} seconds`);
    case 'UNREACHABLE':
      return retry(`the webhook failed: ${result.reason}`);
    case 'REFUSED':
      return broken(`the webhook was not called: ${result.reason}`);
    default:
      return outcomeOfStatus(result.status, result.retryAfterSeconds);
  }
};

const outcomeOfStatus = (status: number, retryAfterSeconds: number | undefined): PutOutcome => {
  if (status >= 200 && status < 300) return DELIVERED;
  const reason = `the webhook answered with status ${status}`;
  return status >= 500 || PASSING.includes(status) ? retry(reason, retryAfterSeconds) : broken(reason);
};
