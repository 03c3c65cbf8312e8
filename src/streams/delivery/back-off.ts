/** Milliseconds: the first wait, and the longest, which is also how late a target that is back is noticed. */
const FIRST_MS = 1000;
const LONGEST_MS = 300_000;

/**
 * Milliseconds to wait after so many failures in a row: 1 second, doubling to 5 minutes, at least what the target asked
 * for. `random`, 0 to 1, takes up to half of it off, so that nodes and datasets do not all come back at once.
 */
export const backOff = (failures: number, random: number, retryAfterSeconds = 0): number => {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1));
  return Math.max(Math.round(full * (1 - random / 2)), retryAfterSeconds * 1000);
};
