import { inTransaction } from '../../src/context';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import {
  createPool,
  getCredentials,
  getId,
  loginOf,
  registerProvider,
  type Data,
} from '../support/factories';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { startTestServer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';
import { credentialsOf, pull, write } from './merge-world';

let server: TestServer;
let issuer: TestIdentityProvider;
let pool: Data;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  pool = await createPool(server, { openIdConnectProviderARNs: [await registerProvider(server, issuer)] });
  await inTransaction(serviceContext(server.dataSource), (tx) =>
    changeSyncConfiguration(tx, pool.id, () => ({ foldStrategy: 'MERGED_WINS' })),
  );
});
afterAll(async () => {
  await issuer?.close();
  await server?.close();
});

const preview = async (identityId: string): Promise<Data> => {
  const data = await server.run(
    `query ($input: PreviewMergeInput!) { previewMerge(input: $input) {
       datasetCount merges { datasets { from to foldedInto } } } }`,
    { input: { identityPoolId: pool.id, identityId, logins: [await loginOf(issuer, 'ada')] } },
  );
  return data.previewMerge;
};

test('S59: a guest who signs in finds its data in the datasets of the identity that it is merged into, as the preview said', async () => {
  const { id } = await getId(server, pool.id, [await loginOf(issuer, 'ada')]);
  const ada = (await getCredentials(server, id, [await loginOf(issuer, 'ada')])).accessToken;
  await write(server, ada, 'profile', ['theme', 'dark']);
  const { id: guest } = await getId(server, pool.id);
  const token = (await getCredentials(server, guest)).accessToken;
  await write(server, token, 'profile', ['theme', 'light']);
  await write(server, token, 'game', ['level', '3']);

  const planned = await preview(guest);
  const { accessToken } = await credentialsOf(server, guest, [await loginOf(issuer, 'ada')]);

  expect(planned).toEqual({
    datasetCount: 2,
    merges: [
      {
        datasets: [
          { from: 'game', to: `game.${guest}`, foldedInto: 'game' },
          { from: 'profile', to: `profile.${guest}`, foldedInto: 'profile' },
        ],
      },
    ],
  });
  expect(await pull(server, accessToken, 'profile')).toEqual({
    datasetSyncCount: 2,
    datasetExists: true,
    mergedDatasetNames: [],
    records: [{ key: 'theme', value: 'light', syncCount: 2 }],
  });
  expect((await pull(server, accessToken, 'game')).records).toMatchObject([{ key: 'level', value: '3' }]);
});
