import { rm } from 'node:fs/promises';
import { Client } from 'pg';
import type { EmbeddedPostgres } from '../../src/db/embedded/embedded-postgres';
import { execute, testServer } from './database';

/** What the setup leaves for the teardown; both run in the process of jest itself. */
export interface TestRun {
  embedded?: EmbeddedPostgres & { dataDir: string };
}

/** Where it leaves it. */
export const testRun = globalThis as typeof globalThis & { rockpoolTestRun?: TestRun };

const namesOf = async (url: string, prefix: string): Promise<string[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
    [prefix],
  );
  await client.end();
  return rows.map((row) => row.datname);
};

/** Removes every database of this run, and the embedded server if the setup started one. */
export default async (): Promise<void> => {
  const embedded = testRun.rockpoolTestRun?.embedded;
  if (embedded !== undefined) {
    await embedded.stop();
    return rm(embedded.dataDir, { recursive: true, force: true });
  }
  const { url, prefix } = testServer();
  const names = await namesOf(url, prefix);
  await execute(url, ...names.map((name) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
};
