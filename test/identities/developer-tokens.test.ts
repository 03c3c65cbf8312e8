import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  createPool,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  tryGetCredentials,
  tryGetId,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

const DEVELOPER = 'login.my.app';
const NOT_A_TOKEN = { code: 'NOT_AUTHORIZED', message: 'Invalid login token. Not a Cognito token.' };

let server: TestServer;
let issuer: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  pool = await createPool(server, {
    allowUnauthenticatedIdentities: false,
    developerProviderName: DEVELOPER,
    openIdConnectProviderARNs: [await registerProvider(server, issuer)],
  });
});
afterAll(() => Promise.all([server, issuer].map((each) => each?.close())));

/** A back end's user with its identity and the token that the back end hands to the app. */
const developerUser = async (user: string): Promise<{ identityId: string; login: Login }> => {
  const { getOpenIdTokenForDeveloperIdentity: made } = await server.run(
    `mutation ($input: GetOpenIdTokenForDeveloperIdentityInput!) {
       getOpenIdTokenForDeveloperIdentity(input: $input) { identityId token } }`,
    { input: { identityPoolId: pool.id, logins: [{ provider: DEVELOPER, token: user }] } },
    server.admin,
  );
  return {
    identityId: made.identityId,
    login: { provider: 'cognito-identity.amazonaws.com', token: made.token },
  };
};

const preview = async (input: object): Promise<Data> =>
  (
    await server.run(
      `query ($input: PreviewMergeInput!) { previewMerge(input: $input) {
         identityId merges { identityId } linkedProviders } }`,
      { input: { identityPoolId: pool.id, ...input } },
    )
  ).previewMerge;

describe('the token that a back end asked for', () => {
  it('gets the identity that it is about from getId, and makes none', async () => {
    const { identityId, login } = await developerUser('ada');

    expect(await getId(server, pool.id, [login])).toMatchObject({ id: identityId, logins: [DEVELOPER] });
  });

  it('links a login beside it to that identity, as previewMerge says before', async () => {
    const { identityId, login } = await developerUser('bob');
    const logins = [login, await loginOf(issuer, 'bob')];

    expect(await preview({ logins })).toEqual({
      identityId,
      merges: [],
      linkedProviders: [issuer.loginKey],
    });
    expect((await getId(server, pool.id, logins)).logins).toEqual([DEVELOPER, issuer.loginKey]);
  });

  it('takes in the identity of a login beside it, as previewMerge says before', async () => {
    const { identityId, login } = await developerUser('cy');
    const other = await getId(server, pool.id, [await loginOf(issuer, 'cy')]);
    const logins = [login, await loginOf(issuer, 'cy')];

    const merges = [{ identityId: other.id }];
    expect(await preview({ identityId, logins })).toEqual({ identityId, merges, linkedProviders: [] });
    await getCredentials(server, identityId, logins);
    expect((await getId(server, pool.id, [await loginOf(issuer, 'cy')])).id).toBe(identityId);
  });

  it('is no proof of another identity', async () => {
    const { login } = await developerUser('dan');
    const { identityId } = await developerUser('eve');

    const answer = await server.graphql(
      'query ($input: PreviewMergeInput!) { previewMerge(input: $input) { identityId } }',
      { input: { identityPoolId: pool.id, identityId, logins: [login] } },
    );

    expect(refusalOf(answer)).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${identityId}' is forbidden.`,
    });
  });

  it('cannot be renewed: what a client gets with it is no such token', async () => {
    const { identityId, login } = await developerUser('finn');
    const { getOpenIdToken } = await server.run(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId, logins: [login] } },
    );

    const renewed = { ...login, token: getOpenIdToken.token };

    expect(refusalOf(await tryGetCredentials(server, identityId, [renewed]))).toMatchObject(NOT_A_TOKEN);
    expect(refusalOf(await tryGetId(server, pool.id, [renewed]))).toMatchObject(NOT_A_TOKEN);
  });

  it('proves nothing any more when its user was unlinked, in no call', async () => {
    const { identityId, login } = await developerUser('gus');
    await server.run(
      `mutation ($input: UnlinkDeveloperIdentityInput!) {
         unlinkDeveloperIdentity(input: $input) { identityId } }`,
      {
        input: {
          identityPoolId: pool.id,
          identityId,
          developerProviderName: DEVELOPER,
          developerUserIdentifier: 'gus',
        },
      },
      server.admin,
    );

    const logins = [login, await loginOf(issuer, 'gus')];
    const forbidden = { code: 'NOT_AUTHORIZED', message: `Access to Identity '${identityId}' is forbidden.` };
    const answers = [
      await tryGetCredentials(server, identityId, [login]),
      await tryGetCredentials(server, identityId, logins),
      await tryGetId(server, pool.id, logins),
      await server.graphql(
        `mutation ($input: AssumeRoleWithWebIdentityInput!) {
           assumeRoleWithWebIdentity(input: $input) { assumedRoleArn } }`,
        {
          input: {
            roleArn: pool.roles.authenticated,
            roleSessionName: 'gus',
            webIdentityToken: login.token,
          },
        },
      ),
    ];

    for (const answer of answers) expect(refusalOf(answer)).toMatchObject(forbidden);
    const unlinked = await server.graphql(
      'mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) { identityId } }',
      { input: { identityId, logins: [login], loginsToRemove: [issuer.loginKey] } },
    );
    expect(refusalOf(unlinked).code).toBe('NOT_AUTHORIZED');
    expect((await getId(server, pool.id, [await loginOf(issuer, 'gus')])).id).not.toBe(identityId);
  });

  it('is not taken by the call that makes it: there is no user in it to link', async () => {
    const { login } = await developerUser('hal');

    const answer = await server.graphql(
      `mutation ($input: GetOpenIdTokenForDeveloperIdentityInput!) {
         getOpenIdTokenForDeveloperIdentity(input: $input) { identityId } }`,
      { input: { identityPoolId: pool.id, logins: [{ provider: DEVELOPER, token: 'ida' }, login] } },
      server.admin,
    );

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'logins[1].provider' });
  });

  it('does not count as no login at all', async () => {
    const answer = await server.graphql(
      'query ($input: PreviewMergeInput!) { previewMerge(input: $input) { identityId } }',
      { input: { identityPoolId: pool.id, logins: [] } },
    );

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'logins' });
    expect(refusalOf(await tryGetId(server, pool.id)).code).toBe('NOT_AUTHORIZED');
  });
});
