import { sendGraphql } from '../../support/server';
import { Refusal, type Caller, type Door, type Pull, type Update } from '../door';

const RECORD = 'key value syncCount lastModifiedBy';

const LIST_RECORDS = `query ($input: ListRecordsInput!) { listRecords(input: $input) {
  records { ${RECORD} } datasetSyncCount datasetExists datasetDeletedAfterRequestedSyncCount
  mergedDatasetNames nextToken syncSessionToken } }`;

const UPDATE_RECORDS = `mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) {
  records { ${RECORD} } datasetSyncCount } }`;

const DELETE_DATASET = `mutation ($input: DeleteDatasetInput!) { deleteDataset(input: $input) { dataset { syncCount } } }`;

const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
  identityId credentials { accessKeyId secretKey sessionToken accessToken } } }`;

/** The GraphQL door over real HTTP. */
export const graphqlDoor = (url: string): Door => {
  const call = async (document: string, variables: object, caller?: Caller): Promise<any> => {
    const { data, errors } = await sendGraphql(url, { query: document, variables }, caller?.bearer);
    if (!errors) return data;
    const { message, extensions } = errors[0]!;
    const { code, ...fields } = extensions;
    throw new Refusal(code as string, message, fields);
  };
  return {
    name: 'GraphQL',
    errorsHaveFields: true,
    createIdentityPool: async (caller, input) => {
      const data = await call(
        `mutation ($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { id } } }`,
        { input },
        caller,
      );
      return { identityPoolId: data.createIdentityPool.identityPool.id };
    },
    getId: async (input) =>
      (await call('mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }', { input })).getId,
    getCredentialsForIdentity: async (input) => {
      const { identityId, credentials } = (await call(GET_CREDENTIALS, { input })).getCredentialsForIdentity;
      const { accessKeyId, secretKey, sessionToken, accessToken } = credentials;
      return {
        identityId,
        credentials: { accessKeyId, secretAccessKey: secretKey, sessionToken, bearer: accessToken },
      };
    },
    describeIdentity: async (caller, id) =>
      (await call('query ($id: ID!) { identity(id: $id) { logins } }', { id }, caller)).identity,
    deleteIdentities: async (caller, identityIdsToDelete) => {
      await call(
        `mutation ($input: DeleteIdentitiesInput!) { deleteIdentities(input: $input) { unprocessedIdentityIds { identityId } } }`,
        { input: { identityIdsToDelete } },
        caller,
      );
    },
    listDatasets: async (caller, id) => {
      const document = 'query ($id: ID!) { identity(id: $id) { datasets { nodes { name } } } }';
      const { identity } = await call(document, { id }, caller);
      return identity.datasets.nodes.map(({ name }: { name: string }) => name);
    },
    sync: (caller) => ({
      listRecords: async (input: Pull) => (await call(LIST_RECORDS, { input }, caller)).listRecords,
      updateRecords: async (input: Update) =>
        (await call(UPDATE_RECORDS, { input: withEnum(input) }, caller)).updateRecords,
      deleteDataset: async (input) => (await call(DELETE_DATASET, { input }, caller)).deleteDataset.dataset,
    }),
  };
};

const withEnum = (update: Update) => ({
  ...update,
  recordPatches: update.recordPatches.map((patch) => ({ ...patch, op: patch.op.toUpperCase() })),
});
