import {
  allow,
  createPool,
  createRole,
  getId,
  loginOf,
  mutate,
  refusalOf,
  registerProvider,
  trustOf,
  type Data,
  type Login,
} from '../support/factories';
import { loadConfig } from '../../src/config';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';

/* What a token says decides what its holder may do: role mappings, principal tags, session policies. */

const DEVELOPER = 'login.my.app';
const USER_POOL = 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';

let server: TestServer;
let issuer: TestIdentityProvider;
let arn: string;

beforeAll(async () => {
  issuer = await startIdentityProvider();
  const { loginProviders } = loadConfig({});
  server = await startTestServer({
    config: { loginProviders: { ...loginProviders, userPool: issuer.issuer } },
  });
  arn = await registerProvider(server, issuer);
});
afterAll(async () => {
  await server?.close();
  await issuer?.close();
});

const newPool = (): Promise<Data> =>
  createPool(server, {
    openIdConnectProviderARNs: [arn],
    developerProviderName: DEVELOPER,
    cognitoIdentityProviders: [{ providerName: USER_POOL, clientId: 'client' }],
  });

const done = (answer: GraphqlAnswer): Data => {
  if (answer.errors) throw new Error(JSON.stringify(answer.errors, null, 2));
  return Object.values(answer.data as object)[0];
};

let rolesMade = 0;

/** A role for the pool; without a policy it allows nothing, so that refusals tell its name. */
const roleFor = (pool: Data, { policy, trust }: { policy?: object; trust?: object } = {}): Promise<Data> =>
  createRole(server, {
    roleName: `Side-${(rolesMade += 1)}`,
    assumeRolePolicyDocument: trust ?? trustOf(pool.id),
    policies: policy ? [{ policyName: 'P', policyDocument: policy }] : [],
  });

/** The trust of a role whose sessions may have tags. */
const trustWithTags = (pool: Data): object => {
  const trust = trustOf(pool.id) as { Statement: object[] };
  return {
    ...trust,
    Statement: trust.Statement.map((statement) => ({
      ...statement,
      Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
    })),
  };
};

const setMapping = async (pool: Data, authenticated: Data, mapping: object): Promise<void> => {
  const roles = { authenticated: authenticated.arn };
  const input = { identityPoolId: pool.id, roles, roleMappings: [{ identityProvider: arn, ...mapping }] };
  done(await mutate(server, 'setIdentityPoolRoles { identityPool { id } }', input, server.admin));
};

const rule = (claim: string, matchType: string, value: string, role: Data): object => ({
  claim,
  matchType,
  value,
  roleARN: role.arn,
});

const rules = (given: object[], ambiguousRoleResolution = 'AUTHENTICATED_ROLE'): object => ({
  type: 'RULES',
  ambiguousRoleResolution,
  rulesConfiguration: { rules: given },
});

const CREDENTIALS = 'getCredentialsForIdentity { identityId credentials { accessToken } }';

/** Signs in and asks for credentials. */
const signIn = async (pool: Data, login: Login, customRoleArn?: string): Promise<GraphqlAnswer> => {
  const { id } = await getId(server, pool.id, [login]);
  return mutate(server, CREDENTIALS, { identityId: id, logins: [login], customRoleArn });
};

const write = (bearer: string, datasetName: string): Promise<GraphqlAnswer> => {
  const recordPatches = [{ op: 'REPLACE', key: 'k', value: 'v', syncCount: 0 }];
  return mutate(server, 'updateRecords { datasetSyncCount }', { datasetName, recordPatches }, bearer);
};

/** The name of the role that credentials are of, as the refusal of a call tells it. */
const roleIn = async (answer: GraphqlAnswer): Promise<string | undefined> => {
  const refusal = refusalOf(await write(done(answer).credentials.accessToken, 'd'));
  return /assumed-role\/([\w-]+)\//.exec(refusal.message)?.[1];
};

const userPoolLogin = async (claims: object): Promise<Login> => ({
  provider: USER_POOL,
  token: await issuer.sign({
    iss: `${issuer.issuer}/eu-west-1_AbCdEf123`,
    sub: 'ada',
    aud: 'client',
    token_use: 'id',
    ...claims,
  }),
});

describe('a role mapping with rules', () => {
  it.each([
    ['EQUALS', 'plan', 'paid', { plan: 'paid' }, { plan: 'paid more' }],
    ['STARTS_WITH', 'plan', 'paid', { plan: 'paid more' }, { plan: 'not paid' }],
    ['NOT_EQUAL', 'plan', 'free', { plan: 'paid' }, { plan: 'free' }],
    ['NOT_EQUAL', 'plan', 'free', { plan: 'paid' }, {}],
    ['CONTAINS', 'groups', 'admins', { groups: ['users', 'admins'] }, { groups: ['users'] }],
  ])('gives its role where %s of %s and %s holds, and the pool’s role elsewhere', async (...given) => {
    const [matchType, claim, value, matching, other] = given;
    const pool = await newPool();
    const [own, mapped] = [await roleFor(pool), await roleFor(pool)];
    await setMapping(pool, own, rules([rule(claim, matchType, value, mapped)]));

    const inside = await signIn(pool, await loginOf(issuer, 'ada', matching));
    const outside = await signIn(pool, await loginOf(issuer, 'bob', other));

    expect([await roleIn(inside), await roleIn(outside)]).toEqual([mapped.name, own.name]);
  });

  it('gives the role of the first rule that matches', async () => {
    const pool = await newPool();
    const [own, first, second] = [await roleFor(pool), await roleFor(pool), await roleFor(pool)];
    const given = [rule('plan', 'STARTS_WITH', 'p', first), rule('plan', 'EQUALS', 'paid', second)];
    await setMapping(pool, own, rules(given));

    const answer = await signIn(pool, await loginOf(issuer, 'ada', { plan: 'paid' }));

    expect(await roleIn(answer)).toBe(first.name);
  });

  it('that says DENY refuses whom no rule matches, in the words of AWS', async () => {
    const pool = await newPool();
    const own = await roleFor(pool);
    await setMapping(pool, own, rules([rule('plan', 'EQUALS', 'paid', own)], 'DENY'));

    const answer = await signIn(pool, await loginOf(issuer, 'ada', { plan: 'free' }));

    expect(refusalOf(answer)).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `The ambiguous role mapping rules for: ${arn} denied this request.`,
    });
  });
});

describe('a role mapping by the token of a user pool', () => {
  const mapped = async (): Promise<{ pool: Data; own: Data; one: Data; other: Data }> => {
    const pool = await newPool();
    const [own, one, other] = [await roleFor(pool), await roleFor(pool), await roleFor(pool)];
    const identityProvider = `${USER_POOL}:client`;
    await setMapping(pool, own, { identityProvider, type: 'TOKEN', ambiguousRoleResolution: 'DENY' });
    return { pool, own, one, other };
  };

  it('gives the preferred role, or another of its roles that the caller asks for', async () => {
    const { pool, one, other } = await mapped();
    const claims = { 'cognito:preferred_role': one.arn, 'cognito:roles': [one.arn, other.arn] };
    const login = await userPoolLogin(claims);

    const preferred = await signIn(pool, login);
    const chosen = await signIn(pool, login, other.arn);

    expect([await roleIn(preferred), await roleIn(chosen)]).toEqual([one.name, other.name]);
  });

  it('refuses a role that is not in its list, though the pool itself has it', async () => {
    const { pool, own, one } = await mapped();
    const login = await userPoolLogin({ 'cognito:preferred_role': one.arn, 'cognito:roles': [one.arn] });

    const answer = await signIn(pool, login, own.arn);

    expect(refusalOf(answer)).toMatchObject({ code: 'NOT_AUTHORIZED', field: 'customRoleArn' });
  });

  it('denies a token that prefers no role', async () => {
    const { pool, one } = await mapped();

    const answer = await signIn(pool, await userPoolLogin({ 'cognito:roles': [one.arn] }));

    expect(refusalOf(answer).message).toBe(
      `The ambiguous role mapping rules for: ${USER_POOL}:client denied this request.`,
    );
  });
});

describe('principal tags', () => {
  /** A pool whose users may write to datasets of their team alone. */
  const poolOfTeams = async (trust = trustWithTags): Promise<Data> => {
    const pool = await newPool();
    const resource = 'arn:aws:cognito-sync:*:*:identitypool/*/identity/*/dataset/${aws:PrincipalTag/team}-*';
    const role = await roleFor(pool, { policy: allow('cognito-sync:*', resource), trust: trust(pool) });
    const roles = { authenticated: role.arn };
    const set = { identityPoolId: pool.id, roles };
    done(await mutate(server, 'setIdentityPoolRoles { identityPool { id } }', set, server.admin));
    const tags = { identityProviderName: arn, principalTags: [{ key: 'team', value: 'group' }] };
    const call = 'setPrincipalTagAttributeMap { principalTagAttributeMap { useDefaults } }';
    done(await mutate(server, call, { identityPoolId: pool.id, ...tags }, server.admin));
    return pool;
  };

  /** What a back end’s user of the blue team gets. */
  const vouchedFor = async (pool: Data): Promise<GraphqlAnswer> => {
    const input = {
      identityPoolId: pool.id,
      logins: [{ provider: DEVELOPER, token: 'ada' }],
      principalTags: [{ key: 'team', value: 'blue' }],
    };
    const call = 'getOpenIdTokenForDeveloperIdentity { identityId token }';
    const { identityId, token } = done(await mutate(server, call, input, server.admin));
    const logins = [{ provider: 'cognito-identity.amazonaws.com', token }];
    return mutate(server, CREDENTIALS, { identityId, logins });
  };

  const blueUsers: [string, (pool: Data) => Promise<GraphqlAnswer>][] = [
    ['a claim', async (pool) => signIn(pool, await loginOf(issuer, 'ada', { group: 'blue' }))],
    ['a back end', vouchedFor],
  ];

  it.each(blueUsers)('that come from %s decide in a policy', async (_from, credentials) => {
    const { accessToken } = done(await credentials(await poolOfTeams())).credentials;

    expect(done(await write(accessToken, 'blue-notes'))).toEqual({ datasetSyncCount: 1 });
    expect(refusalOf(await write(accessToken, 'red-notes')).code).toBe('ACCESS_DENIED');
  });

  it.each(blueUsers)('that come from %s need a role that trusts in tags', async (_from, credentials) => {
    const pool = await poolOfTeams(({ id }) => trustOf(id));

    expect(refusalOf(await credentials(pool))).toMatchObject({
      code: 'INVALID_IDENTITY_POOL_CONFIGURATION',
      reason: 'NOT_TRUSTED',
    });
  });
});

describe('the classic flow', () => {
  it('gives a guest the chosen role, cut down by the session policy', async () => {
    const pool = await newPool();
    const role = await roleFor(pool, { policy: allow('cognito-sync:*') });
    const { id } = await getId(server, pool.id);
    const { token } = done(await mutate(server, 'getOpenIdToken { token }', { identityId: id }));
    const assume = { roleArn: role.arn, roleSessionName: 'my-app', webIdentityToken: token };
    const call = 'assumeRoleWithWebIdentity { credentials { accessToken } }';

    const whole = done(await mutate(server, call, assume)).credentials;
    const policy = allow('cognito-sync:ListRecords');
    const cut = done(await mutate(server, call, { ...assume, policy })).credentials;

    expect(done(await write(whole.accessToken, 'd'))).toEqual({ datasetSyncCount: 1 });
    expect(refusalOf(await write(cut.accessToken, 'd')).code).toBe('ACCESS_DENIED');
    const read = 'query ($input: ListRecordsInput!) { listRecords(input: $input) { count } }';
    const pulled = await server.graphql(read, { input: { datasetName: 'd' } }, cut.accessToken);
    expect(done(pulled)).toEqual({ count: 1 });
  });
});
