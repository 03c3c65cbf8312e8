import { authorize } from '../../authorize';
import type { Context } from '../../context';
import { ServiceError } from '../../errors';
import type { DatasetChange } from '../../events/dataset-change';
import { datasetResource, deviceOf, type DatasetOwner } from '../../sync/dataset-owner';
import { listRecords, type RecordListing } from '../../sync/list-records.service';
import { positionAfter, type Position } from './position';

/** What somebody wants to hear of, and how. */
export interface Watch {
  owner: DatasetOwner;
  /** Null for all datasets of the owner. */
  datasetName: string | null;
  /** Changes that this device wrote are not told. */
  deviceId: string | null;
  /** What the device knows of each dataset; undefined when it wants to hear of what comes from now on only. */
  since: ReadonlyMap<string, number> | undefined;
  /** Whether the records that changed are wanted, too. */
  withChanges: boolean;
}

/** What is told of a change. */
export interface DatasetReport {
  identityId: string;
  datasetName: string;
  /** The count to pull, or to resume, from next time; 0 when the dataset was deleted. */
  syncCount: number;
  deviceId: string | null;
  isDeleted: boolean;
  /** What changed since the report before; undefined when it is not wanted. */
  changes: RecordListing | undefined;
  /** Why there are none though they are wanted. */
  problem: ServiceError | undefined;
}

/** The action that a watch needs. */
export const actionOf = (datasetName: string | null): string =>
  datasetName === null ? 'cognito-sync:ListDatasets' : 'cognito-sync:ListRecords';

/** @throws what `authorize` throws when the caller may not watch, or no more */
export const requireAllowed = (ctx: Context, { owner, datasetName }: Watch): void =>
  authorize(ctx, actionOf(datasetName), datasetResource(ctx, owner, datasetName));

/**
 * The report of a change, with what was written after `position.since` if that is wanted, and where the watcher stands
 * after it. @throws whatever `listRecords` throws
 */
export const reportOn = async (
  ctx: Context,
  watch: Watch,
  position: Position,
  change: DatasetChange,
): Promise<{ report: DatasetReport; position: Position }> => {
  const pulled = watch.withChanges ? await pull(ctx, watch, position, change) : {};
  const next = positionAfter(change, pulled.changes);
  const report = {
    identityId: watch.owner.identityId,
    datasetName: change.datasetName,
    syncCount: next.since,
    isDeleted: next.isDeleted,
    deviceId: writerOf(ctx, change, pulled.changes),
    changes: pulled.changes,
    problem: pulled.problem,
  };
  return { report, position: next };
};

interface Pulled {
  changes?: RecordListing;
  problem?: ServiceError;
}

/** Who watches all datasets may read some of them only: then there is a report, but no records. */
const pull = async (
  ctx: Context,
  watch: Watch,
  { since }: Position,
  { datasetName }: DatasetChange,
): Promise<Pulled> => {
  try {
    return { changes: await listRecords(ctx, { datasetName, lastSyncCount: since }) };
  } catch (error) {
    const isOfThisDataset = error instanceof ServiceError && error.code === 'ACCESS_DENIED';
    if (watch.datasetName === null && isOfThisDataset) return { problem: error };
    throw error;
  }
};

/** The pull may show a later write than the one that it was made for. */
const writerOf = (ctx: Context, change: DatasetChange, listing: RecordListing | undefined): string | null =>
  listing?.lastModifiedBy == null || listing.datasetSyncCount === change.syncCount
    ? change.deviceId
    : deviceOf(ctx, change.identityId, listing.lastModifiedBy);
