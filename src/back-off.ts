/** Milliseconds: the first wait, and the longest. */
export interface Waits {
  first: number;
  longest: number;
}

/**
 * Milliseconds to wait after so many failures in a row: the first wait, doubling to the longest, half of it by `chance`
 * (0 to 1), so that those who failed together do not come back together; and not less than the other side asked for.
 */
export const backOff = (
  { first, longest }: Waits,
  failures: number,
  chance: number,
  retryAfterSeconds = 0,
): number => {
  const full = Math.min(longest, first * 2 ** Math.min(Math.max(0, failures - 1), 30));
  return Math.round(Math.max(full / 2, retryAfterSeconds * 1000) + (full / 2) * chance);
};
