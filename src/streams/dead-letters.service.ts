import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { parse, text } from '../validate';

/** An event that the stream did not take in time. */
export interface DeadLetter {
  identityId: string;
  datasetName: string;
  syncCount: number;
  /** `remove` when the dataset was deleted. */
  operation: 'replace' | 'remove';
  /** Why, as a clause. */
  failure: string;
  attempts: number;
  /** When the change was made. */
  createdAt: Date;
  /** When it was given up. */
  buriedAt: Date;
}

const READ = 'cognito-sync:GetIdentityPoolConfiguration';

/** Where a page goes on: the members of the index that it is read by. */
const position = z.tuple([
  z.iso.datetime().refine((date) => date >= '1970'),
  text(0, 100),
  text(0, 1000),
  z.int().nonnegative(),
]);

const START: z.infer<typeof position> = ['1970-01-01T00:00:00.000Z', '', '', 0];

const readPosition = (after: string | null | undefined): z.infer<typeof position> => {
  const key = decodeCursor(after);
  return key === '' ? START : parse(z.object({ after: positionText }), { after: key }).after;
};

const positionText = z.string().transform((key, context) => {
  try {
    return position.parse(JSON.parse(key));
  } catch {
    const message = 'must come from an earlier page of this list';
    context.issues.push({ code: 'custom', message, input: undefined });
    return z.NEVER;
  }
});

/** The dead letters of a pool, those first that were given up first. @throws RESOURCE_NOT_FOUND */
export const listDeadLetters = async (
  ctx: Context,
  input: { identityPoolId: string; first?: number | null; after?: string | null },
): Promise<Page<DeadLetter>> => {
  const { identityPoolId, first, after } = parse(identityPoolIdInput.extend(pageRequest.shape), input);
  await authorizedPool(ctx, READ, identityPoolId);
  const rows: (DeadLetter & { syncCount: string })[] = await ctx.db.query(
    `SELECT identity_id AS "identityId", dataset_name AS "datasetName", sync_count AS "syncCount", operation,
            coalesce(failure, '') AS failure, attempts, created_at AS "createdAt", next_attempt_at AS "buriedAt"
       FROM sync_events
      WHERE identity_pool_id = $1 AND consumer = 'stream' AND is_dead
        AND (next_attempt_at, identity_id, dataset_name, sync_count) > ($2, $3, $4, $5)
      ORDER BY next_attempt_at, identity_id, dataset_name, sync_count LIMIT $6`,
    [identityPoolId, ...readPosition(after), first + 1],
  );
  const letters = rows.map((row) => ({ ...row, syncCount: Number(row.syncCount) }));
  return toPage(letters, first, ({ buriedAt, identityId, datasetName, syncCount }) =>
    JSON.stringify([buriedAt.toISOString(), identityId, datasetName, syncCount]),
  );
};

/** More than these are not counted. */
const MOST_COUNTED = 100_000;

/** How many events wait to be delivered, up to 100,000. @throws RESOURCE_NOT_FOUND */
export const countPendingEvents = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<number> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  await authorizedPool(ctx, READ, identityPoolId);
  const rows: { count: number }[] = await ctx.db.query(
    `SELECT count(*)::integer AS count FROM (
       SELECT 1 FROM sync_events WHERE identity_pool_id = $1 AND consumer = 'stream' AND NOT is_dead LIMIT ${MOST_COUNTED}
     ) pending`,
    [identityPoolId],
  );
  return rows[0]?.count ?? 0;
};

/** Letters that one call puts back. */
const MOST_RETRIED = 10_000;

const RETRY = 'cognito-sync:RetryDeadLetters';

/**
 * Puts dead letters back in line, up to 10,000, those first that were given up first: they have 24 hours again. Ours:
 * cognito-sync:RetryDeadLetters. Later events of their datasets may have been delivered already.
 * @throws RESOURCE_NOT_FOUND
 */
export const retryDeadLetters = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<{ identityPoolId: string; retriedCount: number }> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  const pool = await authorizedPool(ctx, RETRY, identityPoolId);
  return inTransaction(ctx, async (tx) => {
    const [, retriedCount] = (await tx.db.query(
      `UPDATE sync_events e SET is_dead = false, next_attempt_at = $2, retried_at = $2, attempts = 0
         FROM (
           SELECT identity_id, dataset_name, consumer, sync_count FROM sync_events
            WHERE identity_pool_id = $1 AND consumer = 'stream' AND is_dead
            ORDER BY next_attempt_at LIMIT ${MOST_RETRIED} FOR UPDATE SKIP LOCKED) dead
        WHERE e.identity_id = dead.identity_id AND e.dataset_name = dead.dataset_name AND e.consumer = dead.consumer
          AND e.sync_count = dead.sync_count`,
      [identityPoolId, tx.now()],
    )) as [unknown, number];
    await recordPoolChange(tx, RETRY, pool, { retriedCount });
    return { identityPoolId, retriedCount };
  });
};
