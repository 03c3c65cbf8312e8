import { REMEMBERED_DAYS, sweepDeletedIdentities } from '../../src/identities/deleted-identities';
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
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { fakeClock, serviceContext } from '../support/service-context';

const DAY = 24 * 3600;
const clock = fakeClock(new Date());

let server: TestServer;
let issuer: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer({ now: clock.now }), startIdentityProvider()]);
  pool = await createPool(server, { openIdConnectProviderARNs: [await registerProvider(server, issuer)] });
});
afterAll(() => Promise.all([server, issuer].map((each) => each?.close())));

const DELETE =
  'mutation ($input: DeleteIdentitiesInput!) { deleteIdentities(input: $input) { unprocessedIdentityIds { identityId } } }';

const erase = (id: string): Promise<Data> =>
  server.run(DELETE, { input: { identityIdsToDelete: [id] } }, server.admin);

const deletedGuest = async (): Promise<string> => {
  const { id } = await getId(server, pool.id);
  await erase(id);
  return id;
};

const LIST = 'query ($input: ListRecordsInput!) { listRecords(input: $input) { count } }';

describe('a deleted identity', () => {
  it('is named as such to whoever comes back with its id, so that a client can start a new guest', async () => {
    const id = await deletedGuest();
    const openIdToken = 'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }';

    const answers = [
      await tryGetCredentials(server, id),
      await tryGetCredentials(server, id, [await loginOf(issuer, 'ada')]),
      await server.graphql(openIdToken, { input: { identityId: id } }),
    ];

    for (const answer of answers)
      expect(refusalOf(answer)).toMatchObject({ code: 'IDENTITY_DELETED', field: 'identityId' });
    expect((await getCredentials(server, (await getId(server, pool.id)).id)).accessToken).toBeDefined();
  });

  it('is told so with the credentials that it still has', async () => {
    const { id } = await getId(server, pool.id);
    const { accessToken } = await getCredentials(server, id);
    await erase(id);

    const answers = [
      await server.graphql(LIST, { input: { datasetName: 'd' } }, accessToken),
      await server.graphql('{ viewer { id } }', {}, accessToken),
    ];

    for (const answer of answers) expect(refusalOf(answer).code).toBe('IDENTITY_DELETED');
  });

  it('is another thing than an id that never was', async () => {
    const unknown = 'us-east-1:00000000-0000-4000-8000-000000000000';

    expect(refusalOf(await tryGetCredentials(server, unknown)).code).toBe('RESOURCE_NOT_FOUND');
  });

  it('leaves nothing that its id can be read from', async () => {
    const id = await deletedGuest();

    const rows = await rowsOf(server, 'SELECT identity_key FROM deleted_identities');

    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain(id);
  });

  it('that was an idle guest is remembered too', async () => {
    const { id } = await getId(server, pool.id);
    clock.advance(3 * DAY);
    const input = {
      identityPoolId: pool.id,
      idleSince: new Date(clock.now().getTime() - 2 * DAY * 1000).toISOString(),
      dryRun: false,
    };
    await server.run(
      'mutation ($input: DeleteIdleGuestsInput!) { deleteIdleGuests(input: $input) { count } }',
      { input },
      server.admin,
    );

    expect(refusalOf(await tryGetCredentials(server, id)).code).toBe('IDENTITY_DELETED');
  });

  it('is forgotten after 400 days', async () => {
    const id = await deletedGuest();
    const ctx = serviceContext(server.dataSource, { now: clock.now });

    clock.advance(REMEMBERED_DAYS * DAY - 60);
    await sweepDeletedIdentities(ctx);
    const before = refusalOf(await tryGetCredentials(server, id)).code;
    clock.advance(120);
    await sweepDeletedIdentities(ctx);
    const after = refusalOf(await tryGetCredentials(server, id)).code;

    expect([before, after]).toEqual(['IDENTITY_DELETED', 'RESOURCE_NOT_FOUND']);
  });
});
