import { pino } from 'pino';
import { createTestDatabase, execute, type TestDatabase } from '../support/database';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  TEST_SECRET,
  sendGraphql,
  startTestServer,
  type GraphqlAnswer,
  type TestServer,
} from '../support/server';
import { tap } from '../support/wire';

/*
 * An error helps its reader: a code for programs, a sentence for people, fields to act on. It tells nothing of the
 * inside, and neither it nor the log ever shows a secret.
 */

let server: TestServer;
let issuer: TestIdentityProvider;
const log: string[] = [];

beforeAll(async () => {
  const sink = { write: (line: string) => void log.push(line) };
  [server, issuer] = await Promise.all([
    startTestServer({ log: pino({ level: 'trace' }, sink) }),
    startIdentityProvider(),
  ]);
});
afterAll(async () => {
  await Promise.all([server?.close(), issuer?.close()]);
});

const CREATE_POOL = `mutation ($input: CreateIdentityPoolInput!) {
  createIdentityPool(input: $input) { identityPool { id roles { unauthenticated } } } }`;
const GET_ID = 'mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }';
const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
  identityId credentials { accessKeyId secretKey sessionToken accessToken } } }`;
const UPDATE = 'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }';
const LIST = `query ($input: ListRecordsInput!) { listRecords(input: $input) { syncSessionToken nextToken
  records { key value } } }`;

const newGuest = async (node: TestServer = server) => {
  const input = { identityPoolName: 'p', allowUnauthenticatedIdentities: true };
  const identityPoolId: string = (await node.run(CREATE_POOL, { input }, node.admin)).createIdentityPool
    .identityPool.id;
  const { identityId } = (await node.run(GET_ID, { input: { identityPoolId } })).getId;
  const { credentials } = (await node.run(GET_CREDENTIALS, { input: { identityId } }))
    .getCredentialsForIdentity;
  return {
    identityPoolId,
    identityId: identityId as string,
    token: credentials.accessToken as string,
    credentials,
  };
};

const onlyError = ({ errors }: GraphqlAnswer) => {
  expect(errors).toHaveLength(1);
  return errors![0]!;
};

const replace = (key: string, value: string, syncCount = 0) => ({ op: 'REPLACE', key, value, syncCount });

describe('the shape of an error', () => {
  test('a code, a sentence, the place in the query, and fields of its own', async () => {
    const { identityPoolId } = await newGuest();
    const query = `mutation ($input: GetIdInput!) { mine: getId(input: $input) { identityId } }`;

    const input = { identityPoolId: identityPoolId.replace(/.$/, 'x') };
    const answer = await server.graphql(query, { input });

    expect(answer).toEqual({
      status: 200,
      data: null,
      errors: [
        {
          message: expect.stringMatching(/^identityPoolId must /),
          locations: [{ line: 1, column: 34 }],
          path: ['mine'],
          extensions: {
            code: 'INVALID_PARAMETER',
            field: 'identityPoolId',
            limit: expect.any(String),
            violations: [expect.objectContaining({ field: 'identityPoolId' })],
          },
        },
      ],
    });
  });

  test('what is not there is named', async () => {
    const { identityPoolId } = await newGuest();
    const unknown = identityPoolId.replace(/.{4}$/, '0000');

    const { message, extensions } = onlyError(
      await server.graphql(GET_ID, { input: { identityPoolId: unknown } }),
    );

    expect(message).toBe(`IdentityPool '${unknown}' not found.`);
    expect(extensions).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  test('a conflict carries the server’s records and the count to pull from', async () => {
    const { token } = await newGuest();
    const write = (...recordPatches: object[]) =>
      server.graphql(UPDATE, { input: { datasetName: 'd', deviceId: 'phone', recordPatches } }, token);
    await write(replace('a', '1'), replace('b', '1'));
    await write(replace('a', '2', 1));

    const { message, extensions } = onlyError(await write(replace('a', 'mine', 1), replace('b', 'mine', 1)));

    expect(message).toBe(
      'Current SyncCount for: a is: 2 not: 1. Nothing was written. Pull with listRecords and your lastSyncCount, merge, and send the patches again with the new sync counts.',
    );
    expect(extensions).toEqual({
      code: 'RESOURCE_CONFLICT',
      datasetSyncCount: 2,
      pullFrom: 1,
      conflicts: [
        {
          key: 'a',
          patchSyncCount: 1,
          record: {
            key: 'a',
            value: '2',
            syncCount: 2,
            lastModifiedBy: 'phone',
            lastModifiedDate: expect.stringMatching(/^\d{4}-.*Z$/),
            deviceLastModifiedDate: null,
          },
        },
      ],
    });
  });

  test('a limit is told with its name, its maximum and the value', async () => {
    const { token } = await newGuest();
    const big = 'x'.repeat(700_000);
    const recordPatches = [replace('a', big), replace('b', big)];

    const { message, extensions } = onlyError(
      await server.graphql(UPDATE, { input: { datasetName: 'd', recordPatches } }, token),
    );

    expect(message).toBe(
      'This would make 1400002 bytes of keys and values in this dataset; at most 1048576 are allowed.',
    );
    expect(extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'datasetBytes',
      maximum: 1_048_576,
      value: 1_400_002,
    });
  });

  test('a denial tells an identity what was refused, and an administrator also why', async () => {
    const guest = await newGuest();
    const denied = onlyError(
      await server.graphql(
        'query ($id: ID!) { identity(id: $id) { datasets { nodes { name } } } }',
        { id: guest.identityId },
        await keyWith('iam:ListRoles'),
      ),
    );
    const ofGuest = onlyError(await server.graphql('{ identityPools { nodes { id } } }', {}, guest.token));

    expect(denied.extensions).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-identity:DescribeIdentity',
      resource: '*',
      decision: { outcome: expect.stringMatching(/implicit/i) },
    });
    expect(ofGuest.extensions).toEqual({ code: 'NOT_AUTHORIZED' });
    expect(ofGuest.message).toBe('Only administrators may do this, whatever the role of an identity allows.');
  });

  const keyWith = async (action: string): Promise<string> => {
    const policyDocument = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
    };
    const { createApiKey } = await server.run(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { accessKeyId } secretAccessKey } }',
      { input: { name: 'k', policies: [{ policyName: 'p', policyDocument }] } },
      server.admin,
    );
    return `${createApiKey.apiKey.accessKeyId}.${createApiKey.secretAccessKey}`;
  };

  test('one field that fails leaves the others their answers', async () => {
    const query = `query ($input: ListRecordsInput!) { viewer { logins } listRecords(input: $input) { count }
      other: listRecords(input: { datasetName: "d" }) { count } }`;

    const { token } = await newGuest();
    const answer = await server.graphql(query, { input: { datasetName: 'not allowed' } }, token);

    // Both are non-null fields of the query, so the whole of it is null; the error says which one it was.
    expect(answer.data).toBeNull();
    expect(onlyError(answer)).toMatchObject({ path: ['listRecords'], extensions: { field: 'datasetName' } });
  });
});

describe('a fault', () => {
  let database: TestDatabase;
  let broken: TestServer;
  const lines: string[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    const sink = { write: (line: string) => void lines.push(line) };
    broken = await startTestServer({ database, log: pino({ level: 'trace' }, sink) });
  });
  afterAll(async () => {
    await broken?.close();
    await database?.drop();
  });

  test('is INTERNAL_ERROR without a word of the inside, and is in the log under the request id', async () => {
    const { token } = await newGuest(broken);
    await execute(database.url, 'DROP FUNCTION list_records');
    const body = JSON.stringify({
      query: LIST,
      variables: { input: { datasetName: 'a-name-of-a-dataset' } },
    });

    const answer = await fetch(`${broken.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'x-request-id': 'my-request',
      },
      body,
    });

    expect(await answer.json()).toEqual({
      data: null,
      errors: [
        {
          message: 'Something went wrong on the server. It has been logged under the request id.',
          locations: [{ line: 1, column: 37 }],
          path: ['listRecords'],
          extensions: { code: 'INTERNAL_ERROR' },
        },
      ],
    });
    expect(answer.headers.get('x-request-id')).toBe('my-request');
    const logged = lines.map((line) => JSON.parse(line)).filter(({ level }) => level >= 50);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toMatchObject({
      requestId: 'my-request',
      msg: 'a call failed',
      path: ['listRecords'],
      err: { message: expect.stringContaining('list_records') },
    });
    expect(JSON.stringify(logged)).not.toContain('a-name-of-a-dataset');
  });

  test('while the caller is looked up is INTERNAL_ERROR as well, and logged once', async () => {
    await execute(database.url, 'ALTER TABLE api_keys RENAME TO gone');
    lines.length = 0;

    const answer = await broken.graphql('{ viewer { id } }', {}, `${broken.admin.replace('TEST', 'OTHER')}`);
    await execute(database.url, 'ALTER TABLE gone RENAME TO api_keys');

    expect(answer).toMatchObject({ status: 500, errors: [{ extensions: { code: 'INTERNAL_ERROR' } }] });
    expect(JSON.stringify(answer)).not.toMatch(/api_keys|relation|Context/);
    expect(lines.filter((line) => line.includes('api_keys'))).toHaveLength(1);
  });
});

describe('a database that breaks off', () => {
  const toClose: (() => Promise<void>)[] = [];
  afterAll(() => Promise.all(toClose.map((close) => close())));

  /** A node that reaches the shared database by a wire of its own. */
  const startOnWire = async () => {
    const wire = await tap(server.database.url);
    const node = await startTestServer({
      database: server.database,
      config: { databaseUrl: wire.url, databasePoolSize: 1, publicUrl: server.config.publicUrl },
    });
    toClose.push(() => node.close().then(() => wire.cut()));
    return { wire, node };
  };

  test('in the middle of a write: nobody knows, and that is what the caller is told', async () => {
    const { wire, node } = await startOnWire();
    const { token } = await newGuest(node);
    const input = { datasetName: 'd', recordPatches: [replace('a', 'v')] };
    // So that nothing is read before the write any more; other nodes are told of this one after its answer.
    await node.run(UPDATE, { input: { ...input, datasetName: 'other' } }, token);
    await new Promise((resolve) => setTimeout(resolve, 200));

    wire.loseNextAnswer();
    const { message, extensions } = onlyError(await node.graphql(UPDATE, { input }, token));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { listRecords } = await node.run(LIST, { input: { datasetName: 'd' } }, token);

    expect(extensions).toEqual({ code: 'SERVICE_UNAVAILABLE' });
    expect(message).toMatch(/unknown whether the change was made\. Read before you repeat it\.$/);
    expect(listRecords.records).toEqual([{ key: 'a', value: 'v' }]);
  });

  test('while the caller is looked up: nothing was done, and the whole request is told to come back with 503', async () => {
    const { wire, node } = await startOnWire();

    await wire.cut();
    const answer = await node.graphql('{ viewer { id } }', {}, node.admin);

    expect(answer).toEqual({
      status: 503,
      errors: [
        {
          message: 'The server is busy. Nothing was changed; send the call again in a moment.',
          extensions: { code: 'TOO_MANY_REQUESTS', retryAfterSeconds: 1 },
        },
      ],
    });
  });
});

describe('the log', () => {
  test('shows no secret and no token after a whole story with mistakes in it, even at its chattiest', async () => {
    const secrets: Record<string, string> = { 'the master secret': TEST_SECRET };
    const keep = <T extends Record<string, string>>(found: T): T => {
      Object.assign(secrets, found);
      return found;
    };
    secrets['the administrator’s key'] = server.config.administratorKey!.secretAccessKey;
    const { createApiKey } = await server.run(
      'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { accessKeyId } secretAccessKey } }',
      { input: { name: 'k', managedPolicies: ['ADMINISTRATOR_ACCESS'] } },
      server.admin,
    );
    const key = keep({ 'a new key': createApiKey.secretAccessKey as string })['a new key'];
    const bearer = `${createApiKey.apiKey.accessKeyId}.${key}`;
    const { createOpenIDConnectProvider } = await server.run(
      'mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }',
      { input: { url: issuer.issuer, clientIDList: ['app'] } },
      bearer,
    );
    const pool = await server.run(
      CREATE_POOL,
      {
        input: {
          identityPoolName: 'p',
          allowUnauthenticatedIdentities: true,
          openIdConnectProviderARNs: [createOpenIDConnectProvider.openIDConnectProviderArn],
        },
      },
      bearer,
    );
    const identityPoolId = pool.createIdentityPool.identityPool.id;

    const { 'an ID token': token, 'an ID token of somebody else’s app': wrong } = keep({
      'an ID token': await issuer.sign({ sub: 'ada', aud: 'app' }),
      'an ID token of somebody else’s app': await issuer.sign({ sub: 'ada', aud: 'other' }),
    });
    const logins = [{ provider: issuer.loginKey, token }];
    const { identityId } = (await server.run(GET_ID, { input: { identityPoolId, logins } })).getId;
    const { credentials } = (await server.run(GET_CREDENTIALS, { input: { identityId, logins } }))
      .getCredentialsForIdentity;
    keep({
      'a temporary secret key': credentials.secretKey,
      'a session token': credentials.sessionToken,
      'an access token': credentials.accessToken,
    });
    const { getOpenIdToken } = await server.run(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId, logins } },
    );
    keep({ 'an open id token': getOpenIdToken.token });
    const { listRecords } = await server.run(LIST, { input: { datasetName: 'd' } }, credentials.accessToken);
    keep({ 'a sync session token': listRecords.syncSessionToken });

    const mistakes: Promise<GraphqlAnswer>[] = [
      server.graphql(GET_ID, {
        input: { identityPoolId, logins: [{ provider: issuer.loginKey, token: wrong }] },
      }),
      server.graphql(GET_ID, { input: { identityPoolId, logins: [{ provider: 'x', token }] } }),
      server.graphql(GET_ID, { input: { identityPoolId: token } }),
      server.graphql(GET_ID, { input: token }),
      server.graphql(GET_ID, { input: { identityPoolId, logins: token } }),
      server.graphql(GET_ID, {
        input: {
          identityPoolId,
          [token.replace(/\W/g, '_').slice(0, 40)]: 1,
          logins: [{ provider: 1, token }],
        },
      }),
      server.graphql(`{ listRecords(input: { datasetName: "d", maxResults: "${token}" }) { count } }`),
      server.graphql(`{ listRecords(input: { datasetName: "d", lastSyncCount: "${token}" }) { count } }`),
      server.graphql(`mutation { getId(input: "${token}") { identityId } }`),
      server.graphql(`mutation { getId(input: { identityPoolId: "x" } "${token}") { identityId } }`),
      server.graphql(LIST, { input: { datasetName: 'd', lastSyncCount: token } }, credentials.accessToken),
      server.graphql(LIST, { input: { datasetName: 'd', nextToken: token } }, credentials.accessToken),
      server.graphql('{ viewer { id } }', {}, credentials.sessionToken),
      server.graphql('{ roles { nodes { name } } }', {}, getOpenIdToken.token),
      server.graphql('{ roles { nodes { name } } }', {}, `${bearer}x`),
      server.graphql(
        UPDATE,
        { input: { datasetName: 'd', recordPatches: [{ op: token, key: 'k', syncCount: 0 }] } },
        bearer,
      ),
      sendGraphql(server.url, { query: token }),
      sendGraphql(server.url, { query: '{__typename}', operationName: token }),
    ];
    const answers = await Promise.all(mistakes);
    issuer.failWith('status 500');
    await issuer.rotateKeys();
    const unknownKey = keep({ 'a token of a new key': await issuer.sign({ sub: 'ada', aud: 'app' }) });
    answers.push(
      await server.graphql(GET_ID, {
        input: {
          identityPoolId,
          logins: [{ provider: issuer.loginKey, token: unknownKey['a token of a new key'] }],
        },
      }),
    );
    issuer.failWith('none');

    const found = (text: string): string[] =>
      Object.entries(secrets).flatMap(([name, secret]) => (text.includes(secret) ? [name] : []));
    expect(Object.values(secrets).every((secret) => secret.length > 15)).toBe(true);
    expect(found(log.join('\n'))).toEqual([]);
    expect(answers.flatMap((answer) => found(JSON.stringify(answer.errors ?? [])))).toEqual([]);
    expect(answers.map(({ errors }) => errors?.[0]?.extensions.code)).not.toContain('INTERNAL_ERROR');
  });
});
