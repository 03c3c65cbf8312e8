import { isIP } from 'node:net';
import type { Redis } from 'ioredis';
import { allowedAddresses, hostOf } from '../../webhooks/address-rules';
import { firstToAnswer, keepConnection, type KeptConnection } from './kept-connection';
import { oneByOne, putInOrder } from './put-in-order';
import {
  broken,
  DELIVERED,
  retry,
  wordOf,
  type PutOutcome,
  type StreamPut,
  type StreamTarget,
  type TargetOptions,
} from './stream-target';
import { forPool, REDIS, type RedisSettings } from './target-settings';

/** Commands under way at the same time. */
const AT_ONCE = 64;

const DEFAULT_PORT = 6379;

/**
 * Appends to a Redis stream: `XADD key MAXLEN ~ maxLength * id ID payload JSON`. Redis drops nothing that comes twice, so
 * consumers know an event again by its `id`. A key of another type and credentials that do not hold are broken; a server
 * that is away, loading or full is for later.
 */
export const redisTarget = (settings: RedisSettings, options: TargetOptions): StreamTarget => {
  const connection = keepConnection({
    open: () => connectToAny(settings, options),
    isOpen: (held) => held.status === 'ready',
    close: disconnect,
  });
  return {
    maxBytes: settings.maxBytes,
    put: (events) =>
      putInOrder(
        events,
        AT_ONCE,
        oneByOne((put) => append(connection, put, settings, options.timeoutMs)),
      ),
    close: () => connection.close(),
  };
};

const append = async (
  connection: KeptConnection<Redis>,
  { event, id }: StreamPut,
  { key, maxLength }: RedisSettings,
  timeoutMs: number,
): Promise<PutOutcome> => {
  let held: Redis | undefined;
  try {
    held = await connection.get();
    const fields = ['id', id, 'payload', JSON.stringify(event)];
    await held.xadd(forPool(key, event.identityPoolId), 'MAXLEN', '~', maxLength, '*', ...fields);
    return DELIVERED;
  } catch (error) {
    // What Redis answers is an error of that name; after any other the connection may be half open.
    if (held && (error as Error).name !== 'ReplyError') await connection.drop(held);
    return outcomeOf(error, timeoutMs);
  }
};

const connectToAny = async (settings: RedisSettings, { rules, timeoutMs }: TargetOptions): Promise<Redis> => {
  const addresses = await allowedAddresses(hostOf(new URL(settings.url)), rules);
  return firstToAnswer(addresses, (address) => connectTo(address, settings, timeoutMs));
};

const connectTo = async (host: string, settings: RedisSettings, timeoutMs: number): Promise<Redis> => {
  const { Redis } = await import('ioredis');
  const client = new Redis({
    ...placeOf(host, new URL(settings.url)),
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    lazyConnect: true,
    enableOfflineQueue: false,
    // `keepConnection` connects again, to addresses that were checked anew.
    retryStrategy: null,
    // Both need a permission that XADD does not.
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  // What the socket says; the promise below says only that it is closed.
  let failure: Error | undefined;
  client.on('error', (error) => (failure = error));
  try {
    await client.connect();
    await prepare(client, settings);
    return client;
  } catch (error) {
    disconnect(client);
    throw failure ?? error;
  }
};

/** The client waits two seconds for the end of a connection that has ended already. */
const disconnect = (client: Redis): void => {
  if (client.status !== 'end') client.disconnect();
};

const placeOf = (host: string, url: URL) => {
  const name = hostOf(url);
  // The certificate has to be for the host of the settings, whatever address it was found at.
  const tls = isIP(name) === 0 ? { servername: name } : {};
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  return { host, port, ...(url.protocol === REDIS.encrypted ? { tls } : {}) };
};

/** Not left to the client, which goes on with the default user or database 0 when these fail. */
const prepare = async (client: Redis, { url, username, password }: RedisSettings): Promise<void> => {
  if (password !== undefined && username !== undefined) await client.auth(username, password);
  else if (password !== undefined) await client.auth(password);
  const database = Number(new URL(url).pathname.slice(1));
  if (database > 0) await client.select(database);
};

const BROKEN: Record<string, string> = {
  WRONGTYPE: 'the Redis key holds something other than a stream',
  NOAUTH: 'Redis wants credentials',
  WRONGPASS: 'Redis does not accept the credentials',
  NOPERM: 'Redis does not permit these credentials to append to the stream',
  MOVED: 'Redis is a cluster and has the key on another node',
};

const outcomeOf = (error: unknown, timeoutMs: number): PutOutcome => {
  const { name, message, code } = error as NodeJS.ErrnoException;
  if (name === 'ReplyError') return outcomeOfReply(message);
  if (name === 'ForbiddenAddressError')
    return broken('Redis is not on the public Internet, which this server does not allow');
  if (message === 'Command timed out')
    return retry(`Redis did not answer within ${timeoutMs / 1000} seconds`);
  return retry(`Redis cannot be reached${code === undefined ? '' : ` (${wordOf(code)})`}`);
};

/** The first word is the kind of error; the rest may repeat what was sent. */
const outcomeOfReply = (message: string): PutOutcome => {
  const kind = message.split(' ')[0]!;
  const reason = BROKEN[kind] ?? (kind === 'ERR' ? problemIn(message) : undefined);
  return reason === undefined ? retry(`Redis answered with ${wordOf(kind)}`) : broken(reason);
};

const problemIn = (message: string): string | undefined => {
  if (message.includes('DB index')) return 'Redis has no database of that number';
  if (message.includes('without any password')) return 'Redis wants no password';
  return message.includes('unknown command') ? 'this Redis has no streams' : undefined;
};
