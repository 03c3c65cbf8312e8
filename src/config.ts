import { z } from 'zod';
import {
  baseUrl,
  listOfNames,
  postgresUrl,
  proxies,
  redisUrl,
  safeAddress,
  trueOrFalse,
  url,
  wholeNumber,
} from './config-values';
import type { LoginProviderUrls, PushServiceUrls } from './service-urls';

/** The first administrator key, when the operator brings one along. */
export interface AdministratorKey {
  /** `\w{3,128}` */
  accessKeyId: string;
  /** 8 characters or more. */
  secretAccessKey: string;
}

/** What SAML assertions must be made out to; the server's public address is taken beside these. */
export interface SamlServiceProvider {
  /** `ROCKPOOL_SAML_AUDIENCES`: entity ids, with commas. Default `urn:amazon:webservices,https://signin.aws.amazon.com/saml`. */
  audiences: string[];
  /** `ROCKPOOL_SAML_RECIPIENTS`: assertion consumer service addresses, with commas. Default `https://signin.aws.amazon.com/saml`. */
  recipients: string[];
}

/** How much callers without credentials may do in a window of time. One limit's calls do not count in another. */
export interface RateLimits {
  /** `ROCKPOOL_RATE_LIMITS`: whether calls are limited at all. Default true. */
  enabled: boolean;
  /** `ROCKPOOL_RATE_LIMIT_WINDOW_SECONDS`: how long a window is. Default 60, 1 to 86,400. */
  windowSeconds: number;
  /** `ROCKPOOL_RATE_LIMIT_GUESTS_PER_IP`: new guests from one address in a window. Default 60. */
  guestsPerIp: number;
  /** `ROCKPOOL_RATE_LIMIT_GUESTS_PER_POOL`: new guests of one pool in a window. Default 1,000. */
  guestsPerPool: number;
  /** `ROCKPOOL_RATE_LIMIT_CALLS_PER_IP`: calls of each public operation from one address in a window. Default 600. */
  callsPerIp: number;
  /** `ROCKPOOL_RATE_LIMIT_IDENTITIES_PER_POOL`: calls of getId, of unlinkIdentity and of previewMerge for one pool in a window. Default 1,500, as Cognito's 25 a second. */
  identitiesPerPool: number;
  /** `ROCKPOOL_RATE_LIMIT_CREDENTIALS_PER_POOL`: calls of getCredentialsForIdentity, of getOpenIdToken and of assumeRoleWithWebIdentity for one pool in a window. Default 12,000, as Cognito's 200 a second. */
  credentialsPerPool: number;
}

/** Where the server may send what others tell it to send: sync triggers, streams, and Web Push to where devices are. */
export interface OutgoingRules {
  /** `ROCKPOOL_ALLOW_PRIVATE_TARGETS`: also to this machine and to private networks. Default false. */
  allowPrivateAddresses: boolean;
  /** `ROCKPOOL_ALLOW_PLAINTEXT_TARGETS`: also without encryption to other hosts than this machine. Default false. */
  allowPlaintext: boolean;
}

/** Everything an operator can set. Read once, at start, from the environment; nothing else reads the environment. */
export interface Config {
  /** `PORT`: the TCP port to listen on; 0 lets the system choose. Default 4000. */
  port: number;
  /** `HOST`: the address to listen on. Default `localhost`, so that nothing is open to a network by accident. */
  host: string;
  /** `DATABASE_URL`: a PostgreSQL server to use in place of the embedded one. May point at a transaction pooler. */
  databaseUrl: string | undefined;
  /** `DIRECT_DATABASE_URL`: the same database without a pooler, for LISTEN and migrations. Default `DATABASE_URL`. */
  directDatabaseUrl: string | undefined;
  /** `DATABASE_POOL_SIZE`: connections that one node opens. Default 10, 1 to 1,000. */
  databasePoolSize: number;
  /** `REDIS_URL`: a Redis, such as `rediss://user:password@host:6379/0`, to count calls in for the rate limits. None by default: they are counted in the database. */
  redisUrl: string | undefined;
  /** `LOG_LEVEL`: fatal, error, warn, info, debug, trace or silent. Default info. */
  logLevel: string;
  /** `ROCKPOOL_DATA_DIR`: where the embedded database lives. Default `./.rockpool`; `/var/lib/rockpool` for root. */
  dataDir: string;
  /** `ROCKPOOL_PUBLIC_URL`: the address clients use; it is the issuer of tokens. Default `http://localhost:PORT`. */
  publicUrl: string | undefined;
  /** `ROCKPOOL_REGION`: first part of ids and part of ARNs. Default `us-east-1`. */
  region: string;
  /** `ROCKPOOL_ACCOUNT_ID`: part of ARNs, 1 to 15 digits. Default `000000000000`. */
  accountId: string;
  /** `ROCKPOOL_SECRET`: the master secret that keys at rest are sealed with, 32 characters or more. Made by the embedded database, required otherwise. */
  secret: string | undefined;
  /** `ROCKPOOL_ADMIN_ACCESS_KEY_ID` and `ROCKPOOL_ADMIN_SECRET_ACCESS_KEY`. Made and printed once when not given. */
  administratorKey: AdministratorKey | undefined;
  /** `ROCKPOOL_INTROSPECTION`: whether GraphQL introspection and the Sandbox page are served. Default true. */
  introspection: boolean;
  /**
   * `ROCKPOOL_TRUST_PROXY`: whose `X-Forwarded-For` is believed, so that limits, policies and the audit log see the
   * callers' addresses and not the proxy's: the addresses and networks of proxies with commas (`10.0.0.0/8,::1`), or the
   * number of proxies in front, 1 to 10, when nobody can reach this server around them. Default 0: nobody's.
   */
  trustProxy: number | string[];
  /** How much callers without credentials may do. */
  rateLimits: RateLimits;
  /** `ROCKPOOL_LIVE_SUBSCRIPTIONS`: live subscriptions that one node serves, and sockets and streams for them. Default 20,000, 0 to 1,000,000. */
  liveSubscriptions: number;
  outgoing: OutgoingRules;
  /** `ROCKPOOL_AUDIT_RETENTION_DAYS`: days that audit events are kept. Default 90, 1 to 3,650. */
  auditRetentionDays: number;
  /** `ROCKPOOL_SIGNING_KEY_DAYS`: days after which the key that open id tokens are signed with is replaced. Default 90, 1 to 3,650. */
  signingKeyDays: number;
  /** Where third parties are asked about logins: for stand-ins in tests, and for proxies. */
  loginProviders: LoginProviderUrls;
  /** Where the push services are: for stand-ins in tests, and for proxies. */
  pushServices: PushServiceUrls;
  /** What SAML assertions must be made out to. */
  saml: SamlServiceProvider;
  /** `ROCKPOOL_AWS_STRICT_STATUSES`: whether Cognito Identity's errors have the HTTP statuses of AWS's model (403, 404, 409) in place of the 400 that AWS is seen to send. Default false. */
  strictAwsStatuses: boolean;
}

/** All mistakes in the environment at once, one sentence each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: string[]) {
    super(
      `The configuration has ${problems.length} mistake(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const MOST_CALLS = 1_000_000_000;

const environment = z.object({
  PORT: wholeNumber(0, 65535).default(4000),
  HOST: z.string().min(1, 'must not be empty').default('localhost'),
  DATABASE_URL: postgresUrl,
  DIRECT_DATABASE_URL: postgresUrl,
  DATABASE_POOL_SIZE: wholeNumber(1, 1000).default(10),
  REDIS_URL: redisUrl.optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, { message: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  ROCKPOOL_DATA_DIR: z.string().min(1, 'must not be empty').optional(),
  ROCKPOOL_PUBLIC_URL: url(['http:', 'https:']).optional(),
  ROCKPOOL_REGION: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'must look like us-east-1')
    .default('us-east-1'),
  ROCKPOOL_ACCOUNT_ID: z
    .string()
    .regex(/^\d{1,15}$/, 'must be 1 to 15 digits')
    .default('000000000000'),
  ROCKPOOL_SECRET: z.string().min(32, 'must have 32 characters or more').optional(),
  ROCKPOOL_ADMIN_ACCESS_KEY_ID: z
    .string()
    .regex(
      /^(?!ey)\w{3,128}$/,
      'must be 3 to 128 letters, digits or underscores, and not start with ey as tokens do',
    )
    .optional(),
  ROCKPOOL_ADMIN_SECRET_ACCESS_KEY: z
    .string()
    .regex(/^[!-~]{8,128}$/, 'must be 8 to 128 printable ASCII characters without spaces')
    .optional(),
  ROCKPOOL_INTROSPECTION: trueOrFalse.default(true),
  ROCKPOOL_TRUST_PROXY: proxies.default(0),
  ROCKPOOL_RATE_LIMITS: trueOrFalse.default(true),
  ROCKPOOL_RATE_LIMIT_WINDOW_SECONDS: wholeNumber(1, 86_400).default(60),
  ROCKPOOL_RATE_LIMIT_GUESTS_PER_IP: wholeNumber(1, MOST_CALLS).default(60),
  ROCKPOOL_RATE_LIMIT_GUESTS_PER_POOL: wholeNumber(1, MOST_CALLS).default(1000),
  ROCKPOOL_RATE_LIMIT_CALLS_PER_IP: wholeNumber(1, MOST_CALLS).default(600),
  ROCKPOOL_RATE_LIMIT_IDENTITIES_PER_POOL: wholeNumber(1, MOST_CALLS).default(1500),
  ROCKPOOL_RATE_LIMIT_CREDENTIALS_PER_POOL: wholeNumber(1, MOST_CALLS).default(12_000),
  ROCKPOOL_LIVE_SUBSCRIPTIONS: wholeNumber(0, 1_000_000).default(20_000),
  ROCKPOOL_ALLOW_PRIVATE_TARGETS: trueOrFalse.default(false),
  ROCKPOOL_ALLOW_PLAINTEXT_TARGETS: trueOrFalse.default(false),
  ROCKPOOL_AUDIT_RETENTION_DAYS: wholeNumber(1, 3650).default(90),
  ROCKPOOL_SIGNING_KEY_DAYS: wholeNumber(1, 3650).default(90),
  ROCKPOOL_AWS_STRICT_STATUSES: trueOrFalse.default(false),
  ROCKPOOL_GOOGLE_URL: baseUrl.default('https://accounts.google.com'),
  ROCKPOOL_APPLE_URL: baseUrl.default('https://appleid.apple.com'),
  ROCKPOOL_FACEBOOK_URL: baseUrl.default('https://graph.facebook.com'),
  ROCKPOOL_FACEBOOK_LIMITED_LOGIN_URL: baseUrl.default('https://limited.facebook.com'),
  ROCKPOOL_AMAZON_URL: baseUrl.default('https://api.amazon.com'),
  ROCKPOOL_TWITTER_URL: baseUrl.default('https://api.twitter.com'),
  ROCKPOOL_USER_POOL_URL: baseUrl.optional(),
  ROCKPOOL_USER_POOL_CHECK_URL: safeAddress.optional(),
  ROCKPOOL_APNS_URL: baseUrl.default('https://api.push.apple.com'),
  ROCKPOOL_APNS_SANDBOX_URL: baseUrl.default('https://api.sandbox.push.apple.com'),
  ROCKPOOL_FCM_URL: baseUrl.default('https://fcm.googleapis.com'),
  ROCKPOOL_GOOGLE_TOKEN_URL: safeAddress.default('https://oauth2.googleapis.com/token'),
  ROCKPOOL_ADM_URL: baseUrl.default('https://api.amazon.com'),
  ROCKPOOL_ADM_TOKEN_URL: safeAddress.default('https://api.amazon.com/auth/O2/token'),
  ROCKPOOL_SAML_AUDIENCES: listOfNames.default([
    'urn:amazon:webservices',
    'https://signin.aws.amazon.com/saml',
  ]),
  ROCKPOOL_SAML_RECIPIENTS: listOfNames.default(['https://signin.aws.amazon.com/saml']),
});

type Environment = z.infer<typeof environment>;

/** Mistakes that only show when several variables are looked at together. */
const crossChecks = (env: Partial<Record<keyof Environment, unknown>>): string[] => {
  const problems: string[] = [];
  const id = env.ROCKPOOL_ADMIN_ACCESS_KEY_ID;
  const secret = env.ROCKPOOL_ADMIN_SECRET_ACCESS_KEY;
  if (id !== undefined && secret === undefined)
    problems.push('ROCKPOOL_ADMIN_SECRET_ACCESS_KEY is missing beside ROCKPOOL_ADMIN_ACCESS_KEY_ID');
  if (id === undefined && secret !== undefined)
    problems.push('ROCKPOOL_ADMIN_ACCESS_KEY_ID is missing beside ROCKPOOL_ADMIN_SECRET_ACCESS_KEY');
  if (env.DATABASE_URL !== undefined && env.ROCKPOOL_SECRET === undefined)
    problems.push(
      'ROCKPOOL_SECRET is required with DATABASE_URL: every node needs the same one (make it with: openssl rand -hex 32)',
    );
  if (env.DIRECT_DATABASE_URL !== undefined && env.DATABASE_URL === undefined)
    problems.push('DATABASE_URL is missing beside DIRECT_DATABASE_URL');
  return problems;
};

/** Where the embedded database lives when the operator did not say. Root's PostgreSQL runs under another user, which cannot reach below root's home. */
const defaultDataDir = (): string => (process.getuid?.() === 0 ? '/var/lib/rockpool' : './.rockpool');

/**
 * Reads the configuration from environment variables; empty ones count as not set.
 * @throws ConfigError with every mistake at once.
 */
export const loadConfig = (env: NodeJS.ProcessEnv = process.env): Config => {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = environment.safeParse(given);
  const issues = parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')} ${i.message}`);
  const problems = [...issues, ...crossChecks(given)];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  return toConfig(parsed.data);
};

const toConfig = (env: Environment): Config => ({
  port: env.PORT,
  host: env.HOST,
  databaseUrl: env.DATABASE_URL,
  directDatabaseUrl: env.DIRECT_DATABASE_URL ?? env.DATABASE_URL,
  databasePoolSize: env.DATABASE_POOL_SIZE,
  redisUrl: env.REDIS_URL,
  logLevel: env.LOG_LEVEL,
  dataDir: env.ROCKPOOL_DATA_DIR ?? defaultDataDir(),
  publicUrl: env.ROCKPOOL_PUBLIC_URL?.replace(/\/+$/, ''),
  region: env.ROCKPOOL_REGION,
  accountId: env.ROCKPOOL_ACCOUNT_ID,
  secret: env.ROCKPOOL_SECRET,
  administratorKey:
    env.ROCKPOOL_ADMIN_ACCESS_KEY_ID === undefined
      ? undefined
      : {
          accessKeyId: env.ROCKPOOL_ADMIN_ACCESS_KEY_ID,
          secretAccessKey: env.ROCKPOOL_ADMIN_SECRET_ACCESS_KEY ?? '',
        },
  introspection: env.ROCKPOOL_INTROSPECTION,
  trustProxy: env.ROCKPOOL_TRUST_PROXY,
  rateLimits: {
    enabled: env.ROCKPOOL_RATE_LIMITS,
    windowSeconds: env.ROCKPOOL_RATE_LIMIT_WINDOW_SECONDS,
    guestsPerIp: env.ROCKPOOL_RATE_LIMIT_GUESTS_PER_IP,
    guestsPerPool: env.ROCKPOOL_RATE_LIMIT_GUESTS_PER_POOL,
    callsPerIp: env.ROCKPOOL_RATE_LIMIT_CALLS_PER_IP,
    identitiesPerPool: env.ROCKPOOL_RATE_LIMIT_IDENTITIES_PER_POOL,
    credentialsPerPool: env.ROCKPOOL_RATE_LIMIT_CREDENTIALS_PER_POOL,
  },
  liveSubscriptions: env.ROCKPOOL_LIVE_SUBSCRIPTIONS,
  outgoing: {
    allowPrivateAddresses: env.ROCKPOOL_ALLOW_PRIVATE_TARGETS,
    allowPlaintext: env.ROCKPOOL_ALLOW_PLAINTEXT_TARGETS,
  },
  auditRetentionDays: env.ROCKPOOL_AUDIT_RETENTION_DAYS,
  signingKeyDays: env.ROCKPOOL_SIGNING_KEY_DAYS,
  loginProviders: {
    google: env.ROCKPOOL_GOOGLE_URL,
    apple: env.ROCKPOOL_APPLE_URL,
    facebook: env.ROCKPOOL_FACEBOOK_URL,
    facebookLimitedLogin: env.ROCKPOOL_FACEBOOK_LIMITED_LOGIN_URL,
    amazon: env.ROCKPOOL_AMAZON_URL,
    twitter: env.ROCKPOOL_TWITTER_URL,
    userPool: env.ROCKPOOL_USER_POOL_URL,
    userPoolCheck: env.ROCKPOOL_USER_POOL_CHECK_URL,
  },
  pushServices: {
    apns: env.ROCKPOOL_APNS_URL,
    apnsSandbox: env.ROCKPOOL_APNS_SANDBOX_URL,
    fcm: env.ROCKPOOL_FCM_URL,
    googleToken: env.ROCKPOOL_GOOGLE_TOKEN_URL,
    adm: env.ROCKPOOL_ADM_URL,
    admToken: env.ROCKPOOL_ADM_TOKEN_URL,
  },
  saml: { audiences: env.ROCKPOOL_SAML_AUDIENCES, recipients: env.ROCKPOOL_SAML_RECIPIENTS },
  strictAwsStatuses: env.ROCKPOOL_AWS_STRICT_STATUSES,
});

/** A configured secret that a person could guess: too short, one repeated character, or a well-known word. */
export const isWeakSecret = (secret: string): boolean =>
  secret.length < 20 || new Set(secret).size < 8 || /password|secret|admin|12345|changeme/i.test(secret);
