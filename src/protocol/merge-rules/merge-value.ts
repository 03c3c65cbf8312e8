import { LIMITS } from '../limits';
import { JSON_MERGE, UNION } from './json-rules';
import { MergeConflict, type MergeConflictReason } from './merge-conflict';
import type { MergeRule } from './merge-rule-sets';
import { compareSides, type MergeSide, type MergeSides } from './merge-side';
import { MAX, MIN, SUM } from './number-rules';
import { mergeByValueRule, type ValueRule } from './value-rule';

/** The merged record, or why there is none. */
export type MergeOutcome = Merged | { outcome: 'CONFLICT'; reason: MergeConflictReason };

/**
 * What the record is to be. Its date and writer are those of the last change that went into it: the next merge decides
 * by them, so they are to be stored with the value.
 */
export interface Merged extends MergeSide {
  outcome: 'MERGED';
  /** All of it is at the server already: there is nothing to write. */
  isServers: boolean;
}

const VALUE_RULES = { MAX, MIN, SUM, UNION, JSON_MERGE };

const lastWritten = ({ server, patch }: MergeSides): MergeSide =>
  compareSides(server, patch) >= 0 ? server : patch;

const mergeSides = (rule: MergeRule, sides: MergeSides): MergeSide =>
  rule === 'LAST_WRITER'
    ? lastWritten(sides)
    : mergeByValueRule(VALUE_RULES[rule] as ValueRule<unknown>, sides);

const toMerged = (merged: MergeSide, server: MergeSide): Merged => {
  const { value, deviceLastModifiedDate, writer } = merged;
  if (value !== null && value.length > LIMITS.recordValueLength) throw new MergeConflict('TOO_LARGE');
  return { outcome: 'MERGED', value, deviceLastModifiedDate, writer, isServers: merged === server };
};

/**
 * Merges a patch into a record that somebody else wrote since the patch's device saw it (S7). Never throws: what the
 * rule cannot merge is a CONFLICT, to be told to the device like one of a key without a rule. See docs/merge-rules.md.
 */
export const mergeValue = (rule: MergeRule, sides: MergeSides): MergeOutcome => {
  try {
    return toMerged(mergeSides(rule, sides), sides.server);
  } catch (error) {
    if (error instanceof MergeConflict) return { outcome: 'CONFLICT', reason: error.reason };
    throw error;
  }
};
