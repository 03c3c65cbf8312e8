import type { DatasetChange } from '../../../src/events/dataset-change';
import { NOTHING_TOLD, isWorthTelling, positionAfter, positionAt } from '../../../src/push/live/position';
import type { RecordListing } from '../../../src/sync/list-records.service';

const change = (syncCount: number, more: Partial<DatasetChange> = {}): DatasetChange => ({
  identityPoolId: 'us-east-1:pool',
  identityId: 'us-east-1:identity',
  datasetName: 'd',
  syncCount,
  deviceId: 'phone',
  ...more,
});

const listing = (more: Partial<RecordListing>): RecordListing => ({
  records: [],
  count: 0,
  datasetSyncCount: 0,
  datasetExists: true,
  datasetDeletedAfterRequestedSyncCount: false,
  lastModifiedBy: null,
  mergedDatasetNames: [],
  nextToken: null,
  syncSessionToken: '',
  ...more,
});

const AT_5 = positionAt({ syncCount: 5 });
const DELETED_AT_5 = positionAt({ syncCount: 5, isDeleted: true });

describe('a change is told', () => {
  it.each([
    ['when it is new', change(6), AT_5, 'tablet', true],
    ['when it is the one that was told last', change(5), AT_5, 'tablet', false],
    ['when it is older', change(4), AT_5, 'tablet', false],
    ['when the device wrote it itself', change(6), AT_5, 'phone', false],
    ['when nobody says which device listens', change(6), AT_5, null, true],
    ['when nobody says which device wrote', change(6, { deviceId: null }), AT_5, 'phone', true],
    ['when others wrote before it', change(7), AT_5, 'phone', true],
    ['when it ends a run of the device’s own', change(9, { firstSyncCount: 6 }), AT_5, 'phone', false],
    ['when others wrote before the run', change(9, { firstSyncCount: 7 }), AT_5, 'phone', true],
    ['when it deletes what was told', change(5, { isDeleted: true, deviceId: null }), AT_5, 'phone', true],
    [
      'when it was deleted and is told already',
      change(5, { isDeleted: true }),
      DELETED_AT_5,
      'tablet',
      false,
    ],
    ['when it brings a dataset back', change(7), DELETED_AT_5, 'tablet', true],
    ['when the device itself brings it back', change(7), DELETED_AT_5, 'phone', false],
    ['when the device brings back what it has not heard was deleted', change(7), AT_5, 'phone', true],
    ['when it is the first', change(1), NOTHING_TOLD, 'tablet', true],
    ['when it deletes what was never told', change(5, { isDeleted: true }), NOTHING_TOLD, 'tablet', false],
    [
      'when it deletes what came back and was not told',
      change(9, { isDeleted: true }),
      DELETED_AT_5,
      null,
      false,
    ],
  ] as const)('%s, or not', (...[, given, position, deviceId, expected]) => {
    expect(isWorthTelling(given, position, deviceId)).toBe(expected);
  });
});

describe('where a watcher stands', () => {
  it('is the change when nothing was pulled', () => {
    expect(positionAfter(change(6), undefined)).toEqual({ since: 6, syncCount: 6, isDeleted: false });
    expect(positionAfter(change(6, { isDeleted: true }), undefined)).toEqual({
      since: 0,
      syncCount: 6,
      isDeleted: true,
    });
  });

  it('is what the pull showed, which may be more than the change', () => {
    expect(positionAfter(change(6), listing({ datasetSyncCount: 8 })).syncCount).toBe(8);
  });

  it('is before the beginning when the pull found the dataset deleted', () => {
    expect(positionAfter(change(6), listing({ datasetExists: false }))).toEqual({
      since: 0,
      syncCount: 6,
      isDeleted: true,
    });
  });
});
