import { loadConfig } from '../../src/config';
import { createPool, refusalOf, type Data } from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { makeSamlKey, samlMetadata } from '../support/saml-identity-provider';
import { startTestServer, type TestServer } from '../support/server';

const USER_POOL = 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';
const OIDC = 'https://accounts.google.com';

let server: TestServer;
let idp: TestIdentityProvider;
let samlArn: string;
let oidcArn: string;

beforeAll(async () => {
  idp = await startIdentityProvider();
  server = await startTestServer();
  const samlMetadataDocument = samlMetadata([{ certificate: makeSamlKey().certificate }]);
  const saml = await server.run(
    `mutation ($input: CreateSAMLProviderInput!) { createSAMLProvider(input: $input) { samlProviderArn samlProvider { id name } } }`,
    { input: { name: 'idp', samlMetadataDocument } },
    server.admin,
  );
  samlArn = saml.createSAMLProvider.samlProviderArn;
  const oidc = await server.run(
    `mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }`,
    { input: { url: OIDC, clientIDList: ['a'] } },
    server.admin,
  );
  oidcArn = oidc.createOpenIDConnectProvider.openIDConnectProviderArn;
});

afterAll(async () => {
  await server?.close();
  await idp?.close();
});

const FIELDS = `id openIdConnectProviderARNs samlProviderARNs supportedLoginProviders { provider appId }
  cognitoIdentityProviders { providerName clientId serverSideTokenCheck } developerProviderName`;

const CREATE = `mutation ($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { ${FIELDS} } } }`;
const UPDATE = `mutation ($input: UpdateIdentityPoolInput!) { updateIdentityPool(input: $input) { identityPool { ${FIELDS} } } }`;

const REQUIRED = { identityPoolName: 'pool', allowUnauthenticatedIdentities: false };

const tryCreate = (input: object) =>
  server.graphql(CREATE, { input: { ...REQUIRED, ...input } }, server.admin);

const tryUpdate = (identityPoolId: string, input: object) =>
  server.graphql(UPDATE, { input: { identityPoolId, ...REQUIRED, ...input } }, server.admin);

const updated = async (identityPoolId: string, input: object): Promise<Data> => {
  const { data, errors } = await tryUpdate(identityPoolId, input);
  expect(errors).toBeUndefined();
  return data.updateIdentityPool.identityPool;
};

const ALL = () => ({
  openIdConnectProviderARNs: [],
  samlProviderARNs: [samlArn],
  supportedLoginProviders: [
    { provider: 'accounts.google.com', appId: '123-abc.apps.googleusercontent.com' },
    { provider: 'appleid.apple.com', appId: 'com.example.app' },
    { provider: 'graph.facebook.com', appId: '1234567890' },
    { provider: 'www.amazon.com', appId: 'amzn1.application-oa2-client.1' },
    { provider: 'api.twitter.com', appId: 'consumer-key;consumer-secret' },
  ],
  cognitoIdentityProviders: [
    { providerName: USER_POOL, clientId: 'web', serverSideTokenCheck: false },
    { providerName: USER_POOL, clientId: 'ios', serverSideTokenCheck: false },
  ],
  developerProviderName: 'login.my.app',
});

test('A pool has the providers of every kind that it was made with, and describes them', async () => {
  const { data, errors } = await tryCreate(ALL());
  expect(errors).toBeUndefined();
  const pool = data.createIdentityPool.identityPool;

  const described = await server.run(
    `query ($id: ID!) { identityPool(id: $id) { ${FIELDS} } }`,
    { id: pool.id },
    server.admin,
  );

  expect(pool).toEqual({ id: pool.id, ...ALL() });
  expect(described.identityPool).toEqual(pool);
});

test.each([
  'samlProviderARNs',
  'supportedLoginProviders',
  'cognitoIdentityProviders',
  'developerProviderName',
] as const)('%s alone are a way to get an identity', async (member) => {
  expect((await tryCreate({ [member]: ALL()[member] })).errors).toBeUndefined();
});

test('Without any, and without guests, nobody could get an identity', async () => {
  expect(refusalOf(await tryCreate({}))).toMatchObject({
    code: 'INVALID_PARAMETER',
    field: 'allowUnauthenticatedIdentities',
  });
});

test('An update replaces the providers, and those left out are gone', async () => {
  const { id } = await createPool(server);
  await updated(id, ALL());

  const pool = await updated(id, { samlProviderARNs: [samlArn] });

  expect(pool).toMatchObject({
    samlProviderARNs: [samlArn],
    supportedLoginProviders: [],
    cognitoIdentityProviders: [],
    developerProviderName: 'login.my.app',
  });
});

describe('the developer provider’s name', () => {
  const set = { allowUnauthenticatedIdentities: true, developerProviderName: 'login.my.app' };

  test('can be set later, once, and is kept when it is left out or given again', async () => {
    const { id } = await createPool(server);

    expect(await updated(id, set)).toMatchObject({ developerProviderName: 'login.my.app' });
    expect(await updated(id, set)).toMatchObject({ developerProviderName: 'login.my.app' });
    expect(await updated(id, REQUIRED)).toMatchObject({ developerProviderName: 'login.my.app' });
  });

  test.each(['other.my.app', null])('cannot become %s afterwards', async (developerProviderName) => {
    const { id } = await createPool(server, set);

    const refusal = refusalOf(await tryUpdate(id, { ...set, developerProviderName }));

    expect(refusal).toMatchObject({
      code: 'INVALID_PARAMETER',
      message: 'developerProviderName cannot be changed or removed once it is set',
      field: 'developerProviderName',
    });
  });

  test.each(['', 'a b', 'a/b', 'x'.repeat(129)])('cannot be "%s"', async (developerProviderName) => {
    expect(refusalOf(await tryCreate({ developerProviderName }))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'developerProviderName',
    });
  });
});

const google = (appId: string) => ({ provider: 'accounts.google.com', appId });
const client = (changes: object = {}) => ({ providerName: USER_POOL, clientId: 'web', ...changes });

test.each<[string, object, string]>([
  [
    'an app of no known provider',
    { supportedLoginProviders: [{ provider: 'a.example', appId: 'a' }] },
    'supportedLoginProviders[0].provider',
  ],
  [
    'an app of Digits, which was shut down',
    { supportedLoginProviders: [{ provider: 'www.digits.com', appId: 'a;b' }] },
    'supportedLoginProviders[0].provider',
  ],
  [
    'two apps of one provider',
    { supportedLoginProviders: [google('a'), google('b')] },
    'supportedLoginProviders',
  ],
  ['an empty app id', { supportedLoginProviders: [google('')] }, 'supportedLoginProviders[0].appId'],
  [
    'an app id with a space',
    { supportedLoginProviders: [google('a b')] },
    'supportedLoginProviders[0].appId',
  ],
  [
    'an app id of 129 characters',
    { supportedLoginProviders: [google('x'.repeat(129))] },
    'supportedLoginProviders[0].appId',
  ],
  [
    'Twitter’s consumer key alone',
    { supportedLoginProviders: [{ provider: 'api.twitter.com', appId: 'key' }] },
    'supportedLoginProviders[0].provider',
  ],
  [
    'eleven apps',
    { supportedLoginProviders: Array.from({ length: 11 }, (_, i) => google(`${i}`)) },
    'supportedLoginProviders',
  ],
  [
    'a user pool of another form',
    { cognitoIdentityProviders: [client({ providerName: 'evil.example/eu-west-1_A' })] },
    'cognitoIdentityProviders[0].providerName',
  ],
  [
    'a user pool at another host',
    {
      cognitoIdentityProviders: [
        client({ providerName: 'cognito-idp.eu-west-1.amazonaws.com.evil.example/eu-west-1_A' }),
      ],
    },
    'cognitoIdentityProviders[0].providerName',
  ],
  [
    'a client with a hyphen',
    { cognitoIdentityProviders: [client({ clientId: 'a-b' })] },
    'cognitoIdentityProviders[0].clientId',
  ],
  ['a client twice', { cognitoIdentityProviders: [client(), client()] }, 'cognitoIdentityProviders'],
  [
    '51 clients',
    { cognitoIdentityProviders: Array.from({ length: 51 }, (_, i) => client({ clientId: `c${i}` })) },
    'cognitoIdentityProviders',
  ],
  [
    'a SAML provider that nobody registered',
    { samlProviderARNs: ['arn:aws:iam::000000000000:saml-provider/x'] },
    'samlProviderARNs[0]',
  ],
  ['a SAML provider twice', { samlProviderARNs: ['SAML', 'SAML'] }, 'samlProviderARNs'],
  [
    'a token check that nobody can make',
    { cognitoIdentityProviders: [client({ serverSideTokenCheck: true })] },
    'cognitoIdentityProviders[0].serverSideTokenCheck',
  ],
])('A pool with %s is refused, when it is made and when it is changed', async (_, members, field) => {
  const input = JSON.parse(JSON.stringify(members).replaceAll('"SAML"', JSON.stringify(samlArn))) as object;
  const { id } = await createPool(server);

  for (const answer of [await tryCreate(input), await tryUpdate(id, input)])
    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field });
});

test('Two providers with one key of logins are refused: nobody could tell which of them decides', async () => {
  const both = { openIdConnectProviderARNs: [oidcArn], supportedLoginProviders: [google('a')] };
  const developer = { openIdConnectProviderARNs: [oidcArn], developerProviderName: 'accounts.google.com' };

  for (const input of [both, developer])
    expect(refusalOf(await tryCreate(input)).message).toBe(
      'Two providers of the identity pool have the same key of logins: accounts.google.com',
    );
});

test('An app’s id with several semicolons comes back whole', async () => {
  const supportedLoginProviders = [{ provider: 'www.amazon.com', appId: 'one;two;three' }];
  const { data } = await tryCreate({ supportedLoginProviders });

  const { identityPool } = await server.run(
    'query ($id: ID!) { identityPool(id: $id) { supportedLoginProviders { provider appId } } }',
    { id: data.createIdentityPool.identityPool.id },
    server.admin,
  );

  expect(identityPool).toEqual({ supportedLoginProviders });
});

test('What is refused does not repeat an app’s secret', async () => {
  const answer = await tryCreate({
    supportedLoginProviders: [{ provider: 'api.twitter.com', appId: 'key;top-secret;more' }],
  });

  expect(refusalOf(answer).code).toBe('INVALID_PARAMETER');
  expect(JSON.stringify(answer)).not.toContain('top-secret');
});

test('A token check is taken where an operator has named who makes it', async () => {
  const loginProviders = { ...loadConfig({}).loginProviders, userPoolCheck: `${idp.issuer}/check` };
  const other = await startTestServer({ config: { loginProviders }, database: server.database });
  const input = { ...REQUIRED, cognitoIdentityProviders: [client({ serverSideTokenCheck: true })] };

  const { errors } = await other.graphql(CREATE, { input }, other.admin);
  await other.close();

  expect(errors).toBeUndefined();
});

test('Neither provider can be removed while a pool is made that names it', async () => {
  const samlMetadataDocument = samlMetadata([{ certificate: makeSamlKey().certificate }]);
  const attempts = Array.from({ length: 5 }, async (_, index) => {
    const arn = samlArn.replace(/idp$/, `race-${index}`);
    await server.run(
      `mutation ($input: CreateSAMLProviderInput!) { createSAMLProvider(input: $input) { samlProviderArn } }`,
      { input: { name: `race-${index}`, samlMetadataDocument } },
      server.admin,
    );
    const remove = `mutation ($input: DeleteSAMLProviderInput!) { deleteSAMLProvider(input: $input) { samlProvider { id } } }`;
    const [made, removed] = await Promise.all([
      tryCreate({ samlProviderARNs: [arn] }),
      server.graphql(remove, { input: { samlProviderArn: arn } }, server.admin),
    ]);
    return [made.errors === undefined, removed.errors === undefined];
  });

  for (const [made, removed] of await Promise.all(attempts)) expect(made).not.toBe(removed);
});
