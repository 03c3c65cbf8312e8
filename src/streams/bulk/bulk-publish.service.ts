import { inTransaction, type Context } from '../../context';
import { ServiceError, invalidParameter } from '../../errors';
import { identityPoolIdInput } from '../../identity-pools/identity-pool.input';
import { authorizedPool, lockPool, recordPoolChange } from '../../identity-pools/identity-pool.service';
import type { StoredStream } from '../../sync/sync-configuration.entity';
import { DAY_MS } from '../../utc-day';
import { parse } from '../../validate';
import { enabledStream } from '../delivery/enabled-streams';
import { BulkPublish, type BulkPublishStatus } from './bulk-publish.entity';

/** Milliseconds between two successful ones (quotas of Amazon Cognito Sync). */
const WAIT_MS = DAY_MS;

/**
 * Milliseconds after streaming was switched on before datasets are read: a write that began before it may still be on
 * its way then, and has no event of its own.
 */
const SETTLING_MS = 2000;

/** GetBulkPublishDetails' answer. */
export interface BulkPublishDetails {
  identityPoolId: string;
  bulkPublishStartTime: Date | null;
  bulkPublishCompleteTime: Date | null;
  bulkPublishStatus: BulkPublishStatus | 'NOT_STARTED';
  failureMessage: string | null;
  /** Ours: how many datasets are in the stream. */
  publishedDatasets: number;
}

const ACTION = 'cognito-sync:BulkPublish';

/**
 * Begins to publish every dataset of the pool to its stream, each as it is, in the background: cognito-sync:BulkPublish.
 * @throws INVALID_PARAMETER when streaming is not enabled, DUPLICATE_REQUEST while one goes on, ALREADY_STREAMED within 24
 *   hours after one that succeeded, RESOURCE_NOT_FOUND
 */
export const bulkPublish = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<{ identityPoolId: string }> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  const pool = await authorizedPool(ctx, ACTION, identityPoolId);
  return inTransaction(ctx, async (tx) => {
    await lockPool(tx, identityPoolId);
    const stream = await enabledStream(tx, identityPoolId);
    if (!stream) throw notEnabled();
    const last = await tx.db.findOneBy(BulkPublish, { identityPoolId });
    requireTurn(last, tx.now());
    const { streamName } = stream;
    const next = begin(identityPoolId, stream, last, tx.now());
    await tx.db.upsert(BulkPublish, next, ['identityPoolId']);
    await recordPoolChange(tx, ACTION, pool, { streamName });
    return { identityPoolId };
  });
};

const notEnabled = (): Error =>
  invalidParameter(
    'identityPoolId must be of a pool whose streaming is enabled: setIdentityPoolConfiguration enables it',
    { field: 'identityPoolId' },
  );

const requireTurn = (last: BulkPublish | null, now: Date): void => {
  if (last?.status === 'IN_PROGRESS')
    throw new ServiceError('DUPLICATE_REQUEST', 'A bulk publish of this pool is in progress.', {
      bulkPublishStartTime: last.startedAt.toISOString(),
    });
  const wait = (last?.lastSucceededAt?.getTime() ?? -Infinity) + WAIT_MS - now.getTime();
  if (wait > 0)
    throw new ServiceError(
      'ALREADY_STREAMED',
      'The datasets of this pool were published within the last 24 hours.',
      { retryAfterSeconds: Math.ceil(wait / 1000) },
    );
};

const begin = (
  identityPoolId: string,
  { streamName, enabledAt }: StoredStream,
  last: BulkPublish | null,
  now: Date,
): BulkPublish => ({
  identityPoolId,
  streamName,
  status: 'IN_PROGRESS',
  startedAt: now,
  completedAt: null,
  failureMessage: null,
  publishedDatasets: '0',
  afterIdentity: '',
  afterDataset: '',
  progressedAt: now,
  attempts: 0,
  publisher: null,
  nextAttemptAt: new Date(Math.max(now.getTime(), Date.parse(enabledAt ?? '1970-01-01Z') + SETTLING_MS)),
  lastSucceededAt: last?.lastSucceededAt ?? null,
});

/** How far the pool's last bulk publish is: cognito-sync:GetBulkPublishDetails. @throws RESOURCE_NOT_FOUND */
export const getBulkPublishDetails = async (
  ctx: Context,
  input: { identityPoolId: string },
): Promise<BulkPublishDetails> => {
  const { identityPoolId } = parse(identityPoolIdInput, input);
  await authorizedPool(ctx, 'cognito-sync:GetBulkPublishDetails', identityPoolId);
  const last = await ctx.db.findOneBy(BulkPublish, { identityPoolId });
  return {
    identityPoolId,
    bulkPublishStartTime: last?.startedAt ?? null,
    bulkPublishCompleteTime: last?.completedAt ?? null,
    bulkPublishStatus: last?.status ?? 'NOT_STARTED',
    failureMessage: last?.failureMessage ?? null,
    publishedDatasets: Number(last?.publishedDatasets ?? 0),
  };
};
