import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  countOf,
  createPool,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetId,
  type Data,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let google: TestIdentityProvider;
let github: TestIdentityProvider;
let providers: string[];
let pool: Data;

beforeAll(async () => {
  [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  providers = [await registerProvider(server, google), await registerProvider(server, github)];
  pool = await createPool(server, { openIdConnectProviderARNs: providers });
});
afterAll(async () => {
  await Promise.all([google?.close(), github?.close()]);
  await server?.close();
});

describe('getId without logins', () => {
  it('makes a new guest each time', async () => {
    const [one, other] = [await getId(server, pool.id), await getId(server, pool.id)];

    expect(one).toEqual({
      id: expect.stringMatching(/^us-east-1:[0-9a-f-]{36}$/),
      identityPoolId: pool.id,
      logins: [],
      isAuthenticated: false,
      isDisabled: false,
      creationDate: one.lastModifiedDate,
      lastModifiedDate: expect.any(String),
    });
    expect(other.id).not.toBe(one.id);
  });

  it('is refused when the pool takes no guests, and makes nothing', async () => {
    const closed = await createPool(server, {
      allowUnauthenticatedIdentities: false,
      openIdConnectProviderARNs: providers,
    });

    expect(refusalOf(await tryGetId(server, closed.id))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'Unauthenticated access is not supported for this identity pool.',
    });
    expect(await countOf(server, 'identities', 'identity_pool_id', closed.id)).toBe(0);
  });

  it('ignores the account id that old clients send', async () => {
    const answer = await server.graphql(
      `mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }`,
      { input: { identityPoolId: pool.id, accountId: '123456789012', logins: [] } },
    );

    expect(answer.errors).toBeUndefined();
  });
});

describe('getId with a login', () => {
  it('makes an identity for one that was never seen, and finds it again', async () => {
    const first = await getId(server, pool.id, [await loginOf(google, 'new-alice')]);
    const again = await getId(server, pool.id, [await loginOf(google, 'new-alice', { iat: 1_700_000_000 })]);

    expect(first).toMatchObject({ logins: [google.loginKey], isAuthenticated: true, isDisabled: false });
    expect(again).toEqual(first);
  });

  it('keeps users, providers and pools apart', async () => {
    const otherPool = await createPool(server, { openIdConnectProviderARNs: providers });
    const identities = [
      await getId(server, pool.id, [await loginOf(google, 'apart')]),
      await getId(server, pool.id, [await loginOf(google, 'APART')]),
      await getId(server, pool.id, [await loginOf(github, 'apart')]),
      await getId(server, otherPool.id, [await loginOf(google, 'apart')]),
    ];

    expect(new Set(identities.map((identity) => identity.id)).size).toBe(4);
  });

  it('works in a pool without guests', async () => {
    const closed = await createPool(server, {
      allowUnauthenticatedIdentities: false,
      openIdConnectProviderARNs: providers,
    });

    expect(await getId(server, closed.id, [await loginOf(google, 'alice')])).toMatchObject({
      isAuthenticated: true,
    });
  });

  it('stores the link, and never the token', async () => {
    const login = await loginOf(google, 'stored');
    const { id } = await getId(server, pool.id, [login]);

    const links = await rowsOf(server, 'SELECT * FROM identity_logins WHERE identity_id = $1', [id]);
    const reverse = await rowsOf(server, 'SELECT * FROM logins WHERE identity_id = $1', [id]);

    expect(links).toMatchObject([{ provider: google.loginKey, subject: 'stored' }]);
    expect(reverse).toMatchObject([{ login_key: links[0].login_key, identity_pool_id: pool.id }]);
    expect(JSON.stringify([links, reverse])).not.toContain(login.token.split('.')[2]);
  });
});

describe('getId with several logins', () => {
  it('makes one identity of all of them when none is known', async () => {
    const logins = [await loginOf(google, 'both'), await loginOf(github, 'both')];

    const identity = await getId(server, pool.id, logins);

    expect([...identity.logins].sort()).toEqual([google.loginKey, github.loginKey].sort());
    expect((await getId(server, pool.id, [logins[0]!])).id).toBe(identity.id);
    expect((await getId(server, pool.id, [logins[1]!])).id).toBe(identity.id);
  });

  it('adds a new one to the identity of a known one', async () => {
    const known = await getId(server, pool.id, [await loginOf(google, 'grows')]);

    const grown = await getId(server, pool.id, [
      await loginOf(github, 'grows'),
      await loginOf(google, 'grows'),
    ]);

    expect(grown).toMatchObject({ id: known.id, logins: [google.loginKey, github.loginKey] });
  });

  it('makes one identity of those that they belong to', async () => {
    const one = await getId(server, pool.id, [await loginOf(google, 'two-halves')]);
    await getId(server, pool.id, [await loginOf(github, 'two-halves')]);

    const whole = await getId(server, pool.id, [
      await loginOf(google, 'two-halves'),
      await loginOf(github, 'two-halves'),
    ]);

    expect(whole).toMatchObject({ id: one.id, logins: [google.loginKey, github.loginKey] });
    expect((await getId(server, pool.id, [await loginOf(github, 'two-halves')])).id).toBe(one.id);
  });

  it('is refused when the identity of one has another user of the other’s provider', async () => {
    await getId(server, pool.id, [await loginOf(google, 'first'), await loginOf(github, 'first')]);

    const refusal = refusalOf(
      await tryGetId(server, pool.id, [await loginOf(google, 'first'), await loginOf(github, 'second')]),
    );

    expect(refusal).toMatchObject({ code: 'RESOURCE_CONFLICT', provider: github.loginKey });
  });

  it('is refused as a whole when one of them does not hold', async () => {
    const good = await loginOf(google, 'half');
    const expired = await loginOf(github, 'half', { exp: 1_700_000_000 });

    expect(refusalOf(await tryGetId(server, pool.id, [good, expired]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringMatching(/^Invalid login token\. Token expired: \d+ >= 1700000000$/),
    });
    expect(await rowsOf(server, `SELECT 1 FROM logins WHERE subject = 'half'`)).toEqual([]);
  });

  it('is refused for more than 10, and for a provider twice', async () => {
    const login = await loginOf(google, 'many');
    const eleven = Array.from({ length: 11 }, (_, index) => ({
      provider: `p${index}.example.com`,
      token: 't',
    }));

    expect(refusalOf(await tryGetId(server, pool.id, eleven))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'logins',
      limit: 10,
    });
    expect(refusalOf(await tryGetId(server, pool.id, [login, login]))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'logins[1].provider',
    });
  });
});

describe('getId is refused', () => {
  it('for a pool that is not there', async () => {
    const id = 'us-east-1:00000000-0000-4000-8000-000000000000';
    const expected = { code: 'RESOURCE_NOT_FOUND', message: `IdentityPool '${id}' not found.` };

    expect(refusalOf(await tryGetId(server, id))).toMatchObject(expected);
    expect(refusalOf(await tryGetId(server, id, [await loginOf(google, 'x')]))).toMatchObject(expected);
  });

  it('for a provider that the pool does not take', async () => {
    const guestsOnly = await createPool(server);
    const googleOnly = await createPool(server, { openIdConnectProviderARNs: [providers[0]] });
    const expected = {
      code: 'NOT_AUTHORIZED',
      message: 'Token is not from a supported provider of this identity pool.',
    };

    for (const { id } of [guestsOnly, googleOnly])
      expect(refusalOf(await tryGetId(server, id, [await loginOf(github, 'x')]))).toMatchObject(expected);
  });

  it('for a token that its provider made for another app', async () => {
    const login = { provider: google.loginKey, token: await google.sign({ sub: 'x', aud: 'another app' }) };

    expect(refusalOf(await tryGetId(server, pool.id, [login]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'Invalid login token. Incorrect token audience.',
    });
  });

  it('for a token that was sent under the name of another provider', async () => {
    const { token } = await loginOf(google, 'x');

    expect(refusalOf(await tryGetId(server, pool.id, [{ provider: github.loginKey, token }]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: "Invalid login token. Issuer doesn't match providerName",
    });
  });

  it('for a token that somebody else signed', async () => {
    const { token } = await loginOf(google, 'x');
    const forged = `${token.split('.').slice(0, 2).join('.')}.${token.split('.')[2]!.split('').reverse().join('')}`;

    const refusal = refusalOf(
      await tryGetId(server, pool.id, [{ provider: google.loginKey, token: forged }]),
    );

    expect(refusal).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: "Invalid login token. Couldn't verify signed token.",
    });
    expect(JSON.stringify(refusal)).not.toContain(forged);
  });
});
