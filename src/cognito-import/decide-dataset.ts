import { invalidParameter, resourceConflict } from '../errors';

/** Where a dataset stands here; a deleted one is remembered by name. */
export interface DatasetHere {
  syncCount: number;
  isDeleted: boolean;
}

/** What the last import left of it. */
export interface DatasetRemembered extends DatasetHere {
  sourceCreatedAt: Date;
}

/** What its source says of it now: that it is there, or that it is gone. */
export type DatasetAtSource =
  | { isDeleted: true }
  | {
      isDeleted: false;
      syncCount: number;
      creationDate: Date;
      /** The count that its records were listed from: 0 for all. */
      lastSyncCount: number;
    };

/**
 * What is to be done: WHOLE replaces all that is here, CHANGES adds what is new, DELETE deletes it here too. UNCHANGED:
 * the source has nothing new. DIVERGED: it has, but the dataset was written here as well, and stays as it is.
 */
export type DatasetDecision = 'WHOLE' | 'CHANGES' | 'DELETE' | 'UNCHANGED' | 'DIVERGED';

/**
 * What an import does with one dataset. Whether it was written here shows in its count, which every write and every
 * deletion changes.
 * @throws INVALID_PARAMETER when all of its records are needed and were not listed; RESOURCE_CONFLICT when another import
 *   has not come as far as the records were listed from.
 */
export const decideDataset = (
  here: DatasetHere | undefined,
  remembered: DatasetRemembered | undefined,
  source: DatasetAtSource,
): DatasetDecision => {
  if (!remembered) return decideNew(here, source);
  if (isSame(remembered, source)) return 'UNCHANGED';
  if (here?.syncCount !== remembered.syncCount || here.isDeleted !== remembered.isDeleted) return 'DIVERGED';
  if (source.isDeleted) return 'DELETE';
  if (isMadeAgain(remembered, source) || source.lastSyncCount === 0)
    return requireWhole(source.lastSyncCount);
  if (source.lastSyncCount <= remembered.syncCount) return 'CHANGES';
  throw resourceConflict(
    `The import has come to the sync count ${remembered.syncCount} of this dataset; list its records from there.`,
    { field: 'lastSyncCount', importedSyncCount: remembered.syncCount },
  );
};

const decideNew = (here: DatasetHere | undefined, source: DatasetAtSource): DatasetDecision => {
  if (source.isDeleted) return 'UNCHANGED';
  return here ? 'DIVERGED' : requireWhole(source.lastSyncCount);
};

const isSame = (remembered: DatasetRemembered, source: DatasetAtSource): boolean =>
  source.isDeleted
    ? remembered.isDeleted
    : !remembered.isDeleted &&
      remembered.syncCount === source.syncCount &&
      remembered.sourceCreatedAt.getTime() === source.creationDate.getTime();

/** Deleted at the source and made again, so that nothing of its earlier life is to stay. */
const isMadeAgain = (
  remembered: DatasetRemembered,
  source: DatasetAtSource & { isDeleted: false },
): boolean =>
  remembered.isDeleted ||
  remembered.sourceCreatedAt.getTime() !== source.creationDate.getTime() ||
  source.syncCount < remembered.syncCount;

const requireWhole = (lastSyncCount: number): 'WHOLE' => {
  if (lastSyncCount === 0) return 'WHOLE';
  throw invalidParameter('lastSyncCount must be 0: all records of this dataset are needed', {
    field: 'lastSyncCount',
    importedSyncCount: 0,
  });
};
