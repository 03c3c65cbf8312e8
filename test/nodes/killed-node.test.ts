import { setTimeout as sleep } from 'node:timers/promises';
import {
  freePort,
  newDataDir,
  postmasterOf,
  startNodeProcess,
  type NodeProcess,
} from '../support/node-process';
import { TEST_ADMIN, sendGraphql, type GraphqlAnswer } from '../support/server';

/*
 * A real process on the embedded database, killed while devices write. What was acknowledged is there afterwards, under
 * the count that it was acknowledged with, and every write is there in full or not at all.
 */

const ADMIN = `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}`;
const PATCHES = 3;

let directory: Awaited<ReturnType<typeof newDataDir>>;
let port: number;
let node: NodeProcess;
let token: string;

const startNode = async (): Promise<void> => {
  node = await startNodeProcess(port, { ROCKPOOL_DATA_DIR: directory.dataDir });
};

const call = (document: string, input: object, bearer?: string): Promise<GraphqlAnswer> =>
  sendGraphql(node.url, { query: document, variables: { input } }, bearer);

const newGuestToken = async (): Promise<string> => {
  const pool = await call(
    'mutation ($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { id } } }',
    { identityPoolName: 'p', allowUnauthenticatedIdentities: true },
    ADMIN,
  );
  const identityPoolId = pool.data.createIdentityPool.identityPool.id;
  const guest = await call('mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }', {
    identityPoolId,
  });
  const credentials = await call(
    `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
       credentials { accessToken } } }`,
    { identityId: guest.data.getId.identityId },
  );
  return credentials.data.getCredentialsForIdentity.credentials.accessToken;
};

beforeAll(async () => {
  [directory, port] = await Promise.all([newDataDir(), freePort()]);
  await startNode();
  token = await newGuestToken();
}, 90_000);
afterAll(async () => {
  await node?.end('SIGTERM');
  await directory?.remove();
});

/** The acknowledged calls: which key they wrote under which count. */
type Acknowledged = Map<string, number>;

/** One device that writes to a dataset until the node is gone: each call three records of one value. */
const writeUntilGone = async (
  datasetName: string,
  device: string,
  acknowledged: Acknowledged,
): Promise<void> => {
  for (let nth = 1; ; nth += 1) {
    const write = `${device}-${nth}`;
    const recordPatches = Array.from({ length: PATCHES }, (_, at) => ({
      op: 'REPLACE',
      key: `${write}-${at}`,
      value: write,
      syncCount: 0,
    }));
    const answer = await call(
      'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }',
      { datasetName, recordPatches },
      token,
    ).catch(() => undefined);
    if (!answer) return;
    if (answer.errors) {
      // The database may be gone a moment before the node.
      expect(['TOO_MANY_REQUESTS', 'SERVICE_UNAVAILABLE']).toContain(answer.errors[0]?.extensions.code);
      return;
    }
    acknowledged.set(write, answer.data.updateRecords.datasetSyncCount);
  }
};

interface StoredRecord {
  key: string;
  value: string;
  syncCount: number;
}

const storedRecords = async (
  datasetName: string,
): Promise<{ datasetSyncCount: number; records: StoredRecord[] }> =>
  (
    await call(
      'query ($input: ListRecordsInput!) { listRecords(input: $input) { datasetSyncCount records { key value syncCount } } }',
      { datasetName },
      token,
    )
  ).data.listRecords;

const killWhat = {
  'the node': async () => undefined,
  'the node and its database': async () => {
    const postmaster = await postmasterOf(directory.dataDir);
    process.kill(postmaster!, 'SIGKILL');
  },
};

test.each(Object.entries(killWhat))(
  'after SIGKILL of %s under load, a restart finds every acknowledged write, and none by half',
  async (what, killMore) => {
    const names = [1, 2].map((nth) => `${what.replace(/ /g, '-')}-${nth}`);
    const acknowledged = names.map((): Acknowledged => new Map());
    const devices = names.flatMap((name, at) =>
      ['phone', 'tablet'].map((device) => writeUntilGone(name, device, acknowledged[at]!)),
    );

    await sleep(300);
    await killMore();
    await node.end('SIGKILL');
    await Promise.all(devices);
    await startNode();

    for (const [at, name] of names.entries()) {
      const { records, datasetSyncCount } = await storedRecords(name);
      const writes = countsByWrite(records);
      expect(acknowledged[at]!.size).toBeGreaterThan(5);
      for (const [write, count] of acknowledged[at]!)
        expect([write, writes[write]]).toEqual([write, [count]]);
      expect(Object.values(writes).filter((counts) => counts.length !== 1)).toEqual([]);
      expect(Object.keys(writes)).toHaveLength(datasetSyncCount);
      expect(records).toHaveLength(datasetSyncCount * PATCHES);
    }
  },
  90_000,
);

/** Under which counts the records of each write are stored. */
const countsByWrite = (records: StoredRecord[]): Record<string, number[]> => {
  const counts: Record<string, number[]> = {};
  for (const { value, syncCount } of records)
    counts[value] = [...new Set([...(counts[value] ?? []), syncCount])];
  return counts;
};

test('SIGTERM ends the node with 0 and its database with it, and the next start finds the data', async () => {
  const before = await storedRecords('the-node-1');

  const exitCode = await node.end('SIGTERM');
  const postmaster = await postmasterOf(directory.dataDir);
  await startNode();

  expect(exitCode).toBe(0);
  expect(postmaster).toBeUndefined();
  expect(await storedRecords('the-node-1')).toEqual(before);
  expect(before.records.length).toBeGreaterThan(0);
}, 90_000);
