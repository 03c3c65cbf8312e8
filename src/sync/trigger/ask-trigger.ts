import { randomUUID } from 'node:crypto';
import type { Context } from '../../context';
import { ServiceError } from '../../errors';
import { open } from '../../tokens/seal';
import { postSigned, type PostResult } from '../../webhooks/post-signed';
import type { SyncTrigger } from './sync-trigger';
import { unusableOutput } from './trigger-answer';
import type { TriggerEvent } from './trigger-event';

/** Milliseconds that a trigger has for everything, as in AWS (E1). */
const TIMEOUT_MS = 5000;

/** Bytes of an answer: a full dataset with its old and new values, all of it escaped, fits. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** Characters of a refusal that are passed on. */
const MAX_MESSAGE_LENGTH = 1000;

/** Seconds after which a call is worth sending again when the trigger does not say. */
const RETRY_AFTER = 1;

/**
 * Asks the trigger once and answers the body of its answer. Not for use in a transaction.
 * @throws INVALID_LAMBDA_FUNCTION_OUTPUT when it refuses, with its own words where it has some, does not answer in 5
 *   seconds or cannot be asked; LAMBDA_THROTTLED with `retryAfterSeconds`
 */
export const askTrigger = async (
  ctx: Context,
  trigger: SyncTrigger,
  event: TriggerEvent,
): Promise<string> => {
  const secret = open(ctx.config.secret, 'sync-trigger-secret', trigger.sealedSecret);
  if (secret === undefined)
    throw new Error('the secret of a sync trigger was sealed under another master secret');
  const result = await postSigned({
    url: trigger.url,
    secret,
    id: `msg_${randomUUID()}`,
    timestamp: ctx.now(),
    body: JSON.stringify(event),
    timeoutMs: TIMEOUT_MS,
    maxAnswerBytes: MAX_ANSWER_BYTES,
    rules: ctx.config.outgoing,
  });
  if (result.outcome === 'ANSWERED' && result.status >= 200 && result.status < 300) return result.body;
  ctx.log.warn({ identityPoolId: event.identityPoolId, ...inShort(result) }, 'a sync trigger failed');
  throw failureOf(result);
};

const inShort = (result: PostResult): object => ({
  outcome: result.outcome,
  ...('status' in result ? { status: result.status } : {}),
  ...('reason' in result ? { reason: result.reason } : {}),
});

const failureOf = (result: PostResult): ServiceError => {
  switch (result.outcome) {
    case 'TIMED_OUT':
      return unusableOutput(`The sync trigger did not answer within ${TIMEOUT_MS / 1000} seconds.`);
    case 'UNREACHABLE':
    case 'REFUSED':
      return unusableOutput(`The sync trigger could not be asked: ${result.reason}.`);
    case 'ANSWER_TOO_LARGE':
      return unusableOutput(`The answer of the sync trigger must have at most ${MAX_ANSWER_BYTES} bytes.`);
    case 'ANSWERED':
      return refusalOf(result);
  }
};

const refusalOf = ({
  status,
  body,
  retryAfterSeconds,
}: PostResult & { outcome: 'ANSWERED' }): ServiceError => {
  if (status === 429 || status === 503)
    return new ServiceError(
      'LAMBDA_THROTTLED',
      'The sync trigger is asked too often at the moment. Nothing was written; send the call again.',
      { retryAfterSeconds: retryAfterSeconds ?? RETRY_AFTER },
    );
  return unusableOutput(messageIn(body) ?? `The sync trigger answered with status ${status}.`);
};

/** What a refusal says to the app: `{ "message": … }`. */
const messageIn = (body: string): string | undefined => {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    return typeof message === 'string' && message !== ''
      ? message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed()
      : undefined;
  } catch {
    return undefined;
  }
};
