import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';

/** Milliseconds. Redis answers in one; whoever waits longer than these does without it. */
const ANSWER_WITHIN = 1000;
const CONNECT_WITHIN = 2000;
const FIRST_BACK_OFF = 250;
const LONGEST_BACK_OFF = 5000;

/**
 * Opens the connection to Redis that everything on a node shares, and keeps at it: a lost or half-dead connection is
 * made again after 250 ms, doubling to 5 s, with jitter.
 *
 * Resolves after the first attempt, whether it succeeded or not, within 2 seconds: a node starts and serves without
 * Redis too, so nothing may rely on it to be correct. A command never waits for a connection; it fails at once when
 * there is none, and after a second without an answer. Logs one warning for each wait, never the URL. End it with
 * `disconnect()`.
 *
 * Publish on this connection. One that subscribes takes no other commands, so subscribe on one more of these.
 */
export const openRedis = async (url: string, log: Logger): Promise<Redis> => {
  const redis = new Redis(url, optionsFor(url));
  tellOf(redis, log);
  const attempt = redis.connect().catch(() => undefined);
  // A Redis that is reading its data in lets nobody in for minutes.
  await Promise.race([attempt, sleep(CONNECT_WITHIN, undefined, { ref: false })]);
  return redis;
};

const optionsFor = (url: string): RedisOptions => ({
  lazyConnect: true,
  connectionName: 'rockpool',
  connectTimeout: CONNECT_WITHIN,
  socketTimeout: ANSWER_WITHIN,
  disconnectTimeout: ANSWER_WITHIN,
  retryStrategy: backOff,
  enableOfflineQueue: false,
  // What was under way when the connection broke fails with it. Any other number keeps it for so many attempts.
  maxRetriesPerRequest: 0,
  // Its name may lead to another server by now, which is the one that takes writes.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  ...tlsFor(new URL(url)),
});

/** Many hosted ones share an address and tell by the name which is meant; the name is not sent by default. */
const tlsFor = ({ protocol, hostname }: URL): RedisOptions => {
  if (protocol !== 'rediss:') return {};
  return { tls: isIP(hostname.replace(/^\[|\]$/g, '')) ? {} : { servername: hostname } };
};

/** Half the wait is random, so that the nodes of a cluster do not all come back at once. */
const backOff = (attempt: number): number => {
  const full = Math.min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (attempt - 1));
  return Math.round(full / 2 + (Math.random() * full) / 2);
};

const CLOSED = 'the connection was closed';

const tellOf = (redis: Redis, log: Logger): void => {
  let reason = CLOSED;
  redis.on('error', (error) => (reason = reasonOf(error)));
  redis.on('reconnecting', (retryInMs: number) => log.warn({ reason, retryInMs }, 'not connected to Redis'));
  redis.on('ready', () => {
    reason = CLOSED;
    log.info('connected to Redis');
  });
};

/**
 * Why a command or a connection failed, fit for a log: a code such as `ECONNREFUSED` or `WRONGPASS` where there is
 * one. Log neither the error itself nor what Redis says behind its code: both may repeat the command with its
 * arguments, and so the password.
 */
export const reasonOf = (error: unknown): string => {
  const { name, code, message } = error as Error & { code?: string };
  return code ?? (name === 'ReplyError' ? (message.split(' ')[0] ?? name) : message);
};
