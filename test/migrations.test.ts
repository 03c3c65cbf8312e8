import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { createDataSource } from '../src/db/data-source';
import { migrate } from '../src/db/migrate';
import { migrations } from '../src/db/migrations';
import { createTestDatabase, emptyTestDatabase, type TestDatabase } from './support/database';
import { describeSchema } from './support/describe-schema';

/** To write it anew: UPDATE_SCHEMA_SQL=1 npx jest test/migrations.test.ts */
const FILE = join(__dirname, 'schema.sql');
const HEADER = `-- The schema that the migrations make, for reviewers. Not run by anything.
-- Written by: UPDATE_SCHEMA_SQL=1 npx jest test/migrations.test.ts

`;

const made: TestDatabase[] = [];
const emptyDatabase = async (): Promise<string> => {
  const database = await emptyTestDatabase();
  made.push(database);
  return database.url;
};

let migrated: TestDatabase;
let schema: string;

beforeAll(async () => {
  migrated = await createTestDatabase();
  made.push(migrated);
  schema = await describeSchema(migrated.url);
});
afterAll(() => Promise.all(made.map((database) => database.drop())));

const openFor = async <T>(url: string, work: (dataSource: DataSource) => Promise<T>): Promise<T> => {
  const dataSource = await createDataSource({ url, poolSize: 1, timeouts: false }).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
};

const undoAll = (url: string): Promise<void> =>
  openFor(url, async (dataSource) => {
    for (let left = migrations.length; left > 0; left -= 1)
      await dataSource.undoLastMigration({ transaction: 'each' });
  });

const linesOf = (kind: string): string[] =>
  [...schema.matchAll(new RegExp(`^${kind} (.+)$`, 'gm'))].map(([, name]) => name ?? '');

describe('the migrations', () => {
  it('make of an empty database the schema that reviewers see in test/schema.sql', async () => {
    const url = await emptyDatabase();

    await migrate(url);

    const text = HEADER + (await describeSchema(url));
    if (process.env.UPDATE_SCHEMA_SQL) writeFileSync(FILE, text);
    expect(text).toBe(readFileSync(FILE, 'utf8'));
  });

  it('change nothing when they run again', async () => {
    const url = await emptyDatabase();
    await migrate(url);

    await migrate(url);

    expect(await describeSchema(url)).toBe(schema);
  });

  it('can be undone down to an empty database, and done again with the same result', async () => {
    const url = await emptyDatabase();
    await migrate(url);

    await undoAll(url);
    const undone = await describeSchema(url);
    await migrate(url);

    expect(undone).toBe('\n');
    expect(await describeSchema(url)).toBe(schema);
  });

  it('can each be undone and done again alone', async () => {
    const url = await emptyDatabase();
    const states: string[] = [await describeSchema(url)];
    const upTo = async (count: number): Promise<void> => {
      const some = new DataSource({
        type: 'postgres',
        url,
        migrations: migrations.slice(0, count),
        poolSize: 1,
      });
      await some.initialize();
      await some.runMigrations({ transaction: 'each' });
      await some.destroy();
    };

    for (let count = 1; count <= migrations.length; count += 1) {
      await upTo(count);
      states.push(await describeSchema(url));
      await openFor(url, (dataSource) => dataSource.undoLastMigration({ transaction: 'each' }));
      expect(await describeSchema(url)).toBe(states[count - 1]);
      await upTo(count);
    }

    expect(states.at(-1)).toBe(schema);
  });

  it('stand in the order of their times, named after what they do', () => {
    const names = migrations.map((Migration) => new Migration().name);
    const times = names.map((name) => Number(name.slice(-13)));

    expect(names).toEqual(migrations.map((Migration) => Migration.name));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
  });

  it('make what the entities say, so that TypeORM would change nothing', async () => {
    const { upQueries, downQueries } = await openFor(migrated.url, (dataSource) =>
      dataSource.driver.createSchemaBuilder().log(),
    );

    expect(upQueries.map(({ query }) => query)).toEqual([]);
    expect(downQueries.map(({ query }) => query)).toEqual([]);
  });

  it('name constraints and indexes after their table and their meaning', () => {
    const names = [...linesOf('constraint'), ...linesOf('index')];
    const wrong = names.filter((name) => {
      const [table, own = ''] = name.split('.');
      return !own.startsWith(`${table}__`) || !/^[a-z_]+__[a-z][a-z_]*[a-z]$/.test(own);
    });

    expect(names.length).toBeGreaterThan(15);
    expect(wrong).toEqual([]);
  });

  it('make no triggers, sequences, types or extensions', () => {
    const kinds = ['trigger', 'sequence', 'type', 'extension'];

    expect(kinds.flatMap(linesOf)).toEqual([]);
  });

  describe('give columns', () => {
    const columns = (): string[] =>
      schema
        .split('\n\n')
        .filter((text) => text.startsWith('table '))
        .flatMap((text) => text.split('\n').slice(1));

    it('that the database never fills by itself', () => {
      expect(columns().filter((column) => /\b(DEFAULT|IDENTITY|GENERATED)\b/.test(column))).toEqual([]);
    });

    it('of times with their zone', () => {
      expect(columns().filter((column) => /timestamp/.test(column)).length).toBeGreaterThan(10);
      expect(columns().filter((column) => /without time zone|\bdate\b/.test(column))).toEqual([]);
    });

    it('with names in snake case', () => {
      expect(columns().filter((column) => !/^ {2}[a-z][a-z_]* /.test(column))).toEqual([]);
    });
  });
});
