import type { SendLimits, Sender, SendOutcome } from './sender';

/** What a push service answered, whatever it thought of the question. */
export interface Answer {
  status: number;
  /** Its `Retry-After`, at most a day; undefined without one. */
  retryAfterSeconds: number | undefined;
  /** Its JSON; undefined when it is no JSON or too long. */
  body: unknown;
}

/** There is no answer, or half of one. The message is a clause such as "it did not answer within 10 seconds". */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** Ends a send early, with an outcome that is settled already. */
export class SettledError extends Error {
  override readonly name = 'SettledError';

  constructor(readonly outcome: SendOutcome) {
    super(outcome.kind);
  }
}

/** A body's bytes; nothing of one that is longer than `maxBytes`, and its stream is destroyed then. */
export const readBounded = async (stream: AsyncIterable<Buffer>, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.byteLength;
    // Leaving the loop destroys the stream. The status is known, and it alone can settle the outcome.
    if (size > maxBytes) return '';
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** The JSON of a body, undefined when it is none: gateways in between answer with pages. */
export const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** What went wrong on the way, in words that name no host and no token. */
export const noAnswer = (error: unknown, signal: AbortSignal, { timeout }: SendLimits): NoAnswerError => {
  if (signal.aborted) return new NoAnswerError(`it did not answer within ${timeout / 1000} seconds`);
  const { code, cause } = error as { code?: string; cause?: { code?: string } };
  // HTTP/2 says that a stream was cancelled and hides in the cause that the connection failed.
  const known = cause?.code ?? code;
  return new NoAnswerError(`the connection failed${known === undefined ? '' : ` (${known})`}`, {
    cause: error,
  });
};

/** A code word of a platform, such as `BadTopic`; undefined for anything that could be a secret or a token. */
export const codeWord = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[A-Za-z_]{1,40}$/.test(value) ? value : undefined;

/**
 * What an answer means when it says nothing of the token: 2xx is `SENT`; 408, 429 and 5xx are `RETRY`; the rest is
 * `REFUSED`, redirects too, which are not followed. `word` is the platform's own and goes into the reason.
 */
export const outcomeOf = (service: string, answer: Answer, word?: string): SendOutcome => {
  const { status, retryAfterSeconds } = answer;
  if (status >= 200 && status < 300) return { kind: 'SENT' };
  const reason = `${service} answered with status ${status}${word === undefined ? '' : ` (${word})`}.`;
  if (status === 408 || status === 429 || status >= 500) return { kind: 'RETRY', reason, retryAfterSeconds };
  return { kind: 'REFUSED', reason };
};

/** What no answer means: it may come another time. */
export const noAnswerOutcome = (service: string, { message }: NoAnswerError): SendOutcome => ({
  kind: 'RETRY',
  reason: `${service}: ${message}.`,
});

/** Makes a sender keep its promise not to throw: whatever is thrown becomes `RETRY`, without the error's own words. */
export const neverThrowing =
  (service: string, send: Sender): Sender =>
  async (token, message) => {
    try {
      return await send(token, message);
    } catch (error) {
      if (error instanceof SettledError) return error.outcome;
      if (error instanceof NoAnswerError) return noAnswerOutcome(service, error);
      return { kind: 'RETRY', reason: `${service}: the message could not be made.` };
    }
  };
