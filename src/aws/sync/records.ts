import { LIMITS } from '../../protocol/limits';
import { PATCH_OPERATIONS, type SyncRecord } from '../../protocol/sync';
import { listRecords, type RecordListing } from '../../sync/list-records.service';
import { updateRecords } from '../../sync/update-records.service';
import { list, structure } from '../members/collections';
import { enumeration, integer, string, timestamp } from '../members/shapes';
import { operation } from '../operation';
import type { RestOperation } from '../protocols/rest-json';
import { DATASET, PAGE_QUERY, datasetMembers, pageMembers } from './members';

const recordPatch = structure({
  op: enumeration(...PATCH_OPERATIONS),
  key: string({ min: 1, max: LIMITS.recordKeyLength }),
  value: string({ max: LIMITS.recordValueLength }).optional(),
  syncCount: integer(),
  deviceLastModifiedDate: timestamp().optional(),
});

/** A removed record has a Value of null: so clients know that it was. */
const toRecord = (record: SyncRecord): object => ({
  Key: record.key,
  Value: record.value,
  SyncCount: record.syncCount,
  LastModifiedDate: record.lastModifiedDate,
  LastModifiedBy: record.lastModifiedBy,
  DeviceLastModifiedDate: record.deviceLastModifiedDate,
});

/** AWS has null, not an empty list, where no dataset was merged. */
const toListing = (listing: RecordListing): object => ({
  Records: listing.records.map(toRecord),
  NextToken: listing.nextToken,
  Count: listing.count,
  DatasetSyncCount: listing.datasetSyncCount,
  LastModifiedBy: listing.lastModifiedBy,
  MergedDatasetNames: listing.mergedDatasetNames.length > 0 ? listing.mergedDatasetNames : null,
  DatasetExists: listing.datasetExists,
  DatasetDeletedAfterRequestedSyncCount: listing.datasetDeletedAfterRequestedSyncCount,
  SyncSessionToken: listing.syncSessionToken,
});

/** Operations on the records of a dataset. */
export const recordOperations: RestOperation[] = [
  {
    method: 'GET',
    uri: `${DATASET}/records`,
    query: { ...PAGE_QUERY, lastSyncCount: 'LastSyncCount', syncSessionToken: 'SyncSessionToken' },
    operation: operation(
      'ListRecords',
      structure({
        ...datasetMembers,
        ...pageMembers(LIMITS.recordsPerPage),
        lastSyncCount: integer().optional(),
        syncSessionToken: string().optional(),
      }),
      async (ctx, input) => toListing(await listRecords(ctx, input)),
    ),
  },
  {
    method: 'POST',
    uri: DATASET,
    operation: operation(
      'UpdateRecords',
      structure({
        ...datasetMembers,
        deviceId: string({ min: 1, max: LIMITS.deviceIdLength }).optional(),
        recordPatches: list(recordPatch).optional(),
        syncSessionToken: string(),
      }),
      async (ctx, input) => ({ Records: (await updateRecords(ctx, input)).records.map(toRecord) }),
    ),
  },
];
