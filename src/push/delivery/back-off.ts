/** Milliseconds before the second attempt; doubled before each further one. */
const FIRST = 5_000;
/** Milliseconds at most, unless a platform asks for more. */
const LONGEST = 3_600_000;

/** Milliseconds after a change that a device is told of it at the latest: it will synchronize when it is used. */
export const GIVE_UP_AFTER = 86_400_000;

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
 * When to try again: after 5 seconds, doubling to an hour, half of it by chance so that those who failed together do
 * not come back together, and not before the platform wants it. Undefined when that is a day after the change.
 * `chance` is from 0 to 1.
 */
export const nextAttemptAt = (
  { attempts, retryAfterSeconds = 0, pendingSince, now }: FailedAttempt,
  chance: number = Math.random(),
): Date | undefined => {
  const full = Math.min(LONGEST, FIRST * 2 ** Math.min(attempts - 1, 30));
  const wait = Math.max(full / 2, retryAfterSeconds * 1000) + (full / 2) * chance;
  const at = now.getTime() + wait;
  return at > pendingSince.getTime() + GIVE_UP_AFTER ? undefined : new Date(at);
};
