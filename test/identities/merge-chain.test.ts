import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  createPool,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  rowsOf,
  tryGetCredentials,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let issuer: TestIdentityProvider;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
});
afterAll(() => Promise.all([server, issuer].map((each) => each?.close())));

/** So many identities, each merged into the next and the last into the survivor; answers the first. */
const chainTo = async (identityPoolId: string, survivor: string, length: number): Promise<string> => {
  const rows = await rowsOf(
    server,
    `WITH ids AS (
       SELECT place, 'us-east-1:' || gen_random_uuid() AS id FROM generate_series(1, $3::integer) AS place)
     INSERT INTO identities (identity_id, identity_pool_id, is_authenticated, disabled_at, merged_into,
       last_active_at, created_at, last_modified_at)
     SELECT id, $1, true, now(), lead(id, 1, $2) OVER (ORDER BY place), now(), now(), now() FROM ids ORDER BY place
     RETURNING identity_id`,
    [identityPoolId, survivor, length],
  );
  return rows[0].identity_id;
};

// Two logins that are merged and unlinked in turn make a chain of any length, by calls that need no credentials.
it('a chain of merges is followed to its end, in one look at the database, as long as nobody made it longer than that takes', async () => {
  const pool = await createPool(server, {
    openIdConnectProviderARNs: [await registerProvider(server, issuer)],
  });
  const logins = [await loginOf(issuer, 'ada')];
  const { id: survivor } = await getId(server, pool.id, logins);
  const honest = await chainTo(pool.id, survivor, 900);
  const endless = await chainTo(pool.id, survivor, 2_000);

  const [followed, given] = [
    refusalOf(await tryGetCredentials(server, honest, logins)),
    refusalOf(await tryGetCredentials(server, endless, logins)),
  ];

  expect(followed).toMatchObject({ code: 'NOT_AUTHORIZED', mergedInto: survivor });
  expect(given).toMatchObject({ code: 'NOT_AUTHORIZED', identityId: endless });
  expect(given).not.toHaveProperty('mergedInto');
});
