import { decideDataset, type DatasetAtSource } from '../../src/cognito-import/decide-dataset';

const MADE = new Date('2020-01-01T00:00:00.000Z');
const there = (syncCount: number, lastSyncCount = 0, creationDate = MADE): DatasetAtSource => ({
  isDeleted: false,
  syncCount,
  lastSyncCount,
  creationDate,
});
const GONE: DatasetAtSource = { isDeleted: true };
const at = (syncCount: number, isDeleted = false) => ({ syncCount, isDeleted });
const imported = (syncCount: number, isDeleted = false) => ({
  ...at(syncCount, isDeleted),
  sourceCreatedAt: MADE,
});
const AGAIN = new Date('2020-01-02T00:00:00.000Z');

describe('an import of a dataset', () => {
  it.each([
    ['that is new is taken whole', undefined, undefined, there(3), 'WHOLE'],
    ['that was made here under the same name is left alone', at(1), undefined, there(3), 'DIVERGED'],
    ['that was made and deleted here is left alone', at(1, true), undefined, there(3), 'DIVERGED'],
    ['that is at neither place does nothing', undefined, undefined, GONE, 'UNCHANGED'],
    ['that did not change does nothing', at(3), imported(3), there(3, 3), 'UNCHANGED'],
    ['that changed here alone does nothing', at(5), imported(3), there(3, 3), 'UNCHANGED'],
    ['that changed there alone adds what is new', at(3), imported(3), there(5, 3), 'CHANGES'],
    ['that changed at both places is left alone', at(4), imported(3), there(5, 3), 'DIVERGED'],
    ['that was deleted here is left alone', at(3, true), imported(3), there(5, 3), 'DIVERGED'],
    ['that was made again there is taken whole', at(3), imported(3), there(5, 0, AGAIN), 'WHOLE'],
    ['whose counts began anew is taken whole', at(3), imported(3), there(1, 0), 'WHOLE'],
    ['that is gone is deleted', at(3), imported(3), GONE, 'DELETE'],
    ['that is gone and changed here is left alone', at(4), imported(3), GONE, 'DIVERGED'],
    ['that was deleted here for it does nothing', at(3, true), imported(3, true), GONE, 'UNCHANGED'],
    ['that came back after that is taken whole', at(3, true), imported(3, true), there(5), 'WHOLE'],
    ['that was made here after that is left alone', at(5), imported(3, true), there(5), 'DIVERGED'],
  ] as const)('%s', (...[, here, remembered, source, decision]) => {
    expect(decideDataset(here, remembered, source)).toBe(decision);
  });

  it('asks for all records of one that is new', () => {
    expect(() => decideDataset(undefined, undefined, there(5, 3))).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETER',
        fields: { field: 'lastSyncCount', importedSyncCount: 0 },
      }),
    );
  });

  it('leaves no gap between two imports', () => {
    expect(() => decideDataset(at(3), imported(3), there(9, 5))).toThrow(
      expect.objectContaining({
        code: 'RESOURCE_CONFLICT',
        fields: { field: 'lastSyncCount', importedSyncCount: 3 },
      }),
    );
  });
});
