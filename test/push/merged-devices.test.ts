import { countOf, getCredentials, getId, loginOf, registerProvider, type Login } from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type TestServer } from '../support/server';
import { newCaller, write, type Caller } from './live/live-world';
import {
  createPushPool,
  devicesOf,
  register,
  startPushServices,
  subscribe,
  untilDelivered,
  type PushServices,
} from './push-world';

let server: TestServer;
let issuer: TestIdentityProvider;
let services: PushServices;
let identityPoolId: string;

beforeAll(async () => {
  [issuer, services] = await Promise.all([startIdentityProvider(), startPushServices()]);
  server = await startTestServer({ config: services.config, timings: { pollEvery: 50 } });
  identityPoolId = await createPushPool(server, ['GCM'], {
    openIdConnectProviderARNs: [await registerProvider(server, issuer)],
  });
});
afterAll(async () => {
  await server?.close();
  await Promise.all([issuer?.close(), services?.close()]);
});

/** Ann, who signed in on her tablet, where she has the dataset `notes`. */
const signedIn = async (sub: string): Promise<Caller & { logins: Login[] }> => {
  const logins = [await loginOf(issuer, sub)];
  const { id: identityId } = await getId(server, identityPoolId, logins);
  const { accessToken: token } = await getCredentials(server, identityId, logins);
  await write(server, token, { datasetName: 'notes' });
  return { identityId, token, logins };
};

/** A phone of a guest, subscribed to its dataset `notes`. */
const phoneOf = async (guest: Caller, token: string): Promise<string> => {
  await write(server, guest.token, { datasetName: 'notes' });
  const deviceId = await register(server, guest.token, { platform: 'GCM', token });
  await subscribe(server, guest.token, deviceId, 'notes');
  return deviceId;
};

/** The guest signs in: what it has becomes Ann's. */
const merge = (guest: Caller, logins: Login[]) => getCredentials(server, guest.identityId, logins);

test('After a merge a phone goes on hearing of the dataset of that name, which is the survivor’s', async () => {
  const ann = await signedIn('ann');
  const guest = await newCaller(server, identityPoolId);
  const deviceId = await phoneOf(guest, 'phone-of-ann');

  await merge(guest, ann.logins);
  await write(server, ann.token, { datasetName: 'notes', syncCount: 1 });
  await untilDelivered(server);

  expect(services.sent.map(({ token, body }) => [token, body.message.data])).toEqual([
    [
      'phone-of-ann',
      {
        source: 'cognito-sync',
        identityPoolId,
        identityId: ann.identityId,
        datasetName: 'notes',
        syncCount: '2',
      },
    ],
  ]);
  expect(await devicesOf(server, ann.token)).toMatchObject([{ id: deviceId, datasetNames: ['notes'] }]);
  for (const table of ['devices', 'dataset_subscriptions', 'device_tokens'])
    expect(await countOf(server, table, 'identity_id', guest.identityId)).toBe(0);
});

test('After a merge the same token is still the same device', async () => {
  const bob = await signedIn('bob');
  const guest = await newCaller(server, identityPoolId);
  const deviceId = await phoneOf(guest, 'phone-of-bob');

  await merge(guest, bob.logins);

  expect(await register(server, bob.token, { platform: 'GCM', token: 'phone-of-bob' })).toBe(deviceId);
});

test('What a phone was still to be told of the guest’s dataset is not told of the survivor’s', async () => {
  const eve = await signedIn('eve');
  const guest = await newCaller(server, identityPoolId);
  await phoneOf(guest, 'phone-of-eve');
  services.sent.length = 0;
  services.reply = () => ({ status: 503 });
  for (const syncCount of [1, 2, 3])
    await write(server, guest.token, { datasetName: 'notes', key: 'k', syncCount });

  await merge(guest, eve.logins);
  services.reply = () => ({ status: 200, body: { name: 'm' } });
  services.sent.length = 0;
  await write(server, eve.token, { datasetName: 'notes', syncCount: 1 });
  await untilDelivered(server);

  expect(services.sent.map(({ body }) => body.message.data)).toMatchObject([
    { identityId: eve.identityId, syncCount: '2' },
  ]);
});
