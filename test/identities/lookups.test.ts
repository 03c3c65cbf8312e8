import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  bearerWith,
  countOf,
  createKey,
  createPool,
  createRole,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  setRoles,
  trustOf,
  type Data,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

let server: TestServer;
let issuer: TestIdentityProvider;
let other: TestIdentityProvider;
let arns: string[];

beforeAll(async () => {
  [server, issuer, other] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  arns = [await registerProvider(server, issuer), await registerProvider(server, other)];
});
afterAll(() => Promise.all([server, issuer, other].map((each) => each.close())));

const newPool = (): Promise<Data> =>
  createPool(server, { openIdConnectProviderARNs: arns, developerProviderName: 'login.my.app' });

const LOOKUP = `query ($input: LookupLoginInput!) { lookupLogin(input: $input) {
  provider subject identityId linkedDate identity { id logins } } }`;

const tryLookup = (input: object, bearer = server.admin): Promise<GraphqlAnswer> =>
  server.graphql(LOOKUP, { input }, bearer);

const lookup = async (input: object): Promise<Data> =>
  (await server.run(LOOKUP, { input }, server.admin)).lookupLogin;

const LINKED = 'query ($id: ID!) { identity(id: $id) { linkedLogins { provider subject linkedDate } } }';

const linkedLogins = async (id: string, bearer = server.admin): Promise<Data> =>
  (await server.run(LINKED, { id }, bearer)).identity.linkedLogins;

const bearerOfReadOnly = async (): Promise<string> => {
  const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });
  return `${key.apiKey.accessKeyId}.${key.secretAccessKey}`;
};

describe('lookupLogin', () => {
  it('finds the identity of a provider and a subject', async () => {
    const pool = await newPool();
    const { id } = await getId(server, pool.id, [await loginOf(issuer, 'ann')]);

    const found = await lookup({ identityPoolId: pool.id, provider: issuer.loginKey, subject: 'ann' });

    expect(found).toEqual({
      provider: issuer.loginKey,
      subject: 'ann',
      identityId: id,
      linkedDate: expect.stringMatching(/^20\d\d-/),
      identity: { id, logins: [issuer.loginKey] },
    });
  });

  it('finds the identity of a token, and says whose it is', async () => {
    const pool = await newPool();
    const login = await loginOf(issuer, 'ann');
    const { id } = await getId(server, pool.id, [login]);

    const found = await lookup({ identityPoolId: pool.id, ...login });

    expect([found.subject, found.identityId]).toEqual(['ann', id]);
  });

  it('answers null for a login that nobody has, and makes nothing', async () => {
    const pool = await newPool();
    const login = await loginOf(issuer, 'nobody');
    const nobody = { subject: 'nobody', identityId: null, linkedDate: null, identity: null };

    const bySubject = await lookup({ identityPoolId: pool.id, provider: login.provider, subject: 'nobody' });
    const byToken = await lookup({ identityPoolId: pool.id, ...login });

    expect([bySubject, byToken]).toEqual([
      { provider: login.provider, ...nobody },
      { provider: login.provider, ...nobody },
    ]);
    for (const table of ['identities', 'logins', 'identity_counts'])
      expect(await countOf(server, table, 'identity_pool_id', pool.id)).toBe(0);
  });

  it('links nothing to an identity that another login of the caller has', async () => {
    const pool = await newPool();
    const { id } = await getId(server, pool.id, [await loginOf(issuer, 'ann')]);

    await lookup({ identityPoolId: pool.id, ...(await loginOf(other, 'ann')) });

    expect((await linkedLogins(id)).length).toBe(1);
  });

  it('looks in one pool', async () => {
    const [pool, elsewhere] = [await newPool(), await newPool()];
    await getId(server, pool.id, [await loginOf(issuer, 'ann')]);

    const found = await lookup({ identityPoolId: elsewhere.id, provider: issuer.loginKey, subject: 'ann' });

    expect(found.identityId).toBeNull();
  });

  it('finds the survivor of a merge', async () => {
    const pool = await newPool();
    const [ann, otherAnn] = [await loginOf(issuer, 'ann'), await loginOf(other, 'ann')];
    const { id } = await getId(server, pool.id, [ann]);
    await getId(server, pool.id, [otherAnn]);
    await getId(server, pool.id, [ann, otherAnn]);

    const found = await lookup({ identityPoolId: pool.id, provider: other.loginKey, subject: 'ann' });

    expect(found.identityId).toBe(id);
  });

  it('finds users of the developer provider by their identifier, not by a token that names an identity', async () => {
    const pool = await newPool();
    const data = await server.run(
      `mutation ($input: GetOpenIdTokenForDeveloperIdentityInput!) {
         getOpenIdTokenForDeveloperIdentity(input: $input) { identityId token } }`,
      { input: { identityPoolId: pool.id, logins: [{ provider: 'login.my.app', token: 'user 1' }] } },
      server.admin,
    );
    const { identityId, token } = data.getOpenIdTokenForDeveloperIdentity;

    const found = await lookup({ identityPoolId: pool.id, provider: 'login.my.app', subject: 'user 1' });
    const refused = await tryLookup({
      identityPoolId: pool.id,
      provider: 'cognito-identity.amazonaws.com',
      token,
    });

    expect(found.identityId).toBe(identityId);
    expect(refusalOf(refused)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'token' });
  });

  it('refuses a token that does not hold', async () => {
    const pool = await newPool();
    const login = await loginOf(issuer, 'ann', { aud: 'another client' });

    const answer = await tryLookup({ identityPoolId: pool.id, ...login });

    expect(refusalOf(answer).code).toBe('NOT_AUTHORIZED');
  });

  it.each([
    ['neither subject nor token', {}],
    ['both', { subject: 'ann', token: 'x.y.z' }],
    ['an empty subject', { subject: '' }],
  ])('refuses %s', async (_what, how) => {
    const pool = await newPool();

    const answer = await tryLookup({ identityPoolId: pool.id, provider: issuer.loginKey, ...how });

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'subject' });
  });

  it('is for administrators whose policy allows it on the pool', async () => {
    const [pool, elsewhere] = [await newPool(), await newPool()];
    const login = { provider: issuer.loginKey, subject: 'nobody' };
    const bearer = await bearerWith(server, allow('cognito-identity:LookupLogin', pool.arn));

    const allowed = await tryLookup({ identityPoolId: pool.id, ...login }, bearer);
    const readOnly = await tryLookup({ identityPoolId: pool.id, ...login }, await bearerOfReadOnly());
    const denied = await tryLookup({ identityPoolId: elsewhere.id, ...login }, bearer);

    expect([allowed.errors, readOnly.errors]).toEqual([undefined, undefined]);
    expect(refusalOf(denied)).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-identity:LookupLogin',
    });
  });

  it('is nothing for identities, whatever their role allows, nor for anybody without credentials', async () => {
    const pool = await newPool();
    const { id, accessToken } = await withRole(pool, 'cognito-identity:*');
    const input = { identityPoolId: pool.id, provider: issuer.loginKey, subject: 'ann' };

    const own = await tryLookup(input, accessToken);
    const anonymous = await server.graphql(LOOKUP, { input });

    expect(id).toBeTruthy();
    expect(refusalOf(own).code).toBe('NOT_AUTHORIZED');
    expect(refusalOf(anonymous).code).toBe('NOT_AUTHORIZED');
  });
});

/** A user of the pool whose role allows these actions. */
const withRole = async (pool: Data, ...actions: string[]): Promise<{ id: string; accessToken: string }> => {
  const role = await createRole(server, {
    roleName: `role-${Math.random().toString(36).slice(2)}`,
    assumeRolePolicyDocument: trustOf(pool.id),
    policies: [{ policyName: 'own', policyDocument: allow(actions) }],
  });
  await setRoles(server, pool.id, { authenticated: role.arn });
  const login = await loginOf(issuer, 'ann');
  const { id } = await getId(server, pool.id, [login]);
  const { accessToken } = await getCredentials(server, id, [login]);
  return { id, accessToken };
};

describe('linkedLogins', () => {
  it('are the providers and subjects of an identity with the dates they were linked, in that order', async () => {
    const pool = await newPool();
    const ann = await loginOf(issuer, 'ann');
    const { id } = await getId(server, pool.id, [ann]);
    await getId(server, pool.id, [ann, await loginOf(other, 'ann of the other')]);

    const logins = await linkedLogins(id);

    expect(logins).toEqual([
      { provider: issuer.loginKey, subject: 'ann', linkedDate: expect.any(String) },
      { provider: other.loginKey, subject: 'ann of the other', linkedDate: expect.any(String) },
    ]);
    expect(logins[0].linkedDate < logins[1].linkedDate).toBe(true);
  });

  it('are none for a guest', async () => {
    const pool = await newPool();
    const { id } = await getId(server, pool.id);

    expect(await linkedLogins(id)).toEqual([]);
  });

  it('are seen by the identity itself when its role allows it', async () => {
    const pool = await newPool();
    const { id, accessToken } = await withRole(
      pool,
      'cognito-identity:DescribeIdentity',
      'cognito-identity:ListLogins',
    );

    expect(await linkedLogins(id, accessToken)).toMatchObject([{ subject: 'ann' }]);
  });

  it('are not seen by an identity whose role does not say so', async () => {
    const pool = await newPool();
    const { id, accessToken } = await withRole(pool, 'cognito-identity:DescribeIdentity');

    const answer = await server.graphql(LINKED, { id }, accessToken);

    expect(refusalOf(answer)).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-identity:ListLogins',
    });
  });

  it('are never seen by another identity, whatever its role allows', async () => {
    const pool = await newPool();
    const { accessToken } = await withRole(pool, '*');
    const { id } = await getId(server, pool.id, [await loginOf(issuer, 'ben')]);

    const answer = await server.graphql(LINKED, { id }, accessToken);

    expect(refusalOf(answer).code).toBe('NOT_AUTHORIZED');
  });

  it('are not told to whoever gets an identity without credentials', async () => {
    const pool = await newPool();
    const login = await loginOf(issuer, 'ann');

    const answer = await server.graphql(
      `mutation ($input: GetIdInput!) { getId(input: $input) { identity { linkedLogins { subject } } } }`,
      { input: { identityPoolId: pool.id, logins: [login] } },
    );

    expect(refusalOf(answer).code).toBe('NOT_AUTHORIZED');
  });

  it('are for administrators whose policy allows it on the pool', async () => {
    const [pool, elsewhere] = [await newPool(), await newPool()];
    const inPool = await getId(server, pool.id, [await loginOf(issuer, 'ann')]);
    const outside = await getId(server, elsewhere.id, [await loginOf(issuer, 'ann')]);
    const bearer = await bearerWith(server, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'cognito-identity:DescribeIdentity', Resource: '*' },
        { Effect: 'Allow', Action: 'cognito-identity:ListLogins', Resource: pool.arn },
      ],
    });

    const denied = await server.graphql(LINKED, { id: outside.id }, bearer);

    expect(await linkedLogins(inPool.id, bearer)).toMatchObject([{ subject: 'ann' }]);
    expect(refusalOf(denied).code).toBe('ACCESS_DENIED');
  });
});
