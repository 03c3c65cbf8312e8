import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What pgbench runs: the very calls that the server makes, on the same database, without the layers above it. */
export interface FloorRun {
  databaseUrl: string;
  script: string;
  clients: number;
  /** How long; or once for each client. */
  seconds: number | 'once';
}

/** Transactions per second of a pgbench script, each client on a connection of its own, unnamed extended protocol. */
export const pgbench = async ({ databaseUrl, script, clients, seconds }: FloorRun): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-bench-'));
  const file = join(folder, 'script.sql');
  await writeFile(file, script);
  const url = new URL(databaseUrl);
  const length = seconds === 'once' ? ['-t', '1'] : ['-T', `${seconds}`];
  const args = [
    '-n',
    '-M',
    'extended',
    '-c',
    `${clients}`,
    '-j',
    '1',
    ...length,
    '-D',
    'count=0',
    '-f',
    file,
  ];
  const server = ['-h', url.hostname, '-p', url.port || '5432', '-U', url.username];
  try {
    const { stdout } = await promisify(execFile)('pgbench', [...args, ...server, url.pathname.slice(1)], {
      env: { ...process.env, PGPASSWORD: decodeURIComponent(url.password) },
    });
    return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  } finally {
    await rm(folder, { recursive: true });
  }
};

/** Where a floor's rows live: identities of their own, numbered by pgbench's client. */
export interface FloorTarget {
  identityPoolId: string;
  /** Ends where the 12 digits of the client's number begin. */
  identityPrefix: string;
}

export const RECORDS_PER_CALL = 10;

const identity = ({ identityPrefix }: FloorTarget, shared: boolean): string =>
  `('${identityPrefix}' || lpad(${shared ? '0' : ':client_id'}::text, 12, '0'))`;

/** A text without a colon in it, which pgbench would take for the beginning of a variable's name where a letter follows. */
const literal = (text: string): string => `('${text.split(':').join("' || chr(58) || '")}')`;

const list = (item: (at: number) => string): string =>
  Array.from({ length: RECORDS_PER_CALL }, (_, at) => item(at)).join(', ');

/** The arguments of update_records, in the order that src/sync/merge.ts sends them. */
const updateArguments = (
  target: FloorTarget,
  shared: boolean,
  dataset: string,
  { onStale, keepsHistory = true }: { onStale: string; keepsHistory?: boolean },
): string => `
  ${literal(target.identityPoolId)}, ${identity(target, shared)}, '${dataset}',
  ARRAY[${list((at) => `'device-' || :client_id::text || '-key-${at}'`)}],
  ARRAY[${list((at) => `'value ${at} of a setting that a device keeps'`)}],
  array_fill(:count::bigint, ARRAY[${RECORDS_PER_CALL}]), array_fill(NULL::timestamptz, ARRAY[${RECORDS_PER_CALL}]),
  array_fill('${onStale}'::text, ARRAY[${RECORDS_PER_CALL}]), array_fill(NULL::text, ARRAY[${RECORDS_PER_CALL}]),
  'device-' || :client_id::text, 'device-' || :client_id::text, now(), NULL, now(),
  NULL, NULL, NULL, NULL, ${keepsHistory}, '{}', :client_id % 64, 1000000, 200, 1024, 1048576, 8192, false`;

/** update_records with 10 patches on records of the client's own, in its own dataset or in one for all; a new dataset each run. */
export const updateScript = (target: FloorTarget, shared: boolean, dataset: string): string => `
SELECT update_records(${updateArguments(target, shared, dataset, { onStale: 'REJECT' })}
)->'dataset'->>'sync_count' AS count \\gset
`;

/** The same, and nothing of what it replaces is remembered. */
export const updateScriptWithoutHistory = (target: FloorTarget, shared: boolean, dataset: string): string => `
SELECT update_records(${updateArguments(target, shared, dataset, { onStale: 'REJECT', keepsHistory: false })}
)->'dataset'->>'sync_count' AS count \\gset
`;

/** synchronize with the same patches, pulling what changed since the client's last call, its own changes included. */
export const synchronizeScript = (target: FloorTarget, shared: boolean, dataset: string): string => `
SELECT synchronize(${updateArguments(target, shared, dataset, { onStale: 'DROP' })}, :count::bigint, 1025
)->'push'->'dataset'->>'sync_count' AS count \\gset
`;

/** list_records of a dataset of 10 records, all of them. */
export const listScript = (target: FloorTarget, shared: boolean, dataset: string): string => `
SELECT list_records(${literal(target.identityPoolId)}, ${identity(target, shared)}, '${dataset}', NULL, 0, 0, NULL, NULL, 1025);
`;
