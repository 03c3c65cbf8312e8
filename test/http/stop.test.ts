import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { freePort, startNodeProcess } from '../support/node-process';
import { TEST_ADMIN, TEST_SECRET, sendGraphql, startTestServer } from '../support/server';

/*
 * A node that is told to stop answers what it has begun, takes nothing new, and waits for nobody who does not move.
 */

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const ADMIN = `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}`;
const CREATE_POOL = `mutation { createIdentityPool(input: {
  identityPoolName: "p", allowUnauthenticatedIdentities: true, createDefaultRoles: false }) { identityPool { name } } }`;

/** Holds a lock that makes new pools wait, until it is let go. */
const holdPools = async (): Promise<{
  letGo: () => Promise<void>;
  untilSomebodyWaits: () => Promise<void>;
}> => {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  await client.query('BEGIN');
  await client.query('LOCK TABLE identity_pools IN EXCLUSIVE MODE');
  const waiting = async (): Promise<boolean> => {
    const { rows } = await client.query('SELECT FROM pg_locks WHERE NOT granted');
    return rows.length > 0;
  };
  return {
    letGo: async () => {
      await client.query('COMMIT');
      await client.end();
    },
    untilSomebodyWaits: async () => {
      while (!(await waiting())) await sleep(20);
    },
  };
};

test('SIGTERM: a call under way is answered, then the process ends with 0', async () => {
  const port = await freePort();
  const settings = { DATABASE_URL: database.url, ROCKPOOL_SECRET: TEST_SECRET };
  const node = await startNodeProcess(port, settings);
  const hold = await holdPools();
  const call = sendGraphql(node.url, { query: CREATE_POOL }, ADMIN);
  await hold.untilSomebodyWaits();

  const exit = node.end('SIGTERM');
  await sleep(200);
  const another = await sendGraphql(node.url, { query: '{ __typename }' }).catch(() => 'refused');
  await hold.letGo();

  expect((await call).data).toEqual({ createIdentityPool: { identityPool: { name: 'p' } } });
  expect(await exit).toBe(0);
  expect(another === 'refused' || (another as { status: number }).status === 503).toBe(true);
  expect(node.output()).not.toMatch(/error/i);
}, 60_000);

test('a client that never finishes its request is not waited for', async () => {
  const server = await startTestServer({ database, drainMs: 300 });
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  );
  await sleep(100);

  const outcome = await Promise.race([
    server.stop().then(() => 'stopped'),
    sleep(10_000, 'still waiting', { ref: false }),
  ]);

  socket.destroy();
  expect(outcome).toBe('stopped');
});

test('a stopped node has closed all its connections to the database', async () => {
  const server = await startTestServer({ database });
  await server.run('{ identityPools { nodes { id } } }', {}, server.admin);

  await server.stop();

  const client = new Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'rockpool%'`,
  );
  await client.end();
  expect(rows).toEqual([]);
});
