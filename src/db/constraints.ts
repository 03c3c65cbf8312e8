/** What the PostgreSQL driver puts on an error; TypeORM wraps it as `driverError`. */
interface DriverError {
  code?: string;
  constraint?: string;
  message?: string;
}

const driverErrorOf = (error: unknown): DriverError => {
  if (typeof error !== 'object' || error === null) return {};
  const wrapped = (error as { driverError?: DriverError }).driverError;
  return wrapped ?? (error as DriverError);
};

/** The SQLSTATE or the system error code of a database failure, if it is one. */
export const databaseErrorCode = (error: unknown): string | undefined => driverErrorOf(error).code;

/** The name of the violated constraint (`table__meaning`), if that is what failed. */
export const violatedConstraint = (error: unknown): string | undefined => driverErrorOf(error).constraint;

const CONNECTION_LOST = new Set([
  '08000',
  '08003',
  '08006',
  '25P03', // idle_in_transaction_session_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  'ECONNRESET',
  'EPIPE',
]);
const CONFLICTED = new Set(['40001', '40P01']);
const UNAVAILABLE = new Set([
  '08001',
  '08004',
  '53200', // out_of_memory
  '53300', // too_many_connections
  '53400', // configuration_limit_exceeded
  '55000', // the database takes no connections, as while it is being moved
  '55P03', // lock_not_available
  '57014', // query_canceled: statement_timeout
  '57P03', // cannot_connect_now
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'ETIMEDOUT',
]);

/** What pg says of a connection that ended without a word of the server, and TypeORM between two statements of a transaction. */
const CONNECTION_ENDED =
  /Connection terminated|Client has encountered a connection error|Client was closed|query runner (was )?already released/i;

const saysConnectionLost = (error: unknown): boolean =>
  CONNECTION_ENDED.test(driverErrorOf(error).message ?? '');

/** The server went away under the call. */
export const isConnectionLoss = (error: unknown): boolean =>
  CONNECTION_LOST.has(databaseErrorCode(error) ?? '') || saysConnectionLost(error);

/** A transaction that failed for such a reason may be run again from its start. */
export const isRetryable = (error: unknown): boolean =>
  CONFLICTED.has(databaseErrorCode(error) ?? '') || isConnectionLoss(error);

const isPoolTimeout = (error: unknown): boolean =>
  /timeout exceeded when trying to connect/.test(driverErrorOf(error).message ?? '');

/** The database cannot take the call now: no free connection, a lock or a statement timed out, too many wanted the same, or it is down. */
export const isUnavailable = (error: unknown): boolean =>
  UNAVAILABLE.has(databaseErrorCode(error) ?? '') || isRetryable(error) || isPoolTimeout(error);
