import { randomUUID } from 'node:crypto';
import { bearerWith, mutate, refusalOf, registerProvider, rowsOf, type Data } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let oidc: string;

beforeAll(async () => {
  server = await startTestServer();
  oidc = await registerProvider(server, { issuer: 'https://issuer.example' });
});
afterAll(() => server?.close());

const AUTHENTICATED = 'arn:aws:iam::123456789012:role/service/Signed-in';
const GUESTS = 'arn:aws:iam::123456789012:role/Guests';

const poolOf = (given: object = {}): Data => ({
  identityPoolId: `us-east-1:${randomUUID()}`,
  identityPoolName: 'Our app',
  allowUnauthenticatedIdentities: false,
  allowClassicFlow: true,
  openIdConnectProviderARNs: [oidc],
  supportedLoginProviders: [
    { provider: 'api.twitter.com', appId: 'key;a secret-that-is-secret'.replace(' ', '-') },
    { provider: 'graph.facebook.com', appId: '123' },
  ],
  developerProviderName: 'login.our.company',
  identityPoolTags: [{ key: 'stage', value: 'live' }],
  roles: { authenticated: AUTHENTICATED, unauthenticated: GUESTS },
  roleMappings: [
    {
      identityProvider: 'graph.facebook.com',
      type: 'RULES',
      ambiguousRoleResolution: 'DENY',
      rulesConfiguration: {
        rules: [{ claim: 'sub', matchType: 'EQUALS', value: '1', roleARN: AUTHENTICATED }],
      },
    },
  ],
  principalTagAttributeMaps: [
    {
      identityProviderName: 'graph.facebook.com',
      useDefaults: false,
      principalTags: [{ key: 'u', value: 'sub' }],
    },
  ],
  ...given,
});

const bring = (input: Data, bearer = server.admin) =>
  mutate(server, 'importIdentityPool { status identityPool { id } }', input, bearer);
const statusOf = async (input: Data): Promise<string> => {
  const answer = await bring(input);
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data.importIdentityPool.status;
};
const poolNow = async (id: string): Promise<Data> =>
  (
    await server.run(
      `query ($id: ID!) { identityPool(id: $id) {
         name allowUnauthenticatedIdentities allowClassicFlow openIdConnectProviderARNs developerProviderName
         supportedLoginProviders { provider appId } tags { key value }
         roles { authenticated unauthenticated roleMappings { identityProvider type rules { claim roleARN } } }
         principalTagAttributeMaps { identityProviderName principalTags { key value } } } }`,
      { id },
      server.admin,
    )
  ).identityPool;

const update = (id: string, name: string) =>
  mutate(
    server,
    'updateIdentityPool { identityPool { id } }',
    { identityPoolId: id, identityPoolName: name, allowUnauthenticatedIdentities: true },
    server.admin,
  );

describe('importIdentityPool', () => {
  test('makes a pool with its id and everything that it has, whose roles may be unknown here', async () => {
    const pool = poolOf();

    const status = await statusOf(pool);

    expect(status).toBe('CREATED');
    expect(await poolNow(pool.identityPoolId)).toEqual({
      name: 'Our app',
      allowUnauthenticatedIdentities: false,
      allowClassicFlow: true,
      openIdConnectProviderARNs: [oidc],
      developerProviderName: 'login.our.company',
      supportedLoginProviders: pool.supportedLoginProviders,
      tags: [{ key: 'stage', value: 'live' }],
      roles: {
        authenticated: AUTHENTICATED,
        unauthenticated: GUESTS,
        roleMappings: [
          {
            identityProvider: 'graph.facebook.com',
            type: 'RULES',
            rules: [{ claim: 'sub', roleARN: AUTHENTICATED }],
          },
        ],
      },
      principalTagAttributeMaps: [
        { identityProviderName: 'graph.facebook.com', principalTags: [{ key: 'u', value: 'sub' }] },
      ],
    });
  });

  test('keeps the secrets of apps sealed', async () => {
    const pool = poolOf();
    await bring(pool);

    const rows = await rowsOf(
      server,
      'SELECT * FROM identity_pools JOIN imported_identity_pools USING (identity_pool_id)',
    );
    const events = await rowsOf(server, 'SELECT details FROM audit_events');

    expect(JSON.stringify([rows, events])).not.toContain('secret-that-is-secret');
  });

  test('changes nothing the second time, in whatever order its lists come', async () => {
    const pool = poolOf();
    await bring(pool);

    const again = { ...pool, supportedLoginProviders: [...pool.supportedLoginProviders].reverse() };

    expect(await statusOf(again)).toBe('UNCHANGED');
  });

  test('brings a change of the source', async () => {
    const pool = poolOf();
    await bring(pool);

    const status = await statusOf({ ...pool, identityPoolName: 'Our app 2', identityPoolTags: [] });

    expect(status).toBe('UPDATED');
    expect(await poolNow(pool.identityPoolId)).toMatchObject({ name: 'Our app 2', tags: [] });
  });

  test('keeps what was changed here, unless it is to be overwritten', async () => {
    const pool = poolOf();
    await bring(pool);
    await update(pool.identityPoolId, 'Ours now');

    const kept = await statusOf(pool);
    const named = await poolNow(pool.identityPoolId);
    const overwritten = await statusOf({ ...pool, overwrite: true });

    expect([kept, named.name, overwritten]).toEqual(['KEPT', 'Ours now', 'UPDATED']);
    expect((await poolNow(pool.identityPoolId)).name).toBe('Our app');
    expect(await statusOf({ ...pool, identityPoolName: 'Our app 3' })).toBe('UPDATED');
  });

  test('takes a pool that nobody can get an identity of, as AWS has them', async () => {
    const nothing = {
      openIdConnectProviderARNs: [],
      supportedLoginProviders: [],
      developerProviderName: null,
    };

    expect(await statusOf(poolOf({ ...nothing, roleMappings: [], principalTagAttributeMaps: [] }))).toBe(
      'CREATED',
    );
  });

  test('refuses what a pool made here would be refused for, naming the field', async () => {
    const unknown = 'arn:aws:iam::000000000000:oidc-provider/unknown.example';

    const refused = refusalOf(await bring(poolOf({ openIdConnectProviderARNs: [oidc, unknown] })));

    expect(refused).toMatchObject({ code: 'INVALID_PARAMETER', field: 'openIdConnectProviderARNs[1]' });
  });

  test('needs iam:PassRole on the roles', async () => {
    const bearer = await bearerWith(server, {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'cognito-identity:*', Resource: '*' }],
    });

    expect(refusalOf(await bring(poolOf(), bearer))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'iam:PassRole',
      resource: AUTHENTICATED,
    });
  });
});
