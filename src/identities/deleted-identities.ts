import { createHash } from 'node:crypto';
import type { Context } from '../context';
import { DAY_MS } from '../utc-day';
import { DeletedIdentity } from './deleted-identity.entity';

/** Days that it is remembered that an identity was deleted; a device that comes back later finds a wrong id. */
export const REMEMBERED_DAYS = 400;

/** Rows that one statement removes, so that none takes long. */
const BATCH = 5000;

const keyOf = (identityId: string): string => createHash('sha256').update(identityId).digest('hex');

/**
 * Remembers that identities were deleted, for 400 days, by hashes of their ids alone. Call it in the transaction that
 * deletes them. Identities that go with their pool are not remembered: nobody can start anew there.
 */
export const rememberDeleted = async (tx: Context, identityIds: string[]): Promise<void> => {
  const rows = identityIds.map((id) => ({ key: keyOf(id), deletedAt: tx.now() }));
  await tx.db.createQueryBuilder().insert().into(DeletedIdentity).values(rows).orIgnore().execute();
};

/** Whether there was such an identity. */
export const wasDeleted = (ctx: Context, identityId: string): Promise<boolean> =>
  ctx.db.existsBy(DeletedIdentity, { key: keyOf(identityId) });

/** Forgets deletions of more than 400 days ago; any number of nodes may do so at once. Answers how many. */
export const sweepDeletedIdentities = async (ctx: Context): Promise<number> => {
  const oldest = new Date(ctx.now().getTime() - REMEMBERED_DAYS * DAY_MS);
  const [, count] = (await ctx.db.query(
    `DELETE FROM deleted_identities WHERE identity_key IN (
       SELECT identity_key FROM deleted_identities WHERE deleted_at < $1 ORDER BY deleted_at LIMIT ${BATCH})`,
    [oldest],
  )) as [unknown, number];
  return count;
};
