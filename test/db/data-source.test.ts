import type { DataSource } from 'typeorm';
import { createDataSource, type DataSourceSettings } from '../../src/db/data-source';
import { createTestDatabase, execute, type TestDatabase } from '../support/database';
import { tap } from '../support/wire';

const LIMITS = `SELECT name, setting FROM pg_settings WHERE name IN
  ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'application_name') ORDER BY name`;

describe('the data source', () => {
  let database: TestDatabase;
  const open: DataSource[] = [];

  const connect = async (settings: Partial<DataSourceSettings> = {}): Promise<DataSource> => {
    const dataSource = await createDataSource({ url: database.url, poolSize: 2, ...settings }).initialize();
    open.push(dataSource);
    return dataSource;
  };

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterEach(() => Promise.all(open.splice(0).map((dataSource) => dataSource.destroy())));
  afterAll(() => database.drop());

  it('bounds how long a statement, a wait for a lock and a forgotten transaction can last', async () => {
    const dataSource = await connect();

    expect(await dataSource.query(LIMITS)).toEqual([
      { name: 'application_name', setting: 'rockpool' },
      { name: 'idle_in_transaction_session_timeout', setting: '15000' },
      { name: 'lock_timeout', setting: '10000' },
      { name: 'statement_timeout', setting: '15000' },
    ]);
  });

  it('asks a pooler for nothing that it would refuse', async () => {
    const dataSource = await connect({ timeouts: false });

    expect(await dataSource.query(LIMITS)).toEqual([
      { name: 'application_name', setting: 'rockpool' },
      { name: 'idle_in_transaction_session_timeout', setting: '0' },
      { name: 'lock_timeout', setting: '0' },
      { name: 'statement_timeout', setting: '0' },
    ]);
  });

  it('opens no more connections than it was given', async () => {
    const dataSource = await connect({ poolSize: 2 });

    const pids = (await Promise.all(
      Array.from({ length: 6 }, () => dataSource.query('SELECT pg_backend_pid() AS pid, pg_sleep(0.02)')),
    )) as { pid: number }[][];

    expect(new Set(pids.map(([row]) => row?.pid)).size).toBe(2);
  });

  it('gives a bigint as a string, exactly', async () => {
    const dataSource = await connect();

    expect(await dataSource.query('SELECT 9223372036854775807::bigint AS count')).toEqual([
      { count: '9223372036854775807' },
    ]);
  });

  it('outlives the end of all its connections, and tells of it', async () => {
    const errors: string[] = [];
    const dataSource = await connect({ onPoolError: (error) => errors.push(error.message) });
    await dataSource.query('SELECT 1');

    await execute(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'rockpool'`,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(errors).toEqual(['terminating connection due to administrator command']);
    expect(await dataSource.query('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
  });

  it('outlives a connection that ends in the very moment in which it is handed out', async () => {
    // TypeORM listens for errors a moment after pg-pool has stopped to: one without a listener would end the process.
    const wire = await tap(database.url);
    const dataSource = await connect({ url: wire.url });
    wire.addToNextReady(fatalMessage());

    const outcomes = await Promise.allSettled([1, 2].map(() => dataSource.query('SELECT pg_sleep(0.3)')));

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await dataSource.query('SELECT 1 AS alive')).toEqual([{ alive: 1 }]);
    await dataSource.destroy();
    open.pop();
    await wire.cut();
  });
});

/** The server's word that it ends the connection, as it stands on the wire. */
const fatalMessage = (): Buffer => {
  const text = 'terminating connection due to administrator command';
  const fields = Buffer.from(`SFATAL\0VFATAL\0C57P01\0M${text}\0\0`);
  const head = Buffer.from('E\0\0\0\0');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
};
