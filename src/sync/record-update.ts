import { noteCommitted, type Context } from '../context';
import { announceChange } from '../events/announce-change';
import { STORAGE_LIMITS } from './apply-patches';
import { modifierOf, writingDevice, type DatasetAddress } from './dataset-owner';
import type { MergeResult, RecordUpdate } from './merge';
import { eventConsumersOf } from './sync-configuration';
import type { SyncConfiguration } from './sync-configuration.entity';

/** All of an update but its patches, as the pool's configuration and the call have it. `deviceId` is as it was sent. */
export const newUpdate = (
  ctx: Context,
  configuration: SyncConfiguration,
  address: DatasetAddress,
  deviceId?: string | null,
): Omit<RecordUpdate, 'patches'> => ({
  address,
  modifiedBy: modifierOf(ctx, address, deviceId), // S16
  deviceId: writingDevice(ctx, deviceId), // S54
  now: ctx.now(), // S17
  sessionId: undefined,
  keepHistory: configuration.historyRetentionDays > 0, // S52
  eventConsumers: eventConsumersOf(configuration),
  limits: STORAGE_LIMITS,
});

/** Tells live subscribers of an update that wrote something; outside of a transaction it has been committed. */
export const announceUpdate = (
  ctx: Context,
  { address, deviceId }: RecordUpdate,
  result: MergeResult,
): void => {
  if (result.status !== 'OK' || result.applied.length === 0) return;
  noteCommitted(ctx);
  const syncCount = result.dataset?.sync_count ?? 0;
  announceChange(ctx, { ...address, syncCount, deviceId: deviceId ?? null });
};
