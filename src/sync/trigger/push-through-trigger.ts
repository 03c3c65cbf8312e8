import type { Context } from '../../context';
import type { DatasetAddress } from '../dataset-owner';
import { lockDataset } from '../lock-dataset';
import type { MergeSuccess, MutationOutcome, RecordUpdate } from '../merge';
import type { RuleMerge } from '../merge-by-rules';
import { pushRecords, type Push, type Pushed, type Route } from '../push-records';
import { rehearse } from '../rehearse';
import { askTrigger } from './ask-trigger';
import type { SyncTrigger } from './sync-trigger';
import { changesIn } from './trigger-answer';
import { toTriggerEvent, withChanges, type StandingRecord, type TriggerChanges } from './trigger-event';

/** How often a trigger is asked in one call when others write the dataset meanwhile. */
const MAX_QUESTIONS = 4;

/** What a push came to, and what of the call's own patches when the trigger had something else written. */
export interface TriggeredPush<T> extends Pushed<T> {
  outcome?: MutationOutcome;
}

/**
 * Sends a push, after asking the pool's sync trigger what it makes of it (S51); without one, for administrators, and
 * for a call without patches, nobody is asked. What the database refuses, has applied before, or would not write
 * anything of, is answered without asking. Not for use inside a transaction when there is a trigger.
 * @throws INVALID_LAMBDA_FUNCTION_OUTPUT, LAMBDA_THROTTLED. Nothing was written then.
 */
export const pushThroughTrigger = async <T>(
  ctx: Context,
  { trigger, ...push }: Push & { trigger: SyncTrigger | null },
  route: Route<T>,
): Promise<TriggeredPush<T>> => {
  if (!trigger || ctx.actor.kind === 'administrator' || push.update.patches.length === 0)
    return pushRecords(ctx, push, route);
  for (let questions = 1; ; questions += 1) {
    const rehearsal = await rehearse(ctx, (tx) => rehearsePush(tx, push, route));
    const { written } = rehearsal;
    if (!written) return rehearsal.pushed;
    const event = toTriggerEvent(ctx.config.region, push.update.address, rehearsal.standing, written.patches);
    const changes = changesIn(event, await askTrigger(ctx, trigger, event));
    const decided = { ...push.update, ...decidedBy(written, changes, rehearsal), now: ctx.now() };
    const pushed = await pushRecords(ctx, { update: decided, ruleSets: [], onStale: 'REJECT' }, route);
    const { status } = route.resultOf(pushed.answer);
    if (status === 'CHANGED' && questions < MAX_QUESTIONS) continue;
    const merged = rehearsal.pushed.merged.map((each) => withChange(each, changes));
    return status === 'OK' ? { ...pushed, merged, outcome: written.outcome } : pushed;
  }
};

/** What a push comes to as things stand. */
interface Rehearsal<T> {
  /** All records of the dataset before it, tombstones included. */
  standing: StandingRecord[];
  /** The dataset's count before it; of a deleted one the next (S23). */
  syncCount: number;
  pushed: Pushed<T>;
  /** Undefined when it would write nothing. */
  written: Written | undefined;
}

interface Written extends Pick<RecordUpdate, 'patches' | 'mutation'> {
  outcome: MutationOutcome;
}

/** Locked, so that the records are those that the push meets. */
const rehearsePush = async <T>(tx: Context, push: Push, route: Route<T>): Promise<Rehearsal<T>> => {
  const { address } = push.update;
  const syncCount = await lockDataset(tx, address);
  const standing = await readStanding(tx, address);
  const pushed = await pushRecords(tx, push, route);
  const result = route.resultOf(pushed.answer);
  const written = result.status === 'OK' ? writtenBy(result, pushed.update) : undefined;
  return { standing, syncCount, pushed, written };
};

const writtenBy = (
  { applied, conflicts }: MergeSuccess,
  { patches, mutation }: RecordUpdate,
): Written | undefined => {
  if (applied.length === 0) return undefined;
  const keys = new Set(applied);
  return {
    patches: patches.filter(({ key }) => keys.has(key)),
    ...(mutation ? { mutation } : {}),
    outcome: { applied, conflicts: conflicts ?? [] },
  };
};

const decidedBy = (
  { patches, mutation, outcome }: Written,
  changes: TriggerChanges,
  { standing, syncCount }: Pick<Rehearsal<unknown>, 'standing' | 'syncCount'>,
): Partial<RecordUpdate> => ({
  patches: withChanges(patches, changes, standing),
  expectedSyncCount: syncCount,
  ...(mutation ? { mutation: { ...mutation, outcome } } : {}),
});

const withChange = (merged: RuleMerge, changes: TriggerChanges): RuleMerge => {
  const value = changes.get(merged.key);
  return value === undefined ? merged : { ...merged, value, isServers: false };
};

const readStanding = async (tx: Context, address: DatasetAddress): Promise<StandingRecord[]> => {
  const rows: { record_key: string; value: string | null; sync_count: string }[] = await tx.db.query(
    'SELECT record_key, value, sync_count FROM records WHERE identity_id = $1 AND dataset_name = $2',
    [address.identityId, address.datasetName],
  );
  return rows.map(({ record_key: key, value, sync_count }) => ({
    key,
    value,
    syncCount: Number(sync_count),
  }));
};
