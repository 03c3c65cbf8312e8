import type { ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Context } from '../context';
import { ServiceError, type ErrorFields } from '../errors';
import { FAULT_SENTENCE, databaseTrouble, logFault, notePartlyDone } from '../faults';
import { variableError, withoutValues } from './bad-input';

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
  return shape(formatted, FAULT_SENTENCE, { code: 'INTERNAL_ERROR' });
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

/** Logs the cause of a GraphQL error if it is a fault of ours, with the field it happened in. */
export const logFaultOf = (log: Context['log'], error: unknown): void => {
  const cause = causeOf(error);
  if (cause instanceof GraphQLError && !cause.path) return;
  logFault(log, cause, error instanceof GraphQLError ? { path: error.path } : {});
};

/** Logs what went wrong on our side, under the id of the request, and keeps what its answer must not promise. */
export const logFaults = (): ApolloServerPlugin<Context> => ({
  requestDidStart: async () => ({
    didEncounterErrors: async ({ errors, contextValue }) => {
      for (const error of errors) {
        if (contextValue.request.hasCommitted) notePartlyDone(causeOf(error));
        logFaultOf(contextValue.log, error);
      }
    },
  }),
});

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
