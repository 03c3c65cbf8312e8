import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { NAME, openCluster, type Cluster } from './cluster';
import { openDataDir } from './data-dir';
import { withDirectoryLock } from './directory-lock';
import { leave, openOwner, type OwnerClient } from './owner';
import { ensureRunning, shutDown, type ServerOptions } from './server';

/** Where the embedded database lives and how it runs. */
export interface EmbeddedPostgresOptions {
  /** Made when it is not there. */
  dataDir: string;
  /** Gets one sentence for each thing that an operator may want to know. */
  log: (message: string) => void;
  /** PostgreSQL settings for a server that this call starts. Without them everything acknowledged is on disk. */
  settings?: Record<string, string>;
}

/** A running embedded database. Should its server be killed, it is started again on the same URL. */
export interface EmbeddedPostgres {
  /** With the password; never log it. */
  url: string;
  /** Leaves the server, and ends it when no other Rockpool uses it. May be called again. */
  stop(): Promise<void>;
}

const RETRY_MS = 1000;

interface Session {
  cluster: Cluster;
  settings: Record<string, string>;
  log: (message: string) => void;
  port: number;
  owner: OwnerClient;
  stopping: boolean;
  /** Settles when no attempt to get the server back is under way. */
  recovery: Promise<void>;
}

const underLock = <T>({ dataDir }: { dataDir: string }, work: () => Promise<T>): Promise<T> =>
  withDirectoryLock(join(dataDir, 'lock'), work);

const joinServer = async (
  cluster: Cluster,
  options: ServerOptions,
): Promise<Pick<Session, 'port' | 'owner'>> => {
  const { port, isNew } = await ensureRunning(cluster, options);
  try {
    return { port, owner: await openOwner(cluster, port) };
  } catch (error) {
    // Nobody would be left to stop it.
    if (isNew) await shutDown(cluster);
    throw error;
  }
};

const open = async ({ dataDir: given, log, settings = {} }: EmbeddedPostgresOptions): Promise<Session> => {
  const dataDir = await openDataDir(given);
  return underLock({ dataDir }, async () => {
    const cluster = await openCluster({ dataDir, log });
    const joined = await joinServer(cluster, { settings, log });
    const session = { cluster, settings, log, ...joined, stopping: false, recovery: Promise.resolve() };
    watch(session);
    return session;
  });
};

const watch = (session: Session): void => {
  session.owner.once('end', () => {
    if (!session.stopping) session.recovery = recover(session);
  });
};

const recover = async (session: Session): Promise<void> => {
  session.log('The connection to the embedded database was lost; making sure that it runs');
  while (!session.stopping) {
    try {
      return await rejoin(session);
    } catch (error) {
      session.log(`The embedded database is not back yet: ${(error as Error).message}`);
      await sleep(RETRY_MS);
    }
  }
};

/** On the old port only, because others in this process hold the URL. */
const rejoin = async (session: Session): Promise<void> => {
  const { cluster, settings, log, port } = session;
  await underLock(cluster, async () => {
    const joined = await joinServer(cluster, { settings, log, port });
    if (joined.port !== port) {
      await joined.owner.end();
      throw new Error(`its server has moved from port ${port} to ${joined.port}; start this node again`);
    }
    session.owner = joined.owner;
    watch(session);
  });
};

/** Whether this session was the last. One that just lost its connection has to ask over another. */
const leaveSession = ({ cluster, owner, port }: Session): Promise<boolean> =>
  leave(owner)
    .catch(async () => leave(await openOwner(cluster, port)))
    .catch(() => true);

const close = async (session: Session): Promise<void> => {
  session.stopping = true;
  await session.recovery;
  await underLock(session.cluster, async () => {
    if (await leaveSession(session)) await shutDown(session.cluster);
  });
};

/**
 * Starts a PostgreSQL server of our own in the data directory, or joins the one that runs there, and makes the database
 * when it is new. Nothing that the database acknowledged is lost by killing either process.
 * @throws Error that names DATABASE_URL or ROCKPOOL_DATA_DIR when this machine or directory will not do.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const session = await open(options);
  const { cluster, port } = session;
  let closed: Promise<void> | undefined;
  return {
    url: `postgres://${NAME}:${cluster.password}@127.0.0.1:${port}/${NAME}`,
    stop: () => (closed ??= close(session)),
  };
};
