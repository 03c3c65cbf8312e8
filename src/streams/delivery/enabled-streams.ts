import { IsNull } from 'typeorm';
import { inTransaction, type Context } from '../../context';
import { IdentityPool } from '../../identity-pools/identity-pool.entity';
import { findPool, recordPoolChange } from '../../identity-pools/identity-pool.service';
import { ServiceError } from '../../errors';
import { changeSyncConfiguration } from '../../sync/change-configuration';
import { SyncConfiguration, type StoredStream } from '../../sync/sync-configuration.entity';
import { brokenStream } from '../stream-settings';

/** Pools looked at in one statement. */
const MOST_POOLS = 1000;

/** A pool with events to deliver. */
export interface PoolDue {
  identityPoolId: string;
  sealedTarget: string;
}

/** The pools whose streaming is enabled and that have an event due, in no order; at most 1,000. */
export const poolsWithEventsDue = (ctx: Context): Promise<PoolDue[]> =>
  ctx.db.query(
    `SELECT s.identity_pool_id AS "identityPoolId", s.stream->>'sealedTarget' AS "sealedTarget" FROM sync_configurations s
       JOIN identity_pools p ON p.identity_pool_id = s.identity_pool_id AND p.deleted_at IS NULL
      WHERE s.stream->>'streamingStatus' = 'ENABLED' AND EXISTS (
        SELECT 1 FROM sync_events e
         WHERE e.identity_pool_id = s.identity_pool_id AND e.consumer = 'stream' AND NOT e.is_dead
           AND e.next_attempt_at <= $1)
      LIMIT $2`,
    [ctx.now(), MOST_POOLS],
  );

/** The stream of a pool as it is now, not from the cache; undefined when it is not enabled, or its pool was deleted. */
export const enabledStream = async (
  ctx: Context,
  identityPoolId: string,
): Promise<StoredStream | undefined> => {
  const configuration = await ctx.db.findOneBy(SyncConfiguration, { identityPoolId });
  const stream = configuration?.stream;
  if (stream?.streamingStatus !== 'ENABLED') return undefined;
  return (await ctx.db.existsBy(IdentityPool, { id: identityPoolId, deletedAt: IsNull() }))
    ? stream
    : undefined;
};

/**
 * Switches a pool's streaming off, as Cognito does when the stream or the permission for it is gone, unless an
 * administrator has changed it since `stream` was read.
 */
export const disableStreaming = async (
  ctx: Context,
  identityPoolId: string,
  stream: StoredStream,
  reason: string,
): Promise<void> => {
  try {
    await inTransaction(ctx, async (tx) => {
      let isChanged = false;
      await changeSyncConfiguration(tx, identityPoolId, ({ stream: current }) => {
        isChanged = current?.streamingStatus === 'ENABLED' && current.sealedTarget === stream.sealedTarget;
        return isChanged && current ? { stream: brokenStream(current, reason, tx.now()) } : {};
      });
      const pool = await findPool(tx, identityPoolId);
      if (isChanged && pool)
        await recordPoolChange(tx, 'cognito-sync:SetIdentityPoolConfiguration', pool, {
          cognitoStreams: {
            streamName: stream.streamName,
            streamingStatus: 'DISABLED',
            disabledReason: reason,
          },
        });
    });
    ctx.log.warn({ identityPoolId, reason }, 'streaming was switched off');
  } catch (error) {
    // The pool was deleted.
    if (!(error instanceof ServiceError && error.code === 'RESOURCE_NOT_FOUND')) throw error;
  }
};
