import { graphql, type GraphQLSchema } from 'graphql';
import { buildSchemaSync } from 'type-graphql';
import { SyncResolver } from '../../src/sync/sync.resolver';
import { startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;
let schema: GraphQLSchema;

beforeAll(async () => {
  world = await startWorld();
  schema = buildSchemaSync({ resolvers: [SyncResolver], validate: false });
});
afterAll(() => world?.stop());

test('a device writes, pulls and deletes over GraphQL without naming itself', async () => {
  const contextValue = await world.newIdentity();
  const run = async (source: string) =>
    JSON.parse(JSON.stringify(await graphql({ schema, source, contextValue })));
  const written = await run(`mutation {
    updateRecords(input: { datasetName: "d", deviceId: "phone", recordPatches: [
      { op: REPLACE, key: "b", value: "1", syncCount: "0", deviceLastModifiedDate: "2027-02-28T23:59:59.5Z" },
      { op: REMOVE, key: "a", syncCount: 0 }
    ] }) { records { key value syncCount lastModifiedBy deviceLastModifiedDate } datasetSyncCount
           dataset { id name numRecords dataStorage creationDate } }
  }`);
  const pulled = await run(`{ listRecords(input: { datasetName: "d", lastSyncCount: 0, maxResults: 1 }) {
    records { key value } count datasetSyncCount datasetExists mergedDatasetNames } }`);
  const deleted = await run(
    `mutation { deleteDataset(input: { datasetName: "d" }) { dataset { id syncCount } } }`,
  );
  const id = `${contextValue.actor.identityId}/d`;
  const common = { syncCount: 1, lastModifiedBy: 'phone' };
  expect(written).toEqual({
    data: {
      updateRecords: {
        records: [
          { key: 'a', value: null, deviceLastModifiedDate: null, ...common },
          { key: 'b', value: '1', deviceLastModifiedDate: '2027-02-28T23:59:59.500Z', ...common },
        ],
        datasetSyncCount: 1,
        dataset: { id, name: 'd', numRecords: 1, dataStorage: 2, creationDate: '2027-03-01T00:00:00.000Z' },
      },
    },
  });
  expect(pulled).toEqual({
    data: {
      listRecords: {
        records: [{ key: 'a', value: null }],
        count: 1,
        datasetSyncCount: 1,
        datasetExists: true,
        mergedDatasetNames: [],
      },
    },
  });
  expect(deleted).toEqual({ data: { deleteDataset: { dataset: { id, syncCount: 1 } } } });
});
