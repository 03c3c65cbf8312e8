import fc from 'fast-check';
import { partsOf, type DatasetSource } from '../../src/cli/import-cognito/record-parts';

const DATE = new Date('2020-01-01T00:00:00.000Z');

const record = (key: string, syncCount: number, value: string | null = 'v') => ({
  key,
  value,
  syncCount,
  lastModifiedDate: DATE,
});

const dataset = (records: DatasetSource['records'], syncCount: number, lastSyncCount = 0): DatasetSource => ({
  syncCount,
  lastSyncCount,
  creationDate: DATE,
  lastModifiedDate: DATE,
  records,
});

describe('the parts of a dataset', () => {
  it('are one where it is small, as it was listed', () => {
    const source = dataset([record('a', 4), record('b', 5)], 7, 3);

    expect(partsOf(source)).toEqual([source]);
  });

  it('are one without records, too', () => {
    expect(partsOf(dataset([], 7))).toEqual([dataset([], 7)]);
  });

  it('take the later of two records of a key, which was written while it was listed', () => {
    const [part] = partsOf(dataset([record('a', 1, 'old'), record('b', 2), record('a', 3, 'new')], 3));

    expect(part?.records).toEqual([record('b', 2), record('a', 3, 'new')]);
  });

  it('go on from each other in the order of counts, and the last alone has the date of the whole', () => {
    const [first, second, ...more] = partsOf(
      dataset([record('a', 4), record('b', 5), record('c', 5)], 7, 3),
      1,
    );

    expect(more).toEqual([]);
    expect(first).toMatchObject({ lastSyncCount: 3, syncCount: 4, records: [{ key: 'a' }] });
    expect(first?.lastModifiedDate).not.toEqual(DATE);
    expect(second).toMatchObject({ lastSyncCount: 4, syncCount: 7, lastModifiedDate: DATE });
    expect(second?.records.map(({ key }) => key)).toEqual(['b', 'c']);
  });

  it('have every record once, between the counts of their part, whatever the limit', () => {
    const records = fc.uniqueArray(fc.tuple(fc.string({ maxLength: 4 }), fc.integer({ min: 1, max: 9 })), {
      selector: ([key]) => key,
    });
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 2000 }), (given, limit) => {
        const parts = partsOf(
          dataset(
            given.map(([key, count]) => record(key, count)),
            9,
          ),
          limit,
        );

        const all = parts.flatMap((part) => part.records.map(({ key, syncCount }) => [key, syncCount]));
        expect(new Map(all as [string, number][])).toEqual(new Map(given));
        expect(all).toHaveLength(given.length);
        parts.forEach((part, at) => {
          const from = at === 0 ? 0 : Number(parts[at - 1]?.syncCount);
          expect(part.lastSyncCount).toBe(from);
          for (const { syncCount } of part.records) {
            expect(Number(syncCount)).toBeGreaterThan(from);
            expect(Number(syncCount)).toBeLessThanOrEqual(Number(part.syncCount));
          }
        });
        expect(parts.at(-1)?.syncCount).toBe(9);
      }),
    );
  });
});
