import { CreateIdentityCounts1795530000000 } from '../../src/db/migrations/1795530000000-create-identity-counts';
import { foldIdentityCounts } from '../../src/identities/count-identities';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  bearerWith,
  countOf,
  createKey,
  createPool,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { fakeClock, serviceContext } from '../support/service-context';

const DAY = 86_400;
const clock = fakeClock(new Date('2027-03-01T12:00:00Z'));

let server: TestServer;
let red: TestIdentityProvider;
let blue: TestIdentityProvider;
let arns: string[];

beforeAll(async () => {
  [server, red, blue] = await Promise.all([
    startTestServer({ now: clock.now }),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  arns = [await registerProvider(server, red), await registerProvider(server, blue)];
});
afterAll(() => Promise.all([server, red, blue].map((each) => each.close())));

const newPool = (): Promise<Data> => createPool(server, { openIdConnectProviderARNs: arns });

/** A login that holds for as long as these tests' days last. */
const login = (issuer: TestIdentityProvider, sub: string): Promise<Login> =>
  loginOf(issuer, sub, {
    iat: clock.now().getTime() / 1000,
    exp: clock.now().getTime() / 1000 + 30 * DAY,
  });

const ANALYTICS = `query ($id: ID!, $from: String, $to: String) { identityPool(id: $id) { analytics(from: $from, to: $to) {
  totalIdentities providers { provider identities }
  days { day newIdentities totalIdentities providers { provider newIdentities totalIdentities } } } } }`;

const analytics = async (id: string, range: object = {}): Promise<Data> => {
  const data = await server.run(ANALYTICS, { id, ...range }, server.admin);
  return data.identityPool.analytics;
};

const refusedRange = async (id: string, range: object): Promise<object> =>
  refusalOf(await server.graphql(ANALYTICS, { id, ...range }, server.admin));

/** The total and the providers of a pool, as pairs. */
const totals = async (id: string): Promise<[number, Record<string, number>]> => {
  const { totalIdentities, providers } = await analytics(id);
  return [
    totalIdentities,
    Object.fromEntries(providers.map((each: Data) => [each.provider, each.identities])),
  ];
};

const prove = (identityId: string, logins: Login[]): Promise<Data> =>
  server.run(`mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { identityId } }`, {
    input: { identityId, logins },
  });

const deleteIdentities = (...ids: string[]): Promise<Data> =>
  server.run(
    `mutation ($input: DeleteIdentitiesInput!) { deleteIdentities(input: $input) { unprocessedIdentityIds { identityId } } }`,
    { input: { identityIdsToDelete: ids } },
    server.admin,
  );

const foldOn = ({ dataSource }: TestServer): Promise<number> =>
  foldIdentityCounts(serviceContext(dataSource, { now: clock.now }));

/** Undoes the migration and does it again, on what is there. */
const countAgain = async ({ dataSource }: TestServer): Promise<void> => {
  const runner = dataSource.createQueryRunner();
  const migration = new CreateIdentityCounts1795530000000();
  await migration.down(runner);
  await migration.up(runner);
  await runner.release();
};

describe('the analytics of a pool', () => {
  it('count new identities and their total on each day, in total and by provider', async () => {
    const pool = await newPool();
    const [first, second] = [await getId(server, pool.id), await getId(server, pool.id)];
    await getId(server, pool.id, [await login(red, 'ann')]);
    clock.advance(DAY);
    await prove(first.id, [await login(red, 'ben')]);
    await getId(server, pool.id, [await login(red, 'cat'), await login(blue, 'cat')]);
    clock.advance(2 * DAY);
    await deleteIdentities(second.id);

    const { totalIdentities, providers, days } = await analytics(pool.id, {
      from: '2027-02-28',
      to: '2027-03-04',
    });

    expect([totalIdentities, providers]).toEqual([
      3,
      [
        { provider: red.loginKey, identities: 3 },
        { provider: blue.loginKey, identities: 1 },
      ].sort((a, b) => (a.provider < b.provider ? -1 : 1)),
    ]);
    expect(
      days.map((each: Data) => [
        each.day,
        each.newIdentities,
        each.totalIdentities,
        ...[red, blue].map(({ loginKey }) => {
          const found = each.providers.find((one: Data) => one.provider === loginKey);
          return `${found.newIdentities}/${found.totalIdentities}`;
        }),
      ]),
    ).toEqual([
      ['2027-02-28', 0, 0, '0/0', '0/0'],
      ['2027-03-01', 3, 3, '1/1', '0/0'],
      ['2027-03-02', 1, 4, '2/3', '1/1'],
      ['2027-03-03', 0, 4, '0/3', '0/1'],
      ['2027-03-04', 0, 3, '0/3', '0/1'],
    ]);
  });

  it('begin with the total of all the days before', async () => {
    const pool = await newPool();
    await getId(server, pool.id, [await login(red, 'ann')]);
    clock.advance(5 * DAY);

    const day = clock.now().toISOString().slice(0, 10);
    const { days } = await analytics(pool.id, { from: day, to: day });

    expect(days).toEqual([
      {
        day,
        newIdentities: 0,
        totalIdentities: 1,
        providers: [{ provider: red.loginKey, newIdentities: 0, totalIdentities: 1 }],
      },
    ]);
  });

  it('take one off when two identities merge, and none of the logins that move', async () => {
    const pool = await newPool();
    const [ann, ben] = [await login(red, 'ann'), await login(blue, 'ben')];
    await getId(server, pool.id, [ann]);
    await getId(server, pool.id, [ben]);
    const before = await totals(pool.id);

    await getId(server, pool.id, [ann, ben]);

    const logins = { [red.loginKey]: 1, [blue.loginKey]: 1 };
    expect([before, await totals(pool.id)]).toEqual([
      [2, logins],
      [1, logins],
    ]);
  });

  it('count an identity that links another login once', async () => {
    const pool = await newPool();
    const [ann, blueAnn] = [await login(red, 'ann'), await login(blue, 'ann')];
    const identity = await getId(server, pool.id, [ann]);

    await prove(identity.id, [ann, blueAnn]);

    expect(await totals(pool.id)).toEqual([1, { [red.loginKey]: 1, [blue.loginKey]: 1 }]);
  });

  it('count nothing for a call that changes nothing, nor for one that is refused', async () => {
    const pool = await newPool();
    const [ann, ben] = [await login(red, 'ann'), await login(red, 'ben')];
    await getId(server, pool.id, [ann]);
    await getId(server, pool.id, [ann]);
    const { id } = await getId(server, pool.id, [ben]);
    const refused = await server.graphql(
      `mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { identityId } }`,
      { input: { identityId: id, logins: [ann] } },
    );

    expect(refusalOf(refused).code).toMatch(/NOT_AUTHORIZED|RESOURCE_CONFLICT/);
    expect(await totals(pool.id)).toEqual([2, { [red.loginKey]: 2 }]);
  });

  it('are right when many identities are made and deleted at once', async () => {
    const pool = await newPool();
    const ann = await login(red, 'ann');
    const made = await Promise.all(
      Array.from({ length: 40 }, (_, i) => getId(server, pool.id, i % 4 === 0 ? [ann] : undefined)),
    );
    const guests = made.filter((each) => !each.isAuthenticated).map((each) => each.id);

    // Each of them twice at the same time: it is gone once.
    await Promise.all([...guests.slice(0, 10), ...guests.slice(0, 10)].map((id) => deleteIdentities(id)));

    expect(await totals(pool.id)).toEqual([21, { [red.loginKey]: 1 }]);
  });

  it('answer the last 30 days when none are named, and no days to come', async () => {
    const pool = await newPool();
    const today = clock.now().toISOString().slice(0, 10);
    const tomorrow = new Date(clock.now().getTime() + DAY * 1000).toISOString().slice(0, 10);

    const { days } = await analytics(pool.id);
    const ahead = await analytics(pool.id, { from: tomorrow, to: tomorrow });

    expect([days.length, days.at(-1).day]).toEqual([30, today]);
    expect(ahead.days).toEqual([]);
  });

  it('answer at most 366 days, each of them real', async () => {
    const pool = await newPool();

    const year = await analytics(pool.id, { from: '2024-01-01', to: '2024-12-31' });

    expect([year.days.length, year.days[59].day]).toEqual([366, '2024-02-29']);
    for (const range of [
      { from: '2024-01-01', to: '2025-01-01' },
      { from: '2027-03-02', to: '2027-03-01' },
      { from: '2027-02-30' },
      { to: '2027-3-1' },
      { to: '2027-03-01T00:00:00Z' },
    ])
      expect(await refusedRange(pool.id, range)).toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('are not answered day by day for all pools in one call', async () => {
    const query = '{ identityPools { nodes { analytics { days { day } } } } }';

    const answer = await server.graphql(query, {}, server.admin);

    expect(refusalOf(answer)).toMatchObject({ limit: 'cost' });
  });

  it('stay the same when the shards of past days are added up', async () => {
    const pool = await newPool();
    for (let i = 0; i < 30; i += 1) await getId(server, pool.id);
    const day = clock.now().toISOString().slice(0, 10);
    clock.advance(4 * DAY);
    const before = await analytics(pool.id);
    const rows = await countOf(server, 'identity_counts', 'identity_pool_id', pool.id);

    await Promise.all([foldOn(server), foldOn(server)]);

    expect(rows).toBeGreaterThan(1);
    expect(await countOf(server, 'identity_counts', 'identity_pool_id', pool.id)).toBe(1);
    expect(await analytics(pool.id)).toEqual(before);
    expect(before.days.find((each: Data) => each.day === day).newIdentities).toBe(30);
  });

  it('are added up by several nodes at once, none of which waits for another without end', async () => {
    const pool = await newPool();
    for (let round = 0; round < 8; round += 1) {
      await server.dataSource.query(
        `INSERT INTO identity_counts (identity_pool_id, day, provider, shard, created, removed)
         SELECT $1, '2020-01-01', 'provider ' || provider, shard, 1, 0
           FROM generate_series(1, 600) AS provider, generate_series(1, 15) AS shard ORDER BY random()`,
        [pool.id],
      );
      const folding = Array.from({ length: 4 }, () => foldOn(server));

      expect((await Promise.allSettled(folding)).map(({ status }) => status)).not.toContain('rejected');
      while ((await foldOn(server)) > 0);
    }
    expect(await countOf(server, 'identity_counts', 'identity_pool_id', pool.id)).toBe(600);
  });

  it('go with the pool', async () => {
    const pool = await newPool();
    await getId(server, pool.id, [await login(red, 'ann')]);

    await server.run(
      `mutation ($input: DeleteIdentityPoolInput!) { deleteIdentityPool(input: $input) { identityPool { id } } }`,
      { input: { identityPoolId: pool.id } },
      server.admin,
    );

    expect(await countOf(server, 'identity_counts', 'identity_pool_id', pool.id)).toBe(0);
  });
});

describe('the migration', () => {
  it('counts what is there already, on the days it was made', async () => {
    const pool = await newPool();
    const [ann, ben] = [await login(red, 'ann'), await login(blue, 'ben')];
    await getId(server, pool.id);
    await getId(server, pool.id, [ann]);
    clock.advance(DAY);
    await getId(server, pool.id, [ben]);
    clock.advance(DAY);
    await getId(server, pool.id, [ann, ben]);
    const before = await analytics(pool.id);

    await countAgain(server);

    expect(before.totalIdentities).toBe(2);
    expect(await analytics(pool.id)).toEqual(before);
  });
});

describe('who may see analytics', () => {
  const DESCRIBE = 'cognito-identity:DescribeIdentityPool';
  const TOTALS = 'cognito-identity:GetIdentityPoolAnalytics';
  const DAYS = 'cognito-identity:GetIdentityPoolDailyAnalytics';
  const queries = {
    totals: 'query ($id: ID!) { identityPool(id: $id) { analytics { totalIdentities } } }',
    days: 'query ($id: ID!) { identityPool(id: $id) { analytics { days { totalIdentities } } } }',
    providers: 'query ($id: ID!) { identityPool(id: $id) { analytics { days { providers { provider } } } } }',
  };

  it.each([
    ['nothing of it', [DESCRIBE], queries.totals, TOTALS],
    ['the totals alone', [DESCRIBE, TOTALS], queries.days, DAYS],
    [
      'totals and days',
      [DESCRIBE, TOTALS, DAYS],
      queries.providers,
      'cognito-identity:GetIdentityProviderDailyAnalytics',
    ],
  ])('is decided for each part of it: %s', async (_what, actions, query, action) => {
    const pool = await newPool();
    await getId(server, pool.id, [await login(red, 'ann')]);
    const bearer = await bearerWith(server, allow(actions));

    const answer = await server.graphql(query, { id: pool.id }, bearer);

    expect(refusalOf(answer)).toMatchObject({ code: 'ACCESS_DENIED', action });
  });

  it('includes a key that may only read', async () => {
    const pool = await newPool();
    await getId(server, pool.id, [await login(red, 'ann')]);
    const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });
    const bearer = `${key.apiKey.accessKeyId}.${key.secretAccessKey}`;

    const { identityPool } = await server.run(ANALYTICS, { id: pool.id }, bearer);

    expect(identityPool.analytics.totalIdentities).toBe(1);
  });
});
