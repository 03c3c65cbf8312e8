import fc from 'fast-check';
import type { RunEvent } from '../../src/sync/event-runs';
import { waitAfter } from '../../src/streams/delivery/wait-after';
import { settle } from '../../src/streams/delivery/settle';
import { WAITING } from '../../src/streams/targets/put-in-order';
import { broken, DELIVERED, retry, type PutOutcome } from '../../src/streams/targets/stream-target';

const NOW = new Date('2027-03-01T00:00:00Z');
const HOUR = 3_600_000;

const event = (change: Partial<RunEvent> = {}): RunEvent => ({
  identityId: 'i',
  datasetName: 'd',
  consumer: 'stream',
  identityPoolId: 'p',
  operation: 'replace',
  deviceId: null,
  payload: null,
  createdAt: NOW,
  syncCount: 1,
  attempts: 1,
  retriedAt: null,
  ...change,
});

const settled = (events: RunEvent[], outcomes: PutOutcome[]) =>
  settle(events, outcomes, { now: NOW, random: () => 1 });

test('What arrived is done; of a dataset only the first that did not is postponed', () => {
  const events = [1, 2, 3].map((syncCount) => event({ syncCount, attempts: syncCount === 1 ? 1 : 0 }));
  const other = event({ datasetName: 'e' });

  const { delivered, postponed, buried } = settled(
    [...events, other],
    [DELIVERED, retry('no'), retry('no'), DELIVERED],
  );

  expect(delivered).toEqual([events[0], other]);
  expect(postponed).toEqual([{ event: events[1], at: new Date(NOW.getTime() + 1000), failure: 'no' }]);
  expect(buried).toEqual([]);
});

test('One that waits for another event of its identity is due at once, whatever its age, and has no failure', () => {
  const old = event({ createdAt: new Date(NOW.getTime() - 48 * HOUR), attempts: 9 });

  expect(settled([event({ datasetName: 'e' }), old], [retry('no'), WAITING])).toMatchObject({
    postponed: [{ failure: 'no' }, { event: old, at: NOW, failure: null }],
    buried: [],
  });
});

test.each([
  ['after 24 hours', { createdAt: new Date(NOW.getTime() - 24 * HOUR), attempts: 3 }, true],
  ['not a moment before', { createdAt: new Date(NOW.getTime() - 24 * HOUR + 1), attempts: 300 }, false],
  ['not before its third attempt', { createdAt: new Date(NOW.getTime() - 240 * HOUR), attempts: 2 }, false],
  [
    'not within 24 hours after it was put back in line',
    {
      createdAt: new Date(NOW.getTime() - 240 * HOUR),
      retriedAt: new Date(NOW.getTime() - HOUR),
      attempts: 9,
    },
    false,
  ],
])('It is given up %s', (_when, change, isBuried) => {
  const given = event(change);

  const { buried } = settled([given, event({ datasetName: 'e' })], [retry('no'), DELIVERED]);

  expect(buried).toEqual(isBuried ? [{ event: given, failure: 'no' }] : []);
});

test('A broken target is told of, and its events are due as soon as it is mended', () => {
  const given = event();

  const { brokenBy, postponed, refusedBy } = settled([given], [broken('gone')]);

  expect([brokenBy, refusedBy]).toEqual(['gone', undefined]);
  expect(postponed).toEqual([{ event: given, at: NOW, failure: 'gone' }]);
});

test('It is the target that refuses when nothing of several identities arrived, with the longest wait that it asked for', () => {
  const events = [event(), event({ identityId: 'j' }), event({ datasetName: 'f' })];

  expect(settled(events, [retry('no', 5), retry('busy', 70), WAITING]).refusedBy).toEqual({
    reason: 'no',
    retryAfterSeconds: 70,
  });
  expect(settled(events, [retry('no'), DELIVERED, retry('no')]).refusedBy).toBeUndefined();
  expect(
    settled([event(), event({ datasetName: 'e' })], [retry('no'), retry('no')]).refusedBy,
  ).toBeUndefined();
  expect(settled(events, [retry('no'), WAITING, WAITING]).refusedBy).toBeUndefined();
});

test('Whatever the outcomes, no event is in two places, and none of a dataset is done behind one that is not', () => {
  const outcome = fc.constantFrom<PutOutcome>(
    DELIVERED,
    retry('no'),
    retry('no', 9),
    WAITING,
    broken('gone'),
  );
  const given = fc.array(
    fc.record({ datasetName: fc.constantFrom('a', 'b', 'c'), outcome, hours: fc.constantFrom(0, 30) }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(given, (items) => {
      const events = items.map(({ datasetName, hours }, at) =>
        event({
          datasetName,
          syncCount: at + 1,
          attempts: 3,
          createdAt: new Date(NOW.getTime() - hours * HOUR),
        }),
      );
      const { delivered, postponed, buried } = settled(
        events,
        items.map((item) => item.outcome),
      );
      const stopped = [...postponed, ...buried].map((each) => each.event);
      const all = [...delivered, ...stopped].map(({ syncCount }) => syncCount);

      expect(new Set(all).size).toBe(all.length);
      expect(new Set(stopped.map(({ datasetName }) => datasetName)).size).toBe(stopped.length);
      for (const { datasetName, syncCount } of stopped)
        expect(
          delivered.filter((done) => done.datasetName === datasetName && done.syncCount > syncCount),
        ).toEqual([]);
    }),
  );
});

test('Waits double from a second to 5 minutes, half of each by chance, and begin with what the target asked for', () => {
  const waits = [0, 1, 2, 3, 9, 10, 1000].map((failures) => waitAfter(failures, 1));

  expect(waits).toEqual([1000, 1000, 2000, 4000, 256_000, 300_000, 300_000]);
  expect(waitAfter(3, 0)).toBe(2000);
  expect(waitAfter(3, 0.5, 100)).toBe(101_000);
  expect(waitAfter(10, 1, 1)).toBe(300_000);
});
