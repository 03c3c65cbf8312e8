import { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import { pino, type Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { AdministratorKey, Config } from './config';
import { contextOf, type NodeContext, type ServerConfig } from './context';
import { ensureAdministrator } from './credentials/first-administrator';
import { openDatabase, type OpenDatabase } from './db/open-database';
import { hubOf } from './events/change-hub';
import { carryByPostgres } from './events/postgres-carrier';
import { carryByRedis } from './events/redis-carrier';
import { createApp } from './http/app';
import { CONNECTION_TIMINGS, OpenConnections, type ConnectionTimings } from './http/live/open-connections';
import { startHousekeeping } from './housekeeping';
import { startChecking, type CheckTimings } from './push/live/check-subscriptions';
import { startDelivery, type DeliveryTimings } from './push/delivery/start-delivery';
import { liveSubscriptionsOf } from './push/live/live-subscriptions';
import { openRedis } from './redis/connection';
import { startStreaming, type StreamTimings } from './streams/start-streaming';
import { startCountingSessions } from './sync/sync-sessions';
import { signingKey } from './tokens/key-ring';

/** A running node. */
export interface RunningServer {
  /** Where it listens: `http://HOST:PORT`. */
  url: string;
  /** The administrator key that this start has made; shown once, kept nowhere in the clear. */
  newAdministratorKey: AdministratorKey | undefined;
  config: ServerConfig;
  dataSource: DataSource;
  /** What is open at this moment: sockets and streams, and the subscriptions on them. */
  live(): { connections: number; subscriptions: number };
  /** Refuses new calls, lets running ones end, then closes everything it opened. */
  stop(): Promise<void>;
}

/** What a caller may replace: tests bring their own clock and log. */
export interface StartOptions {
  now?: () => Date;
  log?: Logger;
  /** How long `stop` waits for calls under way before it cuts them off. */
  drainMs?: number;
  /** Waits of live connections and subscriptions, and of the delivery to streams and to devices. */
  timings?: Partial<ConnectionTimings & CheckTimings & StreamTimings & DeliveryTimings>;
}

/** Milliseconds: less than the 10 s after which Docker kills a container. */
const DRAIN_MS = 8000;

/** Starts a node: database, migrations, Redis, first administrator, doors. The composition root; tests use it too. */
export const start = async (config: Config, options: StartOptions = {}): Promise<RunningServer> => {
  const log = options.log ?? pino({ level: config.logLevel });
  const stores = await openStores(config, log);
  try {
    const { now = () => new Date(), drainMs = DRAIN_MS, timings = {} } = options;
    return await serve(config, stores, { log, now, drainMs, timings });
  } catch (error) {
    await stores.close();
    throw error;
  }
};

/** What a node keeps things in outside of its process. */
interface Stores extends OpenDatabase {
  redis: Redis | undefined;
}

const openStores = async (config: Config, log: Logger): Promise<Stores> => {
  const database = await openDatabase(config, log, (dataSource) => carryByPostgres(dataSource, log));
  if (config.redisUrl === undefined) return { ...database, redis: undefined };
  // Two, since one that subscribes takes no other commands.
  const redis = await openRedis(config.redisUrl, log);
  const subscriber = await openRedis(config.redisUrl, log);
  const carrier = carryByRedis({ publisher: redis, subscriber }, hubOf(database.dataSource), log);
  return {
    ...database,
    redis,
    close: async () => {
      await carrier.close();
      [redis, subscriber].forEach((connection) => connection.disconnect());
      await database.close();
    },
  };
};

const serve = async (
  config: Config,
  stores: Stores,
  { log, now, drainMs, timings }: Required<StartOptions>,
): Promise<RunningServer> => {
  const serverConfig = {
    ...config,
    secret: stores.secret,
    publicUrl: config.publicUrl ?? `http://localhost:${config.port}`,
  };
  const { dataSource, redis } = stores;
  const node: NodeContext = { db: dataSource.manager, redis, now, config: serverConfig, log };
  const starting = contextOf(node, 'start');
  // Makes the signing keys of a new installation now, so that nobody's first token waits for them. It also fails under
  // another master secret than the installation's, before anything could be sealed under the wrong one.
  await signingKey(starting);
  const newAdministratorKey = await ensureAdministrator(starting);
  let isReady = false;
  const open = new OpenConnections(config.liveSubscriptions);
  const app = await createApp(node, {
    isReady: () => isReady,
    open,
    timings: { ...CONNECTION_TIMINGS, ...timings },
  });
  await app.listen({ host: config.host, port: config.port });
  const { port } = app.server.address() as AddressInfo;
  if (config.publicUrl === undefined) serverConfig.publicUrl = `http://localhost:${port}`;
  const housekeeping = startHousekeeping(contextOf(node, 'housekeeping'));
  const counting = startCountingSessions(contextOf(node, 'sync-sessions'));
  const checking = startChecking(contextOf(node, 'live'), timings);
  const streaming = startStreaming(contextOf(node, 'streams'), timings);
  const delivery = startDelivery(contextOf(node, 'push'), timings);
  isReady = true;
  return {
    url: `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`,
    newAdministratorKey,
    config: serverConfig,
    dataSource,
    live: () => ({ connections: open.size, subscriptions: liveSubscriptionsOf(dataSource).size }),
    stop: async () => {
      isReady = false;
      // At the same time: all wait for others.
      await Promise.all([drain(app, drainMs), streaming.stop(), delivery.stop()]);
      await Promise.all([housekeeping.stop(), checking.stop(), counting.stop()]);
      await stores.close();
    },
  };
};

/** Refuses new calls and waits for those under way; a client that sends or reads too slowly is not waited for. */
const drain = async (app: FastifyInstance, patience: number): Promise<void> => {
  const giveUp = setTimeout(() => app.server.closeAllConnections(), patience);
  await app.close();
  clearTimeout(giveUp);
};
