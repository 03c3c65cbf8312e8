import fc from 'fast-check';
import type { SyncRecord } from '../../src/protocol/sync';
import { foldPatches, foldRecords } from '../../src/sync/fold-records';
import { FOLD_STRATEGIES } from '../../src/sync/fold-strategy';

const record = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', '😀', '\uffee'),
  value: fc.option(fc.constantFrom('', '1', '2', '10', '[1]', 'x')),
  syncCount: fc.integer({ min: 1, max: 9 }),
  lastModifiedDate: fc.constant(new Date(0)),
  lastModifiedBy: fc.constantFrom('phone', 'tablet'),
  deviceLastModifiedDate: fc.option(fc.constantFrom(new Date(1), new Date(2))),
});
const dataset = fc.uniqueArray(record, { selector: ({ key }) => key });
const rules = fc.record({
  strategy: fc.constantFrom(...FOLD_STRATEGIES),
  datasetName: fc.constant('d'),
  ruleSets: fc
    .constantFrom('LAST_WRITER' as const, 'MAX' as const, 'MIN' as const, 'SUM' as const, 'UNION' as const)
    .map((rule) => [
      {
        datasetPattern: '*',
        rules: [
          { keyPattern: '[ab]', rule },
          { keyPattern: '?', rule },
        ],
      },
    ]),
});

/** The records after the patches, by key. */
const after = (base: SyncRecord[], merged: SyncRecord[], given: Parameters<typeof foldRecords>[2]) => {
  const values = new Map(base.map(({ key, value }) => [key, value]));
  for (const { key, value } of foldPatches(foldRecords(base, merged, given))) values.set(key, value ?? null);
  return values;
};

test('S57: no key of either gets lost, and what only one has is as it was there', () => {
  fc.assert(
    fc.property(dataset, dataset, rules, (base, merged, given) => {
      const values = after(base, merged, given);

      for (const { key, value } of base)
        if (!merged.some((other) => other.key === key)) expect(values.get(key)).toBe(value);
      for (const { key, value } of merged)
        if (!base.some((other) => other.key === key)) expect(values.get(key) ?? null).toBe(value);
    }),
  );
});

test('S57: what is answered is what is there afterwards, each key once, in their order', () => {
  fc.assert(
    fc.property(dataset, dataset, rules, (base, merged, given) => {
      const records = foldRecords(base, merged, given);
      const values = after(base, merged, given);

      for (const { key, value, outcome } of records) {
        expect(values.get(key)).toBe(value);
        if (outcome === 'KEPT') expect(base.find((each) => each.key === key)?.value).toBe(value);
        if (outcome === 'TAKEN') expect(merged.find((each) => each.key === key)?.value).toBe(value);
      }
      const live = [...values].filter(([, value]) => value !== null).map(([key]) => key);
      expect(records.map(({ key }) => key)).toEqual(expect.arrayContaining(live));
      expect(new Set(records.map(({ key }) => key)).size).toBe(records.length);
    }),
  );
});

test('S57: by the last writer and by rules, it does not matter which of the two survives', () => {
  const symmetric = rules.filter(({ strategy }) => ['RULES', 'LAST_WRITER_WINS'].includes(strategy));
  const liveOf = (values: Map<string, string | null>) =>
    [...values].filter(([, value]) => value !== null).sort(([a], [b]) => (a < b ? -1 : 1));

  fc.assert(
    fc.property(dataset, dataset, symmetric, (base, merged, given) => {
      expect(liveOf(after(base, merged, given))).toEqual(liveOf(after(merged, base, given)));
    }),
  );
});
