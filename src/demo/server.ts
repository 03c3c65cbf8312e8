import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config';
import { openOperator } from '../operator';
import { start } from '../start';
import { isAdministrator } from './administrator';
import type { Connection } from './graphql';

/** A server to play on, with an administrator's key. */
export interface Playground {
  admin: Connection;
  /** Takes back what was made for the demo: the key, or the whole server. */
  close(): Promise<void>;
}

/** Where the configuration says that the server is. */
export const addressOf = (config: Config): string => config.publicUrl ?? `http://localhost:${config.port}`;

/** Whether a Rockpool answers there. */
export const isRockpool = async (url: string): Promise<boolean> => {
  try {
    const response = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(3000) });
    return ((await response.json()) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
};

/** A running server, with the key from the environment or a temporary one. */
export const joinServer = async (config: Config, url: string): Promise<Playground> => {
  const given = config.administratorKey;
  if (given) {
    const admin = { url, bearer: `${given.accessKeyId}.${given.secretAccessKey}` };
    if (await isAdministrator(admin)) return { admin, close: () => Promise.resolve() };
    throw new Error(`${url} does not know the key in ROCKPOOL_ADMIN_ACCESS_KEY_ID.`);
  }
  return withTemporaryKey(config, url);
};

const withTemporaryKey = async (config: Config, url: string): Promise<Playground> => {
  if (config.databaseUrl === undefined && !existsSync(config.dataDir)) throw otherDatabase(url);
  const operator = await openOperator(config);
  const key = await operator.makeAdministratorKey('npm run demo, temporary');
  const close = async (): Promise<void> => {
    await operator.revokeKey(key.accessKeyId).finally(() => operator.close());
  };
  const admin = { url, bearer: key.bearer };
  if (await isAdministrator(admin).catch(() => false)) return { admin, close };
  await close();
  throw otherDatabase(url);
};

const otherDatabase = (url: string): Error =>
  new Error(
    `${url} uses another database than this command would. Give both the same settings, or put an ` +
      'administrator key into ROCKPOOL_ADMIN_ACCESS_KEY_ID and ROCKPOOL_ADMIN_SECRET_ACCESS_KEY.',
  );

/** A server of the demo's own, in this process, with its data below the system's directory for temporary files. */
export const startThrowAway = async (config: Config): Promise<Playground> => {
  const dataDir = join(tmpdir(), `rockpool-demo-${randomBytes(6).toString('hex')}`);
  const remove = (): Promise<void> => rm(dataDir, { recursive: true, force: true });
  try {
    const server = await start({ ...config, ...THROW_AWAY, dataDir });
    const key = server.newAdministratorKey;
    const close = (): Promise<void> => server.stop().finally(remove);
    return { admin: { url: server.url, bearer: `${key?.accessKeyId}.${key?.secretAccessKey}` }, close };
  } catch (error) {
    await remove();
    throw error;
  }
};

const THROW_AWAY: Partial<Config> = {
  port: 0,
  host: 'localhost',
  databaseUrl: undefined,
  directDatabaseUrl: undefined,
  publicUrl: undefined,
  secret: undefined,
  administratorKey: undefined,
  logLevel: 'error',
};
