import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  bearerWith,
  countOf,
  createPool,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  tryGetId,
  type Data,
  type Login,
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

const UNKNOWN = 'us-east-1:00000000-0000-4000-8000-000000000000';

const unlink = (identityId: string, logins: Login[], loginsToRemove: string[]) =>
  server.graphql(
    `mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) {
       identityId identity { logins isAuthenticated } } }`,
    { input: { identityId, logins, loginsToRemove } },
  );
const deleteIdentities = (identityIdsToDelete: string[], bearer = server.admin) =>
  server.graphql(
    `mutation ($input: DeleteIdentitiesInput!) { deleteIdentities(input: $input) {
       unprocessedIdentityIds { identityId errorCode } } }`,
    { input: { identityIdsToDelete } },
    bearer,
  );
const describeIdentity = (id: string, bearer = server.admin) =>
  server.graphql(
    `query ($id: ID!) { identity(id: $id) { id identityPoolId logins isAuthenticated isDisabled } }`,
    { id },
    bearer,
  );
const write = async (bearer: string): Promise<void> => {
  await server.run(
    `mutation { updateRecords(input: { datasetName: "d", recordPatches: [
       { op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasetSyncCount } }`,
    {},
    bearer,
  );
};

/** Rows that an identity has in each table. */
const traces = async (identityId: string): Promise<Record<string, number>> => {
  const tables = ['identities', 'identity_logins', 'logins', 'datasets', 'records', 'used_sync_sessions'];
  const counts = await Promise.all(
    tables.map(async (table) => [table, await countOf(server, table, 'identity_id', identityId)]),
  );
  return Object.fromEntries(counts);
};
const NOTHING = {
  identities: 0,
  identity_logins: 0,
  logins: 0,
  datasets: 0,
  records: 0,
  used_sync_sessions: 0,
};

/** An identity that has a row in every table, and its login. */
const identityWithData = async (
  poolId: string,
  name: string,
): Promise<{ id: string; logins: Login[]; bearer: string }> => {
  const logins = [await loginOf(google, name)];
  const { id } = await getId(server, poolId, logins);
  const bearer = (await getCredentials(server, id, logins)).accessToken;
  const { listRecords } = await server.run(
    `{ listRecords(input: { datasetName: "d" }) { syncSessionToken } }`,
    {},
    bearer,
  );
  await server.run(
    `mutation ($token: String!) { updateRecords(input: { datasetName: "d", syncSessionToken: $token, recordPatches: [
       { op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasetSyncCount } }`,
    { token: listRecords.syncSessionToken },
    bearer,
  );
  return { id, logins, bearer };
};

describe('unlinkIdentity', () => {
  it('takes a login off for whoever proves another one; it gets a new identity next time', async () => {
    const logins = [await loginOf(google, 'unlinks'), await loginOf(github, 'unlinks')];
    const { id } = await getId(server, pool.id, logins);

    const { data } = await unlink(id, [logins[0]!], [github.loginKey]);

    expect(data.unlinkIdentity).toEqual({
      identityId: id,
      identity: { logins: [google.loginKey], isAuthenticated: true },
    });
    expect((await getId(server, pool.id, [logins[0]!])).id).toBe(id);
    expect((await getId(server, pool.id, [logins[1]!])).id).not.toBe(id);
  });

  it('of the last login leaves an identity that nobody can reach', async () => {
    const login = await loginOf(google, 'last');
    const { id } = await getId(server, pool.id, [login]);

    const { data } = await unlink(id, [login], [google.loginKey]);

    expect(data.unlinkIdentity.identity).toEqual({ logins: [], isAuthenticated: true });
    expect(refusalOf(await tryGetCredentials(server, id))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${id}' is forbidden.`,
    });
    expect(refusalOf(await tryGetCredentials(server, id, [login]))).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect((await getId(server, pool.id, [login])).id).not.toBe(id);
  });

  it('leaves what it was not asked to take, and does not mind a provider that is not linked', async () => {
    const login = await loginOf(google, 'stays');
    const { id } = await getId(server, pool.id, [login]);

    const { data } = await unlink(id, [login], [github.loginKey, 'never.example.com']);

    expect(data.unlinkIdentity.identity.logins).toEqual([google.loginKey]);
    expect((await getId(server, pool.id, [login])).id).toBe(id);
  });

  it('needs a login of the identity as proof', async () => {
    const { id } = await getId(server, pool.id, [await loginOf(google, 'proof')]);
    await getId(server, pool.id, [await loginOf(google, 'somebody else')]);

    for (const logins of [[await loginOf(google, 'somebody else')], [await loginOf(github, 'nobody yet')]])
      expect(refusalOf(await unlink(id, logins, [google.loginKey]))).toMatchObject({
        code: 'NOT_AUTHORIZED',
        message: expect.stringContaining("Logins don't match."),
      });
    expect(refusalOf(await unlink(id, [], [google.loginKey]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${id}' is forbidden.`,
    });
    expect(await rowsOf(server, `SELECT 1 FROM logins WHERE subject = 'nobody yet'`)).toEqual([]);
    expect((await getId(server, pool.id, [await loginOf(google, 'proof')])).id).toBe(id);
  });

  it('is refused for a token that does not hold', async () => {
    const { id } = await getId(server, pool.id, [await loginOf(google, 'holds')]);
    const expired = await loginOf(google, 'holds', { exp: 1_700_000_000 });

    expect(refusalOf(await unlink(id, [expired], [google.loginKey]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: expect.stringContaining('Token expired'),
    });
  });

  it('is refused for a guest, who has nothing to prove', async () => {
    const { id } = await getId(server, pool.id);

    expect(refusalOf(await unlink(id, [], [google.loginKey]))).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: `Access to Identity '${id}' is forbidden.`,
    });
  });

  it('finds no identity that is not there', async () => {
    expect(refusalOf(await unlink(UNKNOWN, [await loginOf(google, 'x')], []))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });
});

describe('identity', () => {
  it('shows any identity to an administrator, with the names of its logins', async () => {
    const { id } = await getId(server, pool.id, [
      await loginOf(google, 'shown'),
      await loginOf(github, 'shown'),
    ]);

    const { data } = await describeIdentity(id);

    expect(data.identity).toMatchObject({
      id,
      identityPoolId: pool.id,
      isAuthenticated: true,
      isDisabled: false,
    });
    expect([...data.identity.logins].sort()).toEqual([google.loginKey, github.loginKey].sort());
  });

  it('shows itself to an identity', async () => {
    const { id } = await getId(server, pool.id);
    const { accessToken } = await getCredentials(server, id);

    expect((await describeIdentity(id, accessToken)).data.identity).toMatchObject({ id, logins: [] });
  });

  it('is not found when it is not there', async () => {
    expect(refusalOf(await describeIdentity(UNKNOWN))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      field: 'identityId',
      message: `Identity '${UNKNOWN}' not found.`,
    });
  });
});

describe('the identities of a pool', () => {
  const LIST = `query ($id: ID!, $first: Int, $after: String, $hideDisabled: Boolean) { identityPool(id: $id) {
    identities(first: $first, after: $after, hideDisabled: $hideDisabled) {
      nodes { id logins } pageInfo { hasNextPage endCursor } } } }`;
  const list = async (id: string, variables: object = {}): Promise<Data> =>
    (await server.run(LIST, { id, ...variables }, server.admin)).identityPool.identities;

  it('come once each over the pages, in the order of their ids, with their logins', async () => {
    const own = await createPool(server, { openIdConnectProviderARNs: providers });
    const made = await Promise.all([
      getId(server, own.id, [await loginOf(google, 'listed'), await loginOf(github, 'listed')]),
      ...[1, 2, 3, 4].map(() => getId(server, own.id)),
    ]);
    await getId(server, pool.id);

    const one = await list(own.id, { first: 2 });
    const two = await list(own.id, { first: 2, after: one.pageInfo.endCursor });
    const three = await list(own.id, { first: 2, after: two.pageInfo.endCursor });

    const seen = [one, two, three].flatMap((page) => page.nodes);
    expect(seen.map((node) => node.id)).toEqual(made.map((identity) => identity.id).sort());
    expect([one, two, three].map((page) => page.pageInfo.hasNextPage)).toEqual([true, true, false]);
    expect((await list(own.id, { first: 5 })).pageInfo.hasNextPage).toBe(false);
    const listed = seen.find((node) => node.id === made[0].id);
    expect([...listed.logins].sort()).toEqual([google.loginKey, github.loginKey].sort());
  });

  it('leave out disabled ones when asked to', async () => {
    const own = await createPool(server);
    const [kept, disabled] = [await getId(server, own.id), await getId(server, own.id)];
    await rowsOf(server, 'UPDATE identities SET disabled_at = created_at WHERE identity_id = $1', [
      disabled.id,
    ]);

    expect((await list(own.id)).nodes).toHaveLength(2);
    expect((await list(own.id, { hideDisabled: true })).nodes).toEqual([{ id: kept.id, logins: [] }]);
  });
});

describe('deleteIdentities', () => {
  it('leaves nothing of an identity, and the login gets a new one next time', async () => {
    const { id, logins, bearer } = await identityWithData(pool.id, 'deleted');
    expect(Object.values(await traces(id))).toEqual([1, 1, 1, 1, 1, 1]);

    const { data } = await deleteIdentities([id]);

    expect(data.deleteIdentities.unprocessedIdentityIds).toEqual([]);
    expect(await traces(id)).toEqual(NOTHING);
    expect((await getId(server, pool.id, logins)).id).not.toBe(id);
    expect(
      refusalOf(await server.graphql(`{ listRecords(input: { datasetName: "d" }) { count } }`, {}, bearer)),
    ).toMatchObject({ code: 'IDENTITY_DELETED' });
  });

  it('leaves the others alone', async () => {
    const gone = await identityWithData(pool.id, 'gone');
    const kept = await identityWithData(pool.id, 'kept');

    await deleteIdentities([gone.id]);

    expect(Object.values(await traces(kept.id))).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('counts an id that is not there, or comes twice, as done', async () => {
    const { id } = await getId(server, pool.id);

    const { data } = await deleteIdentities([UNKNOWN, id, id]);

    expect(data.deleteIdentities.unprocessedIdentityIds).toEqual([]);
    expect(await traces(id)).toEqual(NOTHING);
  });

  it('names the ones that the caller may not delete, and deletes the rest', async () => {
    const other = await createPool(server);
    const [own, foreign] = [await getId(server, pool.id), await getId(server, other.id)];
    const bearer = await bearerWith(
      server,
      allow('cognito-identity:DeleteIdentities', '*', {
        Condition: { StringEquals: { 'cognito-identity:IdentityPoolArn': pool.arn } },
      }),
    );

    const { data } = await deleteIdentities([own.id, foreign.id, UNKNOWN], bearer);

    expect(data.deleteIdentities.unprocessedIdentityIds).toEqual([
      { identityId: foreign.id, errorCode: 'ACCESS_DENIED' },
      { identityId: UNKNOWN, errorCode: 'ACCESS_DENIED' },
    ]);
    expect(await traces(own.id)).toEqual(NOTHING);
    expect((await traces(foreign.id)).identities).toBe(1);
  });

  it('takes 1 to 60 ids', async () => {
    expect(refusalOf(await deleteIdentities([]))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'identityIdsToDelete',
      limit: 1,
    });
    expect(refusalOf(await deleteIdentities(Array(61).fill(UNKNOWN)))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'identityIdsToDelete',
      limit: 60,
    });
  });
});

describe('deleteIdentityPool', () => {
  const deletePool = (id: string) =>
    server.graphql(
      `mutation ($id: ID!) { deleteIdentityPool(input: { identityPoolId: $id }) { identityPool { id name } } }`,
      { id },
      server.admin,
    );
  const findPool = (id: string) =>
    server.graphql('query ($id: ID!) { identityPool(id: $id) { id } }', { id }, server.admin);

  it('leaves nothing of the pool, its identities and their data; other pools keep theirs', async () => {
    const doomed = await createPool(server, { openIdConnectProviderARNs: providers });
    const inside = await identityWithData(doomed.id, 'inside');
    const guest = await getId(server, doomed.id);
    const outside = await identityWithData(pool.id, 'inside');

    const { data } = await deletePool(doomed.id);

    expect(data.deleteIdentityPool.identityPool).toEqual({ id: doomed.id, name: doomed.name });
    expect(await traces(inside.id)).toEqual(NOTHING);
    expect(await traces(guest.id)).toEqual(NOTHING);
    expect(await countOf(server, 'identity_pools', 'identity_pool_id', doomed.id)).toBe(0);
    expect(await countOf(server, 'logins', 'identity_pool_id', doomed.id)).toBe(0);
    expect(Object.values(await traces(outside.id))).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('ends the credentials of its identities', async () => {
    const doomed = await createPool(server, { openIdConnectProviderARNs: providers });
    const { id, bearer } = await identityWithData(doomed.id, 'ends');

    await deletePool(doomed.id);

    for (const query of ['{ viewer { id } }', '{ listRecords(input: { datasetName: "d" }) { count } }'])
      expect((await server.graphql(query, {}, bearer)).data?.viewer ?? null).toBeNull();
    await expect(write(bearer)).rejects.toThrow('REVOKED');
    expect(refusalOf(await tryGetCredentials(server, id))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it('is known to everybody at once: nobody finds the pool any more', async () => {
    const doomed = await createPool(server);

    await deletePool(doomed.id);

    const gone = { code: 'RESOURCE_NOT_FOUND', message: `IdentityPool '${doomed.id}' not found.` };
    expect(refusalOf(await findPool(doomed.id))).toMatchObject(gone);
    expect(refusalOf(await tryGetId(server, doomed.id))).toMatchObject(gone);
    expect(refusalOf(await deletePool(doomed.id))).toMatchObject(gone);
  });

  it('leaves the roles, which may serve other pools', async () => {
    const doomed = await createPool(server);

    await deletePool(doomed.id);

    expect(await countOf(server, 'roles', 'role_arn', doomed.roles.authenticated)).toBe(1);
  });

  it('lets a provider go that no other pool names', async () => {
    const own = await startIdentityProvider();
    const arn = await registerProvider(server, own);
    const doomed = await createPool(server, { openIdConnectProviderARNs: [arn] });
    const deleteProvider = () =>
      server.graphql(
        `mutation ($arn: String!) { deleteOpenIDConnectProvider(input: { openIDConnectProviderArn: $arn }) {
           openIDConnectProvider { arn } } }`,
        { arn },
        server.admin,
      );

    const before = await deleteProvider();
    await deletePool(doomed.id);
    const after = await deleteProvider();
    await own.close();

    expect(refusalOf(before)).toMatchObject({ code: 'DELETE_CONFLICT', identityPoolIds: [doomed.id] });
    expect(after.errors).toBeUndefined();
  });
});
