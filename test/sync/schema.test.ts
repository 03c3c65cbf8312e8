import type { DataSource } from 'typeorm';
import { createDataSource } from '../../src/db/data-source';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  dataSource = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
});
afterAll(async () => {
  await dataSource?.destroy();
  await database?.drop();
});

test('the tables of sync are what their entities say', async () => {
  const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
  const ours = upQueries.map((q) => q.query).filter((sql) => /datasets|records|used_sync_sessions/.test(sql));
  expect(ours).toEqual([]);
});
