import { setTimeout as sleep } from 'node:timers/promises';
import { tokenHashOf } from '../../src/push/device-tokens';
import { PLATFORMS } from '../../src/push/send/platform-credentials';
import { countOf, eventually, mutate, rowsOf } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { deleteDataset, newCaller, write, type Caller } from './live/live-world';
import {
  applicationsOf,
  createPushPool,
  devicesOf,
  register,
  startPushServices,
  subscribe,
  taken,
  tokenOf,
  untilDelivered,
  type PushServices,
} from './push-world';
import type { Platform } from '../../src/push/send/platform-credentials';
import type { Reply } from '../support/push-stand-in';

let server: TestServer;
let services: PushServices;
let identityPoolId: string;

beforeAll(async () => {
  services = await startPushServices();
  server = await startTestServer({ config: services.config, timings: { pollEvery: 50 } });
  identityPoolId = await createPushPool(server, [...PLATFORMS]);
});
beforeEach(() => {
  services.sent.length = 0;
  services.reply = taken;
});
afterAll(async () => {
  await server?.close();
  await services?.close();
});

let made = 0;

/** A device of the caller's that is subscribed to `d`, which must exist; `token` is what services see of it. */
const newDevice = async (
  caller: Caller,
  platform: Platform = 'GCM',
): Promise<{ deviceId: string; token: string }> => {
  const token = `a0${1000 + (made += 1)}ff`;
  const deviceId = await register(server, caller.token, {
    platform,
    token: tokenOf(services, platform, token),
  });
  await subscribe(server, caller.token, deviceId);
  return { deviceId, token };
};

/** A guest with a dataset `d` at the count 1. */
const newOwner = async (): Promise<Caller> => {
  const caller = await newCaller(server, identityPoolId);
  await write(server, caller.token);
  return caller;
};

const messageOf = ({ identityId }: Caller, syncCount: number): object => ({
  source: 'cognito-sync',
  identityPoolId,
  identityId,
  datasetName: 'd',
  syncCount,
});

const extrasOf = (caller: Caller, syncCount: number): object => ({
  ...messageOf(caller, syncCount),
  syncCount: String(syncCount),
});

const failing = (status: number, headers: Record<string, string> = {}): Reply => ({ status, headers });

/** As if so much time had passed for messages that wait. */
const letWaitPass = (): Promise<unknown> =>
  rowsOf(server, `UPDATE dataset_subscriptions SET next_attempt_at = '2000-01-01Z' WHERE attempts > 0`);

const attemptsOf = async (deviceId: string): Promise<number> =>
  (await rowsOf(server, 'SELECT attempts FROM dataset_subscriptions WHERE device_id = $1', [deviceId]))[0]
    ?.attempts;

test('Each platform tells a device of the five keys, in its own way', async () => {
  const owner = await newOwner();
  const tokens = new Map<Platform, string>();
  for (const platform of PLATFORMS) tokens.set(platform, (await newDevice(owner, platform)).token);

  await write(server, owner.token, { syncCount: 1 });
  await untilDelivered(server);

  const bodyOf = (platform: Platform) => services.sent.find((sent) => sent.platform === platform)?.body;
  expect(services.sent.map(({ platform, token }) => [platform, token]).sort()).toEqual(
    [...tokens].map(([platform, token]) => [platform, token]).sort(),
  );
  for (const platform of ['APNS', 'APNS_SANDBOX'] as const)
    expect(bodyOf(platform)).toEqual({ aps: { 'content-available': 1 }, data: messageOf(owner, 2) });
  expect(bodyOf('GCM').message.data).toEqual(extrasOf(owner, 2));
  expect(bodyOf('ADM').data).toEqual(extrasOf(owner, 2));
});

test('Every device of the identity is told but the one that wrote, and none of anybody else', async () => {
  const [owner, neighbour] = [await newOwner(), await newOwner()];
  const [phone, tablet, watch] = [await newDevice(owner), await newDevice(owner), await newDevice(owner)];
  await newDevice(neighbour);

  await write(server, owner.token, { deviceId: phone.deviceId, syncCount: 1 });
  await untilDelivered(server);

  expect(services.sent.map(({ token }) => token).sort()).toEqual([tablet.token, watch.token].sort());
});

test('An administrator who names a device is not it: the device is told', async () => {
  const owner = await newOwner();
  const phone = await newDevice(owner);
  const recordPatches = [{ op: 'REPLACE', key: 'k', value: 'v', syncCount: 1 }];
  const input = { identityId: owner.identityId, datasetName: 'd', deviceId: phone.deviceId, recordPatches };

  await server.run(
    'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }',
    { input },
    server.admin,
  );
  await untilDelivered(server);

  expect(services.sent.map(({ token }) => token)).toEqual([phone.token]);
});

test('A device is told of datasets that it is subscribed to, and of no others', async () => {
  const owner = await newOwner();
  await newDevice(owner);

  await write(server, owner.token, { datasetName: 'other' });
  await write(server, owner.token, { datasetName: 'other', syncCount: 1 });
  await untilDelivered(server);

  expect(services.sent).toEqual([]);
});

test('A deletion is told, with the count that it leaves out', async () => {
  const owner = await newOwner();
  await newDevice(owner);

  await deleteDataset(server, owner.token);
  await untilDelivered(server);

  expect(services.sent.map(({ body }) => body.message.data)).toEqual([extrasOf(owner, 2)]);
});

test('Changes that wait become one message, of the highest count', async () => {
  const owner = await newOwner();
  const phone = await newDevice(owner);
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  services.reply = async (sent) => {
    await held;
    return taken(sent);
  };

  await write(server, owner.token, { syncCount: 1 });
  await eventually(
    async () => services.sent.length,
    (count) => count === 1,
  );
  for (const syncCount of [2, 3, 4]) await write(server, owner.token, { syncCount });
  await eventually(
    () => countOf(server, 'sync_events', 'identity_id', owner.identityId),
    (count) => count === 0,
  );
  release();
  await untilDelivered(server);

  expect(services.sent.map(({ token, body }) => [token, body.message.data.syncCount])).toEqual([
    [phone.token, '2'],
    [phone.token, '5'],
  ]);
});

test('Two devices that write in turn are each told of the other’s change', async () => {
  const owner = await newOwner();
  const [phone, tablet] = [await newDevice(owner), await newDevice(owner)];

  await write(server, owner.token, { deviceId: phone.deviceId, syncCount: 1 });
  await write(server, owner.token, { deviceId: tablet.deviceId, syncCount: 2 });
  await untilDelivered(server);

  const countsOf = (token: string) =>
    services.sent.filter((sent) => sent.token === token).map(({ body }) => body.message.data.syncCount);
  expect(countsOf(tablet.token)).toEqual(['2']);
  expect(countsOf(phone.token)).toEqual(['3']);
});

test('A device whose token is gone is dropped with its subscriptions, and the others are told', async () => {
  const owner = await newOwner();
  const [gone, there] = [await newDevice(owner), await newDevice(owner)];
  services.reply = (sent) =>
    sent.token === gone.token
      ? { status: 404, body: { error: { status: 'NOT_FOUND', details: [{ errorCode: 'UNREGISTERED' }] } } }
      : taken(sent);

  await write(server, owner.token, { syncCount: 1 });
  await untilDelivered(server);

  expect((await devicesOf(server, owner.token)).map(({ id }) => id)).toEqual([there.deviceId]);
  expect(await countOf(server, 'device_tokens', 'identity_id', owner.identityId)).toBe(1);
});

test('A service that is away is asked again, for those devices alone that were not told', async () => {
  const owner = await newOwner();
  const [told, untold] = [await newDevice(owner), await newDevice(owner)];
  services.reply = (sent) => (sent.token === untold.token ? failing(503) : taken(sent));

  await write(server, owner.token, { syncCount: 1 });
  await eventually(
    () => attemptsOf(untold.deviceId),
    (attempts) => attempts === 1,
  );
  await eventually(
    () => attemptsOf(told.deviceId),
    (attempts) => attempts === 0,
  );
  services.reply = taken;
  await eventually(letWaitPass, () => services.sent.length === 3);
  await untilDelivered(server);

  expect(services.sent.map(({ token }) => token).sort()).toEqual(
    [told.token, untold.token, untold.token].sort(),
  );
});

test('A service that names a time is not asked before it, though the dataset changes again', async () => {
  const owner = await newOwner();
  const phone = await newDevice(owner);
  services.reply = () => failing(503, { 'retry-after': '3600' });

  await write(server, owner.token, { syncCount: 1 });
  const [row] = await eventually(
    () =>
      rowsOf(server, 'SELECT next_attempt_at FROM dataset_subscriptions WHERE device_id = $1', [
        phone.deviceId,
      ]),
    ([found]) => found.next_attempt_at > new Date(Date.now() + 3_000_000),
  );
  await write(server, owner.token, { syncCount: 2 });
  await eventually(
    () => countOf(server, 'sync_events', 'identity_id', owner.identityId),
    (count) => count === 0,
  );

  const [later] = await rowsOf(
    server,
    'SELECT next_attempt_at, pending_sync_count FROM dataset_subscriptions WHERE device_id = $1',
    [phone.deviceId],
  );
  expect(later).toEqual({ next_attempt_at: row.next_attempt_at, pending_sync_count: '3' });
  expect(services.sent).toHaveLength(1);
  services.reply = taken;
  await letWaitPass();
  await untilDelivered(server);
  expect(services.sent.map(({ body }) => body.message.data.syncCount)).toEqual(['2', '3']);
});

test('A message that could not be sent for a day after the change is given up', async () => {
  const owner = await newOwner();
  const phone = await newDevice(owner);
  services.reply = () => failing(503);
  await write(server, owner.token, { syncCount: 1 });
  await eventually(
    () => attemptsOf(phone.deviceId),
    (attempts) => attempts === 1,
  );

  await rowsOf(
    server,
    `UPDATE dataset_subscriptions SET pending_since = pending_since - interval '1 day' WHERE device_id = $1`,
    [phone.deviceId],
  );
  await eventually(letWaitPass, () => services.sent.length === 2);
  await untilDelivered(server);

  expect(await devicesOf(server, owner.token)).toMatchObject([{ id: phone.deviceId, datasetNames: ['d'] }]);
});

test('A refusal is told to administrators, keeps the device, and switches nothing off', async () => {
  const pool = await createPushPool(server, ['GCM']);
  const owner = await newCaller(server, pool);
  await write(server, owner.token);
  const phone = await newDevice(owner);
  services.reply = () => ({ status: 403, body: { error: { status: 'PERMISSION_DENIED', details: [] } } });

  await write(server, owner.token, { syncCount: 1 });
  await untilDelivered(server);
  const [refused] = await applicationsOf(server, pool);
  services.reply = taken;
  await write(server, owner.token, { syncCount: 2 });
  await untilDelivered(server);

  expect(refused).toMatchObject({
    enabled: true,
    lastFailure: { message: expect.stringContaining('403 (PERMISSION_DENIED)'), date: expect.any(String) },
  });
  expect(JSON.stringify(refused)).not.toContain(phone.token);
  expect(services.sent.map(({ token }) => token)).toEqual([phone.token, phone.token]);
});

test('A new token that the service names takes the place of the old one', async () => {
  const owner = await newOwner();
  const reader = await newDevice(owner, 'ADM');
  const renewed = `${reader.token}-renewed`;
  services.reply = ({ token }) => ({ status: 200, body: { registrationID: `${token}-renewed` } });

  await write(server, owner.token, { syncCount: 1 });
  await untilDelivered(server);
  const hash = tokenHashOf({ identityPoolId, platform: 'ADM', token: renewed });
  await eventually(
    () => rowsOf(server, 'SELECT token_hash FROM device_tokens WHERE identity_id = $1', [owner.identityId]),
    (rows) => rows.length === 1 && rows[0].token_hash === hash,
  );
  services.reply = taken;
  await write(server, owner.token, { syncCount: 2 });
  await untilDelivered(server);

  expect(services.sent.map(({ token }) => token)).toEqual([reader.token, renewed]);
  expect(await register(server, owner.token, { platform: 'ADM', token: renewed })).toBe(reader.deviceId);
  expect(await rowsOf(server, 'SELECT 1 FROM devices WHERE token_hash = $1', [hash])).toHaveLength(1);
});

test('A new token of a device that went while it was sent to is not kept', async () => {
  const owner = await newOwner();
  const reader = await newDevice(owner, 'ADM');
  services.reply = async ({ token }) => {
    const { errors } = await mutate(
      server,
      'deregisterDevice { device { id } }',
      { deviceId: reader.deviceId },
      owner.token,
    );
    expect(errors).toBeUndefined();
    return { status: 200, body: { registrationID: `${token}-renewed` } };
  };

  await write(server, owner.token, { syncCount: 1 });
  await eventually(
    async () => services.sent,
    (sent) => sent.length > 0,
  );
  await sleep(300);

  expect(
    await rowsOf(server, 'SELECT 1 FROM device_tokens WHERE identity_id = $1', [owner.identityId]),
  ).toEqual([]);
});

test('No table has a token or a credential in the clear', async () => {
  const owner = await newOwner();
  const phone = await newDevice(owner);

  const rows = await rowsOf(
    server,
    `SELECT row_to_json(d)::text AS row FROM devices d UNION ALL SELECT row_to_json(c)::text FROM sync_configurations c
       UNION ALL SELECT row_to_json(a)::text FROM audit_events a UNION ALL SELECT row_to_json(t)::text FROM device_tokens t`,
  );

  expect(JSON.stringify(rows)).toContain(phone.deviceId);
  expect(JSON.stringify(rows)).not.toMatch(new RegExp(`"${phone.token}|PRIVATE KEY|secret-of-adm`));
});
