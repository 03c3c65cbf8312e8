import { firstOf, isAfter, type DatasetChange, type DatasetPlace } from '../../events/dataset-change';
import type { RecordListing } from '../../sync/list-records.service';

/** What a subscription was told of a dataset last. Pure rules; numbers are those of sync's SPEC.md. */
export interface Position extends Required<DatasetPlace> {
  /** The count to pull from: what was told last, 0 when the dataset is not there. */
  since: number;
}

/** Of a dataset that nothing was told of. */
export const NOTHING_TOLD: Position = { since: 0, syncCount: 0, isDeleted: false };

/** Where somebody stands who knows all up to here. */
export const positionAt = ({ syncCount, isDeleted = false }: DatasetPlace): Position => ({
  since: isDeleted ? 0 : syncCount,
  syncCount,
  isDeleted,
});

/**
 * Whether a change has to be told to somebody at `position` on the device `deviceId`: it is new, it is not one that
 * follows what was told and was written by this very device alone, and it is not the end of a dataset never heard of.
 */
export const isWorthTelling = (change: DatasetChange, position: Position, deviceId: string | null): boolean =>
  isAfter(change, position) &&
  !isOwn(change, position, deviceId) &&
  !(change.isDeleted === true && position.since === 0);

/** A dataset that was deleted leaves a count out when it comes back (S23). */
const isOwn = (change: DatasetChange, position: Position, deviceId: string | null): boolean =>
  deviceId !== null &&
  change.deviceId === deviceId &&
  firstOf(change) <= position.syncCount + (position.isDeleted ? 2 : 1);

/** Where somebody stands who was told of a change with what a pull from `since` had shown by then, if there was one. */
export const positionAfter = (change: DatasetChange, listing: RecordListing | undefined): Position => {
  if (!listing) return positionAt(change);
  return listing.datasetExists
    ? positionAt({ syncCount: listing.datasetSyncCount })
    : positionAt({ syncCount: change.syncCount, isDeleted: true });
};
