import type { Context } from '../context';
import type { Identity } from './identity.entity';

/** `last_active_at` may lie this far behind: an identity that is busy all day costs one write an hour. */
export const ACTIVITY_PRECISION_MS = 3_600_000;

/**
 * Notes that an identity is in use. Call it before a token or credentials are issued, so that nobody who deletes idle
 * guests takes it for one. One statement, at most once an hour.
 */
export const markActive = async (ctx: Context, { id, lastActiveAt }: Identity): Promise<void> => {
  const now = ctx.now();
  const outdated = new Date(now.getTime() - ACTIVITY_PRECISION_MS);
  if (lastActiveAt > outdated) return;
  await ctx.db.query(
    `UPDATE identities SET last_active_at = $2 WHERE identity_id = $1 AND last_active_at <= $3`,
    [id, now, outdated],
  );
};
