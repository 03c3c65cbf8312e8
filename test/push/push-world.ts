import { createECDH, generateKeyPairSync, randomBytes } from 'node:crypto';
import { generateVAPIDKeys } from 'web-push';
import { loadConfig, type Config } from '../../src/config';
import type { Platform } from '../../src/push/send/platform-credentials';
import { createPool, eventually, rowsOf, type Data } from '../support/factories';
import { startPushStandIn, type Asked, type PushStandIn, type Reply } from '../support/push-stand-in';
import type { TestServer } from '../support/server';

const { privateKey: p256 } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pemOf = (key: typeof p256): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

const APNS = { teamId: 'TEAM123456', keyId: 'KEYID12345', privateKey: pemOf(p256), topic: 'com.example.app' };

/** Credentials that are taken, for each platform. */
export const CREDENTIALS: Record<Platform, object> = {
  APNS,
  APNS_SANDBOX: { ...APNS, topic: 'com.example.app.beta' },
  GCM: {
    type: 'service_account',
    project_id: 'my-app',
    client_email: 'push@my-app.iam.gserviceaccount.com',
    private_key: pemOf(rsa),
  },
  ADM: { clientId: 'amzn1.application-oa2-client.1', clientSecret: 'secret-of-adm-42' },
  WEB_PUSH: { ...generateVAPIDKeys(), subject: 'mailto:push@example.com' },
};

/** One message as a push service got it, whichever it is. */
export interface Sent {
  platform: Platform;
  token: string;
  body: Data;
}

/** Stand-ins for all push services. */
export interface PushServices {
  config: Pick<Config, 'pushServices' | 'outgoing'>;
  /** The same as environment variables. */
  environment: NodeJS.ProcessEnv;
  /** What was sent, in the order of its coming, access tokens aside. */
  sent: Sent[];
  /** Decides on the answer to each message from now on. Takes them all at first. */
  reply: (sent: Sent) => Reply | Promise<Reply>;
  /** Where Web Push endpoints are: add a token. */
  webPushUrl: string;
  close(): Promise<void>;
}

const ACCESS_TOKEN = { status: 200, body: { access_token: 'an access token', expires_in: 3600 } };

const PLATFORM_OF: [pattern: RegExp, platform: Platform][] = [
  [/^\/messaging\/registrations\/([^/]+)\/messages$/, 'ADM'],
  [/^\/endpoint\/([^/]+)$/, 'WEB_PUSH'],
];

const sentOf = ({ path, body }: Asked): Sent => {
  for (const [pattern, platform] of PLATFORM_OF) {
    const [, token] = pattern.exec(path) ?? [];
    if (token !== undefined)
      return { platform, token, body: platform === 'WEB_PUSH' ? null : JSON.parse(body.toString()) };
  }
  const parsed = JSON.parse(body.toString()) as Data;
  return { platform: 'GCM', token: parsed.message.token, body: parsed };
};

const apnsSentOf = (platform: Platform, { path, body }: Asked): Sent => ({
  platform,
  token: path.replace('/3/device/', ''),
  body: JSON.parse(body.toString()),
});

const TAKEN: Record<Platform, Reply> = {
  APNS: { status: 200 },
  APNS_SANDBOX: { status: 200 },
  GCM: { status: 200, body: { name: 'projects/my-app/messages/1' } },
  ADM: { status: 200, body: {} },
  WEB_PUSH: { status: 201 },
};

/** What a service that takes a message answers. */
export const taken = ({ platform }: Sent): Reply => TAKEN[platform];

/** Starts stand-ins for all push services. Close them in `afterAll`. */
export const startPushServices = async (): Promise<PushServices> => {
  const services = { sent: [] as Sent[], reply: taken } as PushServices;
  const receive = (sent: Sent): Reply | Promise<Reply> => {
    services.sent.push(sent);
    return services.reply(sent);
  };
  const overHttp1 = await startPushStandIn((asked) =>
    asked.path === '/token' ? ACCESS_TOKEN : receive(sentOf(asked)),
  );
  const apple = (platform: Platform): Promise<PushStandIn> =>
    startPushStandIn((asked) => receive(apnsSentOf(platform, asked)), { http2: true });
  const [apns, sandbox] = [await apple('APNS'), await apple('APNS_SANDBOX')];
  const { url } = overHttp1;
  services.webPushUrl = `${url}/endpoint/`;
  services.config = {
    pushServices: {
      apns: apns.url,
      apnsSandbox: sandbox.url,
      fcm: url,
      googleToken: `${url}/token`,
      adm: url,
      admToken: `${url}/token`,
    },
    outgoing: { ...loadConfig({}).outgoing, allowPrivateAddresses: true },
  };
  services.environment = {
    ROCKPOOL_APNS_URL: apns.url,
    ROCKPOOL_APNS_SANDBOX_URL: sandbox.url,
    ROCKPOOL_FCM_URL: url,
    ROCKPOOL_GOOGLE_TOKEN_URL: `${url}/token`,
    ROCKPOOL_ADM_URL: url,
    ROCKPOOL_ADM_TOKEN_URL: `${url}/token`,
    ROCKPOOL_ALLOW_PRIVATE_TARGETS: 'true',
  };
  services.close = async () => {
    await Promise.all([overHttp1, apns, sandbox].map((standIn) => standIn.close()));
  };
  return services;
};

const authSecret = randomBytes(16).toString('base64url');
const browser = createECDH('prime256v1');
browser.generateKeys();

/** A token as an app of the platform has it; the services see `name` for it. */
export const tokenOf = (services: PushServices, platform: Platform, name: string): string =>
  platform === 'WEB_PUSH'
    ? JSON.stringify({
        endpoint: `${services.webPushUrl}${name}`,
        keys: { p256dh: browser.getPublicKey('base64url'), auth: authSecret },
      })
    : name;

const APPLICATION =
  'platformApplicationArn name platform enabled publicKey creationDate lastFailure { message date }';

/** A platform application as an administrator makes it. */
export const createApplication = async (
  server: TestServer,
  identityPoolId: string,
  platform: Platform = 'GCM',
  more: object = {},
): Promise<Data> => {
  const input = { identityPoolId, name: 'notes', platform, credentials: CREDENTIALS[platform], ...more };
  const { createPlatformApplication } = await server.run(
    `mutation ($input: CreatePlatformApplicationInput!) {
       createPlatformApplication(input: $input) { platformApplication { ${APPLICATION} } } }`,
    { input },
    server.admin,
  );
  return createPlatformApplication.platformApplication;
};

/** The platform applications of a pool, as an administrator reads them. */
export const applicationsOf = async (server: TestServer, identityPoolId: string): Promise<Data[]> =>
  (
    await server.run(
      `query ($id: ID!) { identityPool(id: $id) { platformApplications { ${APPLICATION} } } }`,
      { id: identityPoolId },
      server.admin,
    )
  ).identityPool.platformApplications;

/** Has the pool's push sync use these applications, or none. */
export const choose = async (
  server: TestServer,
  identityPoolId: string,
  applicationArns: string[],
): Promise<void> => {
  await server.run(
    'mutation ($input: SetIdentityPoolConfigurationInput!) { setIdentityPoolConfiguration(input: $input) { identityPoolId } }',
    { input: { identityPoolId, pushSync: { applicationArns } } },
    server.admin,
  );
};

/** A pool whose push sync uses an application of each of the platforms. */
export const createPushPool = async (
  server: TestServer,
  platforms: Platform[],
  pool: object = {},
): Promise<string> => {
  const { id } = await createPool(server, pool);
  const arns: string[] = [];
  for (const platform of platforms)
    arns.push((await createApplication(server, id, platform)).platformApplicationArn);
  await choose(server, id, arns);
  return id;
};

const DEVICE = 'id platform datasetNames creationDate lastModifiedDate';

/** Registers a device; answers its id. */
export const register = async (
  server: TestServer,
  token: string,
  input: { platform: Platform; token: string },
): Promise<string> =>
  (
    await server.run(
      'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { deviceId } }',
      { input },
      token,
    )
  ).registerDevice.deviceId;

/** Subscribes a device to a dataset. */
export const subscribe = async (
  server: TestServer,
  token: string,
  deviceId: string,
  datasetName = 'd',
): Promise<Data> =>
  (
    await server.run(
      `mutation ($input: SubscribeToDatasetInput!) { subscribeToDataset(input: $input) { device { ${DEVICE} } } }`,
      { input: { datasetName, deviceId } },
      token,
    )
  ).subscribeToDataset.device;

/** The devices of an identity as it sees them. */
export const devicesOf = async (server: TestServer, token: string): Promise<Data[]> =>
  (await server.run(`{ viewer { devices { ${DEVICE} } } }`, {}, token)).viewer.devices;

/** Waits until nothing is left to be told to anybody. */
export const untilDelivered = async (server: TestServer): Promise<void> => {
  await eventually(
    () =>
      rowsOf(
        server,
        `SELECT (SELECT count(*) FROM sync_events WHERE consumer = 'push')
              + (SELECT count(*) FROM dataset_subscriptions WHERE pending_sync_count IS NOT NULL) AS open`,
      ),
    ([row]) => row.open === '0',
  );
};
