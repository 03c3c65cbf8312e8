import { inTransaction, type Context } from '../context';
import type { MergeRuleSet } from '../protocol/merge-rules/merge-rule-sets';
import { lockDataset } from './lock-dataset';
import { mergeByRules, withRules, type RuleMerge } from './merge-by-rules';
import type { MergeResult, OnStale, RecordUpdate } from './merge';

/** How often a push is merged anew before others are kept from writing meanwhile. */
const FREE_MERGES = 4;

/** Of a push that nobody can come between: one for the rules, and one for what they could not merge. */
const LOCKED_MERGES = 2;

/** A push and what governs its stale patches. */
export interface Push {
  update: RecordUpdate;
  ruleSets: readonly MergeRuleSet[];
  /** What becomes of a stale patch without a rule. */
  onStale: OnStale;
}

/** What a push came to. */
export interface Pushed<T> {
  answer: T;
  /** Stale patches that rules merged, in the order of their keys. */
  merged: RuleMerge[];
  /** What was sent at last. */
  update: RecordUpdate;
}

/** Where pushes go, and how the merge's result is found in the answer. */
export interface Route<T> {
  send: (ctx: Context, update: RecordUpdate) => Promise<T>;
  resultOf: (answer: T) => MergeResult;
}

/**
 * Sends a push, once when no rule meets a stale patch; else the values are merged here and sent again, based on the
 * records that were shown, until nobody has written in between (S49). Where others are faster again and again they have
 * to wait, so that in the end it is written.
 */
export const pushRecords = async <T>(ctx: Context, push: Push, route: Route<T>): Promise<Pushed<T>> => {
  const pushed = await mergeAndSend(ctx, push, route, FREE_MERGES);
  if (route.resultOf(pushed.answer).status !== 'MERGE_FIRST') return pushed;
  return inTransaction(ctx, async (tx) => {
    await lockDataset(tx, push.update.address);
    return mergeAndSend(tx, push, route, LOCKED_MERGES);
  });
};

const mergeAndSend = async <T>(
  ctx: Context,
  { update, ruleSets, onStale }: Push,
  { send, resultOf }: Route<T>,
  maxMerges: number,
): Promise<Pushed<T>> => {
  const { datasetName } = update.address;
  let patches = withRules(update.patches, { ruleSets, datasetName, fallback: onStale });
  const merged = new Map<string, RuleMerge>();
  for (let merges = 0; ; merges += 1) {
    const sent = { ...update, patches };
    const answer = await send(ctx, sent);
    const result = resultOf(answer);
    if (result.status !== 'MERGE_FIRST' || merges >= maxMerges)
      return { answer, merged: [...merged.values()], update: sent };
    const outcome = mergeByRules(patches, result.conflicts, update.modifiedBy);
    patches = outcome.patches;
    for (const { key } of result.conflicts) merged.delete(key);
    for (const each of outcome.merged) merged.set(each.key, each);
  }
};
