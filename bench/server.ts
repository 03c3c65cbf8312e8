import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../src/db/embedded/embedded-postgres';
import { sendGraphql } from '../test/support/server';

/** The administrator's bearer on every server of a bench. */
export const ADMIN = 'BENCHADMIN.bench-secret-9b1f0c2d';

/** A node in a process of its own. */
export interface BenchServer {
  url: string;
  process: ChildProcess;
  /** One operation that must succeed; answers its data. */
  run(query: string, variables: object, bearer?: string): Promise<any>;
  stop(): Promise<void>;
}

/** Runs a bench on an embedded database of its own, which is gone afterwards. */
export const withDatabase = async (
  run: (dataDir: string, databaseUrl: string) => Promise<void>,
): Promise<void> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'rockpool-bench-'));
  await chmod(dataDir, 0o755);
  const database = await startEmbeddedPostgres({ dataDir, log: () => undefined });
  try {
    await run(dataDir, database.url);
  } finally {
    await database.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
};

/** The same with one node on it. */
export const withServer = (
  port: number,
  run: (server: BenchServer, databaseUrl: string) => Promise<void>,
): Promise<void> =>
  withDatabase(async (dataDir, databaseUrl) => {
    const server = await startServer(dataDir, port);
    await run(server, databaseUrl).finally(() => server.stop());
  });

/** Starts a node on the database of a data directory and waits until it is ready. */
export const startServer = async (
  dataDir: string,
  port: number,
  settings: NodeJS.ProcessEnv = {},
): Promise<BenchServer> => {
  const child = spawn(process.execPath, ['-r', '@swc-node/register', 'src/main.ts'], {
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: `${port}`,
      HOST: '127.0.0.1',
      LOG_LEVEL: 'warn',
      ROCKPOOL_DATA_DIR: dataDir,
      ROCKPOOL_ADMIN_ACCESS_KEY_ID: ADMIN.split('.')[0],
      ROCKPOOL_ADMIN_SECRET_ACCESS_KEY: ADMIN.split('.')[1],
      ...settings,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(child, url);
  return {
    url,
    process: child,
    run: async (query, variables, bearer) => {
      const { data, errors } = await sendGraphql(url, { query, variables }, bearer);
      if (errors) throw new Error(JSON.stringify(errors));
      return data;
    },
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
};

const untilReady = async (child: ChildProcess, url: string): Promise<void> => {
  for (;;) {
    const ready = await fetch(`${url}/readyz`).then(
      (r) => r.ok,
      () => false,
    );
    if (ready) return;
    if (child.exitCode !== null) throw new Error('the server did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

/** A pool for guests. */
export const newPool = async ({ run }: BenchServer): Promise<string> => {
  const { createIdentityPool } = await run(
    'mutation($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { id } } }',
    { input: { identityPoolName: 'Bench', allowUnauthenticatedIdentities: true } },
    ADMIN,
  );
  return createIdentityPool.identityPool.id;
};

/** An identity with its credentials: an access token for GraphQL, keys to sign with for AWS's wire. */
export interface Guest {
  identityPoolId: string;
  identityId: string;
  token: string;
  accessKeyId: string;
  secretKey: string;
  sessionToken: string;
}

/** A new guest of a pool. */
export const newGuest = async ({ run }: BenchServer, identityPoolId: string): Promise<Guest> => {
  const { getId } = await run('mutation($input: GetIdInput!) { getId(input: $input) { identityId } }', {
    input: { identityPoolId },
  });
  const { getCredentialsForIdentity } = await run(
    'mutation($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) { credentials { accessToken accessKeyId secretKey sessionToken } } }',
    { input: { identityId: getId.identityId } },
  );
  const { accessToken: token, ...keys } = getCredentialsForIdentity.credentials;
  return { identityPoolId, identityId: getId.identityId, token, ...keys };
};
