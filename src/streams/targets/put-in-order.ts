import { retry, type PutOutcome, type StreamPut } from './stream-target';

/** Puts some events at the same time, no two with the same partition key, and answers their outcomes in order. */
export type PutTogether = (events: StreamPut[]) => Promise<PutOutcome[]>;

/** For targets that take one event at a time. */
export const oneByOne =
  (put: (event: StreamPut) => Promise<PutOutcome>): PutTogether =>
  (events) =>
    Promise.all(events.map(put));

/** What an event is told that was not put, since one before it with its partition key did not arrive. Known by its identity. */
export const WAITING = retry('an earlier event of the same identity has not arrived');

/**
 * Puts up to `atOnce` events at the same time, and an event only when the one before it with the same partition key
 * arrived. Gives up on the rest as soon as the target is broken, or when nothing of what was put together arrived: then
 * it is rather the target than an event, and every further one would cost its time limit.
 */
export const putInOrder = async (
  events: StreamPut[],
  atOnce: number,
  putTogether: PutTogether,
): Promise<PutOutcome[]> => {
  const outcomes = new Map<StreamPut, PutOutcome>();
  let reasonToStop: PutOutcome | undefined;
  let together = nextTogether(events, outcomes, atOnce);
  while (together.length > 0 && reasonToStop === undefined) {
    const results = await putTogether(together);
    for (const [at, event] of together.entries()) outcomes.set(event, results[at]!);
    reasonToStop = stopsAll(results);
    together = nextTogether(events, outcomes, atOnce);
  }
  return events.map((event) => outcomes.get(event) ?? reasonToStop ?? WAITING);
};

/** The first event of each partition key that was not put, unless one before it did not arrive. */
const nextTogether = (
  events: StreamPut[],
  outcomes: Map<StreamPut, PutOutcome>,
  atOnce: number,
): StreamPut[] => {
  const taken = new Set<string>();
  const isNext = (event: StreamPut): boolean => {
    const outcome = outcomes.get(event)?.outcome;
    if (outcome === 'DELIVERED' || taken.has(event.partitionKey)) return false;
    taken.add(event.partitionKey);
    return outcome === undefined;
  };
  return events.filter(isNext).slice(0, atOnce);
};

const stopsAll = (results: PutOutcome[]): PutOutcome | undefined =>
  results.find(({ outcome }) => outcome === 'BROKEN') ??
  (results.every(({ outcome }) => outcome === 'RETRY') ? results[0] : undefined);
