/**
 * That a dataset was written or deleted. Never what was written: whoever hears of it pulls, so that each reader is
 * authorized by itself and a notice that comes twice, late or never does no harm.
 */
export interface DatasetChange {
  identityPoolId: string;
  identityId: string;
  datasetName: string;
  /** The dataset's count after the change; the one that it was deleted at, for a deletion. */
  syncCount: number;
  /** The device that wrote; null for one that gave no name, for administrators, deletions and merges. */
  deviceId: string | null;
  /** Default false. */
  isDeleted?: boolean;
  /**
   * The first count of the unbroken run of this device's writes that ends with `syncCount`, when several changes were
   * joined to one. Default `syncCount`.
   */
  firstSyncCount?: number;
}

/** What has a place among the changes of a dataset. */
export interface DatasetPlace {
  syncCount: number;
  isDeleted?: boolean;
}

/** Whether `a` came after `b`: a deletion has the count of the write before it, and the next write a higher one. */
export const isAfter = (a: DatasetPlace, b: DatasetPlace): boolean =>
  a.syncCount > b.syncCount || (a.syncCount === b.syncCount && a.isDeleted === true && b.isDeleted !== true);

/** The first count of the run that a change ends. */
export const firstOf = ({ firstSyncCount, syncCount }: DatasetChange): number => firstSyncCount ?? syncCount;

/**
 * Two changes of one dataset as one, whichever came first: the later one, which goes on with the run of the earlier if
 * the same device made both and nobody came in between.
 */
export const joined = (a: DatasetChange, b: DatasetChange): DatasetChange => {
  const [earlier, later] = isAfter(a, b) ? [b, a] : [a, b];
  return isOneRun(earlier, later) ? { ...later, firstSyncCount: firstOf(earlier) } : later;
};

const isOneRun = (earlier: DatasetChange, later: DatasetChange): boolean =>
  later.deviceId !== null &&
  earlier.deviceId === later.deviceId &&
  firstOf(later) <= earlier.syncCount + 1 &&
  firstOf(earlier) < firstOf(later);
