import type { Context } from '../context';
import { DAY_MS } from '../utc-day';

/** Days that mutations are remembered (S46). */
const MUTATION_DAYS = 30;
/** Rows that one statement removes. */
const MUTATIONS = 5000;

/** Forgets what came of mutations of more than 30 days ago (S46); any number of nodes may do so at once. Answers how many. */
export const sweepMutations = async (ctx: Context): Promise<number> => {
  const until = new Date(ctx.now().getTime() - MUTATION_DAYS * DAY_MS);
  let total = 0;
  for (;;) {
    const [, count] = (await ctx.db.query(
      `DELETE FROM sync_mutations WHERE ctid = ANY (ARRAY(
         SELECT ctid FROM sync_mutations WHERE created_at < $1 ORDER BY created_at LIMIT ${MUTATIONS}
         FOR UPDATE SKIP LOCKED))`,
      [until],
    )) as [unknown, number];
    total += count;
    if (count < MUTATIONS) return total;
  }
};
