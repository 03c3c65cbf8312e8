import { pino, type Logger } from 'pino';
import { loadConfig, type Config } from '../../src/config';
import { start, type RunningServer, type StartOptions } from '../../src/start';
import { createTestDatabase, type TestDatabase } from './database';

/** What a GraphQL call answered, as it came over HTTP. */
export interface GraphqlAnswer {
  status: number;
  data: any;
  errors: { message: string; path?: (string | number)[]; extensions: Record<string, any> }[] | undefined;
}

/** A node over real HTTP on a database of its own. */
export interface TestServer extends RunningServer {
  database: TestDatabase;
  /** The bearer of an administrator who may do everything. */
  admin: string;
  /** Sends one operation; `bearer` goes into the Authorization header. */
  graphql(query: string, variables?: object, bearer?: string): Promise<GraphqlAnswer>;
  /** The same, for calls that must succeed: answers `data` or throws what was answered. */
  run(query: string, variables?: object, bearer?: string): Promise<any>;
  /** Stops the node and, unless it was given one, drops its database. */
  close(): Promise<void>;
}

/** Settings of a test's node; `database` shares one between nodes. */
export interface TestServerOptions {
  config?: Partial<Config>;
  now?: () => Date;
  database?: TestDatabase;
  /** Silent when left out. */
  log?: Logger;
  drainMs?: number;
  /** Waits of live connections, short ones. */
  timings?: StartOptions['timings'];
}

export const TEST_SECRET = 'a master secret for tests, long enough to be one';
export const TEST_ADMIN = { accessKeyId: 'TESTADMIN', secretAccessKey: 'not-a-real-secret-9f2c71' };

/** Starts a node on a free port. Close it in `afterAll`. */
export const startTestServer = async (options: TestServerOptions = {}): Promise<TestServer> => {
  const database = options.database ?? (await createTestDatabase());
  const config: Config = {
    ...loadConfig({}),
    port: 0,
    host: '127.0.0.1',
    databaseUrl: database.url,
    directDatabaseUrl: database.url,
    secret: TEST_SECRET,
    administratorKey: TEST_ADMIN,
    // Everything comes from one address here.
    rateLimits: { ...loadConfig({}).rateLimits, enabled: false },
    ...options.config,
  };
  const { now, drainMs, timings, log = pino({ level: 'silent' }) } = options;
  const server = await start(config, {
    log,
    ...(now ? { now } : {}),
    ...(drainMs ? { drainMs } : {}),
    ...(timings ? { timings } : {}),
  });
  const graphql = (query: string, variables?: object, bearer?: string) =>
    sendGraphql(server.url, { query, variables }, bearer);
  return {
    ...server,
    database,
    admin: `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}`,
    graphql,
    run: async (query, variables, bearer) => {
      const answer = await graphql(query, variables, bearer);
      if (answer.errors) throw new Error(JSON.stringify(answer.errors, null, 2));
      return answer.data;
    },
    close: async () => {
      await server.stop();
      if (!options.database) await database.drop();
    },
  };
};

/** One GraphQL operation over HTTP. */
export const sendGraphql = async (url: string, body: object, bearer?: string): Promise<GraphqlAnswer> => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer ? { authorization: `Bearer ${bearer}` } : {}),
    },
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as Omit<GraphqlAnswer, 'status'>) };
};
