import {
  allow,
  countOf,
  createRole,
  getCredentials,
  getId,
  mutate,
  refusalOf,
  rowsOf,
  setRoles,
  trustOf,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { deleteDataset, newCaller, write, type Caller } from './live/live-world';
import {
  choose,
  createApplication,
  createPushPool,
  CREDENTIALS,
  devicesOf,
  register,
  subscribe,
} from './push-world';

let server: TestServer;
let identityPoolId: string;
let me: Caller;

beforeAll(async () => {
  server = await startTestServer();
  identityPoolId = await createPushPool(server, ['GCM', 'APNS', 'WEB_PUSH']);
});
beforeEach(async () => {
  me = await newCaller(server, identityPoolId);
  await write(server, me.token);
});
afterAll(() => server?.close());

const GCM = { platform: 'GCM' as const };

const tryRegister = (input: object, token = me.token) =>
  mutate(server, 'registerDevice { deviceId }', input, token);
const trySubscribe = (input: object, token = me.token) =>
  mutate(server, 'subscribeToDataset { device { datasetNames } }', input, token);
const tryUnsubscribe = (input: object, token = me.token) =>
  mutate(server, 'unsubscribeFromDataset { device { datasetNames } }', input, token);

describe('registerDevice', () => {
  it('answers the same device for the same token of the same identity', async () => {
    const first = await register(server, me.token, { ...GCM, token: 'same' });

    expect(await register(server, me.token, { ...GCM, token: 'same' })).toBe(first);
    expect(await register(server, me.token, { ...GCM, token: 'another' })).not.toBe(first);
    expect(await devicesOf(server, me.token)).toHaveLength(2);
  });

  it('takes the identity of the caller by name, too, and no other', async () => {
    const other = await newCaller(server, identityPoolId);
    const named = { ...GCM, token: 'named', identityPoolId };

    expect((await tryRegister({ ...named, identityId: me.identityId })).errors).toBeUndefined();
    expect(refusalOf(await tryRegister({ ...named, identityId: other.identityId }))).toMatchObject({
      code: 'NOT_AUTHORIZED',
    });
  });

  it('makes the device another identity’s when that one registers the token, so that a phone hears of one person', async () => {
    const next = await newCaller(server, identityPoolId);
    const before = await register(server, me.token, { ...GCM, token: 'shared-phone' });
    await subscribe(server, me.token, before);

    const after = await register(server, next.token, { ...GCM, token: 'shared-phone' });

    expect(after).not.toBe(before);
    expect(await devicesOf(server, me.token)).toEqual([]);
    expect(await countOf(server, 'dataset_subscriptions', 'identity_id', me.identityId)).toBe(0);
    expect((await devicesOf(server, next.token)).map(({ id }) => id)).toEqual([after]);
  });

  it('leaves one owner of a token that several identities register at once', async () => {
    const callers = await Promise.all([1, 2, 3, 4].map(() => newCaller(server, identityPoolId)));

    await Promise.all(callers.map(({ token }) => register(server, token, { ...GCM, token: 'contested' })));

    const owners = (await Promise.all(callers.map(({ token }) => devicesOf(server, token)))).flat();
    expect(owners).toHaveLength(1);
  });

  it('leaves the same token in another pool alone', async () => {
    const elsewhere = await newCaller(server, await createPushPool(server, ['GCM']));
    await register(server, elsewhere.token, { ...GCM, token: 'in-two-pools' });

    await register(server, me.token, { ...GCM, token: 'in-two-pools' });

    expect(await devicesOf(server, elsewhere.token)).toHaveLength(1);
  });

  it('keeps 100 devices, and lets those go that were registered longest ago', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 100; n += 1)
      ids.push(await register(server, me.token, { ...GCM, token: `one-of-many-${n}` }));
    await register(server, me.token, { ...GCM, token: 'one-of-many-0' });

    const newest = await register(server, me.token, { ...GCM, token: 'one-too-many' });

    const left = (await devicesOf(server, me.token)).map(({ id }) => id);
    expect(left).toHaveLength(100);
    expect(left).toEqual(expect.arrayContaining([newest, ids[0], ids[99]]));
    expect(left).not.toContain(ids[1]);
    expect(await countOf(server, 'device_tokens', 'identity_id', me.identityId)).toBe(100);
  });

  it.each([
    ['an empty token', { ...GCM, token: '' }],
    ['a token that is too long', { ...GCM, token: 'x'.repeat(4097) }],
    ['a token with spaces', { ...GCM, token: 'a b' }],
    ['a token of Apple’s that is not hexadecimal', { platform: 'APNS', token: 'xyz' }],
    ['a subscription that is none', { platform: 'WEB_PUSH', token: 'xyz' }],
    [
      'a subscription whose endpoint is on this machine',
      {
        platform: 'WEB_PUSH',
        token: JSON.stringify({
          endpoint: 'https://127.0.0.1/x',
          keys: {
            p256dh: (CREDENTIALS.WEB_PUSH as { publicKey: string }).publicKey,
            auth: 'AAAAAAAAAAAAAAAAAAAAAA',
          },
        }),
      },
    ],
  ])('refuses %s', async (_what, input) => {
    expect(refusalOf(await tryRegister(input))).toMatchObject({ code: 'INVALID_PARAMETER', field: 'token' });
  });

  it('refuses a platform that push sync has no application for, or a disabled one', async () => {
    const pool = await createPushPool(server, ['ADM']);
    const caller = await newCaller(server, pool);
    const arn = 'arn:aws:sns:us-east-1:000000000000:app/ADM/notes';

    const missing = await tryRegister({ ...GCM, token: 't' }, caller.token);
    await server.run(
      `mutation { updatePlatformApplication(input: { identityPoolId: "${pool}", platformApplicationArn: "${arn}",
         enabled: false }) { platformApplication { enabled } } }`,
      {},
      server.admin,
    );
    const disabled = await tryRegister({ platform: 'ADM', token: 't' }, caller.token);

    expect(refusalOf(missing)).toMatchObject({ code: 'INVALID_CONFIGURATION', platform: 'GCM' });
    expect(refusalOf(disabled)).toMatchObject({ code: 'INVALID_CONFIGURATION', platform: 'ADM' });
  });

  it('refuses everything while push sync is off, though there are applications', async () => {
    const caller = await newCaller(server);
    const viewer = await server.run('{ viewer { identityPoolId } }', {}, caller.token);
    await createApplication(server, viewer.viewer.identityPoolId);
    await write(server, caller.token);

    const refusals = [
      await tryRegister({ ...GCM, token: 't' }, caller.token),
      await trySubscribe({ datasetName: 'd', deviceId: 'x' }, caller.token),
    ].map((answer) => refusalOf(answer).code);

    expect(refusals).toEqual(['INVALID_CONFIGURATION', 'INVALID_CONFIGURATION']);
  });

  it('is for identities: administrators have no devices', async () => {
    const input = { ...GCM, token: 't', identityPoolId, identityId: me.identityId };

    expect(refusalOf(await tryRegister(input, server.admin)).code).toBe('NOT_AUTHORIZED');
  });

  it('needs its action on the identity, and subscribing needs another on the dataset', async () => {
    const pool = await createPushPool(server, ['GCM'], { createDefaultRoles: false });
    const own = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${pool}/identity/*`;
    const role = await createRole(server, {
      roleName: `Devices-${pool.slice(-12)}`,
      assumeRolePolicyDocument: trustOf(pool),
      policies: [
        {
          policyName: 'p',
          policyDocument: allow(
            ['cognito-sync:UpdateRecords', 'cognito-sync:SubscribeToDataset'],
            `${own}/dataset/*`,
          ),
        },
      ],
    });
    await setRoles(server, pool, { unauthenticated: role.arn });
    const caller = await newCaller(server, pool);
    await write(server, caller.token);

    expect(refusalOf(await tryRegister({ ...GCM, token: 't' }, caller.token))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-sync:RegisterDevice',
      resource: `${own.slice(0, -1)}${caller.identityId}`,
    });
    const subscribed = await trySubscribe({ datasetName: 'd', deviceId: 'x' }, caller.token);
    expect(refusalOf(subscribed)).toMatchObject({ code: 'RESOURCE_NOT_FOUND', field: 'deviceId' });
    const unsubscribed = await tryUnsubscribe({ datasetName: 'd', deviceId: 'x' }, caller.token);
    expect(refusalOf(unsubscribed)).toMatchObject({
      code: 'ACCESS_DENIED',
      resource: `${own.slice(0, -1)}${caller.identityId}/dataset/d`,
    });
  });

  it('tells an identity that was deleted meanwhile', async () => {
    await server.run(
      `mutation { deleteIdentities(input: { identityIdsToDelete: ["${me.identityId}"] }) {
         unprocessedIdentityIds { identityId } } }`,
      {},
      server.admin,
    );

    expect(refusalOf(await tryRegister({ ...GCM, token: 't' })).code).toBe('IDENTITY_DELETED');
  });
});

describe('subscriptions', () => {
  it('are shown with the device, by name, and end', async () => {
    const deviceId = await register(server, me.token, { ...GCM, token: 'subscribing' });
    await write(server, me.token, { datasetName: 'a' });

    await subscribe(server, me.token, deviceId, 'd');
    await subscribe(server, me.token, deviceId, 'd');
    expect((await subscribe(server, me.token, deviceId, 'a')).datasetNames).toEqual(['a', 'd']);
    const answer = await tryUnsubscribe({ datasetName: 'a', deviceId });

    expect(answer.data.unsubscribeFromDataset.device.datasetNames).toEqual(['d']);
    expect(await devicesOf(server, me.token)).toMatchObject([{ id: deviceId, datasetNames: ['d'] }]);
  });

  it.each([
    ['a dataset that never was', { datasetName: 'never' }, 'datasetName'],
    ['an unknown device', { deviceId: 'unknown' }, 'deviceId'],
  ])('of %s are refused, and so are their ends', async (_what, changes, field) => {
    const deviceId = await register(server, me.token, { ...GCM, token: 'refused' });
    const input = { datasetName: 'd', deviceId, ...changes };

    for (const answer of [await trySubscribe(input), await tryUnsubscribe(input)])
      expect(refusalOf(answer)).toMatchObject({ code: 'RESOURCE_NOT_FOUND', field });
  });

  it('of a device of another identity are refused', async () => {
    const other = await newCaller(server, identityPoolId);
    const deviceId = await register(server, other.token, { ...GCM, token: 'of-another' });

    expect(refusalOf(await trySubscribe({ datasetName: 'd', deviceId })).code).toBe('RESOURCE_NOT_FOUND');
  });

  it('outlive their dataset, can be ended then, and cannot be made', async () => {
    const deviceId = await register(server, me.token, { ...GCM, token: 'outliving' });
    await subscribe(server, me.token, deviceId);

    await deleteDataset(server, me.token);

    expect(refusalOf(await trySubscribe({ datasetName: 'd', deviceId })).code).toBe('RESOURCE_NOT_FOUND');
    expect(await devicesOf(server, me.token)).toMatchObject([{ datasetNames: ['d'] }]);
    expect((await tryUnsubscribe({ datasetName: 'd', deviceId })).errors).toBeUndefined();
  });
});

describe('deregisterDevice', () => {
  it('forgets the device, its subscriptions and its token', async () => {
    const deviceId = await register(server, me.token, { ...GCM, token: 'going' });
    await subscribe(server, me.token, deviceId);

    const answer = await mutate(
      server,
      'deregisterDevice { device { id datasetNames } }',
      { deviceId },
      me.token,
    );

    expect(answer.data.deregisterDevice.device).toEqual({ id: deviceId, datasetNames: ['d'] });
    for (const table of ['devices', 'dataset_subscriptions', 'device_tokens'])
      expect(await countOf(server, table, 'identity_id', me.identityId)).toBe(0);
    const again = await mutate(server, 'deregisterDevice { device { id } }', { deviceId }, me.token);
    expect(refusalOf(again)).toMatchObject({ code: 'RESOURCE_NOT_FOUND', field: 'deviceId' });
  });
});

describe('devices', () => {
  it('are shown to administrators without their tokens', async () => {
    const deviceId = await register(server, me.token, { ...GCM, token: 'a-token-to-hide' });

    const answer = await server.graphql(
      `{ identity(id: "${me.identityId}") { devices { id platform datasetNames creationDate lastModifiedDate } } }`,
      {},
      server.admin,
    );

    expect(answer.data.identity.devices).toMatchObject([{ id: deviceId, platform: 'GCM', datasetNames: [] }]);
    expect(JSON.stringify(answer)).not.toContain('a-token-to-hide');
  });

  it('go with their identity, their tokens too', async () => {
    await register(server, me.token, { ...GCM, token: 'orphan' });

    await server.run(
      `mutation { deleteIdentities(input: { identityIdsToDelete: ["${me.identityId}"] }) {
         unprocessedIdentityIds { identityId } } }`,
      {},
      server.admin,
    );

    for (const table of ['devices', 'device_tokens'])
      expect(await countOf(server, table, 'identity_id', me.identityId)).toBe(0);
  });

  it('go with their pool', async () => {
    const pool = await createPushPool(server, ['GCM']);
    const caller = await newCaller(server, pool);
    await register(server, caller.token, { ...GCM, token: 'of-the-pool' });

    await server.run(
      `mutation { deleteIdentityPool(input: { identityPoolId: "${pool}" }) { identityPool { id } } }`,
      {},
      server.admin,
    );

    for (const table of ['devices', 'device_tokens', 'sync_configurations'])
      expect(await rowsOf(server, `SELECT 1 FROM ${table} WHERE identity_pool_id = $1`, [pool])).toEqual([]);
  });
});

describe('pushSyncPublicKey', () => {
  const keyFor = async (token: string): Promise<string | null> =>
    (await server.run('{ viewer { pushSyncPublicKey } }', {}, token)).viewer.pushSyncPublicKey;

  it('is what browsers subscribe with, for identities of the pool', async () => {
    expect(await keyFor(me.token)).toBe((CREDENTIALS.WEB_PUSH as { publicKey: string }).publicKey);
  });

  it('is null while push sync has no application for browsers', async () => {
    const pool = await createPushPool(server, ['GCM']);
    const caller = await newCaller(server, pool);
    await createApplication(server, pool, 'WEB_PUSH');
    await choose(server, pool, ['arn:aws:sns:us-east-1:000000000000:app/GCM/notes']);

    expect(await keyFor(caller.token)).toBeNull();
  });

  it('is not told to an identity that may not register devices', async () => {
    const { id } = await getId(server, identityPoolId);
    const { accessToken } = await getCredentials(server, id);
    const query = `{ identity(id: "${me.identityId}") { pushSyncPublicKey } }`;

    expect(refusalOf(await server.graphql(query, {}, accessToken)).code).toBe('NOT_AUTHORIZED');
  });
});
