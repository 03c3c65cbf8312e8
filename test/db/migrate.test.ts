import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { migrate } from '../../src/db/migrate';
import { migrations } from '../../src/db/migrations';
import { createTestDatabase, emptyTestDatabase, type TestDatabase } from '../support/database';

const rowsOf = async (url: string, sql: string): Promise<Record<string, unknown>[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
};

const COLUMNS = `SELECT table_name, column_name, data_type, is_nullable, column_default
  FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, column_name`;
const LEFT = `SELECT relname AS name FROM pg_class
  WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'm', 'S') AND NOT starts_with(relname, 'migrations')
  UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')`;
const ADVISORY_LOCKS = `SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database
  WHERE locktype = 'advisory' AND datname = current_database()`;

const names = migrations.map((migration) => ({ name: migration.name }));

describe('migrate', () => {
  const made: TestDatabase[] = [];
  const empty = async (): Promise<string> => {
    const database = await emptyTestDatabase();
    made.push(database);
    return database.url;
  };
  afterAll(() => Promise.all(made.map((database) => database.drop())));

  it('runs every migration once when several nodes start at once on one empty database', async () => {
    const url = await empty();

    await Promise.all([migrate(url), migrate(url), migrate(url), migrate(url)]);

    expect(await rowsOf(url, 'SELECT name FROM migrations ORDER BY id')).toEqual(names);
  });

  it('changes nothing when the schema is already the newest', async () => {
    const url = await empty();
    await migrate(url);
    const before = await rowsOf(url, COLUMNS);

    await migrate(url);

    expect(await rowsOf(url, COLUMNS)).toEqual(before);
    expect(await rowsOf(url, 'SELECT name FROM migrations ORDER BY id')).toEqual(names);
  });

  it('waits for the node that migrates, and leaves no lock behind', async () => {
    const url = await empty();
    const other = new Client({ connectionString: url });
    await other.connect();
    await other.query("SELECT pg_advisory_lock(x'726f636b706f6f6c'::bigint)");

    const migrating = migrate(url);
    const early = await Promise.race([
      migrating.then(() => 'done'),
      new Promise((resolve) => setTimeout(resolve, 400, 'waiting')),
    ]);
    await other.end();
    await migrating;

    expect(early).toBe('waiting');
    expect(await rowsOf(url, ADVISORY_LOCKS)).toEqual([]);
  });

  it('can be undone down to an empty database and done again with the same result', async () => {
    const url = await empty();
    await migrate(url);
    const before = await rowsOf(url, COLUMNS);
    const dataSource = await new DataSource({ type: 'postgres', url, migrations }).initialize();

    for (let count = migrations.length; count > 0; count--)
      await dataSource.undoLastMigration({ transaction: 'each' });
    await dataSource.destroy();
    const left = await rowsOf(url, LEFT);
    await migrate(url);

    expect(left).toEqual([]);
    expect(await rowsOf(url, COLUMNS)).toEqual(before);
  });

  it('has run in the database that a test file gets', async () => {
    const database = await createTestDatabase();
    made.push(database);

    expect(await rowsOf(database.url, 'SELECT name FROM migrations ORDER BY id')).toEqual(names);
  });
});
