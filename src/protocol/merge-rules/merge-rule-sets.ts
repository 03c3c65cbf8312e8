import { splitMergedName } from '../sync';
import { matchesGlob, toGlob, type Glob } from './glob';

/** How two values of one record become one; docs/merge-rules.md has each in plain words. */
export const MERGE_RULES = ['LAST_WRITER', 'MAX', 'MIN', 'SUM', 'UNION', 'JSON_MERGE'] as const;

/** One of `MERGE_RULES`. */
export type MergeRule = (typeof MERGE_RULES)[number];

/** The rule of the keys that match a pattern of `*` and `?`. */
export interface KeyRule {
  keyPattern: string;
  rule: MergeRule;
}

/** The rules of the datasets that match a pattern of `*` and `?`. */
export interface MergeRuleSet {
  datasetPattern: string;
  rules: readonly KeyRule[];
}

/** How much may be said. Lengths count characters. */
export const MERGE_RULE_LIMITS = {
  datasetPatterns: 20,
  keyPatternsPerDataset: 50,
  patternLength: 128,
} as const;

/** The name that a dataset had before the identities that it came through were merged. */
const baseNameOf = (datasetName: string): string => {
  const parts = splitMergedName(datasetName);
  return parts ? baseNameOf(parts.datasetName) : datasetName;
};

/**
 * The rule that governs a key: of the first dataset pattern that matches, the first key pattern that does. Undefined
 * when either is missing; later dataset patterns are not asked. A merged dataset goes by its base's name.
 */
export const ruleFor = (
  ruleSets: readonly MergeRuleSet[],
  datasetName: string,
  key: string,
): MergeRule | undefined => {
  const baseName = baseNameOf(datasetName);
  const ruleSet = ruleSets.find((each) => matchesGlob(globOf(each, each.datasetPattern), baseName));
  return ruleSet?.rules.find((each) => matchesGlob(globOf(each, each.keyPattern), key))?.rule;
};

/** A call may ask about a thousand keys. */
const globs = new WeakMap<object, { pattern: string; glob: Glob }>();

const globOf = (rule: object, pattern: string): Glob => {
  const known = globs.get(rule);
  if (known?.pattern === pattern) return known.glob;
  const glob = toGlob(pattern);
  globs.set(rule, { pattern, glob });
  return glob;
};

/** A limit that rule sets break. */
export interface RuleSetProblem {
  /** Where, as `[0].rules[3].keyPattern`; empty for the list itself. */
  field: string;
  limit: keyof typeof MERGE_RULE_LIMITS;
  /** How many there are. */
  value: number;
}

/** Every limit of `MERGE_RULE_LIMITS` that these break, an empty pattern included. */
export const ruleSetProblems = (ruleSets: readonly MergeRuleSet[]): RuleSetProblem[] => [
  ...tooMany('', 'datasetPatterns', ruleSets.length),
  ...ruleSets.flatMap(({ datasetPattern, rules }, at) => [
    ...badLength(`[${at}].datasetPattern`, datasetPattern),
    ...tooMany(`[${at}].rules`, 'keyPatternsPerDataset', rules.length),
    ...rules.flatMap(({ keyPattern }, rule) => badLength(`[${at}].rules[${rule}].keyPattern`, keyPattern)),
  ]),
];

const tooMany = (field: string, limit: RuleSetProblem['limit'], value: number): RuleSetProblem[] =>
  value > MERGE_RULE_LIMITS[limit] ? [{ field, limit, value }] : [];

const badLength = (field: string, pattern: string): RuleSetProblem[] =>
  pattern === ''
    ? [{ field, limit: 'patternLength', value: 0 }]
    : tooMany(field, 'patternLength', pattern.length);
