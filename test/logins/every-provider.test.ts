import { loadConfig } from '../../src/config';
import { createPool, refusalOf, rowsOf, type Data, type Login } from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  assertionXml,
  encodeSaml,
  makeSamlKey,
  responseXml,
  samlMetadata,
  signXml,
} from '../support/saml-identity-provider';
import { SAML_ARN } from '../support/saml-world';
import { startTestServer, type TestServer } from '../support/server';
import { TEST_NOW } from '../support/service-context';
import { startSocialProviders, type SocialProviders } from '../support/social-providers';

const NOW = TEST_NOW.getTime() / 1000;
const USER_POOL = 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';

const key = makeSamlKey();
let idp: TestIdentityProvider;
let social: SocialProviders;
let server: TestServer;
let pool: Data;

beforeAll(async () => {
  [idp, social] = await Promise.all([startIdentityProvider(), startSocialProviders()]);
  const loginProviders = {
    ...loadConfig({}).loginProviders,
    google: idp.issuer,
    apple: idp.issuer,
    facebook: social.url,
    amazon: social.url,
    twitter: social.url,
    userPool: idp.issuer,
  };
  server = await startTestServer({ config: { loginProviders }, now: () => TEST_NOW });
  await server.run(
    `mutation ($input: CreateSAMLProviderInput!) { createSAMLProvider(input: $input) { samlProvider { id } } }`,
    { input: { name: 'idp', samlMetadataDocument: samlMetadata([{ certificate: key.certificate }]) } },
    server.admin,
  );
  pool = await createPool(server, {
    allowUnauthenticatedIdentities: false,
    samlProviderARNs: [SAML_ARN],
    supportedLoginProviders: [
      { provider: 'accounts.google.com', appId: 'app' },
      { provider: 'appleid.apple.com', appId: 'app' },
      { provider: 'graph.facebook.com', appId: '1234' },
      { provider: 'www.amazon.com', appId: 'amzn1.application.1' },
      { provider: 'api.twitter.com', appId: 'consumer-key;consumer-secret' },
    ],
    cognitoIdentityProviders: [{ providerName: USER_POOL, clientId: 'app' }],
  });
  social.facebook.set('EAAuser', { app: '1234', user: '777' });
  social.amazon.set('Atza|user', { aud: 'x', app_id: 'amzn1.application.1', user_id: 'amzn1.account.K' });
  const app = { consumerKey: 'consumer-key', consumerSecret: 'consumer-secret' };
  social.twitter.set('token', { ...app, tokenSecret: 'token-secret', user: '12' });
});

afterAll(async () => {
  await server?.close();
  await social?.close();
  await idp?.close();
});

const idToken = (claims: object = {}) =>
  idp.sign({ sub: 'alice', aud: 'app', iat: NOW, exp: NOW + 3600, ...claims });

const samlResponse = async () => encodeSaml(signXml(responseXml(assertionXml()), key, 'Assertion'));

const TOKENS: [provider: string, token: () => Promise<string>][] = [
  ['accounts.google.com', () => idToken()],
  ['appleid.apple.com', () => idToken()],
  ['graph.facebook.com', async () => 'EAAuser'],
  ['www.amazon.com', async () => 'Atza|user'],
  ['api.twitter.com', async () => 'token;token-secret'],
  [USER_POOL, () => idToken({ iss: `${idp.issuer}/eu-west-1_AbCdEf123`, token_use: 'id' })],
  [SAML_ARN, samlResponse],
];

const getId = async (logins: Login[]): Promise<string> => {
  const data = await server.run(`mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }`, {
    input: { identityPoolId: pool.id, logins },
  });
  return data.getId.identityId;
};

test.each(TOKENS)(
  'A user of %s gets an identity, and credentials with the same token',
  async (provider, make) => {
    const logins = [{ provider, token: await make() }];

    const identityId = await getId(logins);
    const { getCredentialsForIdentity } = await server.run(
      `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
       identityId credentials { accessKeyId } } }`,
      { input: { identityId, logins } },
    );

    expect(getCredentialsForIdentity).toMatchObject({
      identityId,
      credentials: { accessKeyId: expect.stringMatching(/^ASIA/) },
    });
    expect(await getId([{ provider, token: await make() }])).toBe(identityId);
  },
);

test('The same subject at two providers is two users', async () => {
  const [google, apple] = await Promise.all(
    ['accounts.google.com', 'appleid.apple.com'].map(async (provider) =>
      getId([{ provider, token: await idToken({ sub: 'same' }) }]),
    ),
  );

  expect(google).not.toBe(apple);
});

test('The secret of an app is sealed where it is stored, and given back to administrators', async () => {
  const [row] = await rowsOf(
    server,
    'SELECT supported_login_providers AS apps FROM identity_pools WHERE identity_pool_id = $1',
    [pool.id],
  );
  const { identityPool } = await server.run(
    'query ($id: ID!) { identityPool(id: $id) { supportedLoginProviders { provider appId } } }',
    { id: pool.id },
    server.admin,
  );

  expect(JSON.stringify(row!.apps)).toContain('consumer-key;sealed:');
  expect(JSON.stringify(row!.apps)).not.toContain('consumer-secret');
  expect(identityPool.supportedLoginProviders).toContainEqual({
    provider: 'api.twitter.com',
    appId: 'consumer-key;consumer-secret',
  });
});

test('A SAML response gets no token of the classic flow, whoever sends it', async () => {
  const logins = [{ provider: SAML_ARN, token: await samlResponse() }];
  const identityId = await getId(logins);

  const refusal = refusalOf(
    await server.graphql(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId, logins } },
    ),
  );

  expect(refusal).toMatchObject({
    code: 'INVALID_PARAMETER',
    message: 'Basic (classic) flow is not supported with SAML providers, please use enhanced flow.',
    field: 'logins[0].provider',
  });
});
