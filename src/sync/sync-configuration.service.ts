import { z } from 'zod';
import { inTransaction, type Context } from '../context';
import { invalidParameter } from '../errors';
import { identityPoolIdInput } from '../identity-pools/identity-pool.input';
import { authorizedPool, recordPoolChange } from '../identity-pools/identity-pool.service';
import {
  MERGE_RULES,
  MERGE_RULE_LIMITS,
  ruleSetProblems,
  type MergeRuleSet,
} from '../protocol/merge-rules/merge-rule-sets';
import { parse, regionalId, text } from '../validate';
import { changeSyncConfiguration } from './change-configuration';
import { FOLD_STRATEGIES } from './fold-strategy';
import { findSyncConfiguration } from './sync-configuration';
import type { SyncConfiguration } from './sync-configuration.entity';

/** Days that earlier values may be kept at most. */
export const MAX_HISTORY_DAYS = 3650;

/** Longer ones are refused by their limit, in characters, below. */
const pattern = text(0, 65_535);

const input = z.object({
  identityPoolId: regionalId,
  mergeRules: z
    .array(
      z.object({
        datasetPattern: pattern,
        rules: z.array(z.object({ keyPattern: pattern, rule: z.enum(MERGE_RULES) })),
      }),
    )
    .nullish(),
  historyRetentionDays: z.int().min(0).max(MAX_HISTORY_DAYS).nullish(),
  foldStrategy: z.enum(FOLD_STRATEGIES).nullish(),
});

export type SetSyncConfigurationInput = z.input<typeof input>;

/** The part of a pool's configuration that says how values are merged and kept. */
export type DatasetConfiguration = Pick<
  SyncConfiguration,
  'mergeRules' | 'historyRetentionDays' | 'foldStrategy'
>;

const ACTION = 'cognito-sync:SetDatasetConfiguration';

/**
 * Changes how a pool's datasets are merged and how long their earlier values are kept. What is left out stays as it is;
 * `mergeRules` replaces the whole list, and a `foldStrategy` of null turns folding off. It counts from the next write on,
 * on other nodes within 5 seconds.
 * @throws INVALID_PARAMETER with `field` and `limit`, RESOURCE_NOT_FOUND
 */
export const setSyncConfiguration = async (
  ctx: Context,
  request: SetSyncConfigurationInput,
): Promise<DatasetConfiguration> => {
  const { identityPoolId, ...given } = parse(input, request);
  requireRuleLimits(given.mergeRules ?? []);
  const pool = await authorizedPool(ctx, ACTION, identityPoolId);
  return inTransaction(ctx, async (tx) => {
    const change = membersOf(given);
    const next = await changeSyncConfiguration(tx, identityPoolId, () => change);
    await recordPoolChange(tx, ACTION, pool, change);
    return next;
  });
};

/** Null is a value of `foldStrategy` alone. */
const membersOf = ({
  mergeRules,
  historyRetentionDays,
  foldStrategy,
}: Omit<z.infer<typeof input>, 'identityPoolId'>): Partial<DatasetConfiguration> => ({
  ...(mergeRules ? { mergeRules } : {}),
  ...(typeof historyRetentionDays === 'number' ? { historyRetentionDays } : {}),
  ...(foldStrategy === undefined ? {} : { foldStrategy }),
});

const PROBLEM = {
  datasetPatterns: `must have at most ${MERGE_RULE_LIMITS.datasetPatterns} members`,
  keyPatternsPerDataset: `must have at most ${MERGE_RULE_LIMITS.keyPatternsPerDataset} members`,
  patternLength: `must have 1 to ${MERGE_RULE_LIMITS.patternLength} characters`,
} as const;

const requireRuleLimits = (ruleSets: MergeRuleSet[]): void => {
  const violations = ruleSetProblems(ruleSets).map(({ field, limit }) => ({
    field: `mergeRules${field}`,
    limit: MERGE_RULE_LIMITS[limit],
    problem: PROBLEM[limit],
  }));
  const [first] = violations;
  if (!first) return;
  const sentence = violations.map(({ field, problem }) => `${field} ${problem}`).join('; ');
  throw invalidParameter(sentence, { field: first.field, limit: first.limit, violations });
};

/** How a pool's datasets are merged and how long their earlier values are kept. @throws RESOURCE_NOT_FOUND */
export const getSyncConfiguration = async (
  ctx: Context,
  request: { identityPoolId: string },
): Promise<DatasetConfiguration> => {
  const { identityPoolId } = parse(identityPoolIdInput, request);
  await authorizedPool(ctx, 'cognito-sync:GetDatasetConfiguration', identityPoolId);
  return findSyncConfiguration(ctx, identityPoolId);
};
