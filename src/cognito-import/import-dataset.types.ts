import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { DateTime, Long } from '../graphql-types/scalars';
import type { ImportedDatasetStatus } from './import-dataset.service';

const AUTHOR = 'Who wrote it last; the identity’s id when left out.';

/** GraphQL enum `ImportedDatasetStatus`. */
export const ImportedDatasetStatusType: Record<ImportedDatasetStatus, ImportedDatasetStatus> = enumOf([
  'CREATED',
  'UPDATED',
  'DELETED',
  'UNCHANGED',
  'DIVERGED',
] as const);
registerEnumType(ImportedDatasetStatusType, {
  name: 'ImportedDatasetStatus',
  description: 'What an import did to a dataset.',
  valuesConfig: {
    CREATED: { description: 'It was not here.' },
    UPDATED: { description: 'It is now what it is at the source.' },
    DELETED: { description: 'It was deleted here, as at the source.' },
    UNCHANGED: { description: 'Nothing changed at the source since the last import.' },
    DIVERGED: { description: 'It changed at both places since the last import, and stays as it is here.' },
  },
});

@InputType({ description: 'A record as it is in another installation of Cognito.' })
export class ImportedRecordInput {
  @Field(() => String, { description: '1 to 1,024 characters, at most 2,048 bytes of UTF-8.' })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description: 'At most 1,048,575 characters; null for a removed record.',
  })
  value?: string | null;

  @Field(() => Long, { description: 'Its sync count: above `lastSyncCount`, at most the dataset’s.' })
  syncCount!: number;

  @Field(() => DateTime, { description: 'When it was written last.' })
  lastModifiedDate!: Date;

  @Field(() => String, { nullable: true, description: AUTHOR })
  lastModifiedBy?: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was written last, by the device’s clock.' })
  deviceLastModifiedDate?: Date | null;
}

@InputType({ description: 'A dataset as it is in another installation of Cognito.' })
export class ImportedDatasetInput {
  @Field(() => Long, { description: 'Its sync count, which it gets here too.' })
  syncCount!: number;

  @Field(() => DateTime, { description: 'When it was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When it was written last.' })
  lastModifiedDate!: Date;

  @Field(() => String, { nullable: true, description: AUTHOR })
  lastModifiedBy?: string | null;

  @Field(() => Long, {
    nullable: true,
    description:
      'The sync count that `records` were listed from: that of the last import; 0, for all, when left out.',
  })
  lastSyncCount?: number | null;

  @Field(() => [ImportedRecordInput], {
    description:
      'All records with a higher count, removed ones too: at most 10,000, each key once. Where there are more, several calls bring them in the order of their counts, each with `syncCount` as far as it comes.',
  })
  records!: ImportedRecordInput[];
}

@InputType({ description: 'The dataset to bring over.' })
export class ImportDatasetInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => ID, { description: 'The identity that owns it: `REGION:UUID`.' })
  identityId!: string;

  @Field(() => String, {
    description: 'The name of the dataset; `NAME.REGION:UUID` for that of a merged identity.',
  })
  datasetName!: string;

  @Field(() => ImportedDatasetInput, {
    nullable: true,
    description: 'How it is at the source; left out when it is gone there, to delete it here.',
  })
  source?: ImportedDatasetInput | null;
}

@ObjectType({ description: 'What became of the dataset.' })
export class ImportDatasetPayload {
  @Field(() => ImportedDatasetStatusType, { description: 'What was done.' })
  status!: ImportedDatasetStatus;

  @Field(() => Long, { description: 'Its sync count here after the call; 0 when it never was here.' })
  datasetSyncCount!: number;

  @Field(() => [String], {
    description:
      'Limits that it or its identity passes now: `datasetsPerIdentity`, `recordsPerDataset`, `datasetBytes`. Nothing was left out for them, and nothing more comes in until it is less.',
  })
  passedLimits!: string[];
}
