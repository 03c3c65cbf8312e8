import { randomUUID } from 'node:crypto';
import { linkKnownLogins } from '../../src/cognito-import/link-known-logins';
import { createDataSource } from '../../src/db/data-source';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import {
  createPool,
  getCredentials,
  getId,
  loginOf,
  mutate,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
  type Data,
} from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { serviceContext } from '../support/service-context';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let google: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, google] = await Promise.all([startTestServer(), startIdentityProvider()]);
  pool = await createPool(server, {
    openIdConnectProviderARNs: [await registerProvider(server, google)],
    developerProviderName: 'login.our.company',
  });
});
afterAll(async () => {
  await google?.close();
  await server?.close();
});

const CREATED = '2019-05-06T07:08:09.123Z';
const MODIFIED = '2020-05-06T07:08:09.456Z';

const identityOf = (given: object = {}): Data => ({
  identityId: `us-east-1:${randomUUID()}`,
  creationDate: CREATED,
  lastModifiedDate: MODIFIED,
  ...given,
});

const SELECTION = 'importIdentities { identities { identityId status takenLogins error { code message } } }';
const bring = async (identities: Data[], more: object = {}): Promise<Data[]> => {
  const input = { identityPoolId: pool.id, identities, ...more };
  const answer = await mutate(server, SELECTION, input, server.admin);
  if (answer.errors) throw new Error(JSON.stringify(answer.errors));
  return answer.data.importIdentities.identities;
};
const statusOf = async (identity: Data, more: object = {}): Promise<string> =>
  (await bring([identity], more))[0].status;
const describeIdentity = async (id: string): Promise<Data> =>
  (
    await server.run(
      `query ($id: ID!) { identity(id: $id) {
         logins isAuthenticated isDisabled creationDate lastModifiedDate linkedLogins { provider subject } } }`,
      { id },
      server.admin,
    )
  ).identity;

describe('importIdentities', () => {
  test('makes identities with their ids and dates, and changes nothing the second time', async () => {
    const guest = identityOf();
    const disabled = identityOf({ isDisabled: true });

    const first = await bring([guest, disabled]);
    const again = await bring([guest, disabled]);

    expect(first).toEqual([
      { identityId: guest.identityId, status: 'CREATED', takenLogins: [], error: null },
      { identityId: disabled.identityId, status: 'CREATED', takenLogins: [], error: null },
    ]);
    expect(again.map(({ status }) => status)).toEqual(['UNCHANGED', 'UNCHANGED']);
    expect(await describeIdentity(guest.identityId)).toEqual({
      logins: [],
      linkedLogins: [],
      isAuthenticated: false,
      isDisabled: false,
      creationDate: CREATED,
      lastModifiedDate: MODIFIED,
    });
    expect((await describeIdentity(disabled.identityId)).isDisabled).toBe(true);
    expect((await getCredentials(server, guest.identityId)).accessToken).toEqual(expect.any(String));
  });

  test('links users of the developer provider and logins that are known for certain', async () => {
    const subject = randomUUID();
    const identity = identityOf({
      logins: [google.loginKey, 'login.our.company'],
      developerUserIdentifiers: [`${subject}-1`, `${subject}-2`],
      linkedLogins: [{ provider: google.loginKey, subject }],
    });

    const status = await statusOf(identity);

    expect(status).toBe('CREATED');
    expect(await describeIdentity(identity.identityId)).toMatchObject({
      isAuthenticated: true,
      lastModifiedDate: MODIFIED,
      linkedLogins: expect.arrayContaining([
        { provider: google.loginKey, subject },
        { provider: 'login.our.company', subject: `${subject}-1` },
        { provider: 'login.our.company', subject: `${subject}-2` },
      ]),
    });
    expect((await getId(server, pool.id, [await loginOf(google, subject)])).id).toBe(identity.identityId);
  });

  test('names logins that another identity has, and links them when that has lost them', async () => {
    const subject = randomUUID();
    const owner = await getId(server, pool.id, [await loginOf(google, subject)]);
    const identity = identityOf({
      logins: [google.loginKey],
      linkedLogins: [{ provider: google.loginKey, subject }],
    });

    const [taken] = await bring([identity], { claimLogins: true });
    const claim = await tryGetCredentials(server, identity.identityId, [await loginOf(google, randomUUID())]);
    await mutate(
      server,
      'deleteIdentities { unprocessedIdentityIds { identityId } }',
      { identityIdsToDelete: [owner.id] },
      server.admin,
    );
    const [linked] = await bring([identity], { claimLogins: true });

    expect(taken).toMatchObject({ status: 'CREATED', takenLogins: [google.loginKey] });
    expect(refusalOf(claim).code).toBe('NOT_AUTHORIZED');
    expect(linked).toMatchObject({ status: 'UPDATED', takenLogins: [] });
    expect((await getId(server, pool.id, [await loginOf(google, subject)])).id).toBe(identity.identityId);
  });

  test('fails for one identity alone, saying why', async () => {
    const strange = identityOf({ linkedLogins: [{ provider: 'unknown.example', subject: 's' }] });
    const elsewhere = identityOf();
    const other = await createPool(server);
    await mutate(server, SELECTION, { identityPoolId: other.id, identities: [elsewhere] }, server.admin);
    const fine = identityOf();

    const outcomes = await bring([strange, elsewhere, fine]);

    expect(outcomes).toMatchObject([
      {
        status: 'FAILED',
        error: { code: 'INVALID_PARAMETER', message: expect.stringContaining('unknown.example') },
      },
      { status: 'FAILED', error: { code: 'RESOURCE_CONFLICT' } },
      { status: 'CREATED', error: null },
    ]);
    expect(
      await rowsOf(server, 'SELECT 1 FROM identities WHERE identity_id = $1', [strange.identityId]),
    ).toEqual([]);
  });

  test('leaves an identity alone that was made here, whatever the source says of its id', async () => {
    const { id: identityId } = await getId(server, pool.id);
    const claims = { logins: [google.loginKey], developerUserIdentifiers: [randomUUID()] };

    const outcomes = await bring([identityOf({ identityId, ...claims })], { claimLogins: true });

    expect(outcomes).toMatchObject([{ status: 'FAILED', error: { code: 'RESOURCE_CONFLICT' } }]);
    expect(await describeIdentity(identityId)).toMatchObject({ logins: [], isAuthenticated: false });
  });

  test.each([
    ['creationDate', '+275760-09-13T00:00:00.000Z'],
    ['creationDate', '-004000-01-01T00:00:00.000Z'],
    ['creationDate', '0000-01-01T00:00:00.000Z'],
    ['lastModifiedDate', '-005000-01-01T00:00:00.000Z'],
  ])('refuses a %s that cannot be kept: %s', async (field, date) => {
    const input = { identityPoolId: pool.id, identities: [identityOf({ [field]: date })] };
    const refused = refusalOf(await mutate(server, SELECTION, input, server.admin));

    expect(refused).toMatchObject({ code: 'INVALID_PARAMETER', field: `identities[0].${field}` });
  });

  test('may be called twice at the same time', async () => {
    const identities = [identityOf({ logins: [google.loginKey] }), identityOf()];

    const both = await Promise.all([1, 2, 3].map(() => bring(identities)));

    expect(both.flat().map(({ error }) => error)).toEqual(Array(6).fill(null));
    expect(both.flat().filter(({ status }) => status === 'CREATED')).toHaveLength(2);
  });

  test('links no login to an identity that was disabled in the meantime', async () => {
    const { identityId } = identityOf();
    await bring([identityOf({ identityId, isDisabled: true })]);
    const node = await createDataSource({ url: server.database.url, poolSize: 1 }).initialize();
    const source = {
      ...identityOf({ identityId }),
      developerUserIdentifiers: [randomUUID()],
      linkedLogins: [],
    };
    const row = await node.getRepository(IdentityPool).findOneByOrFail({ id: pool.id });

    const outcome = await linkKnownLogins(serviceContext(node), row, source as never).catch(
      (error: unknown) => error,
    );
    await node.destroy();

    expect(outcome).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect((await describeIdentity(identityId)).linkedLogins).toEqual([]);
  });

  test('brings no identity back that was deleted here', async () => {
    const identity = identityOf();
    await bring([identity]);
    await mutate(
      server,
      'deleteIdentities { unprocessedIdentityIds { identityId } }',
      { identityIdsToDelete: [identity.identityId] },
      server.admin,
    );

    expect(await statusOf({ ...identity, lastModifiedDate: CREATED })).toBe('DELETED_HERE');
    expect(
      await rowsOf(server, 'SELECT 1 FROM identities WHERE identity_id = $1', [identity.identityId]),
    ).toEqual([]);
  });

  test('disables one that was merged at the source, whose login its survivor can have then', async () => {
    const user = randomUUID();
    const developer = { logins: ['login.our.company'], developerUserIdentifiers: [user] };
    const loser = identityOf(developer);
    const survivor = identityOf();
    await bring([loser, survivor]);
    const merged = {
      ...loser,
      isDisabled: true,
      logins: [],
      developerUserIdentifiers: [],
      lastModifiedDate: '2022-01-01T00:00:00.000Z',
    };

    const [disabled] = await bring([merged]);
    const [linked] = await bring([{ ...survivor, ...developer }]);

    expect([disabled.status, linked.status]).toEqual(['UPDATED', 'UPDATED']);
    expect(await describeIdentity(loser.identityId)).toMatchObject({ isDisabled: true, logins: [] });
    expect((await describeIdentity(survivor.identityId)).linkedLogins).toEqual([
      { provider: 'login.our.company', subject: user },
    ]);
  });

  test('does not disable one that is in use here since, nor enable one that was disabled here', async () => {
    const used = identityOf();
    const retired = identityOf();
    await bring([used, retired]);
    await getCredentials(server, used.identityId);
    await rowsOf(server, 'UPDATE identities SET disabled_at = now() WHERE identity_id = $1', [
      retired.identityId,
    ]);

    expect(await statusOf({ ...used, isDisabled: true })).toBe('DIVERGED');
    expect(await statusOf({ ...retired, lastModifiedDate: '2022-01-01T00:00:00.000Z' })).toBe('DIVERGED');
    expect((await describeIdentity(used.identityId)).isDisabled).toBe(false);
    expect((await describeIdentity(retired.identityId)).isDisabled).toBe(true);
  });

  test('does not disable one that was in use here before it changed at the source', async () => {
    const used = identityOf();
    await bring([used]);
    await getCredentials(server, used.identityId);
    const changed = { ...used, lastModifiedDate: '2021-06-01T00:00:00.000Z' };

    expect(await statusOf(changed)).toBe('UPDATED');
    expect(await statusOf({ ...changed, isDisabled: true })).toBe('DIVERGED');
    expect((await describeIdentity(used.identityId)).isDisabled).toBe(false);
  });

  test('counts identities on the day that they were made', async () => {
    const { id: identityPoolId } = await createPool(server);
    const input = {
      identityPoolId,
      identities: [identityOf({ logins: ['graph.facebook.com'] }), identityOf()],
    };
    await mutate(server, SELECTION, input, server.admin);

    const rows = await rowsOf(
      server,
      'SELECT day, provider, sum(created)::int AS created FROM identity_counts WHERE identity_pool_id = $1 GROUP BY 1, 2 ORDER BY 2',
      [identityPoolId],
    );
    expect(rows).toEqual([
      { day: '2019-05-06', provider: '', created: 2 },
      { day: '2019-05-06', provider: 'graph.facebook.com', created: 1 },
    ]);
  });

  test('remembers which run came across an identity, changed or not, for who asks', async () => {
    const identity = identityOf();
    await bring([identity], { runId: 'first' });
    await bring([identity], { runId: 'second' });

    const query = `query ($input: ImportedIdentitiesInput!) {
      importedIdentities(input: $input) { identityId runId datasets { datasetName } } }`;
    const input = { identityPoolId: pool.id, identityIds: [identity.identityId, identityOf().identityId] };
    const { importedIdentities } = await server.run(query, { input }, server.admin);

    expect(importedIdentities).toEqual([{ identityId: identity.identityId, runId: 'second', datasets: [] }]);
  });

  test('remembers the later of two runs that came across an identity at the same time', async () => {
    const identity = identityOf();
    await bring([identity], { runId: '2026-02' });
    await bring([identity], { runId: '2026-01' });
    await bring([{ ...identity, lastModifiedDate: '2021-01-01T00:00:00.000Z' }], { runId: '2026-01' });

    const query = `query ($input: ImportedIdentitiesInput!) { importedIdentities(input: $input) { runId } }`;
    const input = { identityPoolId: pool.id, identityIds: [identity.identityId] };
    expect(await server.run(query, { input }, server.admin)).toEqual({
      importedIdentities: [{ runId: '2026-02' }],
    });
  });

  test('answers nothing about identities of another pool', async () => {
    const identity = identityOf();
    await bring([identity]);
    const other = await createPool(server);
    const query = `query ($input: ImportedIdentitiesInput!) { importedIdentities(input: $input) { identityId } }`;
    const input = { identityPoolId: other.id, identityIds: [identity.identityId] };

    expect(await server.run(query, { input }, server.admin)).toEqual({ importedIdentities: [] });
  });
});
