import { inTransaction, type Context } from '../../../src/context';
import { claimMessages, handOver } from '../../../src/push/delivery/push-queue';
import { rowsOf } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { serviceContext } from '../../support/service-context';
import { newCaller, write } from '../live/live-world';
import { createPushPool, register, subscribe } from '../push-world';

let server: TestServer;
let ctx: Context;
let now: Date;

beforeAll(async () => {
  // Looks once, at its start, and leaves the queue to the tests.
  server = await startTestServer({ timings: { pollEvery: 3_600_000 } });
  ctx = serviceContext(server.dataSource, { now: () => now });
});
beforeEach(() => rowsOf(server, 'DELETE FROM devices'));
afterAll(() => server?.close());

const claim = (limit = 10, on = ctx) => claimMessages(on, { limit, leaseMs: 60_000 });

/** An identity whose dataset is written so often, with so many subscribed devices. */
const newOwner = async (devices: number, writes: number): Promise<void> => {
  const { token } = await newCaller(server, await createPushPool(server, ['GCM']));
  await write(server, token);
  for (let n = 0; n < devices; n += 1)
    await subscribe(server, token, await register(server, token, { platform: 'GCM', token: `t${n}` }));
  for (let syncCount = 1; syncCount <= writes; syncCount += 1) await write(server, token, { syncCount });
  now = new Date();
};

test('Nodes that look at the same time take each event and each message once, and do not wait for each other', async () => {
  await newOwner(10, 30);

  const events = await inTransaction(ctx, async (one) => [await handOver(one), await handOver(ctx)]);
  const [first, second] = await inTransaction(ctx, async (one) => [await claim(4, one), await claim()]);

  expect(events).toEqual([30, 0]);
  const messages = [...first!, ...second!];
  expect([first!.length, second!.length]).toEqual([4, 6]);
  expect(new Set(messages.map(({ deviceId }) => deviceId)).size).toBe(10);
  expect(messages.every(({ syncCount }) => syncCount === 31)).toBe(true);
});

test('What was taken is nobody else’s until its lease ends', async () => {
  await newOwner(1, 1);
  await handOver(ctx);
  const [first] = await claim();

  now = new Date(now.getTime() + 59_999);
  const before = await claim();
  now = new Date(now.getTime() + 1);
  const after = (await claim()).filter(({ deviceId }) => deviceId === first!.deviceId);

  expect(before).toEqual([]);
  expect(after).toMatchObject([{ syncCount: 2, attempts: 2 }]);
});
