import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import type { MergeRule } from '../protocol/merge-rules/merge-rule-sets';
import type { FoldStrategy } from './fold-strategy';
import { FoldStrategyType } from './fold.types';
import type { DatasetConfiguration } from './sync-configuration.service';
import { MergeRuleType } from './merged-record.types';

const KEY_PATTERN = 'Keys: `*` is any run of characters, `?` is any one. 1 to 128 characters.';
const DATASET_PATTERN =
  'Names of datasets: `*` is any run of characters, `?` is any one. 1 to 128 characters.';
const RULES = 'At most 50. The first whose pattern matches a key governs it.';
const MERGE_RULES = 'At most 20. The first whose pattern matches a dataset’s name decides.';
const HISTORY_DAYS =
  'Days that replaced and removed values are kept: 0 (not at all) to 3,650; 30 unless set.';

/** GraphQL type `KeyRule`. */
@ObjectType('KeyRule', { description: 'The merge rule of the keys that match a pattern.' })
export class KeyRuleType {
  @Field(() => String, { description: KEY_PATTERN })
  keyPattern!: string;

  @Field(() => MergeRuleType, { description: 'How two values of such a key become one.' })
  rule!: MergeRule;
}

/** GraphQL type `MergeRuleSet`. */
@ObjectType('MergeRuleSet', { description: 'The merge rules of the datasets that match a pattern.' })
export class MergeRuleSetType {
  @Field(() => String, { description: DATASET_PATTERN })
  datasetPattern!: string;

  @Field(() => [KeyRuleType], { description: RULES })
  rules!: KeyRuleType[];
}

/** GraphQL type `SyncConfiguration`. */
@ObjectType('SyncConfiguration', {
  description: 'How the datasets of a pool are merged, and how long their earlier values are kept.',
})
export class SyncConfigurationType {
  @Field(() => [MergeRuleSetType], { description: MERGE_RULES })
  mergeRules!: MergeRuleSetType[];

  @Field(() => Int, { description: HISTORY_DAYS })
  historyRetentionDays!: number;

  @Field(() => FoldStrategyType, {
    nullable: true,
    description:
      'How datasets of merged identities are folded into the survivor’s at each merge; null: they are left to the app.',
  })
  foldStrategy!: FoldStrategy | null;
}

@InputType({ description: 'The merge rule of the keys that match a pattern.' })
export class KeyRuleInput {
  @Field(() => String, { description: KEY_PATTERN })
  keyPattern!: string;

  @Field(() => MergeRuleType, { description: 'How two values of such a key become one.' })
  rule!: MergeRule;
}

@InputType({ description: 'The merge rules of the datasets that match a pattern.' })
export class MergeRuleSetInput {
  @Field(() => String, { description: DATASET_PATTERN })
  datasetPattern!: string;

  @Field(() => [KeyRuleInput], { description: RULES })
  rules!: KeyRuleInput[];
}

@InputType({ description: 'A pool and what of its configuration changes. What is left out stays as it is.' })
export class SetSyncConfigurationInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => [MergeRuleSetInput], {
    nullable: true,
    description: `Replaces the whole list. ${MERGE_RULES}`,
  })
  mergeRules?: MergeRuleSetInput[] | null;

  @Field(() => Int, { nullable: true, description: HISTORY_DAYS })
  historyRetentionDays?: number | null;

  @Field(() => FoldStrategyType, {
    nullable: true,
    description: 'How datasets of merged identities are folded into the survivor’s. Null: they are not.',
  })
  foldStrategy?: FoldStrategy | null;
}

@ObjectType({ description: 'The configuration after the call.' })
export class SetSyncConfigurationPayload {
  @Field(() => SyncConfigurationType, { description: 'The configuration.' })
  syncConfiguration!: SyncConfigurationType;
}

/** The configuration as GraphQL answers it. */
export const toSyncConfigurationType = ({
  mergeRules,
  historyRetentionDays,
  foldStrategy,
}: DatasetConfiguration): SyncConfigurationType => ({
  mergeRules: mergeRules.map(({ datasetPattern, rules }) => ({ datasetPattern, rules: [...rules] })),
  historyRetentionDays,
  foldStrategy,
});
