import { backOff, type Waits } from '../../back-off';

/** The longest is also how late a target that is back is noticed. */
const WAITS: Waits = { first: 1000, longest: 300_000 };

/** Milliseconds to wait after so many failures in a row: 1 second, doubling to 5 minutes; see `backOff`. */
export const waitAfter = (failures: number, chance: number, retryAfterSeconds?: number): number =>
  backOff(WAITS, failures, chance, retryAfterSeconds);
