import type { Context } from '../context';
import { cached } from '../db/reference-cache';
import { SyncConfiguration } from './sync-configuration.entity';
import type { SyncEventConsumer } from './sync-event.entity';

/** Days that earlier values are kept when a pool says nothing else. */
export const DEFAULT_HISTORY_DAYS = 30;

/** The configuration of a pool that has none. */
export const defaultSyncConfiguration = (ctx: Context, identityPoolId: string): SyncConfiguration => ({
  identityPoolId,
  mergeRules: [],
  historyRetentionDays: DEFAULT_HISTORY_DAYS,
  foldStrategy: null,
  syncTrigger: null,
  pushSync: null,
  stream: null,
  lastModifiedAt: ctx.now(),
});

/** How a pool synchronizes, from the cache. Authorizes nothing: for services only. */
export const findSyncConfiguration = (ctx: Context, identityPoolId: string): Promise<SyncConfiguration> =>
  cached(
    ctx,
    'sync-configuration',
    identityPoolId,
    async (inner) =>
      (await inner.db.findOneBy(SyncConfiguration, { identityPoolId })) ??
      defaultSyncConfiguration(inner, identityPoolId),
  );

/**
 * Who beside the stream is to hear of changes of the pool's datasets. Whether the stream is to, the database functions
 * read for themselves (S54): this copy may be 3 seconds old, and no write that is acknowledged after streaming was
 * switched on may be missing.
 */
export const eventConsumersOf = ({ pushSync }: SyncConfiguration): SyncEventConsumer[] => [
  ...(pushSync?.applicationArns.length ? ['push' as const] : []),
];

/** Rows that a pool's usage is spread over. */
const USAGE_SHARDS = 64;

/** The row that an identity's share of its pool's usage is counted in. */
export const usageShardOf = (identityId: string): number =>
  Number.parseInt(identityId.slice(-2), 16) % USAGE_SHARDS || 0;
