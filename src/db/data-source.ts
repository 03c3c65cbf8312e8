import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { entities } from '../entities';
import { migrations } from './migrations';

/** Which database to use and how. */
export interface DataSourceSettings {
  url: string;
  /** The most connections that are open at once. */
  poolSize: number;
  /**
   * Whether connections start with time limits. Turn them off behind a transaction pooler, which refuses such
   * parameters, and for migrations, which may take long. Default true.
   */
  timeouts?: boolean;
  /** Told of a connection that broke while nobody used it. The pool replaces it. */
  onPoolError?: (error: Error) => void;
}

/** Bounds what one statement of ours can hold up: the statement itself, its wait for a lock, a forgotten transaction. */
const TIMEOUTS = {
  statement_timeout: 15_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 15_000,
};

/**
 * A TypeORM data source, not yet initialized, for a PostgreSQL URL. It never changes the schema by itself.
 *
 * A `bigint` arrives as a string, from a repository and from `query` alike, since pg parses no int8; TypeORM's
 * `parseInt8` would change that for the whole process. Turn it into a number where its column is known to be safe.
 */
export const createDataSource = (settings: DataSourceSettings): DataSource =>
  new DataSource({
    type: 'postgres',
    url: settings.url,
    entities,
    migrations,
    synchronize: false,
    migrationsRun: false,
    installExtensions: false,
    logging: false,
    poolSize: settings.poolSize,
    connectTimeoutMS: 5000,
    applicationName: 'rockpool',
    poolErrorHandler: (error: Error) => settings.onPoolError?.(error),
    extra: { keepAlive: true, ...(settings.timeouts === false ? {} : TIMEOUTS) },
  });
