import { choose, createApplication, CREDENTIALS, register } from '../push/push-world';
import {
  allow,
  createKey,
  createPool,
  getCredentials,
  getId,
  loginOf,
  registerProvider,
  trustOf,
  type Data,
  type Login,
} from '../support/factories';
import type { TestIdentityProvider } from '../support/identity-provider';
import { makeSamlKey, samlMetadata } from '../support/saml-identity-provider';
import { TEST_ADMIN, type TestServer } from '../support/server';

/** Members of an input, or arguments. One that is undefined may be given, but is left out. */
export type Members = Record<string, unknown>;

/**
 * Inputs of every operation that are taken as they are, with an item in every list and all members of every object.
 * Several where members exclude each other: each of them is in one. A new operation or member has to be added here.
 */
export const validInputs = async (
  server: TestServer,
  issuer: TestIdentityProvider,
): Promise<Record<string, Members | Members[]>> => {
  const world = await makeWorld(server, issuer);
  return {
    ...pagesAndNouns(world),
    ...ofIdentityPools(world),
    ...ofIdentities(world),
    ...ofDevelopers(world),
    ...ofIdentityProviders(world),
    ...ofRolesAndKeys(world),
    ...ofDatasets(world),
    ...ofStreams(world),
    ...ofDevices(world),
    ...ofImports(world),
  };
};

/** What the inputs name. */
type World = Awaited<ReturnType<typeof makeWorld>>;

const DEVELOPER = 'login.example';

/** As if from a merge. */
const MERGED = 'd.us-east-1:00000000-0000-4000-8000-00000000000f';

const makeWorld = async (server: TestServer, issuer: TestIdentityProvider) => {
  const metadata = samlMetadata([{ certificate: makeSamlKey().certificate, use: 'signing' }]);
  const samlProvider = async (name: string): Promise<string> =>
    (await call(server, 'createSAMLProvider', { name, samlMetadataDocument: metadata }, 'samlProviderArn'))
      .samlProviderArn;
  const openIDConnectProviderArn = await registerProvider(server, issuer);
  const samlProviderArn = await samlProvider('idp');
  const pool = poolMembers(openIDConnectProviderArn, samlProviderArn);
  const { id: identityPoolId, roles } = await createPool(server, pool);
  const login = await loginOf(issuer, 'ada');
  const { id: identityId } = await getId(server, identityPoolId, [login]);
  await makeDataset(server, identityId);
  await server.dataSource.query(
    `INSERT INTO datasets SELECT (json_populate_record(d, json_build_object('dataset_name', $2::text))).*
       FROM datasets d WHERE d.identity_id = $1`,
    [identityId, MERGED],
  );
  await setStream(server, identityPoolId, 'DISABLED');
  await developerIdentity(server, identityPoolId, 'bob');
  await ageSigningKey(server);
  const platformApplicationArn = await usedApplication(server, identityPoolId);
  return {
    metadata,
    openIDConnectProviderArn,
    samlProviderArn,
    /** Providers that no pool names. */
    spareOpenIDConnectProviderArn: await registerProvider(server, { issuer: 'https://spare.example.com' }),
    spareSamlProviderArn: await samlProvider('spare'),
    /** Members of the pool, and of others like it. */
    pool,
    identityPoolId,
    authenticatedRole: roles.authenticated as string,
    unauthenticatedRole: roles.unauthenticated as string,
    login,
    loginKey: issuer.loginKey,
    identityId,
    /** A guest of its own, for what is imported. */
    guest: (await getId(server, identityPoolId)).id as string,
    /** For the classic flow. */
    token: (await call(server, 'getOpenIdToken', { identityId, logins: [login] }, 'token')).token,
    platformApplicationArn,
    spareApplicationArn: (await createApplication(server, identityPoolId, 'ADM'))
      .platformApplicationArn as string,
    phone: await phoneOfGuest(server, identityPoolId),
    alice: await developerIdentity(server, identityPoolId, 'alice'),
    mapped: await makeMapped(server, openIDConnectProviderArn, login),
    accessKeyId: (await createKey(server, { managedPolicies: ['READ_ONLY'] })).apiKey.accessKeyId,
    streams: { chosen: await makePoolWithPush(server), published: await makePoolWithStream(server) },
  };
};

const PLATFORM_APPLICATION = 'arn:aws:sns:us-east-1:000000000000:app/GCM/app';

/** A pool with a platform application. */
const makePoolWithPush = async (server: TestServer): Promise<string> => {
  const { id } = await createPool(server);
  const application = { arn: PLATFORM_APPLICATION, name: 'app', platform: 'GCM', enabled: true };
  const pushSync = { applications: [application], applicationArns: [], roleArn: null };
  await server.dataSource.query(
    `INSERT INTO sync_configurations (identity_pool_id, merge_rules, history_retention_days, push_sync, last_modified_at)
     VALUES ($1, '[]', 30, $2, $3)`,
    [id, JSON.stringify(pushSync), new Date()],
  );
  return id;
};

const makePoolWithStream = async (server: TestServer): Promise<string> => {
  const { id } = await createPool(server);
  await setStream(server, id, 'ENABLED');
  return id;
};

const setStream = (server: TestServer, identityPoolId: string, streamingStatus: string): Promise<Data> => {
  const target = { webhook: { url: 'https://stream.invalid' } };
  const cognitoStreams = { streamName: 's', streamingStatus, target };
  return call(server, 'setIdentityPoolConfiguration', { identityPoolId, cognitoStreams }, 'identityPoolId');
};

/** What a mutation with an input answers. */
const call = async (server: TestServer, name: string, input: object, selection: string): Promise<Data> => {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
  return (await server.run(document, { input }, server.admin))[name];
};

const poolMembers = (openIDConnectProviderArn: string, samlProviderArn: string): Members => ({
  identityPoolName: 'p',
  allowUnauthenticatedIdentities: true,
  allowClassicFlow: true,
  openIdConnectProviderARNs: [openIDConnectProviderArn],
  samlProviderARNs: [samlProviderArn],
  supportedLoginProviders: [{ provider: 'accounts.google.com', appId: 'app' }],
  cognitoIdentityProviders: [
    {
      providerName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEf123',
      clientId: 'app',
      serverSideTokenCheck: false,
    },
  ],
  developerProviderName: DEVELOPER,
  identityPoolTags: [{ key: 'k', value: 'v' }],
});

const makeDataset = (server: TestServer, identityId: string): Promise<Data> => {
  const recordPatches = [{ op: 'REPLACE', key: 'first', value: 'v', syncCount: 0 }];
  return call(server, 'updateRecords', { identityId, datasetName: 'd', recordPatches }, 'datasetSyncCount');
};

/** The platform application that push sync uses. */
const usedApplication = async (server: TestServer, identityPoolId: string): Promise<string> => {
  const { platformApplicationArn } = await createApplication(server, identityPoolId);
  await choose(server, identityPoolId, [platformApplicationArn]);
  return platformApplicationArn;
};

/** A guest, who needs no login for credentials, with a dataset and two devices. */
const phoneOfGuest = async (
  server: TestServer,
  identityPoolId: string,
): Promise<{ identityId: string; deviceId: string; spareDeviceId: string }> => {
  const { id: identityId } = await getId(server, identityPoolId);
  await makeDataset(server, identityId);
  const { accessToken } = await getCredentials(server, identityId);
  const registered = (token: string): Promise<string> =>
    register(server, accessToken, { platform: 'GCM', token });
  return { identityId, deviceId: await registered('phone'), spareDeviceId: await registered('tablet') };
};

const developerIdentity = async (
  server: TestServer,
  identityPoolId: string,
  user: string,
): Promise<string> => {
  const input = { identityPoolId, logins: [{ provider: DEVELOPER, token: user }] };
  return (await call(server, 'getOpenIdTokenForDeveloperIdentity', input, 'identityId')).identityId;
};

const mappingOf = (identityProvider: string, roleARN: string): Members => ({
  identityProvider,
  type: 'RULES',
  ambiguousRoleResolution: 'DENY',
  rulesConfiguration: { rules: [{ claim: 'sub', matchType: 'EQUALS', value: 'ada', roleARN }] },
});

/** An identity of a pool with a role mapping, and the role that it may ask for. */
const makeMapped = async (
  server: TestServer,
  provider: string,
  login: Login,
): Promise<{ identityId: string; customRoleArn: string }> => {
  const { id, roles } = await createPool(server, { openIdConnectProviderARNs: [provider] });
  const roleMappings = [mappingOf(provider, roles.authenticated)];
  const input = { identityPoolId: id, roles, roleMappings };
  await call(server, 'setIdentityPoolRoles', input, '__typename');
  const identity = await getId(server, id, [login]);
  return { identityId: identity.id, customRoleArn: roles.authenticated };
};

/** So old that it may be rotated. */
const ageSigningKey = (server: TestServer): Promise<unknown> =>
  server.dataSource.query(`UPDATE signing_keys SET activated_at = activated_at - interval '2 hours'`);

let names = 0;

/** Another one each time it is asked for, so that what is taken first does not hide what comes after it. */
const newName = (): string => `new-${(names += 1)}`;

const nameOfRole = (arn: string): string => arn.split('/').at(-1) ?? '';

const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString();

const PAGE = { first: 1, after: undefined };

const POLICIES = [{ policyName: 'p', policyDocument: allow('*') }];

const pagesAndNouns = (world: World): Record<string, Members> => ({
  apiKeys: PAGE,
  identityPoolUsages: PAGE,
  identityPools: PAGE,
  identityProviders: PAGE,
  roles: PAGE,
  samlProviders: PAGE,
  auditEvents: {
    ...PAGE,
    filter: {
      action: 'cognito-identity:CreateIdentityPool',
      actor: TEST_ADMIN.accessKeyId,
      identityPoolId: world.identityPoolId,
      from: daysAgo(1),
      to: daysAgo(0),
    },
  },
  identity: { id: world.identityId },
  identityPool: { id: world.identityPoolId },
  role: { name: nameOfRole(world.authenticatedRole) },
  identityProvider: { arn: world.openIDConnectProviderArn },
  samlProvider: { arn: world.samlProviderArn },
});

const ofIdentityPools = (world: World): Record<string, Members> => {
  const { identityPoolId, pool, openIDConnectProviderArn, authenticatedRole, unauthenticatedRole } = world;
  const resourceArn = `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${identityPoolId}`;
  return {
    createIdentityPool: { ...pool, createDefaultRoles: false },
    updateIdentityPool: { identityPoolId, ...pool },
    deleteIdentityPool: { identityPoolId },
    setCognitoEvents: {
      identityPoolId,
      events: [{ key: 'SyncTrigger', value: 'https://example.com/sync' }],
      rotateSecret: false,
    },
    setIdentityPoolRoles: {
      identityPoolId,
      roles: { authenticated: authenticatedRole, unauthenticated: unauthenticatedRole },
      roleMappings: [mappingOf(openIDConnectProviderArn, authenticatedRole)],
    },
    setPrincipalTagAttributeMap: {
      identityPoolId,
      identityProviderName: world.loginKey,
      useDefaults: false,
      principalTags: [{ key: 'user', value: 'sub' }],
    },
    setSyncConfiguration: {
      identityPoolId,
      mergeRules: [{ datasetPattern: 'd*', rules: [{ keyPattern: 'k*', rule: 'MAX' }] }],
      historyRetentionDays: 30,
      foldStrategy: 'RULES',
    },
    tagResource: { resourceArn, tags: [{ key: 'k', value: 'v' }] },
    untagResource: { resourceArn, tagKeys: ['other'] },
  };
};

const ofIdentities = (world: World): Record<string, Members | Members[]> => {
  const { identityPoolId, identityId, login, loginKey } = world;
  const logins = [login];
  return {
    getId: { identityPoolId, accountId: '1', logins },
    previewMerge: { identityPoolId, identityId, logins },
    getOpenIdToken: { identityId, logins },
    getCredentialsForIdentity: { ...world.mapped, logins },
    unlinkIdentity: { identityId, logins, loginsToRemove: ['other'] },
    deleteIdentities: { identityIdsToDelete: [identityId] },
    deleteIdleGuests: {
      identityPoolId,
      idleSince: daysAgo(2),
      dryRun: true,
      mode: 'DISABLE',
      first: 1,
    },
    lookupLogin: [
      { identityPoolId, provider: loginKey, subject: 'ada' },
      { identityPoolId, provider: loginKey, token: login.token },
    ],
  };
};

const ofDevelopers = ({ identityPoolId, alice }: World): Record<string, Members> => ({
  getOpenIdTokenForDeveloperIdentity: {
    identityPoolId,
    identityId: alice,
    logins: [{ provider: DEVELOPER, token: 'alice' }],
    principalTags: [{ key: 'k', value: 'v' }],
    tokenDuration: 900,
  },
  lookupDeveloperIdentity: {
    identityPoolId,
    identityId: alice,
    developerUserIdentifier: 'alice',
    maxResults: 1,
    nextToken: undefined,
  },
  mergeDeveloperIdentities: {
    identityPoolId,
    developerProviderName: DEVELOPER,
    sourceUserIdentifier: 'bob',
    destinationUserIdentifier: 'alice',
  },
  unlinkDeveloperIdentity: {
    identityPoolId,
    identityId: alice,
    developerProviderName: DEVELOPER,
    developerUserIdentifier: 'alice',
  },
});

const ofIdentityProviders = (world: World): Record<string, Members> => {
  const { openIDConnectProviderArn, samlProviderArn, metadata: samlMetadataDocument } = world;
  return {
    createOpenIDConnectProvider: {
      clientIDList: ['app'],
      get url() {
        return `https://${newName()}.example.com`;
      },
    },
    deleteOpenIDConnectProvider: { openIDConnectProviderArn: world.spareOpenIDConnectProviderArn },
    addClientIDToOpenIDConnectProvider: { openIDConnectProviderArn, clientID: 'app' },
    removeClientIDFromOpenIDConnectProvider: { openIDConnectProviderArn, clientID: 'other' },
    createSAMLProvider: {
      samlMetadataDocument,
      get name() {
        return newName();
      },
    },
    updateSAMLProvider: { samlProviderArn, samlMetadataDocument },
    deleteSAMLProvider: { samlProviderArn: world.spareSamlProviderArn },
  };
};

const ofRolesAndKeys = (world: World): Record<string, Members> => {
  const role = {
    assumeRolePolicyDocument: trustOf(world.identityPoolId),
    description: 'd',
    maxSessionDuration: 3600,
    policies: POLICIES,
  };
  return {
    createRole: {
      ...role,
      roleArn: undefined,
      get roleName() {
        return newName();
      },
    },
    updateRole: { ...role, roleName: nameOfRole(world.authenticatedRole) },
    deleteRole: { roleName: nameOfRole(world.unauthenticatedRole) },
    simulatePolicy: {
      policySourceArn: world.authenticatedRole,
      policyInputList: [allow('*')],
      sessionPolicyInputList: [allow('*')],
      actionNames: ['cognito-sync:ListRecords'],
      resourceArns: ['*'],
      contextEntries: [{ contextKeyName: 'aws:CurrentTime', contextKeyValues: ['x'] }],
    },
    assumeRoleWithWebIdentity: {
      roleArn: world.authenticatedRole,
      roleSessionName: 'app',
      webIdentityToken: world.token,
      durationSeconds: 900,
      policy: allow('*'),
    },
    createApiKey: { name: 'k', managedPolicies: ['READ_ONLY'], policies: POLICIES },
    revokeApiKey: { accessKeyId: world.accessKeyId },
    rotateSigningKey: { evenIfRecent: true, withdrawRetired: false },
  };
};

const ofDatasets = ({ identityPoolId, identityId }: World): Record<string, Members | Members[]> => {
  const dataset = { identityPoolId, identityId, datasetName: 'd' };
  const patch = {
    op: 'REPLACE',
    value: 'v',
    syncCount: 0,
    deviceLastModifiedDate: '2027-03-01T00:00:00Z',
    get key() {
      return newName();
    },
  };
  return {
    updateRecords: {
      ...dataset,
      deviceId: 'phone',
      syncSessionToken: undefined,
      recordPatches: [patch],
    },
    synchronize: [
      {
        ...dataset,
        deviceId: 'phone',
        lastSyncCount: 0,
        onConflict: 'REPORT',
        recordPatches: [patch],
        get mutationId() {
          return newName();
        },
      },
      {
        identityId: dataset.identityId,
        datasets: [
          {
            datasetName: dataset.datasetName,
            lastSyncCount: 0,
            onConflict: 'CLIENT_WINS',
            recordPatches: [patch],
            get mutationId() {
              return newName();
            },
          },
        ],
      },
    ],
    restoreDataset: { ...dataset, toSyncCount: 1, deviceId: 'phone', dryRun: true },
    deleteDataset: dataset,
    exportIdentity: { identityPoolId, identityId, after: undefined },
    foldMergedDataset: {
      ...dataset,
      mergedDatasetName: MERGED,
      strategy: 'RULES',
      dryRun: true,
      deviceId: 'phone',
    },
    listRecords: {
      ...dataset,
      lastSyncCount: 0,
      maxResults: 1,
      nextToken: undefined,
      syncSessionToken: undefined,
    },
  };
};

const DATES = { creationDate: '2020-01-01T00:00:00.000Z', lastModifiedDate: '2021-01-01T00:00:00.000Z' };

const ofImports = ({
  pool,
  identityPoolId,
  authenticatedRole,
  openIDConnectProviderArn,
  loginKey,
  guest,
}: World): Record<string, Members> => ({
  importedIdentities: { identityPoolId, identityIds: [guest] },
  importIdentityPool: {
    ...pool,
    createDefaultRoles: undefined,
    // One of its own: role mappings would close the classic flow of the pool that all others are about.
    identityPoolId: 'us-east-1:0f0f0f0f-0000-4000-8000-00000000000f',
    roles: { authenticated: authenticatedRole, unauthenticated: authenticatedRole },
    roleMappings: [mappingOf(openIDConnectProviderArn, authenticatedRole)],
    principalTagAttributeMaps: [
      {
        identityProviderName: openIDConnectProviderArn,
        useDefaults: false,
        principalTags: [{ key: 'k', value: 'sub' }],
      },
    ],
    overwrite: false,
  },
  importIdentities: {
    identityPoolId,
    identities: [
      {
        identityId: guest,
        ...DATES,
        isDisabled: false,
        logins: ['graph.facebook.com'],
        developerUserIdentifiers: ['a user from elsewhere'],
        linkedLogins: [{ provider: loginKey, subject: 'somebody from elsewhere' }],
      },
    ],
    claimLogins: true,
    runId: 'run',
  },
  importDataset: {
    identityPoolId,
    identityId: guest,
    datasetName: 'imported',
    source: {
      ...DATES,
      syncCount: 3,
      lastModifiedBy: 'phone',
      lastSyncCount: 0,
      records: [
        {
          key: 'k',
          value: 'v',
          syncCount: 2,
          lastModifiedDate: DATES.lastModifiedDate,
          lastModifiedBy: 'phone',
          deviceLastModifiedDate: DATES.lastModifiedDate,
        },
      ],
    },
  },
});

/** Of a pool without identities and a stream that is switched off, so that nothing is delivered meanwhile. */
const ofStreams = ({ streams, authenticatedRole: roleArn }: World): Record<string, Members | Members[]> => {
  const maxBytes = 1000;
  const targets: Members[] = [
    { webhook: { url: 'https://stream.invalid/', secret: `whsec_${'A'.repeat(32)}`, maxBytes } },
    { nats: { servers: ['tls://n.invalid'], subject: 's', user: 'u', password: 'p', maxBytes } },
    { nats: { servers: ['tls://n.invalid'], subject: 's', token: 't' } },
    { redis: { url: 'rediss://r.invalid', key: 'k', username: 'u', password: 'p', maxLength: 1, maxBytes } },
    {
      kinesis: {
        streamName: 's',
        region: 'us-east-1',
        accessKeyId: 'a',
        secretAccessKey: 's',
        sessionToken: 't',
        endpoint: 'https://k.invalid',
      },
    },
  ];
  return {
    setIdentityPoolConfiguration: targets.map((target) => ({
      identityPoolId: streams.chosen,
      pushSync: { applicationArns: [PLATFORM_APPLICATION], roleArn },
      cognitoStreams: { streamName: 's', roleArn, streamingStatus: 'DISABLED', target },
    })),
    bulkPublish: { identityPoolId: streams.published },
    retryDeadLetters: { identityPoolId: streams.chosen },
  };
};

/** What identities alone may do: as the guest whose device it is. */
export const OF_IDENTITIES = [
  'deregisterDevice',
  'registerDevice',
  'subscribeToDataset',
  'unsubscribeFromDataset',
];

/** The bearer that takes the inputs of an operation; answers administrators' for all but a few. */
export const bearerFor = async (
  server: TestServer,
  name: string,
  inputs: Record<string, Members | Members[]>,
): Promise<string> => {
  if (!OF_IDENTITIES.includes(name)) return server.admin;
  const { identityId } = inputs.registerDevice as { identityId: string };
  return (await getCredentials(server, identityId)).accessToken;
};

const ofDevices = ({ identityPoolId, phone, ...world }: World): Record<string, Members> => {
  const owner = { identityPoolId, identityId: phone.identityId };
  const subscription = { ...owner, datasetName: 'd', deviceId: phone.deviceId };
  return {
    createPlatformApplication: {
      identityPoolId,
      platform: 'GCM',
      credentials: CREDENTIALS.GCM,
      get name() {
        return newName();
      },
    },
    updatePlatformApplication: {
      identityPoolId,
      platformApplicationArn: world.platformApplicationArn,
      credentials: CREDENTIALS.GCM,
      enabled: true,
    },
    deletePlatformApplication: { identityPoolId, platformApplicationArn: world.spareApplicationArn },
    registerDevice: { ...owner, platform: 'GCM', token: 'watch' },
    deregisterDevice: { ...owner, deviceId: phone.spareDeviceId },
    subscribeToDataset: subscription,
    unsubscribeFromDataset: subscription,
  };
};
