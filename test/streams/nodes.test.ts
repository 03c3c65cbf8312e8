import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { freePort, startNodeProcess, type NodeProcess } from '../support/node-process';
import { startReceiver, type Receiver } from '../support/receiver';
import { sendGraphql, TEST_ADMIN, TEST_SECRET } from '../support/server';
import type { Data } from '../support/factories';
import { eventsIn } from './stream-world';

/*
 * Two nodes as processes of their own, with devices that write to both. One is killed while it delivers, and comes back.
 * Whatever was acknowledged is in the stream afterwards, each dataset in order.
 */

const ADMIN = `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}`;
const DATASETS = ['a', 'b', 'c'];

let database: TestDatabase;
let receiver: Receiver;
const nodes: NodeProcess[] = [];
let ports: number[];

const startNode = async (at: number): Promise<void> => {
  const settings = {
    DATABASE_URL: database.url,
    ROCKPOOL_SECRET: TEST_SECRET,
    ROCKPOOL_RATE_LIMITS: 'false',
    ROCKPOOL_ALLOW_PRIVATE_TARGETS: 'true',
  };
  nodes[at] = await startNodeProcess(ports[at]!, settings, join(__dirname, '../support/quick-lease-main.ts'));
};

beforeAll(async () => {
  [database, receiver] = await Promise.all([createTestDatabase(), startReceiver()]);
  ports = [await freePort(), await freePort()];
  await startNode(0);
  await startNode(1);
}, 120_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.end('SIGTERM')));
  await receiver?.close();
  await database?.drop();
});

const call = async (at: number, name: string, input: object, selection: string): Promise<Data> => {
  const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
  const answer = await sendGraphql(nodes[at]!.url, { query, variables: { input } }, ADMIN);
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data[name];
};

/** What was acknowledged: counts by dataset. */
type Acknowledged = Map<string, number[]>;

/** One device at one node, which goes on when its node comes back, until it is told to stop. */
const writeUntil = async (
  at: number,
  owner: object & { identityId: string },
  acknowledged: Acknowledged,
  isOver: () => boolean,
): Promise<void> => {
  for (let nth = 1; !isOver(); nth += 1) {
    const datasetName = DATASETS[nth % DATASETS.length]!;
    const recordPatches = [{ op: 'REPLACE', key: `${at}-${nth}-${Math.random()}`, value: 'v', syncCount: 0 }];
    const input = { ...owner, datasetName, recordPatches };
    const answer = await call(at, 'updateRecords', input, 'datasetSyncCount').catch(() => undefined);
    const name = `${owner.identityId}/${datasetName}`;
    if (answer) acknowledged.set(name, [...(acknowledged.get(name) ?? []), answer.datasetSyncCount]);
    await sleep(50);
  }
};

/** The counts of a dataset in the order in which they arrived first. */
const arrivals = (): Map<string, number[]> => {
  const found = new Map<string, number[]>();
  for (const { identityId, datasetName, syncCount } of eventsIn(receiver.requests)) {
    const name = `${identityId}/${datasetName}`;
    const before = found.get(name) ?? [];
    if (!before.includes(syncCount)) found.set(name, [...before, syncCount]);
  }
  return found;
};

test('No acknowledged write is missing from a stream when a node is killed in the middle of a delivery', async () => {
  const pool = { identityPoolName: 'p', allowUnauthenticatedIdentities: true };
  const { id: identityPoolId } = (await call(0, 'createIdentityPool', pool, 'identityPool { id }'))
    .identityPool;
  const target = { webhook: { url: `http://127.0.0.1:${receiver.port}/` } };
  const cognitoStreams = { streamName: 's', target };
  // As slow as a receiver far away, so that there is always something under way.
  receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 40);
  const owners = await Promise.all(
    Array.from({ length: 4 }, async () => ({
      identityPoolId,
      identityId: (await call(0, 'getId', { identityPoolId }, 'identityId')).identityId as string,
    })),
  );
  await call(0, 'setIdentityPoolConfiguration', { identityPoolId, cognitoStreams }, 'identityPoolId');
  const acknowledged: Acknowledged = new Map();
  let isOver = false;
  const devices = owners.flatMap((owner) =>
    // The second node has an old copy of the configuration in the beginning.
    [0, 1].map((at) => writeUntil(at, owner, acknowledged, () => isOver)),
  );

  while (receiver.requests.length < 60) await sleep(10);
  await nodes[1]!.end('SIGKILL');
  const receivedAtKill = receiver.requests.length;
  await sleep(1000);
  await startNode(1);
  while (receiver.requests.length < receivedAtKill + 60) await sleep(10);
  isOver = true;
  await Promise.all(devices);
  const missing = (): string[] => {
    const arrived = arrivals();
    return [...acknowledged].flatMap(([name, counts]) =>
      counts.filter((count) => !arrived.get(name)?.includes(count)).map((count) => `${name} ${count}`),
    );
  };
  for (const deadline = Date.now() + 90_000; missing().length > 0 && Date.now() < deadline;) await sleep(100);

  expect(missing()).toEqual([]);
  expect([...acknowledged.values()].flat().length).toBeGreaterThan(100);
  for (const counts of arrivals().values()) {
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    // Nor is one that was written and not acknowledged left out.
    expect(counts).toEqual(Array.from({ length: counts.length }, (_, at) => at + 1));
  }
}, 240_000);
