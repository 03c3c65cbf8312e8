import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { createPool, registerProvider, tryGetCredentials, type Data, type Login } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

/** Two nodes on one database with a pool of two issuers and a developer provider. */
export interface MergeWorld {
  server: TestServer;
  otherNode: TestServer;
  google: TestIdentityProvider;
  github: TestIdentityProvider;
  pool: Data;
  close(): Promise<void>;
}

export const DEVELOPER = 'login.my.app';

/** Opens it; close it in `afterAll`. */
export const openMergeWorld = async (): Promise<MergeWorld> => {
  const [server, google, github] = await Promise.all([
    startTestServer(),
    startIdentityProvider(),
    startIdentityProvider(),
  ]);
  const otherNode = await startTestServer({ database: server.database });
  const openIdConnectProviderARNs = [
    await registerProvider(server, google),
    await registerProvider(server, github),
  ];
  const pool = await createPool(server, { openIdConnectProviderARNs, developerProviderName: DEVELOPER });
  return {
    server,
    otherNode,
    google,
    github,
    pool,
    close: async () => {
      await Promise.all([google.close(), github.close(), otherNode.close()]);
      await server.close();
    },
  };
};

/** Credentials of an identity and the id of the one they are for, which may be another. */
export const credentialsOf = async (
  node: TestServer,
  identityId: string,
  logins?: Login[],
): Promise<{ identityId: string; accessToken: string }> => {
  const { data, errors } = await tryGetCredentials(node, identityId, logins);
  if (errors) throw new Error(JSON.stringify(errors));
  const { identityId: id, credentials } = data.getCredentialsForIdentity;
  return { identityId: id, accessToken: credentials.accessToken };
};

/** Writes one value to a dataset of the caller's. */
export const write = async (
  node: TestServer,
  bearer: string,
  datasetName: string,
  [key, value]: [key: string, value: string],
): Promise<void> => {
  await node.run(
    'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }',
    { input: { datasetName, recordPatches: [{ op: 'REPLACE', key, value, syncCount: 0 }] } },
    bearer,
  );
};

/** All of a dataset of the caller's. */
export const pull = async (node: TestServer, bearer: string, datasetName: string): Promise<Data> => {
  const data = await node.run(
    `query ($input: ListRecordsInput!) { listRecords(input: $input) {
       datasetSyncCount datasetExists mergedDatasetNames records { key value syncCount } } }`,
    { input: { datasetName } },
    bearer,
  );
  return data.listRecords;
};

/** What an administrator sees of an identity. */
export const describeIdentity = async (node: TestServer, id: string): Promise<Data> => {
  const data = await node.run(
    'query ($id: ID!) { identity(id: $id) { id logins isDisabled mergedInto { id } } }',
    { id },
    node.admin,
  );
  return data.identity;
};
