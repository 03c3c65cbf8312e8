import { isAfter, joined, type DatasetChange } from '../../src/events/dataset-change';
import { fromPayload, toPayloads } from '../../src/events/payload';

const change = (syncCount: number, more: Partial<DatasetChange> = {}): DatasetChange => ({
  identityPoolId: 'us-east-1:pool',
  identityId: 'us-east-1:identity',
  datasetName: 'd',
  syncCount,
  deviceId: 'phone',
  ...more,
});

describe('of two changes', () => {
  it.each([
    ['a higher count', change(2), change(1), true],
    ['a lower count', change(1), change(2), false],
    ['the same', change(1), change(1), false],
    ['the deletion of a count', change(1, { isDeleted: true }), change(1), true],
    ['the write of a count that was deleted', change(1), change(1, { isDeleted: true }), false],
    ['a write after a deletion', change(3), change(1, { isDeleted: true }), true],
  ])('%s is after the other or not', (_what, a, b, expected) => {
    expect(isAfter(a, b)).toBe(expected);
  });
});

describe('two changes as one', () => {
  it('are the later one, whichever came first', () => {
    const [earlier, later] = [change(1, { deviceId: 'tablet' }), change(2)];

    expect(joined(earlier, later)).toEqual(later);
    expect(joined(later, earlier)).toEqual(later);
  });

  it('are a run when one device made both in a row, in either order', () => {
    expect(joined(change(2), change(1))).toEqual(change(2, { firstSyncCount: 1 }));
    expect(joined(change(1), change(2))).toEqual(change(2, { firstSyncCount: 1 }));
  });

  it('lengthen a run, and two runs make one', () => {
    const runs = [change(2, { firstSyncCount: 1 }), change(4, { firstSyncCount: 3 })] as const;

    expect(joined(...runs)).toEqual(change(4, { firstSyncCount: 1 }));
  });

  it.each([
    ['somebody came in between', change(1), change(3)],
    ['another device made the second', change(1, { deviceId: 'tablet' }), change(2)],
    ['nobody says which device it was', change(1, { deviceId: null }), change(2, { deviceId: null })],
  ])('are no run when %s', (_why, earlier, later) => {
    expect(joined(earlier, later)).toEqual(later);
  });

  it('keep the longer run of the same end', () => {
    const run = change(3, { firstSyncCount: 1 });

    expect(joined(run, change(3))).toEqual(run);
    expect(joined(change(3), run)).toEqual(run);
  });
});

describe('what nodes write to each other', () => {
  const whole = (each: DatasetChange): DatasetChange => ({
    firstSyncCount: each.syncCount,
    isDeleted: false,
    ...each,
  });

  it('is read as it was written', () => {
    const changes = [
      change(1),
      change(2, { deviceId: null, isDeleted: true }),
      change(9, { firstSyncCount: 4, deviceId: '"\\ ünïcode 👩‍👩‍👧‍👦' }),
    ];

    const [payload, ...more] = toPayloads('node', changes);

    expect(more).toEqual([]);
    expect(fromPayload(payload!)).toEqual({ node: 'node', changes: changes.map(whole) });
  });

  it('comes in payloads of less than 7,500 bytes, however long the names are', () => {
    const changes = Array.from({ length: 500 }, (_, at) =>
      change(at, { datasetName: 'x'.repeat(128), deviceId: '\u{1F600}'.repeat(128) }),
    );

    const payloads = toPayloads('node', changes);

    expect(Math.max(...payloads.map((payload) => Buffer.byteLength(payload)))).toBeLessThan(7500);
    expect(Math.min(...payloads.slice(0, -1).map((payload) => Buffer.byteLength(payload)))).toBeGreaterThan(
      6000,
    );
    expect(payloads.flatMap((payload) => fromPayload(payload)!.changes)).toEqual(changes.map(whole));
  });

  it('is nothing when there is nothing to tell', () => {
    expect(toPayloads('node', [])).toEqual([]);
  });

  it.each([
    ['no JSON', 'x'],
    ['null', 'null'],
    ['no changes', '{"node":"n"}'],
    ['a change of another form', '{"node":"n","changes":[{"identityId":"i"}]}'],
    ['changes that are none', '{"node":"n","changes":5}'],
  ])('is not understood when it is %s', (_what, text) => {
    expect(fromPayload(text)).toBeUndefined();
  });
});
