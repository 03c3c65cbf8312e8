import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { migrations } from './migrations';

/** Any number that no other program uses for an advisory lock in this database: "rockpool" in ASCII. */
const LOCK = '8245918755837669228';
const RETRY_MS = 100;

/**
 * Asks again and again in place of one long wait, which would hold a snapshot that CREATE INDEX CONCURRENTLY in
 * the other node's migration waits for.
 */
const lock = async (connection: QueryRunner): Promise<void> => {
  const taken = async () => {
    const [row] = (await connection.query('SELECT pg_try_advisory_lock($1::bigint) AS ok', [LOCK])) as {
      ok: boolean;
    }[];
    return row?.ok === true;
  };
  while (!(await taken())) await sleep(RETRY_MS);
};

const runPending = async (dataSource: DataSource): Promise<void> => {
  const connection = dataSource.createQueryRunner();
  try {
    await lock(connection);
    const executor = new MigrationExecutor(dataSource, connection);
    executor.transaction = 'each';
    await executor.executePendingMigrations();
    await connection.query('SELECT pg_advisory_unlock($1::bigint)', [LOCK]);
  } finally {
    await connection.release();
  }
};

/**
 * Brings the database to the newest schema. Nodes that start at once on one database agree: one migrates, the others
 * wait for it. The URL must lead to the database itself, not to a transaction pooler. A migration that fails leaves
 * nothing of itself behind and keeps those before it.
 */
export const migrate = async (url: string): Promise<void> => {
  // No entities: a migration speaks of the schema as it was then. No timeouts: it may take long.
  const dataSource = new DataSource({ type: 'postgres', url, migrations, logging: false, poolSize: 1 });
  await dataSource.initialize();
  try {
    await runPending(dataSource);
  } finally {
    await dataSource.destroy();
  }
};
