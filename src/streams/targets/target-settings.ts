import { z } from 'zod';
import { text } from '../../validate';
import { HTTP, problemOfUrl, type AddressRules, type Schemes } from '../../webhooks/address-rules';
import { problemOfWebhookSecret } from '../../webhooks/webhook-secret';

/** Of NATS: the client begins in plaintext and starts TLS when the address says so. */
export const NATS: Schemes = { encrypted: 'tls:', plaintext: 'nats:' };

/** Of Redis. */
export const REDIS: Schemes = { encrypted: 'rediss:', plaintext: 'redis:' };

/** What stands for the id of the event's identity pool in a NATS subject or a Redis key. */
export const POOL_PLACEHOLDER = '{identityPoolId}';

const ONE_MEGABYTE = 1_000_000;

/** JSON of one event, beyond which it goes by reference. Default 1,000,000 as in AWS, where 1 MiB is the limit with all that is around it. */
const maxBytes = z.int().min(1000).max(10_000_000).default(ONE_MEGABYTE);

/** A text that must have no `problem`: a clause that begins with must. */
const checked = (longest: number, problemOf: (value: string) => string | undefined) =>
  text(1, longest).superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

const address = (schemes: Schemes, rules: AddressRules) =>
  checked(2048, (value) => problemOfUrl(value, schemes, rules));

/** Settings of one kind take no others along, which would be dropped without a word. */
const strict = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `must not have ${issue.keys.join(', ')}` : undefined,
  });

const secretText = text(1, 4096);

const webhook = (rules: AddressRules) =>
  strict({
    type: z.literal('webhook'),
    url: address(HTTP, rules),
    /** `whsec_…` */
    secret: checked(128, problemOfWebhookSecret),
    maxBytes,
  });

const problemOfSubject = (subject: string): string | undefined => {
  const tokens = subject.replaceAll(POOL_PLACEHOLDER, 'pool').split('.');
  return tokens.every((token) => /^[^\s.*>]+$/.test(token)) && !subject.startsWith('$')
    ? undefined
    : 'must be a NATS subject: words with a dot between them, without spaces, * and >, and without $ at its beginning';
};

const problemOfNatsUrl = (value: string): string | undefined => {
  const { pathname, search, hash } = new URL(value);
  return /^\/?$/.test(pathname) && search === '' && hash === ''
    ? undefined
    : 'must have nothing behind the host and port';
};

const nats = (rules: AddressRules) =>
  strict({
    type: z.literal('nats'),
    /** Tried one after the other. */
    servers: z
      .array(checked(2048, (value) => problemOfUrl(value, NATS, rules) ?? problemOfNatsUrl(value)))
      .min(1)
      .max(10),
    subject: checked(256, problemOfSubject),
    user: text(1, 256).optional(),
    password: secretText.optional(),
    token: secretText.optional(),
    maxBytes,
  })
    .refine(({ user, password }) => user === undefined || password !== undefined, {
      path: ['password'],
      message: 'must be given together with user',
    })
    .refine(({ user, password }) => user !== undefined || password === undefined, {
      path: ['user'],
      message: 'must be given together with password',
    })
    .refine(({ user, token }) => user === undefined || token === undefined, {
      path: ['token'],
      message: 'must not be given together with user and password',
    });

const problemOfRedisUrl = (value: string): string | undefined => {
  const { pathname, search, hash } = new URL(value);
  return /^\/?\d{0,4}$/.test(pathname) && search === '' && hash === ''
    ? undefined
    : 'must have nothing behind the host and port but the number of a database';
};

const redis = (rules: AddressRules) =>
  strict({
    type: z.literal('redis'),
    /** `redis://HOST:PORT/DATABASE`, or rediss. */
    url: checked(2048, (value) => problemOfUrl(value, REDIS, rules) ?? problemOfRedisUrl(value)),
    username: text(1, 256).optional(),
    password: secretText.optional(),
    key: text(1, 512),
    /** About how many entries the stream keeps (MAXLEN ~). */
    maxLength: z.int().min(1).max(1_000_000_000).default(100_000),
    maxBytes,
  }).refine(({ username, password }) => username === undefined || password !== undefined, {
    path: ['password'],
    message: 'must be given together with username',
  });

const kinesis = (rules: AddressRules) =>
  strict({
    type: z.literal('kinesis'),
    streamName: text(1, 128).regex(
      /^[a-zA-Z0-9_.-]+$/,
      'must be made of letters, digits, underscores, dots and hyphens',
    ),
    region: text(1, 32).regex(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/, 'must look like us-east-1'),
    accessKeyId: text(1, 128).regex(/^\w+$/, 'must be letters, digits and underscores'),
    secretAccessKey: secretText,
    sessionToken: secretText.optional(),
    /** A server that speaks Kinesis, in place of AWS's of the region. */
    endpoint: address(HTTP, rules).optional(),
  });

/**
 * Where a pool's events go, as an administrator sets it. Sentences for mistakes are clauses that follow the member's
 * name, as `parse` wants them, and never repeat a value.
 */
export const streamTargetSettings = (rules: AddressRules) =>
  z.discriminatedUnion('type', [webhook(rules), nats(rules), redis(rules), kinesis(rules)], {
    error: 'must be one of webhook, nats, redis, kinesis',
  });

export type StreamTargetSettings = z.infer<ReturnType<typeof streamTargetSettings>>;

/** Of a webhook. */
export type WebhookSettings = Extract<StreamTargetSettings, { type: 'webhook' }>;

/** Of NATS JetStream. */
export type NatsSettings = Extract<StreamTargetSettings, { type: 'nats' }>;

/** Of a Redis stream. */
export type RedisSettings = Extract<StreamTargetSettings, { type: 'redis' }>;

/** Of Amazon Kinesis. */
export type KinesisSettings = Extract<StreamTargetSettings, { type: 'kinesis' }>;

const SECRETS = ['secret', 'password', 'token', 'secretAccessKey', 'sessionToken'];

/** The settings as an administrator may see them again: without what only the target may know. */
export const withoutSecrets = (settings: StreamTargetSettings): Record<string, unknown> =>
  Object.fromEntries(Object.entries(settings).filter(([member]) => !SECRETS.includes(member)));

/** A subject or a key for the events of one pool. */
export const forPool = (pattern: string, identityPoolId: string): string =>
  pattern.replaceAll(POOL_PLACEHOLDER, identityPoolId);
