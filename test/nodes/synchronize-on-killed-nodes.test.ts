import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { freePort, startNodeProcess, type NodeProcess } from '../support/node-process';
import { TEST_ADMIN, TEST_SECRET, sendGraphql, type GraphqlAnswer } from '../support/server';
import { SynchronizingDevice, type SyncAnswer, type Synchronize } from '../support/synchronizing-device';

/*
 * Two nodes as processes on one database, killed one after the other while devices synchronize: some of their calls are
 * written and never answered. Each device sends such a call again, to whatever node is there.
 */

const ADMIN = `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}`;
const RULES = [{ datasetPattern: 'd', rules: [{ keyPattern: 'coins', rule: 'SUM' as const }] }];
const BEHAVIOUR = { strategy: 'REPORT' as const, keepsMine: true, ruleSets: RULES };
const KILLS = 4;

let database: TestDatabase;
let ports: number[];
const nodes: (NodeProcess | undefined)[] = [];

const startNode = async (at: number): Promise<void> => {
  nodes[at] = await startNodeProcess(ports[at]!, {
    DATABASE_URL: database.url,
    ROCKPOOL_SECRET: TEST_SECRET,
    ROCKPOOL_PUBLIC_URL: 'https://sync.example.com',
    ROCKPOOL_RATE_LIMITS: 'false',
  });
};

beforeAll(async () => {
  database = await createTestDatabase();
  ports = [await freePort(), await freePort()];
  await startNode(0);
  await startNode(1);
}, 90_000);
afterAll(async () => {
  await Promise.all(nodes.map((node) => node?.end('SIGTERM')));
  await database?.drop();
});

const call = (document: string, input: object, bearer?: string): Promise<GraphqlAnswer> =>
  sendGraphql(nodes[0]!.url, { query: document, variables: { input } }, bearer);

const newGuestToken = async (): Promise<string> => {
  const pool = await call(
    'mutation ($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { id } } }',
    { identityPoolName: 'p', allowUnauthenticatedIdentities: true },
    ADMIN,
  );
  const identityPoolId = pool.data.createIdentityPool.identityPool.id;
  const set = await call(
    'mutation ($input: SetSyncConfigurationInput!) { setSyncConfiguration(input: $input) { syncConfiguration { mergeRules { datasetPattern } } } }',
    { identityPoolId, mergeRules: RULES },
    ADMIN,
  );
  expect(set.errors).toBeUndefined();
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

const SYNCHRONIZE = `mutation ($input: SynchronizeInput!) {
  synchronize(input: $input) { datasets {
    applied isRepeated conflicts { key } merged { key }
    changes { records { key value syncCount } datasetSyncCount datasetExists datasetDeletedAfterRequestedSyncCount }
  } } }`;

/** What happened to all calls. */
interface Tally {
  unanswered: number;
  repeated: number;
}

/** Sends each call to one node or the other, until one answers. */
const toWhoeverIsThere =
  (token: string, tally: Tally): Synchronize =>
  async (input) => {
    const recordPatches = input.recordPatches.map((patch) => ({ ...patch, op: patch.op.toUpperCase() }));
    const body = { query: SYNCHRONIZE, variables: { input: { ...input, recordPatches } } };
    for (let at = 0; ; at += 1) {
      const url = `http://127.0.0.1:${ports[at % 2]}`;
      const answer = await sendGraphql(url, body, token).catch(() => undefined);
      if (answer && !answer.errors) {
        const [dataset] = answer.data.synchronize.datasets as (SyncAnswer & { isRepeated: boolean })[];
        if (dataset!.isRepeated) tally.repeated += 1;
        return dataset!;
      }
      // A node that dies may say a last word; nothing else is refused here.
      if (answer)
        expect(['SERVICE_UNAVAILABLE', 'TOO_MANY_REQUESTS']).toContain(answer.errors![0]!.extensions.code);
      tally.unanswered += 1;
      await sleep(20);
    }
  };

test('what devices added is counted exactly once, and all end alike, while nodes are killed and restarted', async () => {
  const token = await newGuestToken();
  const tally: Tally = { unanswered: 0, repeated: 0 };
  const server = toWhoeverIsThere(token, tally);
  const devices = ['phone', 'tablet', 'laptop'].map(
    (name) => new SynchronizingDevice(name, 'd', BEHAVIOUR, () => new Date()),
  );
  let isOver = false;
  const added = devices.map(() => 0);
  const playing = devices.map(async (device, at) => {
    while (!isOver) {
      device.put('coins', String(Number(device.valueOf('coins') ?? 0) + 1));
      device.put(device.name, String((added[at]! += 1)));
      await device.sync(server);
      await sleep(10); // The nodes that start have to get their turn.
    }
  });

  for (let kill = 0; kill < KILLS; kill += 1) {
    await sleep(100 + 37 * kill);
    await nodes[kill % 2]!.end('SIGKILL');
    await startNode(kill % 2);
  }
  isOver = true;
  await Promise.all(playing);
  for (const device of devices) await device.sync(server);

  const total = added.reduce((sum, each) => sum + each, 0);
  for (const device of devices)
    expect(Object.fromEntries(device.view())).toEqual({
      coins: String(total),
      ...Object.fromEntries(devices.map(({ name }, at) => [name, String(added[at])])),
    });
  expect(total).toBeGreaterThan(KILLS);
  expect(tally.unanswered).toBeGreaterThan(0);
}, 180_000);
