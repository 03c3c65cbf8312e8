import { Client } from 'pg';
import { listScript, pgbench, synchronizeScript, updateScript, type FloorTarget } from './floor';
import { newGuest, newPool, type BenchServer, type Guest } from './server';

const DEVICES = 32;
const PREFIX = 'us-east-1:00000000-0000-0000-0000-';

/** What is measured: an operation by so many devices at once, each on its own dataset or all on one. */
export interface Case {
  name: string;
  devices: number;
  shared: boolean;
  operation: 'updateRecords' | 'synchronize' | 'listRecords';
}

/** Every operation by one device, by many, and by many on one dataset. */
export const CASES: Case[] = (['updateRecords', 'synchronize', 'listRecords'] as const).flatMap(
  (operation) => [
    { name: '1 device', devices: 1, shared: false, operation },
    { name: '32 devices, own datasets', devices: 32, shared: false, operation },
    { name: '16 devices, one dataset', devices: 16, shared: true, operation },
  ],
);

/** Whom a bench runs as: pgbench's identities and the devices' guests, in one pool. */
export interface Prepared {
  target: FloorTarget;
  guests: Guest[];
}

/** A pool, the devices' guests, and the identities that pgbench writes to. */
export const prepare = async (server: BenchServer, databaseUrl: string): Promise<Prepared> => {
  const identityPoolId = await newPool(server);
  const guests: Guest[] = [];
  for (let device = 0; device < DEVICES; device += 1) guests.push(await newGuest(server, identityPoolId));
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
       SELECT $1 || lpad(n::text, 12, '0'), $2, false, now(), now(), now() FROM generate_series(0, $3::int - 1) n`,
    [PREFIX, identityPoolId, DEVICES],
  );
  await client.end();
  return { target: { identityPoolId, identityPrefix: PREFIX }, guests };
};

let runs = 0;

/** The same SQL by pgbench on the same database, in calls per second. */
export const floorOf = async (
  { devices, shared, operation }: Case,
  databaseUrl: string,
  target: FloorTarget,
  seconds: number,
): Promise<number> => {
  const dataset = `bench-${(runs += 1)}`;
  const update = { databaseUrl, clients: devices, script: updateScript(target, shared, dataset) };
  if (operation === 'updateRecords') return pgbench({ ...update, seconds });
  if (operation === 'synchronize')
    return pgbench({ ...update, script: synchronizeScript(target, shared, dataset), seconds });
  await pgbench({ ...update, clients: shared ? 1 : devices, seconds: 'once' });
  return pgbench({ ...update, seconds, script: listScript(target, shared, dataset) });
};

/** The value in the middle. */
export const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
