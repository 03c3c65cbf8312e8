import type { Context } from '../context';

/** Forgets counters whose window is over; any number of nodes may do so at once. */
export const sweepCounters = async (ctx: Context): Promise<void> => {
  // The library counts by the machine's own clock.
  await ctx.db.query('DELETE FROM rate_limits WHERE expire < $1', [Date.now()]);
};
