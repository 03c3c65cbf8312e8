import { createPool } from '../../support/factories';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { startTestServer, type TestServer, type TestServerOptions } from '../../support/server';
import { tap, type Wire } from '../../support/wire';
import { listen, newCaller, untilOpen, write, type Heard } from './live-world';

/*
 * Nodes that tell each other of changes by Redis. It needs one: name it in TEST_REDIS_URL. Nothing is left in it.
 */

const REDIS_URL = process.env.TEST_REDIS_URL;
const withRedis = REDIS_URL ? describe : describe.skip;

withRedis('Nodes with one Redis, which is skipped when TEST_REDIS_URL names none,', () => {
  let database: TestDatabase;
  let wire: Wire;
  let a: TestServer;
  /** Reaches Redis by a wire that a test can cut. */
  let b: TestServer;
  let identityPoolId: string;

  const startNode = (redisUrl: string, timings: TestServerOptions['timings']): Promise<TestServer> =>
    startTestServer({ database, timings, config: { redisUrl, publicUrl: 'https://sync.example.com' } });

  beforeAll(async () => {
    const url = new URL(REDIS_URL ?? '');
    url.port ||= '6379';
    database = await createTestDatabase();
    wire = await tap(url.href);
    a = await startNode(url.href, {});
    b = await startNode(wire.url, { lookEvery: 3_600_000 });
    identityPoolId = (await createPool(a)).id;
  });
  afterAll(async () => {
    await Promise.all([a?.close(), b?.close()]);
    await wire?.cut();
    await database?.drop();
  });

  const hearing = async (token: string): Promise<Heard> => {
    const heard = listen(b, token, {});
    await untilOpen(b, 1);
    return heard;
  };

  test('hear of each other’s changes by it, and not by PostgreSQL', async () => {
    const { token } = await newCaller(a, identityPoolId);
    const heard = await hearing(token);
    const asked = jest.spyOn(a.dataSource, 'query');

    await write(a, token);
    await heard.next();

    const statements = asked.mock.calls.map(([sql]) => sql);
    asked.mockRestore();
    expect(statements.filter((sql) => sql.includes('pg_notify'))).toEqual([]);
    heard.stop();
    await untilOpen(b, 0);
  });

  test('look for what they missed when it is back', async () => {
    const { token } = await newCaller(a, identityPoolId);
    const heard = await hearing(token);

    await wire.cut();
    await write(a, token);
    await wire.mend();

    expect(await heard.next()).toMatchObject({ datasetName: 'd', syncCount: 1 });
    heard.stop();
    await untilOpen(b, 0);
  });
});
