import { eventually, rowsOf } from '../../support/factories';
import { freePort, startNodeProcess, type NodeProcess } from '../../support/node-process';
import { startTestServer, TEST_SECRET, type TestServer } from '../../support/server';
import { newCaller, write } from '../live/live-world';
import {
  createPushPool,
  register,
  startPushServices,
  subscribe,
  taken,
  untilDelivered,
  type PushServices,
  type Sent,
} from '../push-world';

/** Longer than the test: this node writes and looks after nothing that is to be sent. */
const NEVER = 3_600_000;

let services: PushServices;
let writer: TestServer;
let nodes: NodeProcess[] = [];

beforeAll(async () => {
  services = await startPushServices();
});
afterEach(async () => {
  await Promise.all(nodes.map((node) => node.end('SIGKILL')));
  nodes = [];
  await writer?.close();
  services.sent.length = 0;
  services.reply = taken;
});
afterAll(() => services?.close());

const startNodes = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n += 1)
    nodes.push(
      await startNodeProcess(await freePort(), {
        DATABASE_URL: writer.database.url,
        ROCKPOOL_SECRET: TEST_SECRET,
        ...services.environment,
      }),
    );
};

/** An identity with so many subscribed devices. */
const newOwner = async (devices: number): Promise<string> => {
  const pool = await createPushPool(writer, ['GCM']);
  const { token } = await newCaller(writer, pool);
  await write(writer, token);
  for (let n = 1; n <= devices; n += 1) {
    const deviceId = await register(writer, token, { platform: 'GCM', token: `device-${n}` });
    await subscribe(writer, token, deviceId);
  }
  return token;
};

const tokensOf = (sent: Sent[]): string[] => sent.map(({ token }) => token).sort();

test('Two nodes share the work: every device is told once of what was written on a third', async () => {
  writer = await startTestServer({ config: services.config, timings: { pollEvery: NEVER } });
  const owner = await newOwner(20);
  await startNodes(2);

  await write(writer, owner, { syncCount: 1 });
  await untilDelivered(writer);

  expect(tokensOf(services.sent)).toEqual(tokensOf(Array.from({ length: 20 }, (_, n) => deviceNamed(n + 1))));
}, 120_000);

test('What a node that is killed had begun is sent by another one when its lease ends', async () => {
  writer = await startTestServer({ config: services.config, timings: { pollEvery: NEVER } });
  const owner = await newOwner(2);
  await startNodes(1);
  services.reply = (sent) => (sent.token === 'device-2' ? 'silence' : taken(sent));

  await write(writer, owner, { syncCount: 1 });
  await eventually(
    () => rowsOf(writer, 'SELECT 1 FROM dataset_subscriptions WHERE pending_sync_count IS NOT NULL'),
    (rows) => rows.length === 1 && services.sent.length === 2,
  );
  await nodes[0]!.end('SIGKILL');
  services.reply = taken;
  await startNodes(1);
  const [lease] = await rowsOf(
    writer,
    'SELECT next_attempt_at FROM dataset_subscriptions WHERE attempts = 1',
  );
  expect(lease.next_attempt_at.getTime()).toBeGreaterThan(Date.now());
  // The lease is a minute; the test does not wait so long.
  await rowsOf(writer, `UPDATE dataset_subscriptions SET next_attempt_at = '2000-01-01Z' WHERE attempts = 1`);
  await untilDelivered(writer);

  expect(tokensOf(services.sent)).toEqual(['device-1', 'device-2', 'device-2']);
}, 120_000);

test('A node that stops leaves what it had begun to others at once', async () => {
  writer = await startTestServer({ config: services.config, timings: { pollEvery: NEVER } });
  const { database } = writer;
  const stopping = await startTestServer({ database, config: services.config, timings: { pollEvery: 50 } });
  const owner = await newOwner(1);
  services.reply = () => 'silence';
  await write(writer, owner, { syncCount: 1 });
  await eventually(
    async () => services.sent.length,
    (count) => count === 1,
  );

  await stopping.close();

  const [row] = await rowsOf(writer, 'SELECT next_attempt_at FROM dataset_subscriptions');
  expect(row.next_attempt_at.getTime()).toBeLessThan(Date.now() + 10_000);
}, 120_000);

const deviceNamed = (n: number): Sent => ({ platform: 'GCM', token: `device-${n}`, body: null });
