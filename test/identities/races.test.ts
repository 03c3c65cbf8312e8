import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { EntityManager } from 'typeorm';
import { decideGetId } from '../../src/identities/decide-logins';
import { purgeDeletedPools } from '../../src/identities/delete-identity-pool.service';
import { settleLogins } from '../../src/identities/settle-logins';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  createPool,
  eventually,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  tryGetId,
  type Data,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';

let server: TestServer;
let otherNode: TestServer;
let google: TestIdentityProvider;
let github: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  otherNode = await startTestServer({ database: server.database });
  const providers = [await registerProvider(server, google), await registerProvider(server, github)];
  pool = await createPool(server, { openIdConnectProviderARNs: providers });
});
afterAll(async () => {
  await Promise.all([google?.close(), github?.close()]);
  await otherNode?.close();
  await server?.close();
});

/** Runs it so many times at once, on both nodes in turn. */
const atOnce = (times: number, run: (node: TestServer) => Promise<GraphqlAnswer>): Promise<GraphqlAnswer[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => run(index % 2 === 0 ? server : otherNode)));

const rowsOfLogin = (subject: string): Promise<Data[]> =>
  rowsOf(server, 'SELECT identity_id FROM logins WHERE subject = $1 ORDER BY identity_id', [subject]);

/** Logins and their reverse side that do not belong together, or to no identity. */
const orphans = (): Promise<Data[]> =>
  rowsOf(
    server,
    `SELECT l.login_key, l.identity_id FROM logins l
       LEFT JOIN identities i ON i.identity_id = l.identity_id
       LEFT JOIN identity_logins r ON r.login_key = l.login_key AND r.identity_id = l.identity_id
       WHERE i.identity_id IS NULL OR r.identity_id IS NULL
     UNION ALL
     SELECT r.login_key, r.identity_id FROM identity_logins r
       LEFT JOIN logins l ON l.login_key = r.login_key AND l.identity_id = r.identity_id
       WHERE l.login_key IS NULL`,
  );

const deleteIdentity = (node: TestServer, id: string) =>
  node.graphql(
    `mutation ($id: ID!) { deleteIdentities(input: { identityIdsToDelete: [$id] }) {
       unprocessedIdentityIds { errorCode } } }`,
    { id },
    node.admin,
  );

afterEach(async () => {
  expect(await orphans()).toEqual([]);
});

it('20 calls of getId at once with one new login make exactly one identity', async () => {
  const logins = [await loginOf(google, 'twenty')];
  const [before] = await rowsOf(server, 'SELECT count(*)::int AS count FROM identities');

  const answers = await atOnce(20, (node) => tryGetId(node, pool.id, logins));

  expect(answers.flatMap((answer) => answer.errors ?? [])).toEqual([]);
  const ids = new Set(answers.map((answer) => answer.data.getId.identityId));
  const [after] = await rowsOf(server, 'SELECT count(*)::int AS count FROM identities');
  expect([...ids]).toEqual((await rowsOfLogin('twenty')).map((row) => row.identity_id));
  expect(after.count).toBe(before.count + 1);
});

it('calls of getId at once with two new logins in either order make exactly one identity', async () => {
  const logins = [await loginOf(google, 'either'), await loginOf(github, 'either')];
  let turn = 0;

  const answers = await atOnce(12, (node) =>
    tryGetId(node, pool.id, (turn += 1) % 2 === 0 ? logins : logins.toReversed()),
  );

  expect(answers.flatMap((answer) => answer.errors ?? [])).toEqual([]);
  expect(new Set(answers.map((answer) => answer.data.getId.identityId)).size).toBe(1);
  expect(await rowsOfLogin('either')).toHaveLength(2);
});

it('one new login that two guests link at once goes to one of them, and the other is merged into it', async () => {
  for (let round = 0; round < 5; round += 1) {
    const logins = [await loginOf(google, `contested-${round}`)];
    const guests = await Promise.all([getId(server, pool.id), getId(server, pool.id)]);

    const answers = await Promise.all([
      tryGetCredentials(server, guests[0].id, logins),
      tryGetCredentials(otherNode, guests[1].id, logins),
    ]);

    const [survivor, other] = answers.map((answer) => answer.data.getCredentialsForIdentity.identityId);
    expect(other).toBe(survivor);
    expect(await rowsOfLogin(`contested-${round}`)).toEqual([{ identity_id: survivor }]);
    const merged = guests.map(({ id }) => id).filter((id) => id !== survivor);
    expect(
      await rowsOf(server, 'SELECT merged_into FROM identities WHERE identity_id = ANY($1)', [merged]),
    ).toEqual([{ merged_into: survivor }]);
  }
});

it('two users of one provider that one guest links at once: exactly one becomes its login', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { id } = await getId(server, pool.id);
    const [one, other] = [await loginOf(google, `first-${round}`), await loginOf(google, `second-${round}`)];

    const answers = await Promise.all([
      tryGetCredentials(server, id, [one]),
      tryGetCredentials(otherNode, id, [other]),
    ]);

    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    expect(
      await rowsOf(server, 'SELECT provider FROM identity_logins WHERE identity_id = $1', [id]),
    ).toHaveLength(1);
  }
});

it('a guest that is deleted while it signs in leaves no login behind', async () => {
  for (let round = 0; round < 8; round += 1) {
    const { id } = await getId(server, pool.id);
    const logins = [await loginOf(google, `deleted-guest-${round}`)];

    const [linked, deleted] = await Promise.all([
      tryGetCredentials(server, id, logins),
      deleteIdentity(otherNode, id),
    ]);

    expect(deleted!.data.deleteIdentities.unprocessedIdentityIds).toEqual([]);
    if (linked!.errors) expect(refusalOf(linked!).code).toBe('IDENTITY_DELETED');
    expect(await rowsOf(server, 'SELECT 1 FROM identities WHERE identity_id = $1', [id])).toEqual([]);
    expect(await rowsOf(server, 'SELECT 1 FROM logins WHERE identity_id = $1', [id])).toEqual([]);
  }
});

it('an identity that is deleted while it gets one more login leaves none behind, and the logins work again', async () => {
  for (let round = 0; round < 8; round += 1) {
    const logins = [await loginOf(google, `both-${round}`), await loginOf(github, `both-${round}`)];
    const { id } = await getId(server, pool.id, [logins[0]!]);

    await Promise.all([tryGetId(server, pool.id, logins), deleteIdentity(otherNode, id)]);

    expect(await rowsOf(server, 'SELECT 1 FROM logins WHERE identity_id = $1', [id])).toEqual([]);
    expect((await tryGetId(server, pool.id, logins)).errors).toBeUndefined();
  }
});

it('an identity that is deleted between two looks at it no longer owns the login, and nobody is told of it who did not name it', async () => {
  const { id } = await getId(server, pool.id, [await loginOf(google, 'between')]);
  const { manager } = server.dataSource;
  const db = Object.create(manager) as EntityManager;
  db.findBy = async (entity, where) => {
    const rows = await manager.findBy(entity, where);
    await deleteIdentity(otherNode, id);
    return rows;
  };

  const survivor = await settleLogins(
    { ...serviceContext(server.dataSource), db },
    {
      identityPoolId: pool.id,
      developerProvider: null,
      identityId: null,
      proven: [{ provider: google.loginKey, subject: 'between' }],
      decide: decideGetId,
    },
  );

  expect(survivor).not.toBe(id);
  expect(await rowsOfLogin('between')).toEqual([{ identity_id: survivor }]);
});

it('a login that is unlinked while it signs in ends linked to one identity or to none', async () => {
  for (let round = 0; round < 8; round += 1) {
    const logins = [await loginOf(google, `unlinked-${round}`)];
    const { id } = await getId(server, pool.id, logins);

    const answers = await Promise.all([
      tryGetId(server, pool.id, logins),
      otherNode.graphql(
        `mutation ($input: UnlinkIdentityInput!) { unlinkIdentity(input: $input) { identityId } }`,
        { input: { identityId: id, logins, loginsToRemove: [google.loginKey] } },
      ),
    ]);

    expect(answers.flatMap((answer) => answer.errors ?? [])).toEqual([]);
    expect((await rowsOfLogin(`unlinked-${round}`)).length).toBeLessThanOrEqual(1);
  }
});

it('a pool that is deleted while people sign in leaves nothing behind', async () => {
  const providers = (await rowsOf(server, 'SELECT provider_arn FROM open_id_connect_providers')).map(
    (row) => row.provider_arn,
  );
  for (let round = 0; round < 4; round += 1) {
    const doomed = await createPool(server, { openIdConnectProviderARNs: providers });
    const people = await Promise.all(
      [1, 2, 3, 4].map((index) => loginOf(google, `doomed-${round}-${index}`)),
    );

    await Promise.all([
      ...people.map((login, index) => tryGetId(index % 2 ? server : otherNode, doomed.id, [login])),
      ...people.map((_, index) => tryGetId(index % 2 ? server : otherNode, doomed.id)),
      server.graphql(
        `mutation ($id: ID!) { deleteIdentityPool(input: { identityPoolId: $id }) { identityPool { id } } }`,
        { id: doomed.id },
        server.admin,
      ),
    ]);

    // A node that has not heard yet may add to it for a moment; housekeeping comes by again.
    await purgeDeletedPools(serviceContext(server.dataSource));
    const left = await rowsOf(
      server,
      `SELECT 'identity' AS what FROM identities WHERE identity_pool_id = $1
       UNION ALL SELECT 'login' FROM logins WHERE identity_pool_id = $1
       UNION ALL SELECT 'pool' FROM identity_pools WHERE identity_pool_id = $1`,
      [doomed.id],
    );
    expect(left).toEqual([]);
  }
});

it('a login that a node links which has not heard yet of the deletion of its pool is deleted with it', async () => {
  const doomed = await createPool(server);
  const id = `us-east-1:${randomUUID()}`;
  await rowsOf(server, 'UPDATE identity_pools SET deleted_at = created_at WHERE identity_pool_id = $1', [
    doomed.id,
  ]);
  const linking = new Client({ connectionString: server.database.url });
  await linking.connect();
  await linking.query('BEGIN');
  await linking.query(`INSERT INTO logins VALUES ($1, $2, 'p', 's', $3, $4)`, [
    'late',
    doomed.id,
    id,
    new Date(),
  ]);
  await linking.query(
    `INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, last_active_at, created_at, last_modified_at)
     VALUES ($1, $2, true, $3, $3, $3)`,
    [id, doomed.id, new Date()],
  );

  const purging = purgeDeletedPools(serviceContext(server.dataSource));
  await eventually(
    () =>
      rowsOf(
        server,
        `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      ),
    (waiting) => waiting.length > 0,
  );
  await linking.query('COMMIT');
  await linking.end();
  await purging;

  expect(await rowsOf(server, 'SELECT 1 FROM identities WHERE identity_pool_id = $1', [doomed.id])).toEqual(
    [],
  );
  expect(await rowsOf(server, 'SELECT 1 FROM logins WHERE identity_pool_id = $1', [doomed.id])).toEqual([]);
});

it('a node that has not heard yet of a pool’s deletion says that the pool is not there', async () => {
  const providers = (await rowsOf(server, 'SELECT provider_arn FROM open_id_connect_providers')).map(
    (row) => row.provider_arn,
  );
  const doomed = await createPool(server, { openIdConnectProviderARNs: providers });
  await getId(server, doomed.id);
  await rowsOf(server, 'DELETE FROM identity_pools WHERE identity_pool_id = $1', [doomed.id]);

  const asGuest = await tryGetId(server, doomed.id);
  const asUser = await tryGetId(server, doomed.id, [await loginOf(google, 'unheard')]);

  const gone = { code: 'RESOURCE_NOT_FOUND', message: `IdentityPool '${doomed.id}' not found.` };
  expect(refusalOf(asGuest)).toMatchObject(gone);
  expect(refusalOf(asUser)).toMatchObject(gone);
});
