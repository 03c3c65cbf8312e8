import { bulkPublish, getBulkPublishDetails } from '../../streams/bulk/bulk-publish.service';
import { structure } from '../members/collections';
import { operation } from '../operation';
import type { RestOperation } from '../protocols/rest-json';
import { POOL, poolMembers } from './members';

/** Publishing all of a pool's datasets to its stream. */
export const bulkPublishOperations: RestOperation[] = [
  {
    method: 'POST',
    uri: `${POOL}/bulkpublish`,
    operation: operation('BulkPublish', structure(poolMembers), async (ctx, input) => ({
      IdentityPoolId: (await bulkPublish(ctx, input)).identityPoolId,
    })),
  },
  {
    method: 'POST',
    uri: `${POOL}/getBulkPublishDetails`,
    operation: operation('GetBulkPublishDetails', structure(poolMembers), async (ctx, input) => {
      const details = await getBulkPublishDetails(ctx, input);
      return {
        IdentityPoolId: details.identityPoolId,
        BulkPublishStartTime: details.bulkPublishStartTime,
        BulkPublishCompleteTime: details.bulkPublishCompleteTime,
        BulkPublishStatus: details.bulkPublishStatus,
        FailureMessage: details.failureMessage,
      };
    }),
  },
];
