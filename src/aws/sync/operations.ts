import { listRecords } from '../../sync/list-records.service';
import { integer, string, structure } from '../members/shapes';
import { operation } from '../operation';
import { poolId } from '../identity/members';
import type { RestOperation } from '../protocols/rest-json';

/** The operations of Cognito Sync, model 2014-06-30. */
export const SYNC_OPERATIONS: RestOperation[] = [
  {
    method: 'GET',
    uri: '/identitypools/{IdentityPoolId}/identities/{IdentityId}/datasets/{DatasetName}/records',
    query: { lastSyncCount: 'LastSyncCount' },
    operation: operation(
      'ListRecords',
      structure({
        identityPoolId: poolId,
        identityId: poolId,
        datasetName: string({ min: 1, max: 128, pattern: '[a-zA-Z0-9_.:-]+' }),
        lastSyncCount: integer().optional(),
      }),
      async (ctx, input) => {
        const listing = await listRecords(ctx, input);
        return { Count: listing.count, DatasetSyncCount: listing.datasetSyncCount };
      },
    ),
  },
];
