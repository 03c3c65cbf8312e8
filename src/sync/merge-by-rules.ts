import { ruleFor, type MergeRule, type MergeRuleSet } from '../protocol/merge-rules/merge-rule-sets';
import type { MergeSide } from '../protocol/merge-rules/merge-side';
import { mergeValue } from '../protocol/merge-rules/merge-value';
import type { SyncRecord } from '../protocol/sync';
import type { OnStale, RuledRow, UpdatePatch } from './merge';
import { toSyncRecord } from './rows';

/** A stale patch that a rule merged with the server's record (S49). */
export interface RuleMerge {
  key: string;
  rule: MergeRule;
  /** What the record is now; null when it is removed. */
  value: string | null;
  /** Whether the server had all of it already, so that nothing was written. */
  isServers: boolean;
  /** The record that the patch met. */
  met: SyncRecord;
}

/** A patch that a rule may govern, and what becomes of it when the rule cannot merge it. */
export interface RuledPatch extends UpdatePatch {
  rule?: MergeRule;
  fallback: OnStale;
  /** The record that it was merged with last: what it is based on from then on. */
  base?: MergeSide;
}

/** The patches with their rules; those without one are treated by `fallback` alone. */
export const withRules = (
  patches: UpdatePatch[],
  {
    ruleSets,
    datasetName,
    fallback,
  }: { ruleSets: readonly MergeRuleSet[]; datasetName: string; fallback: OnStale },
): RuledPatch[] =>
  patches.map((patch) => {
    const rule = ruleFor(ruleSets, datasetName, patch.key);
    return rule ? { ...patch, rule, fallback, onStale: 'RULE' } : { ...patch, fallback, onStale: fallback };
  });

/** What is left to write after a merge, and what was merged. */
export interface RuleOutcome {
  patches: RuledPatch[];
  merged: RuleMerge[];
}

/**
 * Merges the stale patches with the records that they met. A merged one is based on that record from then on; one that
 * brings the server nothing new is left out; one that its rule cannot merge is an ordinary stale patch again.
 */
export const mergeByRules = (patches: RuledPatch[], rows: RuledRow[], writer: string): RuleOutcome => {
  const met = new Map(rows.map((row) => [row.key, row]));
  const outcomes = patches.map((patch) => {
    const row = met.get(patch.key);
    return row ? mergeOne(patch, row, writer) : { patches: [patch], merged: [] };
  });
  return {
    patches: outcomes.flatMap((outcome) => outcome.patches),
    merged: outcomes.flatMap((outcome) => outcome.merged),
  };
};

const mergeOne = (patch: RuledPatch, row: RuledRow, writer: string): RuleOutcome => {
  const { rule } = patch;
  if (!rule) return { patches: [patch], merged: [] };
  const server = sideOf(row);
  const merged = mergeValue(rule, {
    base: patch.base ?? baseOf(row),
    server,
    patch: patchSide(patch, writer),
  });
  if (merged.outcome === 'CONFLICT') return { patches: [{ ...patch, onStale: patch.fallback }], merged: [] };
  const { value, isServers } = merged;
  const told = { key: patch.key, rule, value, isServers, met: toSyncRecord(row) };
  if (isServers) return { patches: [], merged: [told] };
  const rebased: RuledPatch = {
    ...patch,
    op: value === null ? 'remove' : 'replace',
    value,
    syncCount: row.sync_count,
    deviceLastModifiedDate: merged.deviceLastModifiedDate,
    modifiedBy: merged.writer,
    base: server,
  };
  return { patches: [rebased], merged: [told] };
};

const sideOf = (row: RuledRow): MergeSide => ({
  value: row.value,
  deviceLastModifiedDate: row.device_ms === null ? null : new Date(row.device_ms),
  writer: row.modified_by,
});

const patchSide = (patch: RuledPatch, writer: string): MergeSide => ({
  value: patch.op === 'remove' ? null : (patch.value ?? null),
  deviceLastModifiedDate: patch.deviceLastModifiedDate ?? null,
  writer: patch.modifiedBy ?? writer,
});

/** Dates and authors of a base decide nothing. */
const baseOf = (row: RuledRow): MergeSide | undefined =>
  row.base_is_unknown ? undefined : { value: row.base_value, deviceLastModifiedDate: null, writer: '' };
