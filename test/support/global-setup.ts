import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres';
import { migrate } from '../../src/db/migrate';
import { execute, templateName, testServer, withDatabase } from './database';
import teardown, { testRun, type TestRun } from './global-teardown';

/** A lost power supply may take the tests' data along. */
const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const startEmbedded = async (prefix: string): Promise<TestRun['embedded'] & object> => {
  const dataDir = join(tmpdir(), prefix);
  const started = await startEmbeddedPostgres({ dataDir, log: () => undefined, settings: FAST });
  return { ...started, dataDir };
};

const makeTemplate = async (server: string, prefix: string): Promise<void> => {
  const template = templateName(prefix);
  await execute(server, `CREATE DATABASE ${template} TEMPLATE template0`);
  await migrate(withDatabase(server, template));
  // Nobody can be connected to a database while it is cloned, not even autovacuum.
  await execute(server, `ALTER DATABASE ${template} ALLOW_CONNECTIONS false`);
};

/** Finds or starts a real PostgreSQL, and makes the migrated database that every test file clones. */
export default async (): Promise<void> => {
  const prefix = `rockpool_test_${randomBytes(4).toString('hex')}`;
  const given = process.env.TEST_DATABASE_URL;
  const embedded = given === undefined ? await startEmbedded(prefix) : undefined;
  testRun.rockpoolTestRun = { embedded };
  process.env.ROCKPOOL_TEST_SERVER = given ?? embedded?.url;
  process.env.ROCKPOOL_TEST_PREFIX = prefix;
  try {
    await makeTemplate(testServer().url, prefix);
  } catch (error) {
    // Jest does not tear down after a setup that failed.
    await teardown();
    throw error;
  }
};
