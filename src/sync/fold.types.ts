import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { Long } from '../graphql-types/scalars';
import { FOLD_OUTCOMES, type FoldOutcome } from './fold-records';
import { FOLD_STRATEGIES, type FoldStrategy } from './fold-strategy';
import { DATASET_NAME, DatasetType, IDENTITY_ID, POOL_ID } from './sync.types';

/** GraphQL enum `FoldStrategy`. */
export const FoldStrategyType = enumOf(FOLD_STRATEGIES);

registerEnumType(FoldStrategyType, {
  name: 'FoldStrategy',
  description: 'How a record is decided that both datasets have, a removed one like any other.',
  valuesConfig: {
    RULES: {
      description:
        'By the pool’s merge rules, as two records that began apart; where none governs the key or the rule cannot merge them, by LAST_WRITER_WINS.',
    },
    LAST_WRITER_WINS: {
      description:
        'The one with the later `deviceLastModifiedDate`, a missing one being the earliest; of equal ones that of the greater `lastModifiedBy`.',
    },
    BASE_WINS: { description: 'That of the dataset that is folded into.' },
    MERGED_WINS: { description: 'That of the merged dataset.' },
  },
});

const FoldOutcomeType = enumOf(FOLD_OUTCOMES);

registerEnumType(FoldOutcomeType, {
  name: 'FoldOutcome',
  description: 'What became of a record.',
  valuesConfig: {
    KEPT: { description: 'It stays as it was.' },
    TAKEN: { description: 'It is that of the merged dataset.' },
    MERGED: { description: 'A merge rule made one of both.' },
  },
});

@InputType({ description: 'Which dataset of a merged identity to fold in, and how.' })
export class FoldMergedDatasetInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, { description: `${DATASET_NAME} It is made when it does not exist.` })
  datasetName!: string;

  @Field(() => String, {
    description: 'The dataset to fold in: `NAME.REGION:UUID`, as `mergedDatasetNames` of a pull has it.',
  })
  mergedDatasetName!: string;

  @Field(() => FoldStrategyType, {
    nullable: true,
    description: 'Left out: the pool’s, and RULES when it has none.',
  })
  strategy?: FoldStrategy | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Only says what would become of it, and changes nothing. Default false.',
  })
  dryRun?: boolean | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The device that asks for it, to be kept as the dataset’s `lastModifiedBy`: 1 to 256 characters.',
  })
  deviceId?: string | null;
}

/** GraphQL type `FoldedRecord`. */
@ObjectType('FoldedRecord', { simpleResolvers: true, description: 'A record after a fold.' })
export class FoldedRecordType {
  @Field(() => String, { description: '1 to 1,024 characters; unique in its dataset.' })
  key!: string;

  @Field(() => FoldOutcomeType, { description: 'What became of it.' })
  outcome!: FoldOutcome;

  @Field(() => String, {
    nullable: true,
    description:
      'The merge rule that decided, such as MAX; null where the strategy did, or only one dataset had it.',
  })
  rule!: string | null;

  @Field(() => String, { nullable: true, description: 'Null when it is removed, or hidden.' })
  value!: string | null;

  @Field(() => Boolean, { description: 'Whether the caller may not read the dataset and so not the value.' })
  valueHidden!: boolean;
}

@ObjectType({ description: 'What a fold did, or would do.' })
export class FoldMergedDatasetPayload {
  @Field(() => [FoldedRecordType], {
    description:
      'All records by key, those that stay too; without those that are removed in both datasets, or in the one that has them.',
  })
  records!: FoldedRecordType[];

  @Field(() => DatasetType, {
    nullable: true,
    description: 'The dataset after it; null when there was none and no record to make it of.',
  })
  dataset!: DatasetType | null;

  @Field(() => Long, {
    description: 'The sync count of the dataset after it; 0 when there is no dataset.',
  })
  datasetSyncCount!: number;

  @Field(() => DatasetType, { description: 'The merged dataset as it was.' })
  mergedDataset!: DatasetType;

  @Field(() => Boolean, { description: 'Whether nothing was changed.' })
  isDryRun!: boolean;
}
