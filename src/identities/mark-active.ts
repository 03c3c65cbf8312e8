import type { Context } from '../context';
import { identityForbidden } from '../errors';
import type { Identity } from './identity.entity';
import { findIdentity } from './identity-state';

/** `last_active_at` may lie this far behind: an identity that is busy all day costs one write an hour. */
export const ACTIVITY_PRECISION_MS = 3_600_000;

/**
 * Notes that an identity is in use. Call it before a token or credentials are issued, so that nobody who deletes idle
 * guests takes it for one. One statement, at most once an hour.
 * @throws RESOURCE_NOT_FOUND, IDENTITY_DELETED, NOT_AUTHORIZED for one that was deleted or disabled since it was read.
 */
export const markActive = async (ctx: Context, { id, lastActiveAt }: Identity): Promise<void> => {
  const now = ctx.now();
  const outdated = new Date(now.getTime() - ACTIVITY_PRECISION_MS);
  if (lastActiveAt > outdated) return;
  const [, marked] = (await ctx.db.query(
    `UPDATE identities SET last_active_at = $2
     WHERE identity_id = $1 AND last_active_at <= $3 AND disabled_at IS NULL`,
    [id, now, outdated],
  )) as [unknown, number];
  if (marked === 0) await requireLive(ctx, id);
};

/** Another call may have noted it at the same time; or whoever deletes idle guests was faster. */
const requireLive = async (ctx: Context, identityId: string): Promise<void> => {
  const { disabledAt } = await findIdentity(ctx, identityId);
  if (disabledAt !== null) throw identityForbidden(identityId);
};
