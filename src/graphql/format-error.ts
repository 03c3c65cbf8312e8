import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { ServiceError, tooManyRequests, type ErrorFields } from '../errors';
import { CommitUnknownError, type Context } from '../context';
import { isConnectionLoss, isUnavailable } from '../db/constraints';
import { variableError, withoutValues } from './bad-input';

/** Seconds after which a call that found the database busy is worth sending again. */
const RETRY_AFTER = 1;

/**
 * Any thrown value as this door answers it: a `ServiceError` with its code and fields, a mistake in the request with
 * the field it is in, anything else as INTERNAL_ERROR without its message. Never throws.
 */
export const formatError = (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
  const known = serviceErrorOf(error) ?? variableError(formatted, error);
  if (known) return shape(formatted, known.message, { code: known.code, ...known.fields });
  const code = formatted.extensions?.code;
  if (code !== undefined && code !== 'INTERNAL_SERVER_ERROR')
    return shape(formatted, withoutValues(formatted.message).trim(), { code });
  return shape(formatted, 'Something went wrong on the server. It has been logged under the request id.', {
    code: 'INTERNAL_ERROR',
  });
};

/** Any thrown value likewise, where no server has wrapped it yet. */
export const toFormatted = (error: unknown): GraphQLFormattedError => {
  const wrapped =
    error instanceof GraphQLError ? error : new GraphQLError('', { originalError: asError(error) });
  return formatError(wrapped.toJSON(), wrapped);
};

const asError = (value: unknown): Error => (value instanceof Error ? value : new Error(String(value)));

/** The error of the catalogue that stands for a thrown value; undefined for mistakes in the request and for faults. */
const serviceErrorOf = (error: unknown): ServiceError | undefined => {
  const cause = causeOf(error);
  return cause instanceof ServiceError ? cause : databaseTrouble(cause);
};

/** What was thrown first: GraphQL errors wrap it, some of them twice. */
export const causeOf = (error: unknown): unknown =>
  error instanceof GraphQLError && error.originalError ? causeOf(error.originalError) : error;

/** The answer to a call that the database did not take, or not for certain; undefined for any other failure. */
export const databaseTrouble = (cause: unknown): ServiceError | undefined => {
  if (cause instanceof CommitUnknownError || isConnectionLoss(cause))
    return new ServiceError(
      'SERVICE_UNAVAILABLE',
      'The connection to the database broke, so it is unknown whether the change was made. Read before you repeat it.',
    );
  return isUnavailable(cause) ? busy(cause) : undefined;
};

/** Failures of requests that had committed something before. Apollo formats errors without their context. */
const partlyDone = new WeakSet<object>();

/** The answer to a call that the database was not to be had for, in whole or, after a commit, in part. */
export const busy = (cause?: unknown): ServiceError =>
  tooManyRequests(
    typeof cause === 'object' && cause !== null && partlyDone.has(cause)
      ? 'The server is busy. Part of it may have been done; read before you send the call again.'
      : 'The server is busy. Nothing was changed; send the call again in a moment.',
    RETRY_AFTER,
  );

const rememberPartlyDone = (error: unknown): void => {
  const cause = causeOf(error);
  if (typeof cause === 'object' && cause !== null) partlyDone.add(cause);
};

/** Logs what went wrong on our side, under the id of the request, and keeps what its answer must not promise. */
export const logFaults = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue }) => {
      for (const error of errors) {
        if (contextValue.request.hasCommitted) rememberPartlyDone(error);
        logFault(contextValue.log, error);
      }
    },
  }),
});

/** Logs a thrown value if it is a fault, or a database that is away; not what callers did wrong. */
export const logFault = (log: Context['log'], error: unknown): void => {
  const cause = causeOf(error);
  if (cause instanceof ServiceError || (cause instanceof GraphQLError && !cause.path)) return;
  const path = error instanceof GraphQLError ? error.path : undefined;
  if (databaseTrouble(cause)) log.warn({ reason: String(cause), path }, 'the database did not take a call');
  else log.error({ err: withoutParameters(cause), path }, 'a call failed');
};

/** Without the values of a failed statement, which TypeORM puts on its errors: they are the callers' data. */
const withoutParameters = (error: unknown): unknown => {
  if (typeof error === 'object' && error !== null && 'parameters' in error) error.parameters = undefined;
  return error;
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
