import 'reflect-metadata';
import { Client } from 'pg';
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
 * A connection of the pool that always has somebody listening for errors. Between pg-pool, which hands it out, and
 * TypeORM there is a moment in which nobody does, and an error without a listener ends the process. Nothing is lost by
 * not looking at it here: the next query on the connection fails.
 */
class PooledClient extends Client {
  constructor(...options: ConstructorParameters<typeof Client>) {
    super(...options);
    this.on('error', () => undefined);
  }
}

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
    extra: { Client: PooledClient, keepAlive: true, ...(settings.timeouts === false ? {} : TIMEOUTS) },
  });
