import fc from 'fast-check';
import { changesIn } from '../../src/sync/trigger/trigger-answer';
import { toTriggerEvent, withChanges, type TriggerRecord } from '../../src/sync/trigger/trigger-event';
import type { UpdatePatch } from '../../src/sync/merge';

const ADDRESS = { identityPoolId: 'us-east-1:0', identityId: 'us-east-1:1', datasetName: 'd' };

const key = fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'constructor', 'é', '😀', '\uffee');
const value = fc.option(fc.constantFrom('', 'x', 'y', 'z'));

const standing = fc.uniqueArray(fc.record({ key, value, syncCount: fc.integer({ min: 1, max: 9 }) }), {
  selector: (r) => r.key,
});
const patches = fc.uniqueArray(fc.record({ key, value }), { selector: (patch) => patch.key }).map((all) =>
  all.map((patch): UpdatePatch => ({
    ...patch,
    op: patch.value === null ? 'remove' : 'replace',
    syncCount: 9,
  })),
);
const answered: fc.Arbitrary<Partial<TriggerRecord>> = fc.record(
  { newValue: value, oldValue: value, op: fc.constantFrom('replace', 'remove') },
  { requiredKeys: [] },
);

/** What a trigger does to the records that it is shown: leaves one alone, leaves it out, or says something else. */
const answers = fc.array(fc.tuple(key, fc.oneof(fc.constant('leave out' as const), answered)), {
  maxLength: 9,
});

/** The live records after a call that writes `written`. */
const after = (records: { key: string; value: string | null }[], written: UpdatePatch[]) => {
  const all = new Map(records.map((record) => [record.key, record.value]));
  for (const patch of written) all.set(patch.key, patch.op === 'remove' ? null : (patch.value ?? null));
  return new Map([...all].filter(([, found]) => found !== null).sort());
};

const wanted = ({ op, newValue }: Partial<TriggerRecord>): string | null =>
  op === 'remove' ? null : (newValue ?? null);

test('what is written is what the patches make of the dataset, but for what the trigger said of a key', () => {
  fc.assert(
    fc.property(standing, patches, answers, (records, sent, said) => {
      const event = toTriggerEvent('us-east-1', ADDRESS, records, sent);
      const datasetRecords = new Map<string, Partial<TriggerRecord>>(Object.entries(event.datasetRecords));
      for (const [name, each] of said)
        if (each === 'leave out') datasetRecords.delete(name);
        else datasetRecords.set(name, each);
      const answer = JSON.stringify({ ...event, datasetRecords: Object.fromEntries(datasetRecords) });

      const changes = changesIn(event, answer);
      const written = withChanges(sent, changes, records);

      const expected = after(records, sent);
      for (const [name, each] of datasetRecords) {
        const found = wanted(each);
        if (found === null) expected.delete(name);
        else expected.set(name, found);
      }
      expect(after(records, written)).toEqual(new Map([...expected].sort()));
      // Each key once, each based on the record that the trigger was shown, and nothing that nobody wanted.
      expect(new Set(written.map((patch) => patch.key)).size).toBe(written.length);
      for (const patch of written) {
        const record = records.find((each) => each.key === patch.key);
        expect(patch).toMatchObject({ syncCount: record?.syncCount ?? 0, onStale: 'REJECT' });
        expect(sent.some((each) => each.key === patch.key) || changes.has(patch.key)).toBe(true);
      }
    }),
  );
});

test('a trigger that answers what it was sent changes nothing', () => {
  fc.assert(
    fc.property(standing, patches, (records, sent) => {
      const event = toTriggerEvent('us-east-1', ADDRESS, records, sent);

      expect(changesIn(event, JSON.stringify(event))).toEqual(new Map());
    }),
  );
});
