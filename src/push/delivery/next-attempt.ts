import { backOff, type Waits } from '../../back-off';
import { DAY_MS } from '../../utc-day';

const WAITS: Waits = { first: 5_000, longest: 3_600_000 };

/** Milliseconds after a change that a device is told of it at the latest: it will synchronize when it is used. */
export const GIVE_UP_AFTER = DAY_MS;

/** What came of one attempt that is to be repeated. */
export interface FailedAttempt {
  /** How many there were, this one included. */
  attempts: number;
  /** What the platform asked for. */
  retryAfterSeconds?: number | undefined;
  /** When the dataset got to the count. */
  pendingSince: Date;
  now: Date;
}

/**
 * When to try again: after 5 seconds, doubling to an hour; see `backOff`. Undefined when that is a day after the change.
 */
export const nextAttemptAt = (
  { attempts, retryAfterSeconds, pendingSince, now }: FailedAttempt,
  chance: number = Math.random(),
): Date | undefined => {
  const at = now.getTime() + backOff(WAITS, attempts, chance, retryAfterSeconds);
  return at > pendingSince.getTime() + GIVE_UP_AFTER ? undefined : new Date(at);
};
