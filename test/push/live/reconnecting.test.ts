import { createClient as createStreamClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import WebSocket from 'ws';
import { startTestServer, type TestServer } from '../../support/server';
import { tap, type Wire } from '../../support/wire';
import {
  CHANGES,
  TRANSPORTS,
  documentOf,
  newCaller,
  until,
  untilOpen,
  write,
  type Listening,
} from './live-world';

/*
 * The clients of docs/live.md, which connect again by themselves and then send where they stand.
 */

let server: TestServer;
let wire: Wire;
beforeAll(async () => {
  server = await startTestServer({ timings: { lookEvery: 3_600_000 } });
  wire = await tap(server.url);
});
afterAll(async () => {
  await wire?.cut();
  await server?.close();
});

test.each(TRANSPORTS)('over a %s that is cut again and again, each write is told once', async (transport) => {
  const { token } = await newCaller(server);
  const input: Listening = { deviceId: 'tablet', sinceSyncCounts: [] };
  const told: string[] = [];
  const request = { query: documentOf(CHANGES), variables: { input: input as Record<string, unknown> } };
  const sink = {
    next: ({ data }: any) => {
      const { datasetName, syncCount, changes } = data.datasetChanged;
      told.push(...changes.records.map(({ key }: { key: string }) => key));
      input.sinceSyncCounts = [{ datasetName, syncCount }];
    },
    error: () => undefined,
    complete: () => undefined,
  };
  const url = wire.url.replace(/\/$/, '');
  const retryWait = () => new Promise<void>((resolve) => setTimeout(resolve, 20));
  const stop =
    transport === 'WebSocket'
      ? createSocketClient({
          url: `${url.replace('http', 'ws')}/graphql`,
          webSocketImpl: WebSocket,
          connectionParams: () => ({ authorization: `Bearer ${token}` }),
          retryAttempts: Infinity,
          shouldRetry: () => true,
          retryWait,
        }).subscribe(request, sink)
      : createStreamClient({
          url: `${url}/graphql/stream`,
          headers: () => ({ authorization: `Bearer ${token}` }),
          retryAttempts: Infinity,
          retry: retryWait,
        }).subscribe(request, sink);
  await untilOpen(server, 1);

  for (let round = 0; round < 5; round += 1) {
    await write(server, token, { key: `before ${round}`, deviceId: 'phone' });
    await wire.cut();
    await write(server, token, { key: `cut ${round}`, deviceId: 'phone' });
    await wire.mend();
    await until(() => told.includes(`cut ${round}`));
  }
  stop();

  expect(told).toEqual([0, 1, 2, 3, 4].flatMap((round) => [`before ${round}`, `cut ${round}`]));
  await untilOpen(server, 0);
});
