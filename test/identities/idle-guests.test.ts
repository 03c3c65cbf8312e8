import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  bearerWith,
  countOf,
  createKey,
  createPool,
  eventually,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  type Data,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { fakeClock } from '../support/service-context';

const HOUR = 3600;
const DAY = 24 * HOUR;
const clock = fakeClock(new Date());

let server: TestServer;
let issuer: TestIdentityProvider;
let arn: string;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer({ now: clock.now }), startIdentityProvider()]);
  arn = await registerProvider(server, issuer);
});
afterAll(() => Promise.all([server, issuer].map((each) => each.close())));

const newPool = (): Promise<Data> => createPool(server, { openIdConnectProviderARNs: [arn] });
const guestsOf = async (poolId: string, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push((await getId(server, poolId)).id);
  return ids;
};
const ago = (seconds: number): string => new Date(clock.now().getTime() - seconds * 1000).toISOString();

const DELETE = `mutation ($input: DeleteIdleGuestsInput!) { deleteIdleGuests(input: $input) {
  dryRun count identityIds hasMore } }`;

const trySweep = (poolId: string, input: object = {}, bearer = server.admin): Promise<GraphqlAnswer> =>
  server.graphql(DELETE, { input: { identityPoolId: poolId, idleSince: ago(2 * DAY), ...input } }, bearer);

const sweep = async (poolId: string, input: object = {}): Promise<Data> => {
  const answer = await trySweep(poolId, { dryRun: false, ...input });
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data.deleteIdleGuests;
};

const setActive = (identityId: string, secondsAgo: number): Promise<Data[]> =>
  rowsOf(server, 'UPDATE identities SET last_active_at = $2 WHERE identity_id = $1', [
    identityId,
    ago(secondsAgo),
  ]);

const idle = async (poolId: string, count: number): Promise<string[]> => {
  const ids = await guestsOf(poolId, count);
  for (const [at, id] of ids.entries()) await setActive(id, 10 * DAY - at);
  return ids;
};

const left = async (poolId: string): Promise<string[]> =>
  (await rowsOf(server, 'SELECT identity_id FROM identities WHERE identity_pool_id = $1', [poolId])).map(
    (row) => row.identity_id,
  );

const total = async (id: string): Promise<number> =>
  (
    await server.run(
      'query ($id: ID!) { identityPool(id: $id) { analytics { totalIdentities } } }',
      { id },
      server.admin,
    )
  ).identityPool.analytics.totalIdentities;

const write = (identityId: string, accessToken: string): Promise<Data> =>
  server.run(
    `mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }`,
    {
      input: {
        identityId,
        datasetName: 'd',
        recordPatches: [{ op: 'REPLACE', key: 'k', value: 'v', syncCount: 0 }],
      },
    },
    accessToken,
  );

describe('deleteIdleGuests', () => {
  it('is a dry run unless told otherwise: counts, names the longest idle, and does nothing', async () => {
    const pool = await newPool();
    const ids = await idle(pool.id, 3);
    const [fresh] = await guestsOf(pool.id, 1);

    const { data } = await trySweep(pool.id, { first: 2 });

    expect(data.deleteIdleGuests).toEqual({ dryRun: true, count: 3, identityIds: ids, hasMore: true });
    expect((await left(pool.id)).sort()).toEqual([...ids, fresh].sort());
    expect(await total(pool.id)).toBe(4);
  });

  it('deletes those that the dry run counted, with their datasets, and no others', async () => {
    const pool = await newPool();
    const ids = await idle(pool.id, 3);
    const { accessToken } = await getCredentials(server, ids[0]!);
    await write(ids[0]!, accessToken);
    await setActive(ids[0]!, 10 * DAY);
    await rowsOf(server, 'UPDATE datasets SET last_modified_at = $2 WHERE identity_id = $1', [
      ids[0],
      ago(10 * DAY),
    ]);
    const [fresh] = await guestsOf(pool.id, 1);

    const outcome = await sweep(pool.id);

    expect(outcome).toEqual({ dryRun: false, count: 3, identityIds: ids, hasMore: false });
    expect(await left(pool.id)).toEqual([fresh]);
    expect(await countOf(server, 'datasets', 'identity_id', ids[0]!)).toBe(0);
    expect(await total(pool.id)).toBe(1);
  });

  it('goes on where the call before stopped, the longest idle first', async () => {
    const pool = await newPool();
    const ids = await idle(pool.id, 5);

    const calls = [
      await sweep(pool.id, { first: 2 }),
      await sweep(pool.id, { first: 2 }),
      await sweep(pool.id, { first: 2 }),
    ];

    expect(calls.map(({ identityIds, hasMore }) => [identityIds, hasMore])).toEqual([
      [ids.slice(0, 2), true],
      [ids.slice(2, 4), true],
      [ids.slice(4), false],
    ]);
  });

  it('takes more than a transaction’s worth in one call', async () => {
    const pool = await newPool();
    await rowsOf(
      server,
      `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
       SELECT 'us-east-1:00000000-0000-0000-0000-' || lpad(i::text, 12, '0'), $1, false, $2, $2, $2
       FROM generate_series(1, 250) AS i`,
      [pool.id, ago(10 * DAY)],
    );

    const outcome = await sweep(pool.id);

    expect([outcome.count, outcome.identityIds.length, outcome.hasMore]).toEqual([250, 60, false]);
    expect(await left(pool.id)).toEqual([]);
  });

  it('disables them when asked to, keeps their data, and deletes them later', async () => {
    const pool = await newPool();
    const [id] = await idle(pool.id, 1);

    const outcome = await sweep(pool.id, { mode: 'DISABLE' });
    const again = await sweep(pool.id, { mode: 'DISABLE' });
    const { identity } = await server.run(
      'query ($id: ID!) { identity(id: $id) { isDisabled mergedInto { id } } }',
      { id },
      server.admin,
    );
    const refused = await tryGetCredentials(server, id!);
    const totalThen = await total(pool.id);
    const deleted = await sweep(pool.id);

    expect([outcome.count, again.count, deleted.count]).toEqual([1, 0, 1]);
    expect(identity).toEqual({ isDisabled: true, mergedInto: null });
    expect(refusalOf(refused).code).toBe('NOT_AUTHORIZED');
    expect([totalThen, await total(pool.id)]).toEqual([0, 0]);
  });

  it('never touches an identity that signed in, be it long ago and without logins now, nor one that was merged', async () => {
    const pool = await newPool();
    const [ann, ben] = [await loginOf(issuer, 'ann'), await loginOf(issuer, 'ben')];
    const unlinked = await getId(server, pool.id, [ann]);
    await server.run(
      `mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) { identityId } }`,
      { input: { identityId: unlinked.id, logins: [ann], loginsToRemove: [ann.provider] } },
    );
    const signedIn = await getId(server, pool.id, [ben]);
    const merged = await getId(server, pool.id);
    await getCredentials(server, merged.id, [ben]);
    const ids = [unlinked.id, signedIn.id, merged.id];
    for (const id of ids) await setActive(id, 10 * DAY);

    const outcome = await sweep(pool.id);

    expect(outcome.count).toBe(0);
    expect((await left(pool.id)).sort()).toEqual(ids.sort());
  });

  it('never touches a guest that got credentials since, counted to the hour', async () => {
    const pool = await newPool();
    const [justBefore, longBefore] = await guestsOf(pool.id, 2);
    await setActive(justBefore!, 2 * DAY + HOUR - 1);
    await setActive(longBefore!, 2 * DAY + HOUR);

    const outcome = await sweep(pool.id, { idleSince: ago(2 * DAY) });

    expect(outcome.identityIds).toEqual([longBefore]);
  });

  it('never touches a guest whose datasets were written since', async () => {
    const pool = await newPool();
    const [id] = await guestsOf(pool.id, 1);
    const { accessToken } = await getCredentials(server, id!);
    await write(id!, accessToken);
    await setActive(id!, 10 * DAY);

    const rehearsal = await trySweep(pool.id);
    const outcome = await sweep(pool.id);

    expect([rehearsal.data.deleteIdleGuests.count, outcome.count]).toEqual([0, 0]);
    expect(await left(pool.id)).toEqual([id]);
  });

  it('passes over a guest that is being linked at this moment, and takes the others', async () => {
    const pool = await newPool();
    const [busy, other] = await idle(pool.id, 2);
    const linking = server.dataSource.createQueryRunner();
    await linking.startTransaction();
    await linking.query('SELECT 1 FROM identities WHERE identity_id = $1 FOR UPDATE', [busy]);

    const outcome = await sweep(pool.id);
    await linking.rollbackTransaction();
    await linking.release();

    expect(outcome).toMatchObject({ count: 1, identityIds: [other], hasMore: false });
    expect((await sweep(pool.id)).identityIds).toEqual([busy]);
  });

  it.each([
    ['got credentials', (id: string) => setActive(id, 0)],
    [
      'signed in',
      (id: string) =>
        rowsOf(server, 'UPDATE identities SET is_authenticated = true WHERE identity_id = $1', [id]),
    ],
  ])('asks again under lock: a guest that just %s stays', async (_what, change) => {
    const pool = await newPool();
    const [back, gone] = await idle(pool.id, 2);
    const begin = server.dataSource.transaction.bind(server.dataSource) as (
      ...given: unknown[]
    ) => Promise<unknown>;
    const meanwhile = jest.spyOn(server.dataSource, 'transaction').mockImplementationOnce((async (
      ...given: unknown[]
    ) => {
      await change(back!);
      return begin(...given);
    }) as never);

    const outcome = await sweep(pool.id);
    meanwhile.mockRestore();

    expect(outcome).toMatchObject({ count: 1, identityIds: [gone] });
    expect(await left(pool.id)).toEqual([back]);
  });

  it.each([
    ['deleted', 'DELETE FROM identities WHERE identity_id = $1', 'RESOURCE_NOT_FOUND'],
    ['disabled', 'UPDATE identities SET disabled_at = now() WHERE identity_id = $1', 'NOT_AUTHORIZED'],
  ])('a guest that comes back while it is being %s gets no credentials', async (_, statement, code) => {
    const [id] = await idle((await newPool()).id, 1);
    const sweeping = server.dataSource.createQueryRunner();
    await sweeping.startTransaction();
    await sweeping.query('SELECT 1 FROM identities WHERE identity_id = $1 FOR UPDATE', [id]);

    const comingBack = tryGetCredentials(server, id!);
    await eventually(
      () =>
        rowsOf(
          server,
          `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        ),
      (waiting) => waiting.length === 1,
    );
    await sweeping.query(statement, [id]);
    await sweeping.commitTransaction();
    await sweeping.release();

    expect(refusalOf(await comingBack).code).toBe(code);
  });

  it('is right about what is left when guests come back at the same time', async () => {
    const pool = await newPool();
    const ids = await idle(pool.id, 30);
    const login = await loginOf(issuer, 'ann');

    const [outcome] = await Promise.all([
      sweep(pool.id),
      ...ids.map((id, at) => tryGetCredentials(server, id, at === 7 ? [login] : undefined)),
    ]);

    const survivors = await left(pool.id);
    expect(outcome.count + survivors.length).toBe(30);
    expect(await total(pool.id)).toBe(survivors.length);
  });

  it('is written into the audit log with what it took', async () => {
    const pool = await newPool();
    const ids = await idle(pool.id, 2);
    await trySweep(pool.id);

    await sweep(pool.id);

    const events = await rowsOf(
      server,
      `SELECT details FROM audit_events WHERE action = 'cognito-identity:DeleteIdleGuests' AND identity_pool_id = $1`,
      [pool.id],
    );
    expect(events.map(({ details }) => [details.mode, details.identityIds.sort()])).toEqual([
      ['delete', ids.sort()],
    ]);
  });

  it.each([
    ['a time within the last 24 hours', { idleSince: new Date(Date.now() - 23 * 3_600_000) }, 'idleSince'],
    ['a time to come', { idleSince: new Date(Date.now() + 3_600_000) }, 'idleSince'],
    ['no guests at all', { first: 0 }, 'first'],
    ['more than 10,000', { first: 10_001 }, 'first'],
  ])('refuses %s', async (_what, input, field) => {
    const pool = await newPool();

    const answer = await trySweep(pool.id, input);

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field });
  });

  it('is for administrators whose policy allows it on the pool, and not for keys that may only read', async () => {
    const [pool, elsewhere] = [await newPool(), await newPool()];
    const bearer = await bearerWith(server, allow('cognito-identity:DeleteIdleGuests', pool.arn));
    const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });
    const readOnly = `${key.apiKey.accessKeyId}.${key.secretAccessKey}`;
    const guest = await getId(server, pool.id);
    const { accessToken } = await getCredentials(server, guest.id);

    expect((await trySweep(pool.id, {}, bearer)).errors).toBeUndefined();
    for (const [poolId, by] of [
      [elsewhere.id, bearer],
      [pool.id, readOnly],
    ])
      expect(refusalOf(await trySweep(poolId, {}, by)).code).toBe('ACCESS_DENIED');
    expect(refusalOf(await trySweep(pool.id, {}, accessToken)).code).toBe('NOT_AUTHORIZED');
  });
});

describe('the date that an identity was active last', () => {
  const lastActive = async (identityId: string): Promise<number> => {
    const [row] = await rowsOf(server, 'SELECT last_active_at FROM identities WHERE identity_id = $1', [
      identityId,
    ]);
    return row.last_active_at.getTime();
  };

  it('follows its credentials, at most once an hour', async () => {
    const pool = await newPool();
    const { id } = await getId(server, pool.id);
    const made = await lastActive(id);

    clock.advance(HOUR - 1);
    await getCredentials(server, id);
    const within = await lastActive(id);
    clock.advance(1);
    await getCredentials(server, id);

    expect([within - made, (await lastActive(id)) - made]).toEqual([0, HOUR * 1000]);
  });

  it('follows the tokens and credentials of the classic flow', async () => {
    const pool = await createPool(server, { allowClassicFlow: true });
    const { id } = await getId(server, pool.id);
    clock.advance(HOUR);
    const before = clock.now().getTime();
    const data = await server.run(
      `mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }`,
      { input: { identityId: id } },
    );
    const withToken = await lastActive(id);
    await setActive(id, 2 * HOUR);
    await server.run(
      `mutation ($input: AssumeRoleWithWebIdentityInput!) { assumeRoleWithWebIdentity(input: $input) { audience } }`,
      {
        input: {
          roleArn: pool.roles.unauthenticated,
          roleSessionName: 'session',
          webIdentityToken: data.getOpenIdToken.token,
        },
      },
    );

    expect([withToken, await lastActive(id)]).toEqual([before, before]);
  });

  it('stays when credentials are refused', async () => {
    const pool = await newPool();
    const exp = clock.now().getTime() / 1000 + HOUR;
    const { id } = await getId(server, pool.id, [await loginOf(issuer, 'eve', { exp })]);
    const made = await lastActive(id);
    clock.advance(2 * HOUR);

    const answer = await tryGetCredentials(server, id);

    expect(refusalOf(answer).code).toBe('NOT_AUTHORIZED');
    expect(await lastActive(id)).toBe(made);
  });
});
