import { datasetKey, type Postponed, type RunEvent } from '../../sync/event-runs';
import { WAITING } from '../targets/put-in-order';
import type { PutOutcome } from '../targets/stream-target';
import { waitAfter } from './wait-after';

/** Hours that an event is tried for before it becomes a dead letter. */
export const HOURS_TO_DELIVER = 24;

/** The moment at or before which an event was written, or put back in line, that has been tried for long enough. */
export const overdueSince = (now: Date): Date => new Date(now.getTime() - HOURS_TO_DELIVER * 3_600_000);

/** So often at least, even when the server was down for the whole time. */
const LEAST_ATTEMPTS = 3;

/** An event to be given up. */
export interface Buried {
  event: RunEvent;
  failure: string;
}

/** What becomes of events that were put. */
export interface Settlement {
  delivered: RunEvent[];
  postponed: Postponed[];
  buried: Buried[];
  /** Why streaming is to be switched off. */
  brokenBy: string | undefined;
  /**
   * Why nothing of several identities arrived: then it is the target rather than an event. With the longest wait that it
   * asked for. One identity's refusal alone says nothing of others, which must not wait for it.
   */
  refusedBy: { reason: string; retryAfterSeconds: number } | undefined;
}

/**
 * Reads the outcomes of events, those of one dataset in order. Of a dataset whose event did not arrive that one alone is
 * postponed or buried: those behind it wait for it.
 */
export const settle = (
  events: RunEvent[],
  outcomes: PutOutcome[],
  { now, random }: { now: Date; random: () => number },
): Settlement => {
  const settlement: Settlement = {
    delivered: [],
    postponed: [],
    buried: [],
    brokenBy: outcomes.find((outcome) => outcome.outcome === 'BROKEN')?.reason,
    refusedBy: refusalOf(events, outcomes),
  };
  const stuck = new Set<string>();
  for (const [at, event] of events.entries()) {
    const outcome = outcomes[at]!;
    if (stuck.has(datasetKey(event))) continue;
    if (outcome.outcome === 'DELIVERED') settlement.delivered.push(event);
    else {
      stuck.add(datasetKey(event));
      settleFailure(settlement, event, outcome, { now, random });
    }
  }
  return settlement;
};

type Failure = Exclude<PutOutcome, { outcome: 'DELIVERED' }>;

const settleFailure = (
  { postponed, buried }: Settlement,
  event: RunEvent,
  outcome: Failure,
  { now, random }: { now: Date; random: () => number },
): void => {
  if (outcome === WAITING) postponed.push({ event, at: now, failure: null });
  else if (outcome.outcome === 'BROKEN') postponed.push({ event, at: now, failure: outcome.reason });
  else if (isOverdue(event, now)) buried.push({ event, failure: outcome.reason });
  else {
    const wait = waitAfter(event.attempts, random(), outcome.retryAfterSeconds);
    postponed.push({ event, at: new Date(now.getTime() + wait), failure: outcome.reason });
  }
};

const isOverdue = ({ attempts, createdAt, retriedAt }: RunEvent, now: Date): boolean =>
  attempts >= LEAST_ATTEMPTS && (retriedAt ?? createdAt) <= overdueSince(now);

const refusalOf = (events: RunEvent[], outcomes: PutOutcome[]): Settlement['refusedBy'] => {
  if (outcomes.some(({ outcome }) => outcome !== 'RETRY')) return undefined;
  const refused = outcomes.flatMap((outcome) =>
    outcome.outcome === 'RETRY' && outcome !== WAITING ? [outcome] : [],
  );
  const identities = new Set(
    events.filter((_, at) => outcomes[at] !== WAITING).map(({ identityId }) => identityId),
  );
  const [first] = refused;
  if (!first || identities.size < 2) return undefined;
  return {
    reason: first.reason,
    retryAfterSeconds: Math.max(...refused.map(({ retryAfterSeconds = 0 }) => retryAfterSeconds)),
  };
};
