import { countOf, eventually } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import {
  eventsIn,
  newStreamingPool,
  newWriter,
  OUTGOING,
  startStreamWorld,
  type StreamWorld,
} from './stream-world';

/*
 * Two nodes on one database, by the real clock, whose leases end after half a second.
 */

const TIMINGS = { streamLookEvery: 20, streamLease: 500 };

let world: StreamWorld;
let second: TestServer;
let isSecondClosed = false;

beforeAll(async () => {
  world = await startStreamWorld({ now: () => new Date(), timings: TIMINGS });
  second = await startTestServer({ database: world.server.database, config: OUTGOING, timings: TIMINGS });
});
afterAll(async () => {
  if (!isSecondClosed) await second?.close();
  await world?.stop();
});

const untilDelivered = (identityPoolId: string): Promise<number> =>
  eventually(
    () => countOf(world.server, 'sync_events', 'identity_pool_id', identityPoolId),
    (left) => left === 0,
  );

test('What takes longer than a lease is held by the node that has it, and arrives once', async () => {
  const { id } = await newStreamingPool(world);
  const writer = await newWriter(world.server, id);
  world.receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 2000);
  await writer.write('d');

  await untilDelivered(id);

  expect(eventsIn(world.receiver.requests, id).map((event) => event.syncCount)).toEqual([1]);
});

test('A node that stops leaves to the other one what comes later', async () => {
  const { id } = await newStreamingPool(world);
  const writer = await newWriter(world.server, id);
  world.receiver.answer = (response) => void response.writeHead(204).end();
  isSecondClosed = true;
  await second.close();
  for (let nth = 0; nth < 5; nth += 1) await writer.write('d');

  await untilDelivered(id);

  expect(eventsIn(world.receiver.requests, id).map((event) => event.syncCount)).toEqual([1, 2, 3, 4, 5]);
});
