import type { Context } from '../context';
import { forgetDeviceTokens } from './device-rows';
import { changeUsage } from './pool-usage';
import { usageShardOf } from './sync-configuration';

/**
 * Removes all that sync holds of identities, and takes what it held off their pools' usage (S55): datasets with their
 * records, history, mutations and sessions, and what no foreign key takes along: tokens of devices, and events that were
 * not delivered yet.
 * Call it in the transaction that erases the identities, when they are locked, and late: the pool's usage stays locked
 * until it commits.
 */
export const forgetOwner = async (tx: Context, identityIds: string[]): Promise<void> => {
  // Whoever writes to one of them at this moment comes first; what it wrote is seen by the statements after this one.
  const datasets: { identity_pool_id: string; data_storage: string }[] = await tx.db.query(
    `SELECT identity_pool_id, data_storage FROM datasets WHERE identity_id = ANY ($1)
     ORDER BY identity_id, dataset_name FOR UPDATE`,
    [identityIds],
  );
  await forgetDeviceTokens(tx, identityIds);
  await tx.db.query('DELETE FROM sync_events WHERE identity_id = ANY ($1)', [identityIds]);
  await tx.db.query('DELETE FROM datasets WHERE identity_id = ANY ($1)', [identityIds]);
  const held = new Map<string, number>();
  for (const { identity_pool_id: pool, data_storage } of datasets)
    held.set(pool, (held.get(pool) ?? 0) + Number(data_storage));
  for (const pool of [...held.keys()].sort())
    await changeUsage(tx, pool, { bytes: -(held.get(pool) ?? 0), shard: usageShardOf(identityIds[0] ?? '') });
};
