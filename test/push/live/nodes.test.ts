import { setTimeout as sleep } from 'node:timers/promises';
import { STORAGE_LIMITS } from '../../../src/sync/apply-patches';
import { mergeRecords } from '../../../src/sync/merge';
import { createTestDatabase, execute, type TestDatabase } from '../../support/database';
import { startTestServer, type TestServer, type TestServerOptions } from '../../support/server';
import { serviceContext } from '../../support/service-context';
import { tap } from '../../support/wire';
import { createPool } from '../../support/factories';
import {
  CHANGES,
  deleteDataset,
  listen,
  newCaller,
  untilOpen,
  write,
  type Heard,
  type ListenOptions,
  type Listening,
} from './live-world';

/*
 * A tablet listens at one node, the phone writes to another. Nothing stays unheard, whatever happens to the notices.
 */

const PUBLIC_URL = 'https://sync.example.com';

/** So that what comes does not come by looking. */
const NEVER = 3_600_000;

let database: TestDatabase;
let a: TestServer;
let b: TestServer;
let identityPoolId: string;
const nodes: TestServer[] = [];

const startNode = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const node = await startTestServer({
    timings: { lookEvery: NEVER },
    ...options,
    database,
    config: { publicUrl: PUBLIC_URL, ...options.config },
  });
  nodes.push(node);
  return node;
};

beforeAll(async () => {
  database = await createTestDatabase();
  [a, b] = await Promise.all([startNode(), startNode()]);
  identityPoolId = (await createPool(a)).id;
});
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await database.drop();
});

const hearing = async (
  node: TestServer,
  token: string,
  input: Listening = {},
  options: ListenOptions = {},
): Promise<Heard> => {
  const before = node.live().subscriptions;
  const heard = listen(node, token, input, options);
  await untilOpen(node, before + 1);
  return heard;
};

const stop = async (node: TestServer, heard: Heard): Promise<void> => {
  heard.stop();
  await untilOpen(node, 0);
};

const killListeners = (): Promise<void> =>
  execute(
    database.url,
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'rockpool listen' AND datname = current_database()`,
  );

/** A write that no node tells of, as when its node dies between the commit and the notice. */
const writeWithoutNotice = async (identityId: string, key: string): Promise<void> => {
  await mergeRecords(serviceContext(a.dataSource), {
    address: { identityPoolId, identityId, datasetName: 'd' },
    patches: [{ op: 'replace', key, value: 'v', syncCount: 0 }],
    modifiedBy: 'phone',
    now: new Date(),
    sessionId: undefined,
    limits: STORAGE_LIMITS,
  });
};

test('what is written and deleted at one is told at the other, by notice alone, but not to its writer', async () => {
  const { token } = await newCaller(a, identityPoolId);
  const tablet = await hearing(b, token, { deviceId: 'tablet' }, { selection: CHANGES });

  await write(a, token, { deviceId: 'phone', key: 'x' });
  const first = await tablet.next();
  await write(a, token, { deviceId: 'tablet', key: 'own' });
  await deleteDataset(a, token);
  const second = await tablet.next();

  expect(first).toMatchObject({ syncCount: 1, deviceId: 'phone', changes: { records: [{ key: 'x' }] } });
  expect(second).toMatchObject({ syncCount: 0, isDeleted: true });
  expect(tablet.reports).toHaveLength(2);
  await stop(b, tablet);
});

test('a burst over both nodes is told in full, each record once', async () => {
  const { token } = await newCaller(a, identityPoolId);
  const tablet = await hearing(b, token, {}, { selection: CHANGES });

  await Promise.all(
    Array.from({ length: 60 }, (_, at) => write(at % 2 ? a : b, token, { key: `k${at}`, deviceId: 'phone' })),
  );
  const told: string[] = [];
  while (told.length < 60)
    told.push(...(await tablet.next()).changes.records.map(({ key }: { key: string }) => key));

  expect([...told].sort()).toEqual(Array.from({ length: 60 }, (_, at) => `k${at}`).sort());
  await stop(b, tablet);
});

test('what a notice was lost of is told when the connection for notices comes back', async () => {
  const { token, identityId } = await newCaller(a, identityPoolId);
  const tablet = await hearing(b, token, { deviceId: 'tablet' }, { selection: CHANGES });

  await writeWithoutNotice(identityId, 'lost');
  await killListeners();
  const lost = await tablet.next();
  await write(a, token, { key: 'next', deviceId: 'phone' });
  const next = await tablet.next();

  expect(lost).toMatchObject({ syncCount: 1, deviceId: 'phone', changes: { records: [{ key: 'lost' }] } });
  expect(next).toMatchObject({ syncCount: 2, changes: { records: [{ key: 'next' }] } });
  await stop(b, tablet);
});

describe('a node that looks for itself', () => {
  test('tells what a notice was lost of, to whom it is news', async () => {
    const node = await startNode({ timings: { lookEvery: 100, grace: 20 } });
    const { token, identityId } = await newCaller(a, identityPoolId);
    const tablet = await hearing(node, token, { deviceId: 'tablet' });
    const phone = await hearing(node, token, { deviceId: 'phone' });

    await writeWithoutNotice(identityId, 'lost');

    expect(await tablet.next()).toMatchObject({ datasetName: 'd', syncCount: 1, deviceId: 'phone' });
    await sleep(300);
    expect([tablet.reports.length, phone.reports.length]).toEqual([1, 0]);
    tablet.stop();
    await stop(node, phone);
  });

  test('tells within 5 seconds what a node wrote that it cannot hear at all', async () => {
    const wire = await tap(database.url);
    const deaf = await startNode({ timings: {}, config: { directDatabaseUrl: wire.url } });
    const { token } = await newCaller(a, identityPoolId);
    const tablet = await hearing(deaf, token);
    await wire.cut();

    const start = Date.now();
    await write(a, token);
    await tablet.next();

    expect(Date.now() - start).toBeLessThan(5000);
    await stop(deaf, tablet);
  });
});

test('a notice costs a write no time: none is sent in its transaction', async () => {
  const { token } = await newCaller(a, identityPoolId);
  const sent: string[] = [];
  const { manager } = a.dataSource;
  const ask = manager.query.bind(manager);
  const spy = jest.spyOn(manager, 'query').mockImplementation((sql: string, parameters?: any) => {
    sent.push(sql);
    return ask(sql, parameters);
  });

  await write(a, token);
  spy.mockRestore();

  expect(sent.filter((sql) => sql.includes('update_records'))).toHaveLength(1);
  expect(sent.filter((sql) => sql.includes('pg_notify'))).toEqual([]);
});
