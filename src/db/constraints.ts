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

const CONNECTION_LOST = new Set(['08000', '08003', '08006', '57P01', '57P02', 'ECONNRESET', 'EPIPE']);
const CONFLICTED = new Set(['40001', '40P01']);
const UNAVAILABLE = new Set(['53300', '57P03', '55P03', '57014', '25P03', 'ECONNREFUSED', '53400', '53200']);

const saysConnectionLost = (error: unknown): boolean =>
  /Connection terminated|Client has encountered a connection error/.test(driverErrorOf(error).message ?? '');

/** The server went away under the call. */
export const isConnectionLoss = (error: unknown): boolean =>
  CONNECTION_LOST.has(databaseErrorCode(error) ?? '') || saysConnectionLost(error);

/** A transaction that failed for such a reason may be run again from its start. */
export const isRetryable = (error: unknown): boolean =>
  CONFLICTED.has(databaseErrorCode(error) ?? '') || isConnectionLoss(error);

const isPoolTimeout = (error: unknown): boolean =>
  /timeout exceeded when trying to connect/.test(driverErrorOf(error).message ?? '');

/** The database cannot take the call now: no free connection, a lock or a statement timed out, or it is down. */
export const isUnavailable = (error: unknown): boolean =>
  UNAVAILABLE.has(databaseErrorCode(error) ?? '') || isConnectionLoss(error) || isPoolTimeout(error);
