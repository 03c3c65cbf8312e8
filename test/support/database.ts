import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database of a test's own. */
export interface TestDatabase {
  url: string;
  /** Removes it, whoever is still connected. */
  drop(): Promise<void>;
}

/** The server that the tests of this run use, and the start of the names of all that they make there. */
export const testServer = (): { url: string; prefix: string } => {
  const { ROCKPOOL_TEST_SERVER: url, ROCKPOOL_TEST_PREFIX: prefix } = process.env;
  if (url === undefined || prefix === undefined) throw new Error('The global setup has not run');
  return { url, prefix };
};

/** The migrated database that the others of a run are cloned from. */
export const templateName = (prefix: string): string => `${prefix}_template`;

/** The same server, another database. */
export const withDatabase = (serverUrl: string, database: string): string => {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
};

/** Runs statements on a server, on a connection of their own, one after the other. */
export const execute = async (serverUrl: string, ...statements: string[]): Promise<void> => {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
};

const create = async (options: string): Promise<TestDatabase> => {
  const { url, prefix } = testServer();
  const name = `${prefix}_${randomBytes(6).toString('hex')}`;
  await execute(url, `CREATE DATABASE ${name} ${options}`);
  return {
    url: withDatabase(url, name),
    drop: () => execute(url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
};

/** A database with the newest schema and no rows. Drop it in `afterAll`. */
export const createTestDatabase = (): Promise<TestDatabase> =>
  create(`TEMPLATE ${templateName(testServer().prefix)}`);

/** A database with nothing in it, for tests of the migrations themselves. */
export const emptyTestDatabase = (): Promise<TestDatabase> => create('TEMPLATE template0');
