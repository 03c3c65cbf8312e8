import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { createTestDatabase, emptyTestDatabase, type TestDatabase } from '../support/database';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server';
import { tap } from '../support/wire';

/*
 * Nodes on one database behind one public address. A node keeps copies of pools, roles, providers and keys; what
 * changes on one node must hold on the others within 5 seconds.
 */

const PUBLIC_URL = 'https://sync.example.com';
const APP = 'app';

const startNode = (database: TestDatabase, options: TestServerOptions = {}): Promise<TestServer> =>
  startTestServer({ ...options, database, config: { publicUrl: PUBLIC_URL, ...options.config } });

const query = async (url: string, sql: string): Promise<any[]> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
};

const CREATE_POOL = `mutation ($input: CreateIdentityPoolInput!) {
  createIdentityPool(input: $input) { identityPool { id roles { unauthenticated } } } }`;
const GET_ID = 'mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }';
const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) {
  getCredentialsForIdentity(input: $input) { credentials { accessToken } } }`;
const UPDATE_RECORDS =
  'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }';
const LIST_RECORDS = `query ($input: ListRecordsInput!) {
  listRecords(input: $input) { datasetSyncCount records { key value syncCount } } }`;

const newPool = async (node: TestServer, members: object = {}) => {
  const input = { identityPoolName: 'p', allowUnauthenticatedIdentities: true, ...members };
  const { createIdentityPool } = await node.run(CREATE_POOL, { input }, node.admin);
  const { id, roles } = createIdentityPool.identityPool;
  return { identityPoolId: id as string, roleName: roles.unauthenticated.split('/').at(-1) as string };
};

const newGuest = async (node: TestServer, identityPoolId: string) => {
  const { identityId } = (await node.run(GET_ID, { input: { identityPoolId } })).getId;
  const { credentials } = (await node.run(GET_CREDENTIALS, { input: { identityId } }))
    .getCredentialsForIdentity;
  return { identityId: identityId as string, accessToken: credentials.accessToken as string };
};

const replace = (key: string, value = 'v', syncCount = 0) => ({ op: 'REPLACE', key, value, syncCount });

/** The code that a call is answered with, or OK. */
const codeOf = async (
  node: TestServer,
  document: string,
  input: object,
  bearer?: string,
): Promise<string> => {
  const { errors } = await node.graphql(document, { input }, bearer);
  return errors?.[0]?.extensions.code ?? 'OK';
};

describe('several nodes that start at once on an empty database', () => {
  let database: TestDatabase;
  let nodes: TestServer[] = [];
  beforeAll(async () => {
    database = await emptyTestDatabase();
    const config = { administratorKey: undefined };
    nodes = await Promise.all([1, 2, 3, 4].map(() => startNode(database, { config })));
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    await database.drop();
  });

  test('migrate it once and are all ready', async () => {
    const rows = await query(database.url, 'SELECT name, count(*)::int FROM migrations GROUP BY name');
    const statuses = await Promise.all(nodes.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));

    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ count }) => count !== 1)).toEqual([]);
    expect(statuses).toEqual([200, 200, 200, 200]);
  });

  test('make one administrator key between them, and it works on all', async () => {
    const keys = nodes.flatMap(({ newAdministratorKey }) => newAdministratorKey ?? []);
    const bearer = `${keys[0]?.accessKeyId}.${keys[0]?.secretAccessKey}`;

    const answers = await Promise.all(
      nodes.map((node) => node.run('{ roles(first: 1) { nodes { name } } }', {}, bearer)),
    );

    expect(keys).toHaveLength(1);
    expect(answers).toHaveLength(4);
  });
});

describe('two nodes', () => {
  let database: TestDatabase;
  let a: TestServer;
  let b: TestServer;
  let issuer: TestIdentityProvider;
  beforeAll(async () => {
    database = await createTestDatabase();
    [a, b, issuer] = await Promise.all([startNode(database), startNode(database), startIdentityProvider()]);
  });
  afterAll(async () => {
    await Promise.all([a?.close(), b?.close(), issuer?.close()]);
    await database.drop();
  });

  test('take each other’s access tokens', async () => {
    const { identityPoolId } = await newPool(a);
    const { accessToken } = await newGuest(a, identityPoolId);

    await a.run(UPDATE_RECORDS, { input: { datasetName: 'd', recordPatches: [replace('k')] } }, accessToken);
    const { listRecords } = await b.run(LIST_RECORDS, { input: { datasetName: 'd' } }, accessToken);

    expect(listRecords.records).toEqual([{ key: 'k', value: 'v', syncCount: 1 }]);
  });

  test('show the same keys, and a token that one signed holds by the keys of the other', async () => {
    const { identityPoolId } = await newPool(a);
    const { identityId } = await newGuest(a, identityPoolId);
    const { getOpenIdToken } = await a.run(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId } },
    );
    const keysOf = async (node: TestServer) =>
      (await (await fetch(`${node.url}/.well-known/jwks_uri`)).json()) as JSONWebKeySet;

    const [keysOfA, keysOfB] = [await keysOf(a), await keysOf(b)];
    const { payload } = await jwtVerify(getOpenIdToken.token, createLocalJWKSet(keysOfB), {
      issuer: PUBLIC_URL,
      audience: identityPoolId,
    });

    expect(keysOfB).toEqual(keysOfA);
    expect(payload.sub).toBe(identityId);
  });

  test('count writes to one dataset exactly, whichever of them is written to', async () => {
    const { identityPoolId } = await newPool(a);
    const { accessToken } = await newGuest(b, identityPoolId);

    const counts = await Promise.all(
      Array.from({ length: 60 }, async (_, at) => {
        const input = { datasetName: 'd', recordPatches: [replace(`k${at}`)] };
        const { updateRecords } = await (at % 2 ? a : b).run(UPDATE_RECORDS, { input }, accessToken);
        return updateRecords.datasetSyncCount as number;
      }),
    );

    const { listRecords } = await b.run(LIST_RECORDS, { input: { datasetName: 'd' } }, accessToken);
    const all = Array.from({ length: 60 }, (_, at) => at + 1);
    expect([...counts].sort((x, y) => x - y)).toEqual(all);
    expect(listRecords.datasetSyncCount).toBe(60);
    expect(listRecords.records.map(({ key, syncCount }: any) => [key, syncCount])).toEqual(
      counts.map((count, at) => [`k${at}`, count]).sort(([, x], [, y]) => Number(x) - Number(y)),
    );
  });

  test('let one of two writers at one record win, and show the other what it met', async () => {
    const { identityPoolId } = await newPool(a);
    const { accessToken } = await newGuest(a, identityPoolId);
    const write = (node: TestServer, value: string) =>
      node.graphql(
        UPDATE_RECORDS,
        { input: { datasetName: 'd', recordPatches: [replace('k', value)] } },
        accessToken,
      );

    const answers = await Promise.all([write(a, 'a'), write(b, 'b')]);

    const lost = answers.filter(({ errors }) => errors);
    const winner = answers[0]!.errors ? 'b' : 'a';
    expect(lost).toHaveLength(1);
    expect(lost[0]?.errors?.[0]?.extensions).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      conflicts: [{ key: 'k', record: { value: winner, syncCount: 1 } }],
    });
  });

  /**
   * Things that change on node A. Until node B hears of it, it answers OK, `after` from then on; to ask it before makes
   * sure that it has its copy.
   */
  const changes = {
    'a role': async () => {
      const { identityPoolId, roleName } = await newPool(a);
      const { accessToken } = await newGuest(a, identityPoolId);
      return {
        ask: (node: TestServer) => codeOf(node, LIST_RECORDS, { datasetName: 'd' }, accessToken),
        change: () =>
          a.run(
            'mutation ($input: UpdateRoleInput!) { updateRole(input: $input) { role { arn } } }',
            { input: { roleName, policies: [] } },
            a.admin,
          ),
        after: 'ACCESS_DENIED',
      };
    },
    'a pool': async () => {
      const { identityPoolId } = await newPool(a, {
        openIdConnectProviderARNs: [await newProvider('https://issuer.example.com')],
      });
      const input = {
        identityPoolId,
        identityPoolName: 'p',
        allowUnauthenticatedIdentities: false,
        openIdConnectProviderARNs: ['arn:aws:iam::000000000000:oidc-provider/issuer.example.com'],
      };
      return {
        ask: (node: TestServer) => codeOf(node, GET_ID, { identityPoolId }),
        change: () =>
          a.run(
            'mutation ($input: UpdateIdentityPoolInput!) { updateIdentityPool(input: $input) { identityPool { id } } }',
            { input },
            a.admin,
          ),
        after: 'NOT_AUTHORIZED',
      };
    },
    'a key': async () => {
      const { createApiKey } = await a.run(
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { accessKeyId } secretAccessKey } }',
        { input: { name: 'k', managedPolicies: ['READ_ONLY'] } },
        a.admin,
      );
      const { accessKeyId } = createApiKey.apiKey;
      const bearer = `${accessKeyId}.${createApiKey.secretAccessKey}`;
      return {
        ask: async (node: TestServer) => {
          const { errors } = await node.graphql('{ roles(first: 1) { nodes { name } } }', {}, bearer);
          return errors?.[0]?.extensions.code ?? 'OK';
        },
        change: () =>
          a.run(
            'mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { accessKeyId } } }',
            { input: { accessKeyId } },
            a.admin,
          ),
        after: 'NOT_AUTHORIZED',
      };
    },
    'a provider': async () => {
      const openIDConnectProviderArn = await newProvider(issuer.issuer);
      const members = { openIdConnectProviderARNs: [openIDConnectProviderArn] };
      const { identityPoolId } = await newPool(a, members);
      const token = await issuer.sign({ sub: 'ada', aud: APP });
      const logins = [{ provider: issuer.loginKey, token }];
      return {
        ask: (node: TestServer) => codeOf(node, GET_ID, { identityPoolId, logins }),
        change: () =>
          a.run(
            `mutation ($input: RemoveClientIDFromOpenIDConnectProviderInput!) {
               removeClientIDFromOpenIDConnectProvider(input: $input) { openIDConnectProvider { arn } } }`,
            { input: { openIDConnectProviderArn, clientID: APP } },
            a.admin,
          ),
        after: 'NOT_AUTHORIZED',
      };
    },
  };

  const newProvider = async (url: string): Promise<string> => {
    const { errors, data } = await a.graphql(
      'mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }',
      { input: { url, clientIDList: [APP] } },
      a.admin,
    );
    const arn = `arn:aws:iam::000000000000:oidc-provider/${url.replace(/^https?:\/\//, '')}`;
    if (errors?.[0]?.extensions.code === 'ENTITY_ALREADY_EXISTS')
      await a.run(
        `mutation ($input: AddClientIDToOpenIDConnectProviderInput!) {
           addClientIDToOpenIDConnectProvider(input: $input) { openIDConnectProvider { arn } } }`,
        { input: { openIDConnectProviderArn: arn, clientID: APP } },
        a.admin,
      );
    else expect(data.createOpenIDConnectProvider.openIDConnectProviderArn).toBe(arn);
    return arn;
  };

  const FIVE_SECONDS = 5000;

  const untilAnswered = async (ask: () => Promise<string>, code: string): Promise<void> => {
    const deadline = Date.now() + FIVE_SECONDS;
    for (let answer = await ask(); answer !== code; answer = await ask()) {
      if (Date.now() > deadline) throw new Error(`After 5 seconds the answer is still ${answer}`);
      await sleep(20);
    }
  };

  const killListeners = () =>
    query(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'rockpool listen' AND datname = current_database()`,
    );

  const CHANGES = Object.entries(changes);

  describe.each(CHANGES)('%s that changes on one', (_what, prepare) => {
    test('is changed on the other within 5 seconds', async () => {
      const { ask, change, after } = await prepare();
      expect(await ask(b)).toBe('OK');

      await change();

      await untilAnswered(() => ask(b), after);
      expect(await ask(a)).toBe(after);
    });

    test('is changed on the other within 5 seconds though its connection for notices was just killed', async () => {
      const { ask, change, after } = await prepare();
      expect(await ask(b)).toBe('OK');

      await killListeners();
      await change();

      await untilAnswered(() => ask(b), after);
    });
  });

  test('hear of a change by notice alone, when no copy would ever grow old', async () => {
    const stopped = await startNode(database, { now: () => new Date('2027-03-01T00:00:00Z') });
    const { ask, change, after } = await changes['a key']();
    expect(await ask(stopped)).toBe('OK');

    await change();
    await untilAnswered(() => ask(stopped), after);

    await stopped.close();
  });

  test('forget their copies when the connection for notices comes back, since some may have been missed', async () => {
    const stopped = await startNode(database, { now: () => new Date('2027-03-01T00:00:00Z') });
    const { ask, change, after } = await changes['a key']();
    expect(await ask(stopped)).toBe('OK');

    await killListeners();
    await change();
    await untilAnswered(() => ask(stopped), after);

    await stopped.close();
  });

  test('do not believe their copies for more than 5 seconds while nothing can be heard', async () => {
    const wire = await tap(database.url);
    const deaf = await startNode(database, { config: { directDatabaseUrl: wire.url } });
    const { ask, change, after } = await changes['a key']();
    expect(await ask(deaf)).toBe('OK');

    await wire.cut();
    await change();

    await untilAnswered(() => ask(deaf), after);
    await deaf.close();
  });
});
