import type { Context } from '../context';

/**
 * Forgets counters in PostgreSQL whose window is over; any number of nodes may do so at once. Those in Redis end by
 * themselves, but what was counted here before Redis was configured holds addresses of callers, so it is swept then too.
 */
export const sweepCounters = async (ctx: Context): Promise<void> => {
  // The library counts by the machine's own clock.
  await ctx.db.query('DELETE FROM rate_limits WHERE expire < $1', [Date.now()]);
};
