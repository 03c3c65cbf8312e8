import type { Context } from '../context';
import type { MergeRuleSet } from '../protocol/merge-rules/merge-rule-sets';
import { mergeByRules, withRules, type RuleMerge } from './merge-by-rules';
import type { MergeResult, OnStale, RecordUpdate } from './merge';

/** How often a push is merged anew when others write at the same time, before it gives up. */
const MAX_MERGES = 8;

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

/**
 * Sends a push, once when no rule meets a stale patch; else the values are merged here and sent again, based on the
 * records that were shown, until nobody has written in between (S49). With `send` it goes where the caller wants;
 * `resultOf` finds the merge's result in the answer.
 */
export const pushRecords = async <T>(
  ctx: Context,
  { update, ruleSets, onStale }: Push,
  send: (ctx: Context, update: RecordUpdate) => Promise<T>,
  resultOf: (answer: T) => MergeResult,
): Promise<Pushed<T>> => {
  let patches = withRules(update.patches, {
    ruleSets,
    datasetName: update.address.datasetName,
    fallback: onStale,
  });
  const merged = new Map<string, RuleMerge>();
  for (let merges = 0; ; merges += 1) {
    const sent = { ...update, patches };
    const answer = await send(ctx, sent);
    const result = resultOf(answer);
    if (result.status !== 'MERGE_FIRST' || merges >= MAX_MERGES)
      return { answer, merged: [...merged.values()], update: sent };
    const outcome = mergeByRules(patches, result.conflicts, update.modifiedBy);
    patches = outcome.patches;
    for (const { key } of result.conflicts) merged.delete(key);
    for (const each of outcome.merged) merged.set(each.key, each);
  }
};
