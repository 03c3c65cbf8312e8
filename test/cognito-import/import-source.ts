import type { Context } from '../../src/context';
import { importDataset, type DatasetImport } from '../../src/cognito-import/import-dataset.service';
import { importedIdentities } from '../../src/cognito-import/imported-identities.service';
import { importIdentities } from '../../src/cognito-import/import-identities.service';
import type { SyncRecord } from '../../src/protocol/sync';
import { describeDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { newRegionalId, type SyncWorld } from '../sync/sync-world';

/** Who imports. */
export const importer = (world: SyncWorld): Context => world.administrator('*');

/** An identity that was imported, without data. */
export const importIdentity = async (
  world: SyncWorld,
  identityId = newRegionalId(),
  rest: object = {},
): Promise<string> => {
  const dates = { creationDate: new Date('2020-01-01'), lastModifiedDate: new Date('2021-01-01') };
  const [outcome] = await importIdentities(importer(world), {
    identityPoolId: world.identityPoolId,
    identities: [{ identityId, ...dates, ...rest }],
  });
  expect(outcome?.error).toBeNull();
  return identityId;
};

/** All records of a dataset with a count above one, removed ones too. */
export const recordsOf = async (
  ctx: Context,
  datasetName: string,
  lastSyncCount = 0,
  identityId?: string,
): Promise<SyncRecord[]> => (await listRecords(ctx, { datasetName, lastSyncCount, identityId })).records;

/** How far the import of a dataset has come. */
export const importedCount = async (
  world: SyncWorld,
  identityId: string,
  datasetName: string,
): Promise<{ syncCount: number; isDeleted: boolean; sourceCreationDate: Date } | undefined> => {
  const [identity] = await importedIdentities(importer(world), {
    identityPoolId: world.identityPoolId,
    identityIds: [identityId],
  });
  return identity?.datasets.find((dataset) => dataset.datasetName === datasetName);
};

/** Brings a dataset of one identity to another as an importer does: what changed since the last time. */
export const bring = async (
  world: SyncWorld,
  from: Context,
  identityId: string,
  datasetName = 'd',
): Promise<DatasetImport> => {
  const to = { identityPoolId: world.identityPoolId, identityId, datasetName };
  const dataset = await describeDataset(from, { datasetName }).catch(() => undefined);
  if (!dataset) return importDataset(importer(world), to);
  const known = await importedCount(world, identityId, datasetName);
  const goesOn =
    known && !known.isDeleted && known.sourceCreationDate.getTime() === dataset.creationDate.getTime();
  const lastSyncCount = goesOn ? known.syncCount : 0;
  const records = await recordsOf(from, datasetName, lastSyncCount);
  return importDataset(importer(world), { ...to, source: { ...dataset, lastSyncCount, records } });
};
