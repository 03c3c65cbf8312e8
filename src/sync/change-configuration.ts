import type { Context } from '../context';
import { changed } from '../db/reference-cache';
import { lockPool } from '../identity-pools/identity-pool.service';
import { defaultSyncConfiguration } from './sync-configuration';
import { SyncConfiguration } from './sync-configuration.entity';

/**
 * Changes how a pool synchronizes: `change` is given what holds now and answers the members that become different.
 * For use in a transaction, by services that have authorized the caller; changes of one pool wait for each other.
 * @throws RESOURCE_NOT_FOUND
 */
export const changeSyncConfiguration = async (
  tx: Context,
  identityPoolId: string,
  change: (current: SyncConfiguration) => Partial<SyncConfiguration>,
): Promise<SyncConfiguration> => {
  await lockPool(tx, identityPoolId);
  const stored = await tx.db.findOneBy(SyncConfiguration, { identityPoolId });
  const current = stored ?? defaultSyncConfiguration(tx, identityPoolId);
  const next = { ...current, ...change(current), identityPoolId, lastModifiedAt: tx.now() };
  await tx.db.upsert(SyncConfiguration, next as object, ['identityPoolId']);
  await changed(tx, 'sync-configuration', identityPoolId);
  return next;
};
