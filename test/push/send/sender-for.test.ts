import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { generateVAPIDKeys } from 'web-push';
import { parseCredentials, PLATFORMS, type Platform } from '../../../src/push/send/platform-credentials';
import { loadConfig } from '../../../src/config';
import { senderFor } from '../../../src/push/send/sender-for';
import { MESSAGE, startPushStandIn, type PushStandIn } from '../../support/push-stand-in';

const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const APNS = {
  teamId: 'TEAM123456',
  keyId: 'KEYID12345',
  privateKey: pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
  topic: 'com.example.app',
};
const CREDENTIALS: Record<Platform, object> = {
  APNS,
  APNS_SANDBOX: APNS,
  GCM: {
    project_id: 'my-app',
    client_email: 'push@my-app.example',
    private_key: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey),
  },
  ADM: { clientId: 'client', clientSecret: 'secret' },
  WEB_PUSH: { ...generateVAPIDKeys(), subject: 'mailto:push@example.com' },
};

const answer = () => ({ status: 200, body: { access_token: 'a', expires_in: 3600 } });

let servers: Record<'http' | 'apns' | 'apnsSandbox', PushStandIn>;

beforeAll(async () => {
  servers = {
    http: await startPushStandIn(answer),
    apns: await startPushStandIn(answer, { http2: true }),
    apnsSandbox: await startPushStandIn(answer, { http2: true }),
  };
});

afterAll(() => Promise.all(Object.values(servers).map((server) => server.close())));

const browserToken = (): string =>
  JSON.stringify({
    endpoint: `${servers.http.url}/subscription`,
    keys: { p256dh: generateVAPIDKeys().publicKey, auth: 'AAAAAAAAAAAAAAAAAAAAAA' },
  });

test.each<[Platform, keyof typeof servers, string]>([
  ['APNS', 'apns', '/3/device/ab12'],
  ['APNS_SANDBOX', 'apnsSandbox', '/3/device/ab12'],
  ['GCM', 'http', '/v1/projects/my-app/messages:send'],
  ['ADM', 'http', '/messaging/registrations/ab12/messages'],
  ['WEB_PUSH', 'http', '/subscription'],
])('%s is sent to its own service', async (platform, server, path) => {
  const urls = {
    apns: servers.apns.url,
    apnsSandbox: servers.apnsSandbox.url,
    fcm: servers.http.url,
    googleToken: `${servers.http.url}/google-token`,
    adm: servers.http.url,
    admToken: `${servers.http.url}/adm-token`,
  };
  const settings = parseCredentials(platform, CREDENTIALS[platform]);
  const sender = senderFor(settings, urls, { allowPrivateEndpoints: true });

  const token = platform === 'WEB_PUSH' ? browserToken() : 'ab12';
  expect(await sender.send(token, MESSAGE)).toEqual({ kind: 'SENT' });

  expect(servers[server].asked.at(-1)!.path).toBe(path);
  sender.close();
});

test('Every platform has a sender, which asks nobody before the first message', () => {
  for (const platform of PLATFORMS)
    senderFor(parseCredentials(platform, CREDENTIALS[platform]), loadConfig({}).pushServices).close();
});
