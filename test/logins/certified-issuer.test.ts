import { decodeJwt } from 'jose';
import { startCertifiedIssuer, type CertifiedIssuer } from '../support/certified-issuer';
import { createPool, refusalOf } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let issuer: CertifiedIssuer;
let server: TestServer;
let poolId: string;
let key: string;

beforeAll(async () => {
  [issuer, server] = await Promise.all([startCertifiedIssuer(), startTestServer()]);
  key = issuer.url.replace('http://', '');
  const registered = await server.run(
    `mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }`,
    { input: { url: issuer.url, clientIDList: ['app'] } },
    server.admin,
  );
  const arn = registered.createOpenIDConnectProvider.openIDConnectProviderArn as string;
  const pool = await createPool(server, {
    allowUnauthenticatedIdentities: false,
    openIdConnectProviderARNs: [arn],
  });
  poolId = pool.id as string;
});

afterAll(async () => {
  await server?.close();
  await issuer?.close();
});

const getId = (token: string) =>
  server.graphql(`mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }`, {
    input: { identityPoolId: poolId, logins: [{ provider: key, token }] },
  });

const identityOf = async (user: string): Promise<string> => {
  const { data, errors } = await getId(await issuer.signIn(user));
  expect(errors).toBeUndefined();
  return data.getId.identityId;
};

test('Who signs in at a certified issuer gets an identity, and the same one at the next sign-in', async () => {
  const alice = await identityOf('alice');
  const bob = await identityOf('bob');

  expect(alice).toMatch(/^us-east-1:/);
  expect(await identityOf('alice')).toBe(alice);
  expect(bob).not.toBe(alice);
});

test('The identity gets credentials with another sign-in’s token', async () => {
  const identityId = await identityOf('carol');
  const input = { identityId, logins: [{ provider: key, token: await issuer.signIn('carol') }] };

  const data = await server.run(
    `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) { identityId credentials { accessKeyId } } }`,
    { input },
  );

  expect(data.getCredentialsForIdentity).toMatchObject({
    identityId,
    credentials: { accessKeyId: expect.stringMatching(/^ASIA/) },
  });
});

test('A token that the issuer made for an app that is not registered is refused', async () => {
  const token = await issuer.signIn('alice', 'other-app');

  expect(decodeJwt(token)).toMatchObject({ iss: issuer.url, aud: 'other-app', sub: 'alice' });
  expect(refusalOf(await getId(token))).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: 'Invalid login token. Incorrect token audience.',
  });
});
