import { IsNull, Not } from 'typeorm';
import { inTransaction, type Context } from '../context';
import { changed } from '../db/reference-cache';
import { IdentityPool } from '../identity-pools/identity-pool.entity';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool, lockPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import { parse } from '../validate';

const BATCH = 500;
/** A call waits for this many batches; what is left is removed in the background. */
const BATCHES_WITHIN_CALL = 20;

/**
 * Deletes a pool with everything in it; not undoable. The pool is gone for everybody at once. Its identities and their
 * data are removed in small transactions: 10,000 before the call answers, the rest by `purgeDeletedPools`.
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
  await purge(ctx, identityPoolId, BATCHES_WITHIN_CALL);
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
    await ctx.db.delete(IdentityPool, { id: identityPoolId, deletedAt: Not(IsNull()) });
    // A node with an old copy of the pool may have signed somebody in until then, and logins have no foreign key.
    while ((await deleteSome(ctx, 'logins', 'login_key', identityPoolId)) > 0);
    return;
  }
};

/** Identities take their logins' reverse side, datasets and records along by foreign keys. */
const purgeBatch = async (ctx: Context, identityPoolId: string): Promise<number> => {
  const logins = await deleteSome(ctx, 'logins', 'login_key', identityPoolId);
  const identities = await deleteSome(ctx, 'identities', 'identity_id', identityPoolId);
  return logins + identities;
};

const deleteSome = async (
  ctx: Context,
  table: 'logins' | 'identities',
  key: string,
  identityPoolId: string,
): Promise<number> => {
  const [, count] = (await ctx.db.query(
    `DELETE FROM ${table} WHERE ${key} IN (
       SELECT ${key} FROM ${table} WHERE identity_pool_id = $1 ORDER BY ${key} LIMIT ${BATCH})`,
    [identityPoolId],
  )) as [unknown, number];
  return count;
};
