import { inTransaction, type Context } from '../../context';
import { buryEvent } from '../../sync/claimed-event';
import { claimRuns, completeEvents, postponeEvents, renewLeases, type RunEvent } from '../../sync/event-runs';
import type { StoredStream } from '../../sync/sync-configuration.entity';
import { toStreamEvent } from '../stream-event';
import { eventIdOf, withinLimit } from '../stream-payloads';
import type { PutOutcome, StreamPut, StreamTarget } from '../targets/stream-target';
import { disableStreaming, enabledStream } from './enabled-streams';
import { TargetUnreadableError, type KeptTargets } from './kept-targets';
import { settle, type Settlement } from './settle';
import { whileHeld } from './while-held';

/** Of one round: as many as a fast target takes in a moment, and as many as memory always has room for. */
const ROUND = { datasets: 32, eventsPerDataset: 8, maxBytes: 4_194_304 };

/** What is needed to deliver. */
export interface Delivering {
  targets: KeptTargets;
  /** Milliseconds after which another node goes on with what this one claimed. It is renewed as long as it works. */
  leaseMs: number;
}

/** What became of one round; undefined when there was nothing to do. */
export type Round = Pick<Settlement, 'delivered' | 'refusedBy' | 'brokenBy'> & {
  /** The settings that it was done with. */
  stream: StoredStream;
};

/**
 * Claims events of a pool and puts them to its stream, once, in the order of each dataset. Each is taken from the queue
 * when the target has it, so a node that dies in between loses none: they are put again when its lease ends.
 */
export const deliverRound = async (
  ctx: Context,
  identityPoolId: string,
  { targets, leaseMs }: Delivering,
): Promise<Round | undefined> => {
  const stream = await enabledStream(ctx, identityPoolId);
  if (!stream) return undefined;
  const events = await claimRuns(ctx, { consumer: 'stream', identityPoolId, leaseMs, ...ROUND });
  if (events.length === 0) return undefined;
  const outcomes = await whileHeld(
    leaseMs,
    () => renewLeases(ctx, events, leaseMs),
    () => putEvents(ctx, { targets, identityPoolId, stream }, events),
  );
  const settlement = settle(events, outcomes, { now: ctx.now(), random: Math.random });
  await record(ctx, settlement);
  const { brokenBy } = settlement;
  if (brokenBy !== undefined) await disableStreaming(ctx, identityPoolId, stream, brokenBy);
  return { stream, ...settlement };
};

interface Destination {
  targets: KeptTargets;
  identityPoolId: string;
  stream: StoredStream;
}

const putEvents = async (
  ctx: Context,
  { targets, identityPoolId, stream }: Destination,
  events: RunEvent[],
): Promise<PutOutcome[]> => {
  try {
    return await targets.use(identityPoolId, stream, async (target) => {
      const puts: StreamPut[] = [];
      for (const event of events) puts.push(await toPut(ctx, target, event));
      return target.put(puts);
    });
  } catch (error) {
    if (!(error instanceof TargetUnreadableError)) throw error;
    const { message: reason } = error;
    return events.map(() => ({ outcome: 'BROKEN', reason }));
  }
};

const toPut = async (ctx: Context, { maxBytes }: StreamTarget, event: RunEvent): Promise<StreamPut> => {
  const { identityPoolId, identityId, datasetName, syncCount, operation, createdAt } = event;
  const records = (event.payload ?? []).map(({ key, value, deviceLastModifiedDate }) => ({
    key,
    value,
    syncCount,
    lastModifiedDate: createdAt,
    deviceLastModifiedDate: deviceLastModifiedDate === null ? null : new Date(deviceLastModifiedDate),
  }));
  const names = { identityPoolId, identityId, datasetName };
  const change = { ...names, operation, records, lastModifiedDate: createdAt, syncCount };
  return {
    event: await withinLimit(ctx, toStreamEvent(change), maxBytes, 'change'),
    partitionKey: identityId,
    id: eventIdOf('change', identityId, datasetName, syncCount),
  };
};

/** At once, so that nobody claims the next event of a dataset before the one that failed is postponed. */
const record = (ctx: Context, { delivered, postponed, buried }: Settlement): Promise<void> =>
  inTransaction(ctx, async (tx) => {
    await completeEvents(tx, delivered);
    await postponeEvents(tx, postponed);
    for (const { event, failure } of buried) await buryEvent(tx, event, failure);
  });
