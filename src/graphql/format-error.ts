import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { ServiceError, tooManyRequests, type ErrorFields } from '../errors';
import { CommitUnknownError } from '../context';
import { isUnavailable } from '../db/constraints';

/** Seconds after which a call that found the database busy is worth sending again. */
const RETRY_AFTER = 1;

/**
 * Any thrown value as this door answers it: a `ServiceError` with its code and fields, a mistake in the request with
 * the field it is in, anything else as INTERNAL_ERROR without its message. Never throws.
 */
export const formatError =
  (log: Logger) =>
  (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = unwrapResolverError(error);
    const known = cause instanceof ServiceError ? cause : databaseTrouble(cause);
    if (known) return shape(formatted, known.message, { code: known.code, ...known.fields });
    const code = formatted.extensions?.code;
    if (code === 'BAD_USER_INPUT') return badUserInput(formatted);
    if (code !== undefined && code !== 'INTERNAL_SERVER_ERROR')
      return shape(formatted, formatted.message, { code });
    log.error({ err: cause, path: formatted.path }, 'a call failed');
    return shape(formatted, 'Something went wrong on the server. It has been logged under the request id.', {
      code: 'INTERNAL_ERROR',
    });
  };

const databaseTrouble = (cause: unknown): ServiceError | undefined => {
  if (cause instanceof CommitUnknownError)
    return new ServiceError(
      'SERVICE_UNAVAILABLE',
      'The connection to the database broke at the last moment, so it is unknown whether the change was made. Read before you repeat it.',
    );
  if (!isUnavailable(cause)) return undefined;
  return tooManyRequests(
    'The server is busy. Nothing was changed; send the call again in a moment.',
    RETRY_AFTER,
  );
};

const shape = (
  { path, locations }: GraphQLFormattedError,
  message: string,
  extensions: ErrorFields & { code: unknown },
): GraphQLFormattedError => ({
  message,
  ...(locations ? { locations } : {}),
  ...(path ? { path } : {}),
  extensions,
});

/**
 * A variable of the wrong type. graphql-js quotes the value, which may be a token: only the member's name and what was
 * expected of it are passed on.
 */
const badUserInput = (formatted: GraphQLFormattedError): GraphQLFormattedError => {
  const [, variable = '', path] =
    /^Variable "\$(\w+)"[\s\S]*? at "([^"]+)"/.exec(formatted.message) ??
    /^Variable "\$(\w+)"/.exec(formatted.message) ??
    [];
  const field = path ?? variable;
  return shape(formatted, `${field || 'A variable'} ${expectation(formatted.message)}`, {
    code: 'INVALID_PARAMETER',
    field,
  });
};

const expectation = (message: string): string => {
  const required = /of required type "([^"]+)" was not provided/.exec(message);
  if (required) return `is required: ${required[1]}`;
  const missing = /Field "(\w+)" of required type "([^"]+)" was not provided/.exec(message);
  if (missing) return `has no ${missing[1]}, which is required: ${missing[2]}`;
  const unknown = /Field "(\w+)" is not defined by type "([^"]+)"/.exec(message);
  if (unknown) return `has a member ${unknown[1]}, which ${unknown[2]} does not define`;
  const expected = /Expected (?:value of )?(?:non-nullable )?type "?([\w![\]]+)"?/.exec(message);
  if (expected) return `must be of type ${expected[1]}`;
  const scalar = /; (\w+) (?:cannot represent|must be)/.exec(message);
  return scalar ? `must be of type ${scalar[1]}` : 'is of the wrong type';
};
