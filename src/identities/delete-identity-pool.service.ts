import { IsNull, Not } from 'typeorm';
import { inTransaction, type Context } from '../context';
import { changed } from '../db/reference-cache';
import { IdentityPool } from '../identity-pools/identity-pool.entity';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool, lockPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { parse } from '../validate';

/** Identities or logins that one statement removes. */
const BATCH = 500;
/** Records or other rows of an identity that one statement removes. */
const ROWS = 5000;
/** A call waits for this many batches; what is left is removed in the background. */
const BATCHES_WITHIN_CALL = 40;

/**
 * Deletes a pool with everything in it; not undoable. The pool is gone for everybody at once. Its identities and their
 * data are removed in small transactions: some before the call answers, the rest by `purgeDeletedPools`; so is what
 * fails then, since the pool is deleted already.
 * @throws RESOURCE_NOT_FOUND
 */
export const deleteIdentityPool = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<IdentityPool> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  const action = 'cognito-identity:DeleteIdentityPool';
  const pool = await authorizedPool(ctx, action, identityPoolId);
  await inTransaction(ctx, async (tx) => {
    await lockPool(tx, identityPoolId);
    await changed(tx, 'identity-pool', identityPoolId);
    await tx.db.update(IdentityPool, { id: identityPoolId }, { deletedAt: tx.now() });
    await recordPoolChange(tx, action, pool, { identityPoolName: pool.name });
  });
  await purge(ctx, identityPoolId, BATCHES_WITHIN_CALL).catch((error: unknown) =>
    ctx.log.warn({ err: error, identityPoolId }, 'a deleted pool could not be emptied yet'),
  );
  return pool;
};

/** Goes on with pools whose deletion was cut short, by a restart or by their size. */
export const purgeDeletedPools = async (ctx: Context): Promise<void> => {
  const pools = await ctx.db.find(IdentityPool, { where: { deletedAt: Not(IsNull()) }, take: 100 });
  for (const pool of pools) await purge(ctx, pool.id, Infinity);
};

const purge = async (ctx: Context, identityPoolId: string, batches: number): Promise<void> => {
  for (let done = 0; done < batches; done += 1) {
    if ((await purgeBatch(ctx, identityPoolId)) > 0) continue;
    // Rows that another node has in hand are skipped, so to find nothing to do is not yet to find nothing left.
    const gone = await deleteRows(
      ctx,
      `identity_pools p WHERE p.identity_pool_id = $1 AND p.deleted_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM identities i WHERE i.identity_pool_id = p.identity_pool_id)`,
      identityPoolId,
    );
    if (gone === 0) {
      // Rows that were committed just after the batch are left, or another node has them.
      if ((await purgeBatch(ctx, identityPoolId)) === 0) return;
      continue;
    }
    // A node with an old copy of the pool may have signed somebody in, or written records, until then; neither logins nor
    // events have a foreign key.
    await deleteRows(ctx, 'logins WHERE identity_pool_id = $1', identityPoolId);
    await deleteRows(ctx, 'sync_events WHERE identity_pool_id = $1', identityPoolId);
    return;
  }
};

/** Removes one kind of what is left, so many rows at most; answers how many, 0 when another node has the rest in hand. */
const purgeBatch = async (ctx: Context, identityPoolId: string): Promise<number> => {
  for (const rows of [LOGINS, DEVICE_TOKENS, EVENTS, RECORDS, HISTORY, MUTATIONS, SESSIONS, IDENTITIES]) {
    const count = await deleteRows(ctx, rows, identityPoolId);
    if (count > 0) return count;
  }
  return 0;
};

const deleteRows = async (ctx: Context, rows: string, identityPoolId: string): Promise<number> => {
  const [, count] = (await ctx.db.query(`DELETE FROM ${rows}`, [identityPoolId])) as [unknown, number];
  return count;
};

// Arrays are made once, whatever the planner guesses; a subselect with a limit might be run for each row.
const LOGINS = `logins WHERE login_key = ANY (ARRAY(
  SELECT login_key FROM logins WHERE identity_pool_id = $1 ORDER BY login_key LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`;

const DEVICE_TOKENS = LOGINS.replaceAll('logins', 'device_tokens').replaceAll('login_key', 'token_hash');

/** Nobody is told any more. */
const EVENTS = `sync_events WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM sync_events WHERE identity_pool_id = $1 LIMIT ${ROWS} FOR UPDATE SKIP LOCKED))`;

/** Rows that hang on the next identities; an identity may have a million. */
const hangingOn = (table: string): string => `${table} WHERE ctid = ANY (ARRAY(
  SELECT ctid FROM ${table}
    WHERE identity_id = ANY (ARRAY(
      SELECT identity_id FROM identities WHERE identity_pool_id = $1 ORDER BY identity_id LIMIT ${BATCH}))
    LIMIT ${ROWS} FOR UPDATE SKIP LOCKED))`;

const RECORDS = hangingOn('records');
const HISTORY = hangingOn('record_history');
const MUTATIONS = hangingOn('sync_mutations');
const SESSIONS = hangingOn('used_sync_sessions');

/** Only those that nothing but a few datasets and the reverse side of logins goes along with, by foreign keys. */
const IDENTITIES = `identities WHERE identity_id = ANY (ARRAY(
  SELECT i.identity_id FROM identities i
    WHERE i.identity_pool_id = $1
      AND NOT EXISTS (SELECT 1 FROM records r WHERE r.identity_id = i.identity_id)
      AND NOT EXISTS (SELECT 1 FROM record_history h WHERE h.identity_id = i.identity_id)
      AND NOT EXISTS (SELECT 1 FROM sync_mutations m WHERE m.identity_id = i.identity_id)
      AND NOT EXISTS (SELECT 1 FROM used_sync_sessions s WHERE s.identity_id = i.identity_id)
    ORDER BY i.identity_id LIMIT ${BATCH} FOR UPDATE SKIP LOCKED))`;
