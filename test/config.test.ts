import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ConfigError, isWeakSecret, loadConfig, type Config } from '../src/config';
import type { LoginProviderUrls, PushServiceUrls } from '../src/service-urls';

const SECRET = '3d9c1f0e7a5b4c2d8e6f0a1b2c3d4e5f';

/** The mistakes found in these variables; an empty list when they are fine. */
const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  try {
    loadConfig(env);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
};

describe('without any variable, the configuration', () => {
  it('is that of an embedded database that only this machine reaches', () => {
    const { dataDir, ...config } = loadConfig({});

    expect(config).toEqual({
      port: 4000,
      host: 'localhost',
      databaseUrl: undefined,
      directDatabaseUrl: undefined,
      databasePoolSize: 10,
      redisUrl: undefined,
      logLevel: 'info',
      publicUrl: undefined,
      region: 'us-east-1',
      accountId: '000000000000',
      secret: undefined,
      administratorKey: undefined,
      introspection: true,
      trustProxy: 0,
      rateLimits: {
        enabled: true,
        windowSeconds: 60,
        guestsPerIp: 60,
        guestsPerPool: 1000,
        callsPerIp: 600,
        identitiesPerPool: 1500,
        credentialsPerPool: 12_000,
      },
      liveSubscriptions: 20_000,
      outgoing: { allowPrivateAddresses: false, allowPlaintext: false },
      auditRetentionDays: 90,
      signingKeyDays: 90,
      loginProviders: {
        google: 'https://accounts.google.com',
        apple: 'https://appleid.apple.com',
        facebook: 'https://graph.facebook.com',
        facebookLimitedLogin: 'https://limited.facebook.com',
        amazon: 'https://api.amazon.com',
        twitter: 'https://api.twitter.com',
        userPool: undefined,
        userPoolCheck: undefined,
      },
      pushServices: {
        apns: 'https://api.push.apple.com',
        apnsSandbox: 'https://api.sandbox.push.apple.com',
        fcm: 'https://fcm.googleapis.com',
        googleToken: 'https://oauth2.googleapis.com/token',
        adm: 'https://api.amazon.com',
        admToken: 'https://api.amazon.com/auth/O2/token',
      },
      saml: {
        audiences: ['urn:amazon:webservices', 'https://signin.aws.amazon.com/saml'],
        recipients: ['https://signin.aws.amazon.com/saml'],
      },
      strictAwsStatuses: false,
    });
    expect(dataDir).toBe(process.getuid?.() === 0 ? '/var/lib/rockpool' : './.rockpool');
  });

  it('is the same when they are set but empty', () => {
    const empty = {
      PORT: '',
      HOST: '',
      DATABASE_URL: '',
      ROCKPOOL_SECRET: '',
      ROCKPOOL_ADMIN_ACCESS_KEY_ID: '',
    };

    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });
});

const providers = (changes: Partial<LoginProviderUrls>): LoginProviderUrls => ({
  ...loadConfig({}).loginProviders,
  ...changes,
});

const services = (changes: Partial<PushServiceUrls>): PushServiceUrls => ({
  ...loadConfig({}).pushServices,
  ...changes,
});

describe('a variable', () => {
  const accepted: [name: string, value: string, expected: Partial<Config>][] = [
    ['PORT', '0', { port: 0 }],
    ['PORT', '65535', { port: 65_535 }],
    ['HOST', '::', { host: '::' }],
    ['DATABASE_POOL_SIZE', '1', { databasePoolSize: 1 }],
    ['DATABASE_POOL_SIZE', '1000', { databasePoolSize: 1000 }],
    ...['redis://cache', 'rediss://me:t%40ger@cache.example:6380/15', 'redis://:tiger@[::1]:6379/'].map(
      (redisUrl): [string, string, Partial<Config>] => ['REDIS_URL', redisUrl, { redisUrl }],
    ),
    ['LOG_LEVEL', 'silent', { logLevel: 'silent' }],
    ['ROCKPOOL_DATA_DIR', '/tmp/data', { dataDir: '/tmp/data' }],
    ['ROCKPOOL_PUBLIC_URL', 'https://id.example.com', { publicUrl: 'https://id.example.com' }],
    ['ROCKPOOL_PUBLIC_URL', 'https://example.com/id//', { publicUrl: 'https://example.com/id' }],
    ['ROCKPOOL_REGION', 'us-gov-west-1', { region: 'us-gov-west-1' }],
    ['ROCKPOOL_ACCOUNT_ID', '1', { accountId: '1' }],
    ['ROCKPOOL_ACCOUNT_ID', '123456789012345', { accountId: '123456789012345' }],
    ['ROCKPOOL_SECRET', SECRET, { secret: SECRET }],
    ['ROCKPOOL_INTROSPECTION', 'false', { introspection: false }],
    ['ROCKPOOL_INTROSPECTION', 'true', { introspection: true }],
    [
      'ROCKPOOL_GOOGLE_URL',
      'http://127.0.0.1:9/',
      { loginProviders: providers({ google: 'http://127.0.0.1:9' }) },
    ],
    [
      'ROCKPOOL_APPLE_URL',
      'https://a.example',
      { loginProviders: providers({ apple: 'https://a.example' }) },
    ],
    [
      'ROCKPOOL_FACEBOOK_URL',
      'https://a.example/v21.0',
      { loginProviders: providers({ facebook: 'https://a.example/v21.0' }) },
    ],
    [
      'ROCKPOOL_FACEBOOK_LIMITED_LOGIN_URL',
      'https://a.example',
      { loginProviders: providers({ facebookLimitedLogin: 'https://a.example' }) },
    ],
    [
      'ROCKPOOL_AMAZON_URL',
      'https://api.amazon.de',
      { loginProviders: providers({ amazon: 'https://api.amazon.de' }) },
    ],
    [
      'ROCKPOOL_TWITTER_URL',
      'https://api.x.com',
      { loginProviders: providers({ twitter: 'https://api.x.com' }) },
    ],
    [
      'ROCKPOOL_USER_POOL_URL',
      'http://localhost:9229',
      { loginProviders: providers({ userPool: 'http://localhost:9229' }) },
    ],
    [
      'ROCKPOOL_USER_POOL_CHECK_URL',
      'https://a.example/check?key=1',
      { loginProviders: providers({ userPoolCheck: 'https://a.example/check?key=1' }) },
    ],
    [
      'ROCKPOOL_APNS_URL',
      'https://proxy.example/apns/',
      { pushServices: services({ apns: 'https://proxy.example/apns' }) },
    ],
    [
      'ROCKPOOL_APNS_SANDBOX_URL',
      'http://127.0.0.1:9',
      { pushServices: services({ apnsSandbox: 'http://127.0.0.1:9' }) },
    ],
    ['ROCKPOOL_FCM_URL', 'http://[::1]:9', { pushServices: services({ fcm: 'http://[::1]:9' }) }],
    [
      'ROCKPOOL_GOOGLE_TOKEN_URL',
      'https://a.example/token?key=1',
      { pushServices: services({ googleToken: 'https://a.example/token?key=1' }) },
    ],
    ['ROCKPOOL_ADM_URL', 'https://a.example', { pushServices: services({ adm: 'https://a.example' }) }],
    [
      'ROCKPOOL_ADM_TOKEN_URL',
      'https://a.example/token',
      { pushServices: services({ admToken: 'https://a.example/token' }) },
    ],
    ['ROCKPOOL_TRUST_PROXY', '2', { trustProxy: 2 }],
    ['ROCKPOOL_TRUST_PROXY', '10.0.0.0/8, ::1', { trustProxy: ['10.0.0.0/8', '::1'] }],
    ['ROCKPOOL_RATE_LIMITS', 'false', { rateLimits: { ...loadConfig({}).rateLimits, enabled: false } }],
    ['ROCKPOOL_SAML_AUDIENCES', 'a, b', { saml: { ...loadConfig({}).saml, audiences: ['a', 'b'] } }],
    [
      'ROCKPOOL_SAML_RECIPIENTS',
      'https://a.example/acs',
      { saml: { ...loadConfig({}).saml, recipients: ['https://a.example/acs'] } },
    ],
  ];
  it.each(accepted)('%s may be %s', (name, value, expected) => {
    expect(loadConfig({ [name]: value })).toMatchObject(expected);
  });

  const SAFE =
    'must be a URL that starts with https:// (http:// only for localhost, 127.0.0.1 and [::1]), without user name and password';
  const NUMBER = 'must be a whole number from';
  const POSTGRES = 'must be a URL that starts with postgres:// or postgresql://';
  const REDIS =
    'must be redis://HOST or rediss://HOST, with user:password@ before the host and :PORT and /DATABASE (a number) behind it if need be';
  const HTTP = 'must be a URL that starts with http:// or https://';
  const refused: [name: string, value: string, problem: string][] = [
    ['PORT', 'abc', `${NUMBER} 0 to 65535`],
    ['PORT', '65536', `${NUMBER} 0 to 65535`],
    ['PORT', '-1', `${NUMBER} 0 to 65535`],
    ['PORT', '4000.5', `${NUMBER} 0 to 65535`],
    ['PORT', '0x10', `${NUMBER} 0 to 65535`],
    ['PORT', ' 4000', `${NUMBER} 0 to 65535`],
    ['DATABASE_POOL_SIZE', '0', `${NUMBER} 1 to 1000`],
    ['DATABASE_POOL_SIZE', '1001', `${NUMBER} 1 to 1000`],
    ['REDIS_URL', 'cache:6379', REDIS],
    ['REDIS_URL', 'redis:cache', REDIS],
    ['REDIS_URL', 'redis:///0', REDIS],
    ['REDIS_URL', 'http://cache', REDIS],
    ['REDIS_URL', 'REDISS://cache', REDIS],
    ['REDIS_URL', 'redis://cache/first', REDIS],
    ['REDIS_URL', 'redis://cache?enableOfflineQueue=true', REDIS],
    ['REDIS_URL', 'redis://me:100%@cache', REDIS],
    ['REDIS_URL', 'redis://100%4:1@cache', REDIS],
    ['LOG_LEVEL', 'loud', 'must be one of fatal, error, warn, info, debug, trace, silent'],
    ['ROCKPOOL_PUBLIC_URL', 'id.example.com', HTTP],
    ['ROCKPOOL_PUBLIC_URL', 'ftp://id.example.com', HTTP],
    ['ROCKPOOL_REGION', 'Frankfurt', 'must look like us-east-1'],
    ['ROCKPOOL_REGION', 'us-east-1:x', 'must look like us-east-1'],
    ['ROCKPOOL_ACCOUNT_ID', '12-34', 'must be 1 to 15 digits'],
    ['ROCKPOOL_ACCOUNT_ID', '1234567890123456', 'must be 1 to 15 digits'],
    ['ROCKPOOL_SECRET', 'x'.repeat(31), 'must have 32 characters or more'],
    ['ROCKPOOL_INTROSPECTION', 'yes', 'must be true or false'],
    ['ROCKPOOL_GOOGLE_URL', 'accounts.google.com', SAFE],
    ['ROCKPOOL_FACEBOOK_URL', 'http://graph.example', SAFE],
    ['ROCKPOOL_TWITTER_URL', 'https://me:secret@a.example', SAFE],
    ['ROCKPOOL_AMAZON_URL', 'https://a.example?x=1', 'must not have a query or a fragment'],
    ['ROCKPOOL_USER_POOL_CHECK_URL', 'http://a.example/check', SAFE],
    ['ROCKPOOL_SAML_AUDIENCES', 'a,,b', 'must be names with a comma between them'],
  ];
  it.each(refused)('%s may not be %s', (name, value, problem) => {
    expect(problemsOf({ [name]: value })).toEqual([`${name} ${problem}`]);
  });

  it.each(['mysql://localhost/rockpool', 'localhost:5432', 'postgres'])(
    'DATABASE_URL may not be %s',
    (url) => {
      expect(problemsOf({ DATABASE_URL: url, ROCKPOOL_SECRET: SECRET })).toEqual([
        `DATABASE_URL ${POSTGRES}`,
      ]);
    },
  );
});

describe('the address of a database', () => {
  const url = 'postgres://rockpool:tiger@db.example.com/rockpool';

  it('needs ROCKPOOL_SECRET beside it, since every node must have the same one', () => {
    expect(problemsOf({ DATABASE_URL: url })).toEqual([
      'ROCKPOOL_SECRET is required with DATABASE_URL: every node needs the same one (make it with: openssl rand -hex 32)',
    ]);
    expect(loadConfig({ DATABASE_URL: url, ROCKPOOL_SECRET: SECRET })).toMatchObject({
      databaseUrl: url,
      secret: SECRET,
    });
  });

  it('is also the direct one, unless that is given because a pooler stands in front', () => {
    const DIRECT_DATABASE_URL = 'postgresql://direct.example.com/rockpool';
    const env = { DATABASE_URL: url, ROCKPOOL_SECRET: SECRET };

    expect(loadConfig(env).directDatabaseUrl).toBe(url);
    expect(loadConfig({ ...env, DIRECT_DATABASE_URL }).directDatabaseUrl).toBe(DIRECT_DATABASE_URL);
    expect(problemsOf({ DIRECT_DATABASE_URL })).toEqual([
      'DATABASE_URL is missing beside DIRECT_DATABASE_URL',
    ]);
  });
});

describe('the first administrator key', () => {
  const id = { ROCKPOOL_ADMIN_ACCESS_KEY_ID: 'OPERATOR_1' };
  const secret = { ROCKPOOL_ADMIN_SECRET_ACCESS_KEY: '8charsok' };

  it('is taken when both of its halves are given', () => {
    expect(loadConfig({ ...id, ...secret }).administratorKey).toEqual({
      accessKeyId: 'OPERATOR_1',
      secretAccessKey: '8charsok',
    });
  });

  it('is refused when one half is missing', () => {
    expect(problemsOf(id)).toEqual([
      'ROCKPOOL_ADMIN_SECRET_ACCESS_KEY is missing beside ROCKPOOL_ADMIN_ACCESS_KEY_ID',
    ]);
    expect(problemsOf(secret)).toEqual([
      'ROCKPOOL_ADMIN_ACCESS_KEY_ID is missing beside ROCKPOOL_ADMIN_SECRET_ACCESS_KEY',
    ]);
  });

  it.each(['ab', 'a.b', 'has space', 'x'.repeat(129)])('has no id such as "%s"', (value) => {
    expect(problemsOf({ ROCKPOOL_ADMIN_ACCESS_KEY_ID: value, ...secret })).toEqual([
      'ROCKPOOL_ADMIN_ACCESS_KEY_ID must be 3 to 128 letters, digits or underscores, and not start with ey as tokens do',
    ]);
  });

  it.each(['7 chars', 'seven77', 'with space', 'umläut12', 'x'.repeat(129)])(
    'has no secret such as "%s"',
    (value) => {
      expect(problemsOf({ ...id, ROCKPOOL_ADMIN_SECRET_ACCESS_KEY: value })).toEqual([
        'ROCKPOOL_ADMIN_SECRET_ACCESS_KEY must be 8 to 128 printable ASCII characters without spaces',
      ]);
    },
  );
});

describe('a secret is weak', () => {
  it.each([
    ['too short', 'k3J9x!qP2m'],
    ['one character again and again', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'],
    ['few characters', 'abcabcabcabcabcabcabcabcabcabcab'],
    ['a well-known word', 'My-Password-Is-Very-Long-Indeed-9'],
    ['a well-known number', 'xkcdqwertz123456789012345678901'],
  ])('when it is %s', (_why, secret) => {
    expect(isWeakSecret(secret)).toBe(true);
  });

  it('not when a generator made it', () => {
    expect(isWeakSecret(SECRET)).toBe(false);
    expect(isWeakSecret('q7Zr0nX2bVtKpD4mYwLcA8')).toBe(false);
  });
});

describe('a start with wrong variables', () => {
  const root = join(__dirname, '..');
  const wrong = {
    PORT: 'http',
    DATABASE_URL: 'mysql://root:hunter2hunter2@localhost/db',
    DATABASE_POOL_SIZE: '0',
    REDIS_URL: 'redis//me:hunter4@cache',
    LOG_LEVEL: 'loud',
    ROCKPOOL_REGION: 'here',
    ROCKPOOL_SECRET: 'hunter3',
    ROCKPOOL_ADMIN_ACCESS_KEY_ID: '!!',
  };
  let code: number | null;
  let stdout = '';
  let stderr = '';

  beforeAll(async () => {
    const child = spawn(process.execPath, ['-r', '@swc-node/register', 'src/main.ts'], {
      cwd: root,
      env: { PATH: process.env.PATH, ...wrong },
    });
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    [code] = (await once(child, 'close')) as [number | null];
  });

  it('ends at once with the status 1', () => {
    expect(code).toBe(1);
    expect(stdout).toBe('');
  });

  it('lists every mistake, one to a line, in words', () => {
    expect(stderr.trim().split('\n')).toEqual([
      'The configuration has 9 mistake(s):',
      '  - PORT must be a whole number from 0 to 65535',
      '  - DATABASE_URL must be a URL that starts with postgres:// or postgresql://',
      '  - DATABASE_POOL_SIZE must be a whole number from 1 to 1000',
      '  - REDIS_URL must be redis://HOST or rediss://HOST, with user:password@ before the host and :PORT and /DATABASE (a number) behind it if need be',
      '  - LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
      '  - ROCKPOOL_REGION must look like us-east-1',
      '  - ROCKPOOL_SECRET must have 32 characters or more',
      '  - ROCKPOOL_ADMIN_ACCESS_KEY_ID must be 3 to 128 letters, digits or underscores, and not start with ey as tokens do',
      '  - ROCKPOOL_ADMIN_SECRET_ACCESS_KEY is missing beside ROCKPOOL_ADMIN_ACCESS_KEY_ID',
    ]);
  });

  it('prints neither a stack trace nor a secret', () => {
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toContain('hunter');
  });
});
