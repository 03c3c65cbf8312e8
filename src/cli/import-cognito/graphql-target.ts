import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';

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
            retryAfterSeconds: z.number().optional(),
          })
          .optional(),
      }),
    )
    .optional(),
});

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
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sendOnce(url, address.bearer, { query, variables });
      } catch (error) {
        const isFinal = error instanceof TargetError && !PASSING.includes(error.code);
        if (isFinal || attempt >= ATTEMPTS) throw error;
        await wait(FIRST_WAIT_MS * 2 ** (attempt - 1));
      }
    }
  };
};

const sendOnce = async (url: string, bearer: string, body: object): Promise<Record<string, unknown>> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new UnreachableError(`${url} cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
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

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
};
