import { parse } from '../../src/validate';
import {
  forPool,
  streamTargetSettings,
  withoutSecrets,
  type StreamTargetSettings,
} from '../../src/streams/targets/target-settings';
import { newWebhookSecret } from '../../src/webhooks/webhook-secret';

const STRICT = { allowPrivateAddresses: false, allowPlaintext: false };
const ALL = { allowPrivateAddresses: true, allowPlaintext: true };

const SECRET = newWebhookSecret();
const WEBHOOK = { type: 'webhook', url: 'https://hooks.example/in', secret: SECRET };
const NATS = { type: 'nats', servers: ['tls://nats.example:4222'], subject: 'rockpool.{identityPoolId}' };
const REDIS = { type: 'redis', url: 'rediss://redis.example:6380/2', key: 'events' };
const KINESIS = {
  type: 'kinesis',
  streamName: 'events',
  region: 'eu-central-1',
  accessKeyId: 'AKIAEXAMPLE',
  secretAccessKey: 'a/secret+key',
};

/** What `parse` says about settings, in its own words. */
const mistakes = (settings: object, rules = STRICT): string => {
  try {
    parse(streamTargetSettings(rules), settings);
    return 'none';
  } catch (error) {
    return (error as Error).message;
  }
};

test.each([
  ['a webhook', WEBHOOK, { maxBytes: 1_000_000 }],
  ['NATS', NATS, { maxBytes: 1_000_000 }],
  ['NATS with a user', { ...NATS, user: 'me', password: 'pw' }, { maxBytes: 1_000_000 }],
  ['NATS with a token', { ...NATS, token: 't' }, { maxBytes: 1_000_000 }],
  ['Redis', REDIS, { maxLength: 100_000, maxBytes: 1_000_000 }],
  ['Redis with a password alone', { ...REDIS, password: 'pw' }, { maxLength: 100_000, maxBytes: 1_000_000 }],
  ['Kinesis', KINESIS, {}],
  ['Kinesis elsewhere', { ...KINESIS, endpoint: 'https://kinesis.example', sessionToken: 't' }, {}],
])('Settings of %s are taken, with what was left out', (_, settings, defaults) => {
  expect(parse(streamTargetSettings(STRICT), settings)).toEqual({ ...settings, ...defaults });
});

test.each([
  ['no type', {}, 'type must be one of webhook, nats, redis, kinesis'],
  ['another type', { type: 'kafka' }, 'type must be one of webhook, nats, redis, kinesis'],
  ['no URL', { ...WEBHOOK, url: undefined }, 'url must be a string'],
  [
    'a URL without encryption',
    { ...WEBHOOK, url: 'http://hooks.example/' },
    'url must be a URL that starts with https:// (http:// only for localhost, 127.0.0.1 and [::1])',
  ],
  [
    'a private address',
    { ...WEBHOOK, url: 'https://10.0.0.1/' },
    'url must have a host on the public Internet: this server does not allow others',
  ],
  ['a bad secret', { ...WEBHOOK, secret: 'whsec_x' }, 'secret must be whsec_ and 24 to 64 bytes in base64'],
  ['too small a size', { ...WEBHOOK, maxBytes: 999 }, 'maxBytes must be at least 1000'],
  ['no servers', { ...NATS, servers: [] }, 'servers must have a number of members of at least 1'],
  [
    'a server without encryption',
    { ...NATS, servers: ['tls://a.example', 'nats://b.example'] },
    'servers[1] must be a URL that starts with tls:// (nats:// only for localhost, 127.0.0.1 and [::1])',
  ],
  [
    'a server with a path',
    { ...NATS, servers: ['tls://a.example/x'] },
    'servers[0] must have nothing behind the host and port',
  ],
  [
    'a user in the address',
    { ...NATS, servers: ['tls://me:pw@a.example'] },
    'servers[0] must not have a user name or a password',
  ],
  ['a user alone', { ...NATS, user: 'me' }, 'password must be given together with user'],
  ['a password alone', { ...NATS, password: 'pw' }, 'user must be given together with password'],
  [
    'a user and a token',
    { ...NATS, user: 'me', password: 'pw', token: 't' },
    'token must not be given together with user and password',
  ],
  [
    'a private Redis',
    { ...REDIS, url: 'rediss://127.0.0.1' },
    'url must have a host on the public Internet: this server does not allow others',
  ],
  [
    'a Redis with a path',
    { ...REDIS, url: 'rediss://redis.example/one' },
    'url must have nothing behind the host and port but the number of a database',
  ],
  ['a user of Redis alone', { ...REDIS, username: 'me' }, 'password must be given together with username'],
  ['no key', { ...REDIS, key: '' }, 'key must have a length of at least 1'],
  ['an endless stream', { ...REDIS, maxLength: 0 }, 'maxLength must be at least 1'],
  [
    'a strange stream',
    { ...KINESIS, streamName: 'a/b' },
    'streamName must be made of letters, digits, underscores, dots and hyphens',
  ],
  ['a host in the region', { ...KINESIS, region: 'evil.example/' }, 'region must look like us-east-1'],
  ['no secret key', { ...KINESIS, secretAccessKey: undefined }, 'secretAccessKey must be a string'],
  [
    'a private endpoint',
    { ...KINESIS, endpoint: 'https://169.254.169.254/' },
    'endpoint must have a host on the public Internet: this server does not allow others',
  ],
])('%s is a mistake with a sentence', (_, settings, sentence) => {
  expect(mistakes(settings)).toBe(sentence);
});

test('A member that is not known is a mistake', () => {
  expect(mistakes({ ...KINESIS, roleArn: 'x' }).trim()).toBe('must not have roleArn');
});

test.each(['a b', 'a..b', '.a', 'a.', 'a.*', 'a.>', '$JS.API.x'])(
  'The subject %p is a mistake',
  (subject) => {
    expect(mistakes({ ...NATS, subject })).toContain('subject must be a NATS subject');
  },
);

test('Private addresses and plaintext are taken where the operator allows them', () => {
  expect(mistakes({ ...NATS, servers: ['nats://10.0.0.1:4222'] }, ALL)).toBe('none');
  expect(mistakes({ ...REDIS, url: 'redis://redis.internal' }, ALL)).toBe('none');
  expect(mistakes({ ...WEBHOOK, url: 'http://localhost:8080' }, ALL)).toBe('none');
});

test('A sentence never has a secret in it', () => {
  const secret = 'hush-hush-hush';

  for (const settings of [
    { ...WEBHOOK, secret },
    { ...NATS, password: secret },
    { ...NATS, user: 'u', password: secret, token: secret },
    { ...REDIS, url: `rediss://:${secret}@redis.example` },
    { ...KINESIS, secretAccessKey: secret.repeat(1000) },
  ]) {
    expect(mistakes(settings)).not.toBe('none');
    expect(mistakes(settings)).not.toContain(secret);
  }
});

test('Settings are shown without what only the target may know', () => {
  const shown = (given: object) => {
    const settings = parse(streamTargetSettings(STRICT), given) as StreamTargetSettings;
    return withoutSecrets(settings);
  };

  expect(shown(WEBHOOK)).toEqual({ type: 'webhook', url: WEBHOOK.url, maxBytes: 1_000_000 });
  expect(shown({ ...NATS, user: 'me', password: 'pw' })).toEqual({
    ...NATS,
    user: 'me',
    maxBytes: 1_000_000,
  });
  expect(shown({ ...NATS, token: 't' })).toEqual({ ...NATS, maxBytes: 1_000_000 });
  expect(shown({ ...REDIS, password: 'pw' })).toEqual({ ...REDIS, maxLength: 100_000, maxBytes: 1_000_000 });
  expect(shown({ ...KINESIS, sessionToken: 't' })).toEqual({
    type: 'kinesis',
    streamName: 'events',
    region: 'eu-central-1',
    accessKeyId: 'AKIAEXAMPLE',
  });
});

test('A name may have the pool’s id in it', () => {
  expect(forPool('rockpool.{identityPoolId}.x', 'us-east-1:1')).toBe('rockpool.us-east-1:1.x');
  expect(forPool('rockpool', 'us-east-1:1')).toBe('rockpool');
});
