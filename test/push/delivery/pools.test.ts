import { eventually, rowsOf } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { newCaller, write } from '../live/live-world';
import { createPushPool, register, startPushServices, subscribe, type PushServices } from '../push-world';

let server: TestServer;
let services: PushServices;

beforeAll(async () => {
  services = await startPushServices();
  server = await startTestServer({ config: services.config, timings: { pollEvery: 20 } });
});
afterAll(async () => {
  await server?.close();
  await services?.close();
});

const newDevice = async (token: string): Promise<{ identityId: string; tell: () => Promise<number> }> => {
  const caller = await newCaller(server, await createPushPool(server, ['GCM']));
  await write(server, caller.token);
  await subscribe(server, caller.token, await register(server, caller.token, { platform: 'GCM', token }));
  return { ...caller, tell: () => write(server, caller.token, { syncCount: 1 }) };
};

/** Has the device be told of so many more datasets at once. */
const flood = (identityId: string, messages: number): Promise<unknown> =>
  rowsOf(
    server,
    `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts,
         pending_sync_count, pending_since, next_attempt_at)
       SELECT identity_id, 'of-' || n, device_id, now(), 0, 1, now(), now() - interval '1 minute'
         FROM dataset_subscriptions, generate_series(1, $2::integer) AS n WHERE identity_id = $1`,
    [identityId, messages],
  );

test('Messages of one pool that nobody answers do not hold up those of another', async () => {
  const [hanging, other] = [await newDevice('hanging'), await newDevice('other')];
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  services.reply = async ({ token }) => {
    if (token === 'hanging') await answered;
    return { status: 200, body: {} };
  };
  await flood(hanging.identityId, 300);
  await eventually(
    async () => services.sent.length,
    (sent) => sent >= 25,
  );

  await other.tell();
  const sent = await eventually(
    async () => services.sent.map(({ token }) => token),
    (tokens) => tokens.includes('other') || tokens.length > 60,
  );
  answer();

  expect(sent).toContain('other');
  expect(sent.filter((token) => token === 'hanging').length).toBeLessThan(60);
});
