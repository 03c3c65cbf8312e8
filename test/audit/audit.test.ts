import { randomUUID } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import { isObjectType } from 'graphql';
import { sweepAuditEvents } from '../../src/audit/audit-event.service';
import { eventIdAt, newEventId } from '../../src/audit/event-id';
import { graphqlSchema } from '../../src/graphql/schema';
import { createApplication } from '../push/push-world';
import {
  allow,
  bearerWith,
  createPool,
  createRole,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  trustOf,
  tryCreatePool,
  type Data,
} from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { makeSamlKey, samlMetadata } from '../support/saml-identity-provider';
import { TEST_ADMIN, startTestServer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';

let server: TestServer;
let issuer: TestIdentityProvider;

beforeAll(async () => {
  server = await startTestServer();
  issuer = await startIdentityProvider();
});
afterAll(async () => {
  await issuer?.close();
  await server?.close();
});

const AUDIT_EVENTS = `query ($first: Int, $after: String, $filter: AuditEventFilterInput) {
  auditEvents(first: $first, after: $after, filter: $filter) {
    nodes { id occurredAt actorKind actorId actorArn action resourceArn identityPoolId outcome errorCode sourceIp
      userAgent requestId details }
    pageInfo { hasNextPage endCursor } } }`;

const eventsOf = async (filter: object = {}, page: object = {}): Promise<Data[]> =>
  (await server.run(AUDIT_EVENTS, { filter, ...page }, server.admin)).auditEvents.nodes;

/** One call with all that is needed for it to succeed; answers what the mutation answered. */
const mutate = async (name: string, input: object, fields: string, bearer?: string): Promise<Data> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const data = await server.run(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`,
    { input },
    bearer,
  );
  return data[name];
};

const administer = (name: string, input: object, fields: string): Promise<Data> =>
  mutate(name, input, fields, server.admin);

const DEVELOPER = 'login.our.company';
const DEVELOPER_POOL = { developerProviderName: DEVELOPER };

const developerToken = async (pool: Data, user: string): Promise<Data> =>
  administer(
    'getOpenIdTokenForDeveloperIdentity',
    { identityPoolId: pool.id, logins: [{ provider: DEVELOPER, token: user }] },
    'identityId token',
  );

const IMPORTED = '2020-01-01T00:00:00.000Z';

let made = 0;
const newName = (): string => `Name${(made += 1)}`;

const newRole = (): Promise<Data> =>
  createRole(server, {
    roleName: newName(),
    assumeRolePolicyDocument: trustOf('us-east-1:11111111-1111-4111-8111-111111111111'),
  });

const newOidcProvider = async (): Promise<string> => {
  const input = { url: `https://${newName()}.example.com`, clientIDList: ['app'] };
  const answer = await administer('createOpenIDConnectProvider', input, 'openIDConnectProviderArn');
  return answer.openIDConnectProviderArn;
};

const newSamlProvider = async (): Promise<string> => {
  const input = { name: newName(), samlMetadataDocument: newMetadata() };
  return (await administer('createSAMLProvider', input, 'samlProviderArn')).samlProviderArn;
};

const newMetadata = (): string => samlMetadata([{ certificate: makeSamlKey().certificate, use: 'signing' }]);

/** A pool with a stream, and the secret that the stream's webhook was given. */
const newStreamingPool = async (): Promise<Data> => {
  const { id } = await createPool(server);
  const input = {
    identityPoolId: id,
    cognitoStreams: {
      streamName: 's',
      target: { webhook: { url: 'https://stream.invalid/?token=a-token' } },
    },
  };
  const { webhookSecret } = await administer('setIdentityPoolConfiguration', input, 'webhookSecret');
  return { id, webhookSecret };
};

const newApplication = async (): Promise<object> => {
  const { id: identityPoolId } = await createPool(server);
  const { platformApplicationArn } = await createApplication(server, identityPoolId);
  return { identityPoolId, platformApplicationArn };
};

/** Every administrative change and every credential issue: a call of it, and the action that it leaves in the log. */
const AUDITED: Record<string, [action: string, call: () => Promise<unknown>]> = {
  addClientIDToOpenIDConnectProvider: [
    'iam:AddClientIDToOpenIDConnectProvider',
    async () => {
      const input = { openIDConnectProviderArn: await newOidcProvider(), clientID: 'another' };
      return administer('addClientIDToOpenIDConnectProvider', input, 'openIDConnectProvider { id }');
    },
  ],
  assumeRoleWithWebIdentity: [
    'sts:AssumeRoleWithWebIdentity',
    async () => {
      const pool = await createPool(server, { allowClassicFlow: true });
      const { id: identityId } = await getId(server, pool.id);
      const { token } = await mutate('getOpenIdToken', { identityId }, 'token');
      const input = { roleArn: pool.roles.unauthenticated, roleSessionName: 'me', webIdentityToken: token };
      return mutate('assumeRoleWithWebIdentity', input, 'audience');
    },
  ],
  createApiKey: ['iam:CreateAccessKey', () => bearerWith(server, allow('s3:*'))],
  createIdentityPool: ['cognito-identity:CreateIdentityPool', () => createPool(server)],
  createPlatformApplication: [
    'sns:CreatePlatformApplication',
    async () => createApplication(server, (await createPool(server)).id),
  ],
  createOpenIDConnectProvider: ['iam:CreateOpenIDConnectProvider', newOidcProvider],
  createRole: ['iam:CreateRole', newRole],
  createSAMLProvider: ['iam:CreateSAMLProvider', newSamlProvider],
  deleteIdentities: [
    'cognito-identity:DeleteIdentities',
    async () => {
      const { id } = await getId(server, (await createPool(server)).id);
      const input = { identityIdsToDelete: [id] };
      return administer('deleteIdentities', input, 'unprocessedIdentityIds { identityId }');
    },
  ],
  deleteIdentityPool: [
    'cognito-identity:DeleteIdentityPool',
    async () =>
      administer(
        'deleteIdentityPool',
        { identityPoolId: (await createPool(server)).id },
        'identityPool { id }',
      ),
  ],
  deleteIdleGuests: [
    'cognito-identity:DeleteIdleGuests',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const { id } = await getId(server, identityPoolId);
      const longAgo = new Date(Date.now() - 30 * 86_400_000);
      await rowsOf(server, 'UPDATE identities SET last_active_at = $1 WHERE identity_id = $2', [longAgo, id]);
      const idleSince = new Date(Date.now() - 2 * 86_400_000).toISOString();
      return administer('deleteIdleGuests', { identityPoolId, idleSince, dryRun: false }, 'count');
    },
  ],
  deleteOpenIDConnectProvider: [
    'iam:DeleteOpenIDConnectProvider',
    async () => {
      const input = { openIDConnectProviderArn: await newOidcProvider() };
      return administer('deleteOpenIDConnectProvider', input, 'openIDConnectProvider { id }');
    },
  ],
  deletePlatformApplication: [
    'sns:DeletePlatformApplication',
    async () => administer('deletePlatformApplication', await newApplication(), 'platformApplication { id }'),
  ],
  deleteRole: [
    'iam:DeleteRole',
    async () => administer('deleteRole', { roleName: (await newRole()).name }, 'role { id }'),
  ],
  deleteSAMLProvider: [
    'iam:DeleteSAMLProvider',
    async () =>
      administer('deleteSAMLProvider', { samlProviderArn: await newSamlProvider() }, 'samlProvider { id }'),
  ],
  exportIdentity: [
    'cognito-identity:ExportIdentity',
    async () => {
      const { id: identityId } = await getId(server, (await createPool(server)).id);
      return administer('exportIdentity', { identityId }, 'endCursor');
    },
  ],
  getCredentialsForIdentity: [
    'cognito-identity:GetCredentialsForIdentity',
    async () => {
      const { id } = await getId(server, (await createPool(server)).id);
      return mutate('getCredentialsForIdentity', { identityId: id }, 'identityId');
    },
  ],
  getOpenIdToken: [
    'cognito-identity:GetOpenIdToken',
    async () => {
      const { id } = await getId(server, (await createPool(server)).id);
      return mutate('getOpenIdToken', { identityId: id }, 'identityId');
    },
  ],
  getOpenIdTokenForDeveloperIdentity: [
    'cognito-identity:GetOpenIdTokenForDeveloperIdentity',
    async () => developerToken(await createPool(server, DEVELOPER_POOL), 'ann'),
  ],
  importDataset: [
    'cognito-sync:ImportDataset',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const { id: identityId } = await getId(server, identityPoolId);
      const dates = { creationDate: IMPORTED, lastModifiedDate: IMPORTED };
      const source = { ...dates, syncCount: 3, records: [] };
      return administer(
        'importDataset',
        { identityPoolId, identityId, datasetName: 'd', source },
        'datasetSyncCount',
      );
    },
  ],
  importIdentities: [
    'cognito-identity:ImportIdentities',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const identity = {
        identityId: `us-east-1:${randomUUID()}`,
        creationDate: IMPORTED,
        lastModifiedDate: IMPORTED,
      };
      return administer(
        'importIdentities',
        { identityPoolId, identities: [identity] },
        'identities { status }',
      );
    },
  ],
  importIdentityPool: [
    'cognito-identity:ImportIdentityPool',
    async () => {
      const input = {
        identityPoolId: `us-east-1:${randomUUID()}`,
        identityPoolName: 'from elsewhere',
        allowUnauthenticatedIdentities: true,
        roles: {},
      };
      return administer('importIdentityPool', input, 'status');
    },
  ],
  mergeDeveloperIdentities: [
    'cognito-identity:MergeDeveloperIdentities',
    async () => {
      const pool = await createPool(server, DEVELOPER_POOL);
      for (const user of ['ann', 'bob']) await developerToken(pool, user);
      const input = {
        sourceUserIdentifier: 'ann',
        destinationUserIdentifier: 'bob',
        developerProviderName: DEVELOPER,
        identityPoolId: pool.id,
      };
      return administer('mergeDeveloperIdentities', input, 'identityId');
    },
  ],
  removeClientIDFromOpenIDConnectProvider: [
    'iam:RemoveClientIDFromOpenIDConnectProvider',
    async () => {
      const input = { openIDConnectProviderArn: await newOidcProvider(), clientID: 'app' };
      return administer('removeClientIDFromOpenIDConnectProvider', input, 'openIDConnectProvider { id }');
    },
  ],
  revokeApiKey: [
    'iam:DeleteAccessKey',
    async () => {
      const [accessKeyId] = (await bearerWith(server, allow('s3:*'))).split('.');
      return administer('revokeApiKey', { accessKeyId }, 'apiKey { id }');
    },
  ],
  rotateSigningKey: [
    'cognito-identity:RotateSigningKey',
    () => administer('rotateSigningKey', { evenIfRecent: true }, 'signingKeys { id }'),
  ],
  setCognitoEvents: [
    'cognito-sync:SetCognitoEvents',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const events = [{ key: 'SyncTrigger', value: 'https://example.com/sync' }];
      return administer('setCognitoEvents', { identityPoolId, events }, 'signingSecret');
    },
  ],
  setIdentityPoolRoles: [
    'cognito-identity:SetIdentityPoolRoles',
    async () => {
      const input = { identityPoolId: (await createPool(server)).id, roles: {} };
      return administer('setIdentityPoolRoles', input, 'identityPool { id }');
    },
  ],
  setPrincipalTagAttributeMap: [
    'cognito-identity:SetPrincipalTagAttributeMap',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const input = { identityPoolId, identityProviderName: 'graph.facebook.com', useDefaults: true };
      return administer('setPrincipalTagAttributeMap', input, '__typename');
    },
  ],
  setSyncConfiguration: [
    'cognito-sync:SetDatasetConfiguration',
    async () => {
      const input = { identityPoolId: (await createPool(server)).id, historyRetentionDays: 7 };
      return administer('setSyncConfiguration', input, '__typename');
    },
  ],
  tagResource: [
    'cognito-identity:TagResource',
    async () => {
      const { arn } = await createPool(server);
      return administer('tagResource', { resourceArn: arn, tags: [{ key: 'a', value: 'b' }] }, '__typename');
    },
  ],
  unlinkDeveloperIdentity: [
    'cognito-identity:UnlinkDeveloperIdentity',
    async () => {
      const pool = await createPool(server, DEVELOPER_POOL);
      const { identityId } = await developerToken(pool, 'ann');
      const input = {
        identityId,
        identityPoolId: pool.id,
        developerProviderName: DEVELOPER,
        developerUserIdentifier: 'ann',
      };
      return administer('unlinkDeveloperIdentity', input, '__typename');
    },
  ],
  unlinkIdentity: [
    'cognito-identity:UnlinkIdentity',
    async () => {
      const arn = (
        await rowsOf(server, 'SELECT provider_arn FROM open_id_connect_providers WHERE url = $1', [
          issuer.issuer,
        ])
      )[0]?.provider_arn as string | undefined;
      const pool = await createPool(server, {
        openIdConnectProviderARNs: [arn ?? (await registerProvider(server, issuer))],
      });
      const login = await loginOf(issuer, 'ann');
      const { id } = await getId(server, pool.id, [login]);
      const input = { identityId: id, logins: [login], loginsToRemove: [login.provider] };
      return mutate('unlinkIdentity', input, 'identityId');
    },
  ],
  bulkPublish: [
    'cognito-sync:BulkPublish',
    async () =>
      administer('bulkPublish', { identityPoolId: (await newStreamingPool()).id }, 'identityPoolId'),
  ],
  retryDeadLetters: [
    'cognito-sync:RetryDeadLetters',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      return administer('retryDeadLetters', { identityPoolId }, 'retriedCount');
    },
  ],
  setIdentityPoolConfiguration: ['cognito-sync:SetIdentityPoolConfiguration', () => newStreamingPool()],
  untagResource: [
    'cognito-identity:UntagResource',
    async () => {
      const { arn } = await createPool(server);
      return administer('untagResource', { resourceArn: arn, tagKeys: ['a'] }, '__typename');
    },
  ],
  updateIdentityPool: [
    'cognito-identity:UpdateIdentityPool',
    async () => {
      const { id: identityPoolId } = await createPool(server);
      const input = { identityPoolId, identityPoolName: 'Another', allowUnauthenticatedIdentities: true };
      return administer('updateIdentityPool', input, 'identityPool { id }');
    },
  ],
  updatePlatformApplication: [
    'sns:SetPlatformApplicationAttributes',
    async () => {
      const input = { ...(await newApplication()), enabled: false };
      return administer('updatePlatformApplication', input, 'platformApplication { id }');
    },
  ],
  updateRole: [
    'iam:UpdateRole',
    async () =>
      administer('updateRole', { roleName: (await newRole()).name, description: 'x' }, 'role { id }'),
  ],
  updateSAMLProvider: [
    'iam:UpdateSAMLProvider',
    async () => {
      const input = {
        samlProviderArn: await newSamlProvider(),
        samlMetadataDocument: newMetadata(),
      };
      return administer('updateSAMLProvider', input, 'samlProvider { id }');
    },
  ],
};

/** Neither administration nor credentials: the data of identities, and getting an id, which proves and allows nothing. */
const NOT_AUDITED = [
  'deleteDataset',
  'deregisterDevice',
  'foldMergedDataset',
  'getId',
  'registerDevice',
  'restoreDataset',
  'subscribeToDataset',
  'synchronize',
  'unsubscribeFromDataset',
  'updateRecords',
];

const mutationType = graphqlSchema().getType('Mutation');
const mutations = isObjectType(mutationType) ? Object.keys(mutationType.getFields()) : [];

describe('The audit log', () => {
  it('knows every mutation: one that is new needs a case here, or a reason why it is not written down', () => {
    expect(mutations.filter((name) => !(name in AUDITED) && !NOT_AUDITED.includes(name))).toEqual([]);
  });

  it.each(Object.entries(AUDITED))('has a row for %s', async (_name, [action, call]) => {
    const before = (await eventsOf({ action })).length;

    await call();

    const [event, ...others] = await eventsOf({ action });
    expect(others.length + 1).toBeGreaterThan(before);
    expect(event).toMatchObject({ action, outcome: 'ALLOWED', errorCode: null, sourceIp: '127.0.0.1' });
    expect(event.actorKind).toMatch(/^(ADMINISTRATOR|IDENTITY)$/);
  });

  it('says who, what, when, from where and in which request', async () => {
    const start = Date.now();
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${server.admin}`,
        'user-agent': 'terraform/1.9',
        'x-request-id': 'request-of-the-test',
      },
      body: JSON.stringify({
        query: `mutation { createIdentityPool(input: { identityPoolName: "Seen",
          allowUnauthenticatedIdentities: true, createDefaultRoles: false }) { identityPool { id arn } } }`,
      }),
    });
    const answer = (await response.json()) as Data;
    const pool = answer.data.createIdentityPool.identityPool;

    const [event] = await eventsOf({ identityPoolId: pool.id });

    expect(event).toMatchObject({
      actorKind: 'ADMINISTRATOR',
      actorId: TEST_ADMIN.accessKeyId,
      actorArn: expect.stringMatching(/:access-key\/TESTADMIN$/),
      action: 'cognito-identity:CreateIdentityPool',
      resourceArn: pool.arn,
      identityPoolId: pool.id,
      sourceIp: '127.0.0.1',
      userAgent: 'terraform/1.9',
      requestId: 'request-of-the-test',
      details: { identityPoolName: 'Seen', allowUnauthenticatedIdentities: true },
    });
    expect(Date.parse(event.occurredAt)).toBeGreaterThanOrEqual(start);
  });

  it('names for credentials the identity, the role and the providers, in each flow', async () => {
    const pool = await createPool(server);
    const guest = await getId(server, pool.id);
    const issued = await mutate(
      'getCredentialsForIdentity',
      { identityId: guest.id },
      'credentials { accessKeyId }',
    );

    const [event] = await eventsOf({ actor: guest.id });

    expect(event).toMatchObject({
      actorKind: 'IDENTITY',
      actorId: guest.id,
      action: 'cognito-identity:GetCredentialsForIdentity',
      identityPoolId: pool.id,
      details: {
        identityId: guest.id,
        roleArn: pool.roles.unauthenticated,
        providers: [],
        accessKeyId: issued.credentials.accessKeyId,
      },
    });
  });

  it('names for credentials the identity that was proved, whoever’s access token came along', async () => {
    const pool = await createPool(server);
    const [guest, other] = [await getId(server, pool.id), await getId(server, pool.id)];
    const { accessToken } = await getCredentials(server, other.id);

    await mutate('getCredentialsForIdentity', { identityId: guest.id }, 'identityId', accessToken);

    expect(await eventsOf({ actor: guest.id })).toMatchObject([
      { actorKind: 'IDENTITY', actorArn: null, details: { identityId: guest.id } },
    ]);
    expect(await eventsOf({ actor: other.id })).toHaveLength(1);
  });

  it('has what was not allowed, with the action that was missing, and not what was wrong otherwise', async () => {
    const bearer = await bearerWith(server, allow('cognito-identity:List*'));
    const actor = bearer.split('.')[0]!;

    refusalOf(await tryCreatePool(server, { createDefaultRoles: false }, bearer));
    await server.graphql('{ identityPool(id: "nonsense") { id } }', {}, bearer);
    await server.graphql(
      'mutation { deleteIdentities(input: { identityIdsToDelete: ["us-east-1:11111111-1111-4111-8111-111111111111"] }) { unprocessedIdentityIds { errorCode } } }',
      {},
      bearer,
    );

    expect(
      (await eventsOf({ actor })).map(({ action, outcome, errorCode }) => [action, outcome, errorCode]),
    ).toEqual([
      ['cognito-identity:DeleteIdentities', 'DENIED', 'ACCESS_DENIED'],
      ['cognito-identity:CreateIdentityPool', 'DENIED', 'ACCESS_DENIED'],
    ]);
  });

  it('has nothing of a change that was refused half-way', async () => {
    const bearer = await bearerWith(server, allow('cognito-identity:CreateIdentityPool'));

    refusalOf(await tryCreatePool(server, { createDefaultRoles: true }, bearer));

    const events = await eventsOf({ actor: bearer.split('.')[0] });
    expect(events.map((event) => [event.action, event.outcome])).toEqual([['iam:CreateRole', 'DENIED']]);
  });

  it('writes down nothing that identities are denied, which anybody could fill it with', async () => {
    const pool = await createPool(server);
    const guest = await getId(server, pool.id);
    const { credentials } = await mutate(
      'getCredentialsForIdentity',
      { identityId: guest.id },
      'credentials { accessKeyId accessToken }',
    );

    await server.graphql('{ apiKeys { nodes { id } } }', {}, credentials.accessToken);
    await server.graphql(
      '{ listRecords(input: { identityId: "us-east-1:11111111-1111-4111-8111-111111111111", datasetName: "d" }) { datasetSyncCount } }',
      {},
      credentials.accessToken,
    );

    expect(await eventsOf({ actor: guest.id })).toHaveLength(1);
  });
});

describe('auditEvents', () => {
  it('pages through the newest first, without a gap or a repetition while more comes in', async () => {
    const pool = await createPool(server, { createDefaultRoles: false });
    const tag = (value: number) =>
      administer(
        'tagResource',
        { resourceArn: pool.arn, tags: [{ key: 'n', value: `${value}` }] },
        '__typename',
      );
    for (let n = 1; n <= 7; n += 1) await tag(n);

    const seen: string[] = [];
    let after: string | null = null;
    do {
      const variables = { first: 3, after, filter: { identityPoolId: pool.id } };
      const { auditEvents } = await server.run(AUDIT_EVENTS, variables, server.admin);
      seen.push(...auditEvents.nodes.map((event: Data) => event.details.tags?.[0]?.value ?? 'made'));
      after = auditEvents.pageInfo.hasNextPage ? auditEvents.pageInfo.endCursor : null;
      await tag(100);
    } while (after !== null);

    expect(seen).toEqual(['7', '6', '5', '4', '3', '2', '1', 'made']);
  });

  it('filters by action, actor, pool and time together', async () => {
    const bearer = await bearerWith(server, allow('cognito-identity:*'));
    const make = async (): Promise<string> => {
      const answer = await tryCreatePool(server, { createDefaultRoles: false }, bearer);
      return answer.data.createIdentityPool.identityPool.id;
    };
    const first = await make();
    const between = new Date(Date.now() + 1).toISOString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const second = await make();
    const actor = bearer.split('.')[0];
    const poolsOf = async (filter: object): Promise<string[]> =>
      (await eventsOf(filter)).map((event) => event.identityPoolId);

    expect(await poolsOf({ actor })).toEqual([second, first]);
    expect(await poolsOf({ actor, from: between })).toEqual([second]);
    expect(await poolsOf({ actor, to: between })).toEqual([first]);
    expect(await poolsOf({ actor, identityPoolId: first })).toEqual([first]);
    expect(await poolsOf({ actor, action: 'cognito-identity:UpdateIdentityPool' })).toEqual([]);
    expect(await poolsOf({ actor: TEST_ADMIN.accessKeyId, identityPoolId: first })).toEqual([]);
  });

  it('is for administrators with cloudtrail:LookupEvents', async () => {
    const reader = await bearerWith(server, allow('cloudtrail:LookupEvents'));
    const other = await bearerWith(server, allow('cognito-identity:*'));

    expect((await server.graphql(AUDIT_EVENTS, {}, reader)).errors).toBeUndefined();
    expect(refusalOf(await server.graphql(AUDIT_EVENTS, {}, other)).code).toBe('ACCESS_DENIED');
    expect(refusalOf(await server.graphql(AUDIT_EVENTS)).code).toBe('NOT_AUTHORIZED');
  });
});

test('No secret, token or bearer of a whole story is in the log', async () => {
  const twitterSecret = `consumer${randomBytes(12).toString('hex')}`;
  const secrets: string[] = [TEST_ADMIN.secretAccessKey, twitterSecret];
  const bearer = await bearerWith(server, allow('*'));
  const pool = await createPool(server, {
    ...DEVELOPER_POOL,
    supportedLoginProviders: [{ provider: 'api.twitter.com', appId: `key;${twitterSecret}` }],
    allowClassicFlow: true,
  });
  const { id: identityId } = await getId(server, pool.id);
  const { credentials } = await mutate(
    'getCredentialsForIdentity',
    { identityId },
    'credentials { secretKey sessionToken accessToken }',
  );
  const { token } = await mutate('getOpenIdToken', { identityId }, 'token');
  const assumed = await mutate(
    'assumeRoleWithWebIdentity',
    { roleArn: pool.roles.unauthenticated, roleSessionName: 'me', webIdentityToken: token },
    'credentials { secretKey sessionToken accessToken }',
  );
  const developer = await developerToken(pool, 'ann.the.user');
  await administer(
    'updateIdentityPool',
    {
      identityPoolId: pool.id,
      identityPoolName: 'P',
      allowUnauthenticatedIdentities: true,
      supportedLoginProviders: [{ provider: 'api.twitter.com', appId: `key;${twitterSecret}` }],
      developerProviderName: DEVELOPER,
    },
    'identityPool { id }',
  );
  await AUDITED.unlinkIdentity![1]();
  secrets.push((await newStreamingPool()).webhookSecret, 'a-token');
  secrets.push(bearer.split('.')[1]!, token, developer.token, 'ann.the.user');
  secrets.push(...Object.values<string>(credentials), ...Object.values<string>(assumed.credentials));

  const log = JSON.stringify(await rowsOf(server, 'SELECT * FROM audit_events'));

  expect(log.length).toBeGreaterThan(2000);
  for (const secret of secrets) expect(log).not.toContain(secret);
  expect(log).not.toMatch(/eyJ[\w-]{10,}\.|PRIVATE KEY|"d":|sealed/);
});

test('Events go when their days are over, and not before', async () => {
  const now = new Date('2027-03-01T00:00:00Z');
  const dayBefore = (days: number): Date => new Date(now.getTime() - days * 86_400_000);
  const insert = (at: Date) =>
    rowsOf(
      server,
      `INSERT INTO audit_events (event_id, occurred_at, actor_kind, action, resource_arn, outcome, request_id, details)
       VALUES ($1, $2, 'system', 'test:Retention', '*', 'allowed', 'test', '{}')`,
      [newEventId(at), at],
    );
  await rowsOf(server, 'DELETE FROM audit_events');
  for (const days of [89, 90, 91]) await insert(dayBefore(days));

  const ctx = serviceContext(server.dataSource, { now: () => now });
  const swept = [await sweepAuditEvents(ctx), await sweepAuditEvents(ctx)];

  expect(swept).toEqual([1, 0]);
  expect(await rowsOf(server, 'SELECT FROM audit_events')).toHaveLength(2);
});

test('Ids are ordered as they were made, within a millisecond too, and by the time in them', () => {
  const time = new Date('2027-03-01T00:00:00.123Z');
  const ids = Array.from({ length: 1000 }, () => newEventId(time));
  const later = newEventId(new Date(time.getTime() + 1));

  expect([...ids].sort()).toEqual(ids);
  expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(ids.every((id) => id >= eventIdAt(time) && id < eventIdAt(new Date(time.getTime() + 1)))).toBe(true);
  expect(later > ids.at(-1)!).toBe(true);
});
