import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  createPool,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let google: TestIdentityProvider;
let github: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  const providers = [await registerProvider(server, google), await registerProvider(server, github)];
  pool = await createPool(server, { openIdConnectProviderARNs: providers });
});
afterAll(async () => {
  await Promise.all([google?.close(), github?.close()]);
  await server?.close();
});

const describeIdentity = async (id: string): Promise<Data> =>
  (
    await server.run(
      `query ($id: ID!) { identity(id: $id) { id logins isAuthenticated isDisabled creationDate lastModifiedDate } }`,
      { id },
      server.admin,
    )
  ).identity;

const guest = async (): Promise<string> => (await getId(server, pool.id)).id;
const forbidden = (id: string): object => ({
  code: 'NOT_AUTHORIZED',
  message: `Access to Identity '${id}' is forbidden.`,
});

/** Where an identity is named together with logins. */
const tryGetToken = (identityId: string, logins?: Login[]) =>
  server.graphql(`mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { identityId } }`, {
    input: { identityId, logins },
  });
const CALLS = [
  ['getCredentialsForIdentity', (id: string, logins?: Login[]) => tryGetCredentials(server, id, logins)],
  ['getOpenIdToken', tryGetToken],
] as const;

describe.each(CALLS)('a guest that signs in, with %s,', (name, call) => {
  it('keeps its id, and is authenticated', async () => {
    const id = await guest();
    const before = await describeIdentity(id);

    const { data } = await call(id, [await loginOf(google, `keeps-${name}`)]);

    expect(data[name].identityId).toBe(id);
    expect(await describeIdentity(id)).toMatchObject({
      logins: [google.loginKey],
      isAuthenticated: true,
      creationDate: before.creationDate,
    });
    expect((await getId(server, pool.id, [await loginOf(google, `keeps-${name}`)])).id).toBe(id);
  });

  it('is a guest never again', async () => {
    const id = await guest();
    await call(id, [await loginOf(google, `never-${name}`)]);

    expect(refusalOf(await call(id))).toMatchObject(forbidden(id));
    expect(refusalOf(await call(id, []))).toMatchObject(forbidden(id));
  });

  it('goes on as the identity that has the login already', async () => {
    const owner = await getId(server, pool.id, [await loginOf(google, `owned-${name}`)]);
    const id = await guest();

    const { data } = await call(id, [await loginOf(google, `owned-${name}`)]);

    expect(data[name].identityId).toBe(owner.id);
    expect(await describeIdentity(id)).toMatchObject({ logins: [], isAuthenticated: false });
    expect(refusalOf(await call(id))).toMatchObject(forbidden(id));
  });

  it('may sign in with several logins at once', async () => {
    const id = await guest();

    await call(id, [await loginOf(google, `several-${name}`), await loginOf(github, `several-${name}`)]);

    expect((await describeIdentity(id)).logins.sort()).toEqual([google.loginKey, github.loginKey].sort());
  });
});

describe('an identity that signed in', () => {
  const signedIn = async (name: string): Promise<string> =>
    (await getId(server, pool.id, [await loginOf(google, name)])).id;

  it('goes on with any one of its logins', async () => {
    const logins = [await loginOf(google, 'any'), await loginOf(github, 'any')];
    const { id } = await getId(server, pool.id, logins);

    for (const login of logins) expect(await getCredentials(server, id, [login])).toBeDefined();
  });

  it('gets one more login beside one of its own', async () => {
    const id = await signedIn('more');

    await getCredentials(server, id, [await loginOf(google, 'more'), await loginOf(github, 'more')]);

    expect((await describeIdentity(id)).logins).toEqual([google.loginKey, github.loginKey]);
  });

  it('is not given to somebody who has only a login that nobody has', async () => {
    const id = await signedIn('victim');

    expect(refusalOf(await tryGetCredentials(server, id, [await loginOf(github, 'thief')]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message:
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    });
    expect(await rowsOf(server, `SELECT 1 FROM logins WHERE subject = 'thief'`)).toEqual([]);
  });

  it('is not given to the owner of another identity', async () => {
    const id = await signedIn('victim-2');
    await signedIn('owner-of-another');

    expect(
      refusalOf(await tryGetCredentials(server, id, [await loginOf(google, 'owner-of-another')])),
    ).toMatchObject({
      code: 'NOT_AUTHORIZED',
    });
  });

  it('takes in the identity of a login that it presents beside its own', async () => {
    const id = await signedIn('joins');
    await getId(server, pool.id, [await loginOf(github, 'joined')]);

    await getCredentials(server, id, [await loginOf(google, 'joins'), await loginOf(github, 'joined')]);

    expect((await describeIdentity(id)).logins).toEqual([google.loginKey, github.loginKey]);
    expect((await getId(server, pool.id, [await loginOf(github, 'joined')])).id).toBe(id);
  });

  it('is refused a second user of a provider', async () => {
    const logins = [await loginOf(google, 'one-of-each'), await loginOf(github, 'one-of-each')];
    const { id } = await getId(server, pool.id, logins);

    const refusal = refusalOf(
      await tryGetCredentials(server, id, [logins[0]!, await loginOf(github, 'one-more')]),
    );

    expect(refusal).toMatchObject({
      code: 'RESOURCE_CONFLICT',
      provider: github.loginKey,
      message: `An identity has at most one login of a provider, and here are two of ${github.loginKey}. Sign in with one of them alone to go on as its identity.`,
    });
  });

  it('does not go on with a login that has expired', async () => {
    const id = await signedIn('expired');

    expect(
      refusalOf(
        await tryGetCredentials(server, id, [await loginOf(google, 'expired', { exp: 1_700_000_000 })]),
      ),
    ).toMatchObject({ code: 'NOT_AUTHORIZED', message: expect.stringContaining('Token expired') });
  });

  it('that was disabled gets nothing any more', async () => {
    const logins = [await loginOf(google, 'disabled')];
    const { id } = await getId(server, pool.id, logins);
    await rowsOf(server, 'UPDATE identities SET disabled_at = created_at WHERE identity_id = $1', [id]);

    for (const [, call] of CALLS) expect(refusalOf(await call(id, logins))).toMatchObject(forbidden(id));
  });
});

describe('a login of one pool', () => {
  it('links nothing in another pool', async () => {
    const other = await createPool(server, { allowUnauthenticatedIdentities: true });
    const { id } = await getId(server, other.id);

    expect(refusalOf(await tryGetCredentials(server, id, [await loginOf(google, 'x')]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'Token is not from a supported provider of this identity pool.',
    });
  });
});

describe('an identity with 20 logins', () => {
  it('is refused one more', async () => {
    const login = await loginOf(google, 'full');
    const { id } = await getId(server, pool.id, [login]);
    await rowsOf(
      server,
      `INSERT INTO identity_logins SELECT $1, 'p' || n, 'k' || n, 's', $2::timestamptz FROM generate_series(1, 19) n`,
      [id, new Date()],
    );

    const refusal = refusalOf(await tryGetCredentials(server, id, [login, await loginOf(github, 'full')]));

    expect(refusal).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'loginsPerIdentity',
      maximum: 20,
      value: 21,
    });
  });
});

describe('a guest whose pool stopped taking guests', () => {
  it('gets no more credentials, and may still sign in', async () => {
    const providers = (await rowsOf(server, 'SELECT provider_arn FROM open_id_connect_providers')).map(
      (row) => row.provider_arn,
    );
    const closing = await createPool(server, { openIdConnectProviderARNs: providers });
    const { id } = await getId(server, closing.id);
    await server.run(
      `mutation ($input: UpdateIdentityPoolInput!) { updateIdentityPool(input: $input) { identityPool { id } } }`,
      {
        input: {
          identityPoolId: closing.id,
          identityPoolName: 'Closed',
          allowUnauthenticatedIdentities: false,
          openIdConnectProviderARNs: providers,
        },
      },
      server.admin,
    );

    const asGuest = await tryGetCredentials(server, id);
    const asUser = await tryGetCredentials(server, id, [await loginOf(google, 'late')]);

    expect(refusalOf(asGuest)).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'Unauthenticated access is not supported for this identity pool.',
    });
    expect(asUser.data.getCredentialsForIdentity.identityId).toBe(id);
  });
});
