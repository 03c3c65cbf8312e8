import fc from 'fast-check';
import { GIVE_UP_AFTER, nextAttemptAt } from '../../../src/push/delivery/next-attempt';

const now = new Date('2027-03-01T00:00:00Z');

/** Milliseconds from now. */
const waitFor = (
  attempts: number,
  chance: number,
  more: { retryAfterSeconds?: number; pendingSince?: Date } = {},
): number | undefined => {
  const at = nextAttemptAt({ attempts, now, pendingSince: now, ...more }, chance);
  return at && at.getTime() - now.getTime();
};

test('Waits double from 5 seconds to an hour, half of each by chance', () => {
  expect([1, 2, 3, 10, 11, 1000].map((attempts) => waitFor(attempts, 1))).toEqual([
    5_000, 10_000, 20_000, 2_560_000, 3_600_000, 3_600_000,
  ]);
  expect([1, 2, 3].map((attempts) => waitFor(attempts, 0))).toEqual([2_500, 5_000, 10_000]);
});

test('A platform that names a time is not asked before it, nor by all devices at that very moment', () => {
  expect(waitFor(1, 0, { retryAfterSeconds: 900 })).toBe(900_000);
  expect(waitFor(1, 1, { retryAfterSeconds: 900 })).toBe(902_500);
});

test('Nothing is tried later than a day after the change', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 86_400 }),
      fc.integer({ min: 0, max: 2 * GIVE_UP_AFTER }),
      (attempts, chance, retryAfterSeconds, age) => {
        const pendingSince = new Date(now.getTime() - age);
        const wait = waitFor(attempts, chance, { retryAfterSeconds, pendingSince });
        if (wait === undefined) return age + 3_600_000 + retryAfterSeconds * 1000 > GIVE_UP_AFTER;
        return wait >= retryAfterSeconds * 1000 && wait + age <= GIVE_UP_AFTER;
      },
    ),
  );
});
