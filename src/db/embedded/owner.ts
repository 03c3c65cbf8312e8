import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { NAME, type Cluster } from './cluster';

/*
 * Every Rockpool that uses a server holds one idle connection to it, its owner's connection. The database thereby knows
 * who is there, without a file to go stale: the connection ends with the process, whatever ended that.
 */

const OWNER = 'rockpool owner';
const LEAVING = 'rockpool leaving';

const WRONG_PASSWORD = '28P01';
const STARTING_UP = '57P03';
const RECOVERY_MS = 60_000;

/** A client with two methods that its published types leave out. */
export type OwnerClient = Client & { ref(): void; unref(): void };

const connect = async ({ dataDir, password }: Cluster, port: number): Promise<OwnerClient> => {
  const options = {
    host: '127.0.0.1',
    port,
    user: NAME,
    password,
    database: 'postgres',
    application_name: OWNER,
  };
  const client = new Client({ ...options, connectionTimeoutMillis: 10_000 }) as OwnerClient;
  // A lost connection is told by 'end'; without a listener the error would end the process.
  client.on('error', () => undefined);
  await client.connect().catch((error: Error & { code?: string }) => {
    if (error.code !== WRONG_PASSWORD) throw error;
    throw new Error(
      `The password in ${dataDir}/secrets does not fit the database beside it; restore both together`,
    );
  });
  return client;
};

const connectWhenRecovered = async (cluster: Cluster, port: number): Promise<OwnerClient> => {
  for (const deadline = Date.now() + RECOVERY_MS; ; await sleep(100)) {
    try {
      return await connect(cluster, port);
    } catch (error) {
      if ((error as { code?: string }).code !== STARTING_UP || Date.now() > deadline) throw error;
    }
  }
};

const ensureDatabase = async (client: OwnerClient): Promise<void> => {
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [NAME]);
  if (rowCount === 0) await client.query(`CREATE DATABASE ${NAME}`);
};

/** Opens the owner's connection and makes the database when it is not there. Does not keep the process alive. */
export const openOwner = async (cluster: Cluster, port: number): Promise<OwnerClient> => {
  const client = await connectWhenRecovered(cluster, port);
  try {
    await ensureDatabase(client);
  } catch (error) {
    await client.end();
    throw error;
  }
  client.unref();
  return client;
};

/** Ends the owner's connection and tells whether it was the last. Call it under the lock. */
export const leave = async (client: OwnerClient): Promise<boolean> => {
  client.ref();
  const others = await client.query(
    'SELECT FROM pg_stat_activity WHERE application_name = $1 AND pid <> pg_backend_pid()',
    [OWNER],
  );
  // The server may notice the end late, when the next one to leave already counts.
  await client.query(`SET application_name = '${LEAVING}'`);
  await client.end();
  return others.rowCount === 0;
};
