import { Client } from 'pg';
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres';

/*
 * A Rockpool's database part as a process of its own, for tests that kill it: prints its URL, then, when asked for with
 * a second argument, inserts rows one by one and prints the number of each after the database acknowledged it.
 */

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const insertForever = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  await client.query('DROP TABLE IF EXISTS acknowledged');
  await client.query('CREATE TABLE acknowledged (number int PRIMARY KEY)');
  for (let number = 1; ; number++) {
    await client.query('INSERT INTO acknowledged VALUES ($1)', [number]);
    print(String(number));
  }
};

const main = async (dataDir: string, insert: boolean): Promise<void> => {
  process.on('SIGINT', () => undefined);
  setInterval(() => undefined, 1000);
  const { url } = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  print(url);
  if (insert) await insertForever(url).catch(() => print('lost'));
};

void main(process.argv[2] ?? '', process.argv[3] === 'insert');
