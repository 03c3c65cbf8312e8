import type { Context } from '../../context';
import type { DatasetChange } from '../../events/dataset-change';
import type { DatasetCount } from '../../sync/dataset-counts';
import { deviceOf, type DatasetOwner } from '../../sync/dataset-owner';

/** Where a dataset stands as the change that brought it there, for notices that were lost. */
export const changeOf = (ctx: Context, owner: DatasetOwner, count: DatasetCount): DatasetChange => ({
  identityPoolId: owner.identityPoolId,
  identityId: owner.identityId,
  datasetName: count.datasetName,
  syncCount: count.syncCount,
  isDeleted: count.isDeleted,
  deviceId: deviceOf(ctx, owner.identityId, count.lastModifiedBy),
});
