import 'reflect-metadata';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded-postgres';
import {
  RECORDS_PER_CALL,
  listScript,
  pgbench,
  synchronizeScript,
  updateScript,
  updateScriptWithoutHistory,
  type FloorTarget,
} from './floor';
import { callsPerSecond, openConnection, type Connection } from './load';
import { newGuest, newPool, startServer, type BenchServer } from './server';

/**
 * Sync calls per second through GraphQL, each as a ratio to the same SQL run by pgbench on the same database, taken in
 * turns in one run. Needs pgbench. Usage: npm run bench [-- SECONDS ROUNDS]
 */
const [SECONDS = 5, ROUNDS = 3] = process.argv.slice(2).map(Number);
const PORT = 4990;
const URL_OF_SERVER = `http://127.0.0.1:${PORT}`;
const DEVICES = 32;
const PREFIX = 'us-east-1:00000000-0000-0000-0000-';

interface Case {
  name: string;
  devices: number;
  shared: boolean;
  operation: 'updateRecords' | 'synchronize' | 'listRecords';
}

const CASES: Case[] = (['updateRecords', 'synchronize', 'listRecords'] as const).flatMap((operation) => [
  { name: '1 device', devices: 1, shared: false, operation },
  { name: '32 devices, own datasets', devices: 32, shared: false, operation },
  { name: '16 devices, one dataset', devices: 16, shared: true, operation },
]);

const UPDATE = `mutation Update($input: UpdateRecordsInput!) {
  updateRecords(input: $input) { datasetSyncCount records { key syncCount } }
}`;
const SYNCHRONIZE = `mutation Synchronize($input: SynchronizeInput!) {
  synchronize(input: $input) { datasets { applied changes { datasetSyncCount records { key value syncCount } } } }
}`;
const LIST = `query List($input: ListRecordsInput!) {
  listRecords(input: $input) { datasetSyncCount records { key value syncCount } syncSessionToken }
}`;

/** A pool, the devices' guests, and the identities that pgbench writes to. */
const prepare = async (
  server: BenchServer,
  databaseUrl: string,
): Promise<{ target: FloorTarget; bearers: string[] }> => {
  const identityPoolId = await newPool(server);
  const bearers: string[] = [];
  for (let device = 0; device < DEVICES; device += 1)
    bearers.push((await newGuest(server, identityPoolId)).token);
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
       SELECT $1 || lpad(n::text, 12, '0'), $2, false, now(), now(), now() FROM generate_series(0, $3::int - 1) n`,
    [PREFIX, identityPoolId, DEVICES],
  );
  await client.end();
  return { target: { identityPoolId, identityPrefix: PREFIX }, bearers };
};

/** One device's loop: it keeps its count as an app would, and a refused call ends the run. */
const device = (connection: Connection, at: number, operation: Case['operation'], name: string) => {
  let syncCount = 0;
  const patch = (key: number) => ({
    op: 'REPLACE',
    key: `device-${at}-key-${key}`,
    value: `value ${key} of a setting that a device keeps`,
    syncCount,
  });
  const push = () => ({
    datasetName: name,
    deviceId: `device-${at}`,
    recordPatches: Array.from({ length: RECORDS_PER_CALL }, (_, key) => patch(key)),
  });
  const update = () => ({ query: UPDATE, variables: { input: push() } });
  const synchronize = () => ({
    query: SYNCHRONIZE,
    variables: { input: { ...push(), lastSyncCount: syncCount } },
  });
  const pull = { query: LIST, variables: { input: { datasetName: name } } };
  const send = async (body: object): Promise<void> => {
    const answer = await connection.post(JSON.stringify(body));
    if (answer.includes('"errors"')) throw new Error(answer);
    syncCount = Number(/"datasetSyncCount":(\d+)/.exec(answer)?.[1]);
  };
  return {
    /** Learns the dataset's count; writes this device's records, or for pulls the first device's if there are none. */
    begin: async (): Promise<void> => {
      await send(pull);
      if (operation !== 'listRecords' || syncCount === 0) await send(update());
    },
    call: (): Promise<void> =>
      send({ updateRecords: update, synchronize, listRecords: () => pull }[operation]()),
  };
};

const throughGraphql = async ({ devices, shared, operation }: Case, bearers: string[]): Promise<number> => {
  const connections = await Promise.all(
    Array.from({ length: devices }, (_, at) => openConnection(URL_OF_SERVER, bearers[shared ? 0 : at] ?? '')),
  );
  const name = `bench-${operation}-${shared ? 'shared' : 'own'}`;
  const loops = connections.map((connection, at) => device(connection, at, operation, name));
  for (const loop of loops) await loop.begin();
  const rate = await callsPerSecond(
    SECONDS,
    loops.map((loop) => loop.call),
  );
  connections.forEach((connection) => connection.close());
  return rate;
};

let runs = 0;

const floorOf = async ({ devices, shared, operation }: Case, databaseUrl: string, target: FloorTarget) => {
  const dataset = `bench-${(runs += 1)}`;
  const update = { databaseUrl, clients: devices, script: updateScript(target, shared, dataset) };
  if (operation === 'updateRecords') return pgbench({ ...update, seconds: SECONDS });
  if (operation === 'synchronize')
    return pgbench({ ...update, script: synchronizeScript(target, shared, dataset), seconds: SECONDS });
  await pgbench({ ...update, clients: shared ? 1 : devices, seconds: 'once' });
  return pgbench({ ...update, seconds: SECONDS, script: listScript(target, shared, dataset) });
};

/** What remembering earlier values costs: the same updates by pgbench with and without it. */
const costOfHistory = async (devices: number, databaseUrl: string, target: FloorTarget): Promise<void> => {
  const rates = async (script: typeof updateScript): Promise<number> =>
    pgbench({
      databaseUrl,
      clients: devices,
      script: script(target, false, `history-${(runs += 1)}`),
      seconds: SECONDS,
    });
  const pairs: { with: number; without: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    pairs.push({ without: await rates(updateScriptWithoutHistory), with: await rates(updateScript) });
  const [kept, none] = [median(pairs.map((pair) => pair.with)), median(pairs.map((pair) => pair.without))];
  const ratio = median(pairs.map((pair) => pair.with / pair.without));
  console.log(
    `| update_records with history | ${devices} | ${kept.toFixed(0)} | ${none.toFixed(0)} | ${ratio.toFixed(2)} |`,
  );
};

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const main = async (): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-bench-'));
  await chmod(dataDir, 0o755);
  const database = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  const server = await startServer(dataDir, PORT);
  try {
    const { target, bearers } = await prepare(server, database.url);
    for (const each of CASES) await throughGraphql(each, bearers); // so that no case pays for the compiler
    console.log('| operation | devices | GraphQL, calls/s | floor (pgbench), calls/s | ratio |');
    console.log('|---|---|---|---|---|');
    for (const each of CASES) {
      const pairs: { floor: number; graphql: number }[] = [];
      for (let round = 0; round < ROUNDS; round += 1)
        pairs.push({
          floor: await floorOf(each, database.url, target),
          graphql: await throughGraphql(each, bearers),
        });
      const ratio = median(pairs.map(({ floor, graphql }) => graphql / floor));
      const [graphql, floor] = [median(pairs.map((p) => p.graphql)), median(pairs.map((p) => p.floor))];
      console.log(
        `| ${each.operation} | ${each.name} | ${graphql.toFixed(0)} | ${floor.toFixed(0)} | ${ratio.toFixed(2)} |`,
      );
    }
    console.log(
      '\n| pgbench | devices | with history, calls/s | without, calls/s | ratio |\n|---|---|---|---|---|',
    );
    for (const devices of [1, DEVICES]) await costOfHistory(devices, database.url, target);
  } finally {
    await server.stop();
    await database.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
