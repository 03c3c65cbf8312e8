import { ruleFor, type MergeRule, type MergeRuleSet } from '../protocol/merge-rules/merge-rule-sets';
import { compareSides, type MergeSide } from '../protocol/merge-rules/merge-side';
import { mergeValue } from '../protocol/merge-rules/merge-value';
import { compareKeys, type SyncRecord } from '../protocol/sync';
import type { FoldStrategy } from './fold-strategy';
import type { UpdatePatch } from './merge';

/** Whether the base's record stays as it is, the merged dataset's is taken as it is, or one was made of both. */
export const FOLD_OUTCOMES = ['KEPT', 'TAKEN', 'MERGED'] as const;

/** One of `FOLD_OUTCOMES`. */
export type FoldOutcome = (typeof FOLD_OUTCOMES)[number];

/** A record after a fold, with the date and writer that go with its value. */
export interface FoldedRecord extends MergeSide {
  key: string;
  outcome: FoldOutcome;
  /** The merge rule that decided; null where another thing did. */
  rule: MergeRule | null;
}

/** What decides of a key that both datasets have. */
export interface FoldRules {
  strategy: FoldStrategy;
  ruleSets: readonly MergeRuleSet[];
  /** Of the base. */
  datasetName: string;
}

/**
 * The records of `base` after `merged` was folded in, by key (S57); without those that are removed in one and in the
 * other removed or unknown.
 */
export const foldRecords = (base: SyncRecord[], merged: SyncRecord[], rules: FoldRules): FoldedRecord[] => {
  const [ofBase, ofMerged] = [byKey(base), byKey(merged)];
  return [...new Set([...ofBase.keys(), ...ofMerged.keys()])]
    .sort(compareKeys)
    .flatMap((key) => foldOne(key, ofBase.get(key), ofMerged.get(key), rules) ?? []);
};

const byKey = (records: SyncRecord[]): Map<string, SyncRecord> =>
  new Map(records.map((record) => [record.key, record]));

const foldOne = (
  key: string,
  base: SyncRecord | undefined,
  merged: SyncRecord | undefined,
  rules: FoldRules,
): FoldedRecord | undefined => {
  const isLive = (record: SyncRecord | undefined): boolean => record !== undefined && record.value !== null;
  if (!isLive(base) && !isLive(merged)) return undefined;
  if (!merged) return base && folded(key, 'KEPT', sideOf(base));
  if (!base) return folded(key, 'TAKEN', sideOf(merged));
  return decide(key, sideOf(base), sideOf(merged), rules);
};

const sideOf = ({ value, deviceLastModifiedDate, lastModifiedBy: writer }: SyncRecord): MergeSide => ({
  value,
  deviceLastModifiedDate,
  writer,
});

const folded = (
  key: string,
  outcome: FoldOutcome,
  { value, deviceLastModifiedDate, writer }: MergeSide,
  rule: MergeRule | null = null,
): FoldedRecord => ({ key, outcome, rule, value, deviceLastModifiedDate, writer });

const decide = (key: string, base: MergeSide, merged: MergeSide, rules: FoldRules): FoldedRecord => {
  switch (rules.strategy) {
    case 'BASE_WINS':
      return folded(key, 'KEPT', base);
    case 'MERGED_WINS':
      return folded(key, 'TAKEN', merged);
    case 'LAST_WRITER_WINS':
      return lastWritten(key, base, merged);
    case 'RULES':
      return byRule(key, base, merged, rules) ?? lastWritten(key, base, merged);
  }
};

const lastWritten = (key: string, base: MergeSide, merged: MergeSide): FoldedRecord =>
  compareSides(base, merged) >= 0 ? folded(key, 'KEPT', base) : folded(key, 'TAKEN', merged);

/** Two identities have nothing in common that either could be based on: each began without the record. */
const NEVER_THERE: MergeSide = { value: null, deviceLastModifiedDate: null, writer: '' };

/** Undefined where no rule governs the key or its rule cannot merge the two. */
const byRule = (
  key: string,
  base: MergeSide,
  merged: MergeSide,
  { ruleSets, datasetName }: FoldRules,
): FoldedRecord | undefined => {
  const rule = ruleFor(ruleSets, datasetName, key);
  if (!rule) return undefined;
  const result = mergeValue(rule, { base: NEVER_THERE, server: base, patch: merged });
  if (result.outcome === 'CONFLICT') return undefined;
  if (result.isServers) return folded(key, 'KEPT', base, rule);
  return folded(key, isSame(result, merged) ? 'TAKEN' : 'MERGED', result, rule);
};

const isSame = (a: MergeSide, b: MergeSide): boolean => a.value === b.value && compareSides(a, b) === 0;

/** What has to be written to the base: each record as it is to be, whatever was there, by who wrote it last. */
export const foldPatches = (records: FoldedRecord[]): UpdatePatch[] =>
  records
    .filter(({ outcome }) => outcome !== 'KEPT')
    .map(({ key, value, deviceLastModifiedDate, writer }) => ({
      op: value === null ? 'remove' : 'replace',
      key,
      value,
      syncCount: 0,
      deviceLastModifiedDate,
      modifiedBy: writer,
      onStale: 'WRITE',
    }));
