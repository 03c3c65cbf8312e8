import { CommitUnknownError, type Context } from './context';
import { isConnectionLoss, isUnavailable } from './db/constraints';
import { ServiceError, tooManyRequests } from './errors';

/** Seconds after which a call that found the database busy is worth sending again. */
const RETRY_AFTER = 1;

/** The answer to a call that the database did not take, or not for certain; undefined for any other failure. */
export const databaseTrouble = (cause: unknown): ServiceError | undefined => {
  if (cause instanceof CommitUnknownError || isConnectionLoss(cause))
    return new ServiceError(
      'SERVICE_UNAVAILABLE',
      'The connection to the database broke, so it is unknown whether the change was made. Read before you repeat it.',
    );
  return isUnavailable(cause) ? busy(cause) : undefined;
};

/** Failures of requests that had committed something before. Doors make answers of them without their context. */
const partlyDone = new WeakSet<object>();

/** The answer to a call that the database was not to be had for, in whole or, after a commit, in part. */
export const busy = (cause?: unknown): ServiceError =>
  tooManyRequests(
    typeof cause === 'object' && cause !== null && partlyDone.has(cause)
      ? 'The server is busy. Part of it may have been done; read before you send the call again.'
      : 'The server is busy. Nothing was changed; send the call again in a moment.',
    RETRY_AFTER,
  );

/** Remembers that a request had committed something before this went wrong, so that its answer promises no less. */
export const notePartlyDone = (cause: unknown): void => {
  if (typeof cause === 'object' && cause !== null) partlyDone.add(cause);
};

/** Logs a fault, or a database that is away; not what callers did wrong. `details` tell where. */
export const logFault = (log: Context['log'], cause: unknown, details: object = {}): void => {
  if (cause instanceof ServiceError) return;
  if (databaseTrouble(cause))
    log.warn({ reason: String(cause), ...details }, 'the database did not take a call');
  else log.error({ err: withoutParameters(cause), ...details }, 'a call failed');
};

/** What a caller is told of a fault on our side; the rest is in the log. */
export const FAULT_SENTENCE = 'Something went wrong on the server. It has been logged under the request id.';

/** Without the values of a failed statement, which TypeORM puts on its errors: they are the callers' data. */
const withoutParameters = (error: unknown): unknown => {
  if (typeof error === 'object' && error !== null && 'parameters' in error) error.parameters = undefined;
  return error;
};
