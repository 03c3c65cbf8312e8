import { randomUUID } from 'node:crypto';
import type { Context } from '../../context';
import type { StoredStream } from '../../sync/sync-configuration.entity';
import type { Delivering } from '../delivery/deliver-pool';
import { disableStreaming, enabledStream } from '../delivery/enabled-streams';
import { TargetUnreadableError } from '../delivery/kept-targets';
import { overdueSince } from '../delivery/settle';
import { waitAfter } from '../delivery/wait-after';
import { whileHeld } from '../delivery/while-held';
import { eventIdOf, withinLimit } from '../stream-payloads';
import { broken, type PutOutcome, type StreamPut, type StreamTarget } from '../targets/stream-target';
import { BulkPublish } from './bulk-publish.entity';
import { nextDatasets, stateEvent, type PlaceInPool } from './dataset-states';

/**
 * Claims a bulk publish that is due and goes on with it until it ends, fails, or has to wait; answers whether there was
 * one. A node that dies in between is followed by another when its lease ends, which begins behind the last page.
 */
export const publishNext = async (
  ctx: Context,
  delivering: Delivering,
  isStopped: () => boolean,
): Promise<boolean> => {
  const publisher = randomUUID();
  const claimed = await claim(ctx, publisher, delivering.leaseMs);
  if (!claimed) return false;
  let current: BulkPublish | undefined = claimed;
  while (current && !isStopped()) current = await publishPage(ctx, delivering, current);
  // Another node need not wait for the lease of one that stops.
  if (current) await advance(ctx, current, { nextAttemptAt: ctx.now(), publisher: null });
  return true;
};

const claim = async (ctx: Context, publisher: string, leaseMs: number): Promise<BulkPublish | null> => {
  const now = ctx.now();
  const [, count] = (await ctx.db.query(
    `UPDATE bulk_publishes b SET publisher = $1, next_attempt_at = $3
       FROM (
         SELECT identity_pool_id FROM bulk_publishes
          WHERE status = 'IN_PROGRESS' AND next_attempt_at <= $2
          ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED) due
      WHERE b.identity_pool_id = due.identity_pool_id`,
    [publisher, now, new Date(now.getTime() + leaseMs)],
  )) as [unknown, number];
  return count === 0 ? null : ctx.db.findOneBy(BulkPublish, { publisher });
};

/** The next datasets; answers the publication as it is then, or undefined when it is to be left. */
const publishPage = async (
  ctx: Context,
  delivering: Delivering,
  current: BulkPublish,
): Promise<BulkPublish | undefined> => {
  const { identityPoolId, afterIdentity, afterDataset } = current;
  const stream = await enabledStream(ctx, identityPoolId);
  if (!stream || stream.streamName !== current.streamName)
    return fail(ctx, current, 'streaming was switched off, or to another stream');
  const after = { identityId: afterIdentity, datasetName: afterDataset };
  const places = await nextDatasets(ctx, identityPoolId, after);
  if (places.length === 0) return succeed(ctx, current);
  const renew = (): Promise<unknown> => advance(ctx, current, leaseFor(ctx, delivering));
  const outcomes = await whileHeld(delivering.leaseMs, renew, () =>
    putStates(ctx, delivering, { current, stream }, places),
  );
  return goOn(ctx, delivering, { current, stream, places }, outcomes);
};

const leaseFor = (ctx: Context, { leaseMs }: Delivering): Partial<BulkPublish> => ({
  nextAttemptAt: new Date(ctx.now().getTime() + leaseMs),
});

interface Publication {
  current: BulkPublish;
  stream: StoredStream;
}

/** An outcome for each place; undefined where the dataset is gone. */
type Outcomes = (PutOutcome | undefined)[];

const putStates = async (
  ctx: Context,
  { targets }: Delivering,
  { current, stream }: Publication,
  places: PlaceInPool[],
): Promise<Outcomes> => {
  try {
    return await targets.use(current.identityPoolId, stream, async (target) => {
      const puts: (StreamPut | undefined)[] = [];
      for (const place of places) puts.push(await toPut(ctx, target, current, place));
      const present = puts.filter((put) => put !== undefined);
      const outcomes = await target.put(present);
      return puts.map((put) => put && outcomes[present.indexOf(put)]);
    });
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    return [broken(error.message)];
  }
};

const toPut = async (
  ctx: Context,
  { maxBytes }: StreamTarget,
  { identityPoolId, startedAt }: BulkPublish,
  place: PlaceInPool,
): Promise<StreamPut | undefined> => {
  const event = await stateEvent(ctx, identityPoolId, place);
  if (!event) return undefined;
  const { identityId, datasetName, syncCount } = event;
  return {
    event: await withinLimit(ctx, event, maxBytes, 'bulk'),
    partitionKey: identityId,
    // With its start, so that a target that drops what comes twice takes those of the next one.
    id: eventIdOf('bulk', startedAt.getTime(), identityId, datasetName, syncCount),
  };
};

const goOn = async (
  ctx: Context,
  delivering: Delivering,
  { current, stream, places }: Publication & { places: PlaceInPool[] },
  outcomes: Outcomes,
): Promise<BulkPublish | undefined> => {
  const failedAt = outcomes.findIndex((outcome) => outcome && outcome.outcome !== 'DELIVERED');
  const done = failedAt === -1 ? outcomes : outcomes.slice(0, failedAt);
  const progress = progressOf(ctx, current, places[done.length - 1], done);
  const failure = outcomes[failedAt];
  if (!failure || failure.outcome === 'DELIVERED')
    return advance(ctx, current, { ...progress, ...leaseFor(ctx, delivering), failureMessage: null });
  if (failure.outcome === 'BROKEN') {
    await disableStreaming(ctx, current.identityPoolId, stream, failure.reason);
    return fail(ctx, current, failure.reason, progress);
  }
  return comeBack(ctx, current, progress, failure);
};

/** Leaves it until the target may take more; after a day without any progress it has failed. */
const comeBack = async (
  ctx: Context,
  current: BulkPublish,
  progress: Partial<BulkPublish>,
  { reason, retryAfterSeconds }: { reason: string; retryAfterSeconds?: number },
): Promise<undefined> => {
  const { progressedAt, attempts } = { ...current, ...progress };
  if (progressedAt <= overdueSince(ctx.now())) return fail(ctx, current, reason, progress);
  const wait = waitAfter(attempts + 1, Math.random(), retryAfterSeconds);
  await advance(ctx, current, {
    ...progress,
    attempts: attempts + 1,
    failureMessage: reason,
    nextAttemptAt: new Date(ctx.now().getTime() + wait),
    publisher: null,
  });
  return undefined;
};

const progressOf = (
  ctx: Context,
  { publishedDatasets }: BulkPublish,
  last: PlaceInPool | undefined,
  done: Outcomes,
): Partial<BulkPublish> =>
  last === undefined
    ? {}
    : {
        afterIdentity: last.identityId,
        afterDataset: last.datasetName,
        publishedDatasets: String(Number(publishedDatasets) + done.filter(Boolean).length),
        progressedAt: ctx.now(),
        attempts: 0,
      };

/** Writes down how far it is; undefined when another node has it in hand by now. */
const advance = async (
  ctx: Context,
  current: BulkPublish,
  change: Partial<BulkPublish>,
): Promise<BulkPublish | undefined> => {
  const { identityPoolId, publisher } = current;
  const { affected } = await ctx.db.update(
    BulkPublish,
    { identityPoolId, publisher: publisher ?? '', status: 'IN_PROGRESS' },
    change,
  );
  return affected === 1 ? { ...current, ...change } : undefined;
};

const fail = async (
  ctx: Context,
  current: BulkPublish,
  failureMessage: string,
  progress: Partial<BulkPublish> = {},
): Promise<undefined> => {
  const completedAt = ctx.now();
  await advance(ctx, current, {
    ...progress,
    status: 'FAILED',
    completedAt,
    failureMessage,
    publisher: null,
  });
};

const succeed = async (ctx: Context, current: BulkPublish): Promise<undefined> => {
  const now = ctx.now();
  const done = { completedAt: now, lastSucceededAt: now, failureMessage: null, publisher: null };
  await advance(ctx, current, { ...done, status: 'SUCCEEDED' });
};
