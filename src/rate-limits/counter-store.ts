import type { Pool, QueryResult } from 'pg';
import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';

/** A statement as the library sends it. */
interface Statement {
  text: string;
  values?: unknown[];
}

/** What the library asks of a connection. */
export interface CounterStore {
  query(statement: Statement): Promise<QueryResult>;
}

/** Milliseconds for which a database that did not answer is not asked again. */
const PAUSE = 1000;

const stores = new WeakMap<DataSource, CounterStore>();

/**
 * The pool of a data source as the library takes it: without the names of prepared statements, which do not pass a
 * pooler that shares connections, and without asking a database that is away again and again.
 */
export const counterStore = (dataSource: DataSource, log: Logger): CounterStore => {
  const known = stores.get(dataSource);
  if (known) return known;
  let awayUntil = 0;
  const store: CounterStore = {
    query: async ({ text, values }) => {
      if (Date.now() < awayUntil) throw new Error('the database was away a moment ago');
      try {
        return await poolOf(dataSource).query(text, values);
      } catch (error) {
        awayUntil = Date.now() + PAUSE;
        log.warn({ reason: String(error) }, 'calls are counted on this node alone: the database is away');
        throw error;
      }
    },
  };
  stores.set(dataSource, store);
  return store;
};

const poolOf = (dataSource: DataSource): Pool => (dataSource.driver as unknown as { master: Pool }).master;
