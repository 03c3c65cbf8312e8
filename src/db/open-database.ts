import type { Logger } from 'pino';
import type { DataSource } from 'typeorm';
import type { Config } from '../config';
import { createDataSource } from './data-source';
import { startEmbeddedPostgres } from './embedded/embedded-postgres';
import { loadMasterSecret } from './master-secret';
import { migrate } from './migrate';
import { listen } from './notify';
import { REFERENCE_CHANNEL, dropReference, onReferenceNotice } from './reference-cache';

/** The database of a node, migrated and listening. */
export interface OpenDatabase {
  dataSource: DataSource;
  /** The master secret: configured, or kept beside the embedded database. */
  secret: string;
  close(): Promise<void>;
}

/** What else is heard on the connection that listens; see `listen`. */
export interface Notices {
  handlers: Record<string, (payload: string) => void>;
  onReconnect: () => void;
  /** Called before the database is closed. */
  close: () => Promise<void>;
}

const NOTHING_ELSE: Notices = {
  handlers: {},
  onReconnect: () => undefined,
  close: () => Promise.resolve(),
};

interface Server {
  url: string;
  directUrl: string;
  secret: string;
  stop: () => Promise<void>;
}

/**
 * Opens the configured server, or the embedded one, runs the migrations and follows changes of reference data, and
 * whatever else `hear` names.
 */
export const openDatabase = async (
  config: Config,
  log: Logger,
  hear: (dataSource: DataSource) => Notices = () => NOTHING_ELSE,
): Promise<OpenDatabase> => {
  const server = config.databaseUrl
    ? configuredServer(config, config.databaseUrl)
    : await embeddedServer(config, log);
  try {
    return await connect(config, server, { log, hear });
  } catch (error) {
    await server.stop();
    throw error;
  }
};

const configuredServer = (config: Config, url: string): Server => ({
  url,
  directUrl: config.directDatabaseUrl ?? url,
  secret: config.secret ?? '',
  stop: () => Promise.resolve(),
});

const embeddedServer = async (config: Config, log: Logger): Promise<Server> => {
  const embedded = await startEmbeddedPostgres({
    dataDir: config.dataDir,
    log: (message) => log.info(message),
  });
  const secret = config.secret ?? (await loadMasterSecret(config.dataDir));
  return { url: embedded.url, directUrl: embedded.url, secret, stop: () => embedded.stop() };
};

const connect = async (
  config: Config,
  server: Server,
  { log, hear }: { log: Logger; hear: (dataSource: DataSource) => Notices },
): Promise<OpenDatabase> => {
  await migrate(server.directUrl);
  const dataSource = createDataSource({
    url: server.url,
    poolSize: config.databasePoolSize,
    timeouts: server.url === server.directUrl,
    onPoolError: (error) => log.warn({ err: error }, 'an idle database connection broke'),
  });
  await dataSource.initialize();
  const notices = hear(dataSource);
  const listener = await listen({
    url: server.directUrl,
    handlers: {
      [REFERENCE_CHANNEL]: (payload) => onReferenceNotice(dataSource, payload),
      ...notices.handlers,
    },
    log,
    onReconnect: () => {
      dropReference(dataSource, 'all');
      notices.onReconnect();
    },
  });
  return {
    dataSource,
    secret: server.secret,
    close: async () => {
      await notices.close();
      await listener.close();
      await dataSource.destroy();
      await server.stop();
    },
  };
};
