import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { Client } from 'pg';
import { STORAGE_LIMITS } from '../src/sync/apply-patches';
import { updateArguments } from '../src/sync/merge';
import { openConnection, type Connection } from './load';
import { newGuest, newPool, startServer, withDatabase, type BenchServer, type Guest } from './server';
import { echoServer, echoSocket, openListener, type Listener } from './sockets';

/**
 * How long it takes from a write that one device sends to the socket of another, among many that listen, as a ratio to
 * the same write by the driver alone and a round trip over a bare WebSocket, taken in turns in one run; and what
 * subscriptions that wait take of a node's memory. Usage: npm run bench:push [-- LISTENERS WRITES IDLE]
 */
const [LISTENERS = 1000, WRITES = 500, IDLE = 5000] = process.argv.slice(2).map(Number);
const SETTINGS = { ROCKPOOL_PUBLIC_URL: 'http://127.0.0.1:4990', ROCKPOOL_RATE_LIMITS: 'false' };

const COUNTS = 'datasetName syncCount';
const RECORDS = `${COUNTS} changes { datasetSyncCount records { key value syncCount } }`;

const UPDATE = `mutation Update($input: UpdateRecordsInput!) {
  updateRecords(input: $input) { datasetSyncCount }
}`;

/** Milliseconds that some work takes. */
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
};

const quantile = (times: number[], share: number): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * share)] ?? NaN;

const newGuests = async (server: BenchServer, count: number): Promise<Guest[]> => {
  const pool = await newPool(server);
  const guests: Guest[] = [];
  while (guests.length < count)
    guests.push(...(await Promise.all(Array.from({ length: 20 }, () => newGuest(server, pool)))));
  return guests.slice(0, count);
};

const listenAll = async (server: BenchServer, guests: Guest[], selection: string): Promise<Listener[]> => {
  const listeners: Listener[] = [];
  for (let at = 0; at < guests.length; at += 50)
    listeners.push(
      ...(await Promise.all(
        guests.slice(at, at + 50).map(({ token }) => openListener(server.url, token, selection)),
      )),
    );
  await new Promise((resolve) => setTimeout(resolve, 1000)); // until all have begun
  return listeners;
};

/** Writes one record as an identity that somebody listens to; resolves when the listener has heard. */
const writeAndHear = async (
  connection: Connection,
  { token }: Guest,
  listener: Listener,
  value: string,
): Promise<void> => {
  const heard = listener.next();
  const recordPatches = [{ op: 'REPLACE', key: 'k', value, syncCount: listener.syncCount }];
  const input = { datasetName: 'd', deviceId: 'phone', recordPatches };
  const [answer] = await Promise.all([
    connection.post(JSON.stringify({ query: UPDATE, variables: { input } }), token),
    heard,
  ]);
  if (answer.includes('"errors"')) throw new Error(answer);
};

/** The same function of the database by the driver, and one message there and back over a WebSocket. */
const floor = async (client: Client, echo: (text: string) => Promise<string>, at: number): Promise<void> => {
  const args = updateArguments(
    {
      address: { ...floorOwner, datasetName: 'floor' },
      patches: [{ op: 'replace', key: 'k', value: 'v', syncCount: at }],
      modifiedBy: 'phone',
      deviceId: 'phone',
      now: new Date(),
      sessionId: undefined,
      keepHistory: true,
      limits: STORAGE_LIMITS,
    },
    false,
  );
  await client.query(`SELECT update_records(${args.map((_, nth) => `$${nth + 1}`).join(', ')})`, args);
  await echo(
    '{"id":"1","type":"next","payload":{"data":{"datasetChanged":{"datasetName":"d","syncCount":1}}}}',
  );
};

let floorOwner = { identityPoolId: '', identityId: '' };

const ownerOf = async (client: Client, identityId: string): Promise<typeof floorOwner> => {
  const { rows } = await client.query('SELECT identity_pool_id FROM identities WHERE identity_id = $1', [
    identityId,
  ]);
  return { identityPoolId: rows[0].identity_pool_id, identityId };
};

interface Setting {
  writer: BenchServer;
  reader: BenchServer;
  guests: Guest[];
  client: Client;
  echo: (text: string) => Promise<string>;
}

const measure = async (name: string, selection: string, setting: Setting): Promise<void> => {
  const { writer, reader, guests, client, echo } = setting;
  const listeners = await listenAll(reader, guests, selection);
  const connection = await openConnection(writer.url);
  const [latencies, floors]: [number[], number[]] = [[], []];
  for (let at = 0; at < WRITES + 50; at += 1) {
    const who = (at * 7919) % guests.length;
    const work = () => writeAndHear(connection, guests[who]!, listeners[who]!, `value ${at}`);
    const [latency, least] = [await timed(work), await timed(() => floor(client, echo, floorCount++))];
    if (at < 50) continue; // so that nobody pays for the compiler
    latencies.push(latency);
    floors.push(least);
  }
  connection.close();
  listeners.forEach((listener) => listener.close());
  const row = [0.5, 0.99].map((share) => [quantile(latencies, share), quantile(floors, share)] as const);
  const cells = row.map(
    ([latency, least]) => `${latency.toFixed(1)} | ${least.toFixed(1)} | ${(latency / least).toFixed(1)}`,
  );
  console.log(`| ${name} | ${cells.join(' | ')} |`);
  await new Promise((resolve) => setTimeout(resolve, 1000));
};

let floorCount = 0;

/** Bytes of memory that a process has, in MiB. */
const residentOf = async ({ process: { pid } }: BenchServer): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
};

const measureMemory = async (server: BenchServer): Promise<void> => {
  const guests = await newGuests(server, IDLE);
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  const before = await residentOf(server);
  const listeners = await listenAll(server, guests, COUNTS);
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  const after = await residentOf(server);
  listeners.forEach((listener) => listener.close());
  const each = ((after - before) * 1024) / IDLE;
  console.log(
    `\n${IDLE} idle subscriptions, each on a socket of its own identity: ${before.toFixed(0)} MiB before, ` +
      `${after.toFixed(0)} MiB after, ${(after - before).toFixed(0)} MiB for them, ${each.toFixed(0)} KiB each`,
  );
};

const main = async (dataDir: string, databaseUrl: string): Promise<void> => {
  const servers = [await startServer(dataDir, 4990, SETTINGS), await startServer(dataDir, 4991, SETTINGS)];
  const echoes: Worker = await echoServer(4992);
  const client = new Client({ connectionString: databaseUrl });
  try {
    const [a, b] = servers as [BenchServer, BenchServer];
    await client.connect();
    const guests = await newGuests(a, LISTENERS + 1);
    floorOwner = await ownerOf(client, guests.pop()!.identityId);
    const echo = await echoSocket(4992);
    const shared = { guests, client, echo };
    console.log(
      `${LISTENERS} listeners, ${WRITES} writes one after the other; milliseconds from sending a write`,
    );
    console.log('to its report on another socket; the floor is update_records by pg and an echo by ws.\n');
    console.log(
      '| case | p50 | floor p50 | ratio | p99 | floor p99 | ratio |\n|---|---|---|---|---|---|---|',
    );
    await measure('one node, counts', COUNTS, { ...shared, writer: a, reader: a });
    await measure('one node, records', RECORDS, { ...shared, writer: a, reader: a });
    await measure('two nodes, counts', COUNTS, { ...shared, writer: b, reader: a });
    await measure('two nodes, records', RECORDS, { ...shared, writer: b, reader: a });
    await measureMemory(b);
  } finally {
    await client.end();
    await echoes.terminate();
    for (const server of servers) await server.stop();
  }
};

withDatabase(main).then(
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
