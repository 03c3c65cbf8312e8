import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { BODY_LIMIT } from '../../http/body';

/** An error that the Rockpool imported into answered with. */
export class TargetError extends Error {
  override readonly name = 'TargetError';

  constructor(
    message: string,
    readonly code: string,
    /** The member that was refused, when one was. */
    readonly field?: string,
    /** Why the administrator's key does not hold, when that is why. */
    readonly credentialsProblem?: string,
  ) {
    super(message);
  }
}

/** The Rockpool imported into cannot be spoken to. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

/** Where to import into, and as whom. */
export interface TargetAddress {
  /** With or without `/graphql` at its end. */
  url: string;
  /** `accessKeyId.secretAccessKey` of an administrator. */
  bearer: string;
}

const answerShape = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z
          .object({
            code: z.string().optional(),
            field: z.string().optional(),
            reason: z.string().optional(),
          })
          .optional(),
      }),
    )
    .optional(),
});

/** The code of an error that is no answer of the target: it is to be found at another address. */
export const REDIRECTED = 'REDIRECTED';

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 200;
/** What goes by itself. Everything that is sent may be sent again: an import of the same changes nothing. */
const PASSING = ['TOO_MANY_REQUESTS', 'SERVICE_UNAVAILABLE', 'CONCURRENT_MODIFICATION', 'INTERNAL_ERROR'];

/** Sends one operation; tries again, six times in all, what fails for a passing reason. */
export type Send = (query: string, variables: object) => Promise<Record<string, unknown>>;

/** Operations to one server. @throws TargetError for what it refuses, UnreachableError. */
export const sendTo = (address: TargetAddress): Send => {
  const url = /\/graphql\/?$/.test(address.url) ? address.url : `${address.url.replace(/\/+$/, '')}/graphql`;
  return async (query, variables) => {
    const body = JSON.stringify({ query, variables });
    if (Buffer.byteLength(body) > BODY_LIMIT) throw tooLarge(body);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sendOnce(url, address.bearer, body);
      } catch (error) {
        const isFinal = error instanceof TargetError && !PASSING.includes(error.code);
        if (isFinal || attempt >= ATTEMPTS) throw error;
        await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
      }
    }
  };
};

const sendOnce = async (url: string, bearer: string, body: string): Promise<Record<string, unknown>> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body,
    // What is sent is for nobody else.
    redirect: 'manual',
  }).catch((error: unknown) => {
    throw new UnreachableError(`${url} cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
  if (response.status === 413) throw tooLarge(body);
  if (response.status >= 300 && response.status < 400) throw elsewhere(url, response);
  const answer = answerShape.safeParse(await response.json().catch(() => undefined));
  if (!answer.success)
    throw new UnreachableError(`${url} answered with status ${response.status}, and not as GraphQL`);
  const [error] = answer.data.errors ?? [];
  if (error) throw refusalOf(error);
  return answer.data.data ?? {};
};

type AnsweredError = NonNullable<z.infer<typeof answerShape>['errors']>[number];

const refusalOf = ({ message, extensions }: AnsweredError): TargetError =>
  new TargetError(message, extensions?.code ?? 'UNKNOWN', extensions?.field, extensions?.reason);

/** Of one thing alone: others are smaller. A proxy before the server may take less than the server. */
const tooLarge = (body: string): TargetError =>
  new TargetError(
    `it makes a request of ${Buffer.byteLength(body)} bytes, which is more than the target takes`,
    'LIMIT_EXCEEDED',
    'requestBytes',
  );

const elsewhere = (url: string, { headers }: Response): TargetError =>
  new TargetError(
    `${url} leads to ${headers.get('location') ?? 'nowhere'}: name the target as it is`,
    REDIRECTED,
  );

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};
