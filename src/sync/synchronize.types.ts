import { Field, ID, InputType, ObjectType, registerEnumType } from 'type-graphql';
import { enumOf } from '../graphql-types/enum-of';
import { JSONValue, Long } from '../graphql-types/scalars';
import { MergedRecordType } from './merged-record.types';
import { RecordListingType } from './list-records.types';
import type { ConflictStrategy } from './synchronize.input';
import { CONFLICT_STRATEGIES } from './synchronize.input';
import { DATASET_NAME, IDENTITY_ID, POOL_ID, RecordPatchInput, RecordType } from './sync.types';
import type { SynchronizedDataset } from './synchronize.service';

const ConflictStrategyType = enumOf(CONFLICT_STRATEGIES);
registerEnumType(ConflictStrategyType, {
  name: 'ConflictStrategy',
  description: 'What becomes of patches that have not seen the newest record.',
  valuesConfig: {
    REJECT: { description: 'Nothing is applied; the answer lists them.' },
    REPORT: { description: 'They are left out and listed; the others are applied.' },
    LAST_WRITER_WINS: {
      description:
        'They are applied if their deviceLastModifiedDate is later than the record’s, of equal ones if their device id is greater; the others are listed.',
    },
    CLIENT_WINS: { description: 'They are applied.' },
    SERVER_WINS: { description: 'They are left out and listed; the others are applied.' },
  },
});

const LAST_SYNC_COUNT = 'The `datasetSyncCount` of the last pull; 0, for everything, when left out.';
const PATCHES = 'At most 1,024 changes, each key once. None: only a pull.';
const MUTATION_ID =
  'Made by the client for each change, 1 to 128 characters, such as a UUID: sending the call again does not make the change again. Remembered for 30 days.';

@InputType({ description: 'One dataset to synchronize.' })
export class SynchronizeDatasetInput {
  @Field(() => String, { description: DATASET_NAME })
  datasetName!: string;

  @Field(() => Long, { nullable: true, description: LAST_SYNC_COUNT })
  lastSyncCount?: number | null;

  @Field(() => [RecordPatchInput], { nullable: true, description: PATCHES })
  recordPatches?: RecordPatchInput[] | null;

  @Field(() => ConflictStrategyType, {
    nullable: true,
    description: 'What becomes of stale patches. Default REPORT.',
  })
  onConflict?: ConflictStrategy | null;

  @Field(() => String, { nullable: true, description: MUTATION_ID })
  mutationId?: string | null;
}

@InputType({
  description:
    'What a device has and wants to change: of one dataset by these members, or of several in `datasets`.',
})
export class SynchronizeInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The device, to be kept as `lastModifiedBy`: 1 to 256 characters.',
  })
  deviceId?: string | null;

  @Field(() => String, { nullable: true, description: `${DATASET_NAME} Left out with \`datasets\`.` })
  datasetName?: string;

  @Field(() => Long, { nullable: true, description: LAST_SYNC_COUNT })
  lastSyncCount?: number | null;

  @Field(() => [RecordPatchInput], { nullable: true, description: PATCHES })
  recordPatches?: RecordPatchInput[] | null;

  @Field(() => ConflictStrategyType, {
    nullable: true,
    description: 'What becomes of stale patches. Default REPORT.',
  })
  onConflict?: ConflictStrategy | null;

  @Field(() => String, { nullable: true, description: MUTATION_ID })
  mutationId?: string | null;

  @Field(() => [SynchronizeDatasetInput], {
    nullable: true,
    description:
      '1 to 20 datasets, each once. They are synchronized one after the other, each wholly or not at all.',
  })
  datasets?: SynchronizeDatasetInput[] | null;
}

/** GraphQL type `RecordConflict`. */
@ObjectType('RecordConflict', { description: 'A patch that was not applied, since the record is newer.' })
export class RecordConflictType {
  @Field(() => String, { description: 'The record’s key.' })
  key!: string;

  @Field(() => Long, { description: 'The sync count that the patch came with.' })
  patchSyncCount!: number;

  @Field(() => RecordType, {
    nullable: true,
    description: 'The server’s record; null where a repeated call is answered, whose pull shows it.',
  })
  record!: RecordType | null;
}

/** GraphQL type `DatasetError`. */
@ObjectType('DatasetError', { description: 'Why a dataset was not synchronized; nothing of it was done.' })
export class DatasetErrorType {
  @Field(() => String, { description: 'A code of docs/errors.md.' })
  code!: string;

  @Field(() => String, { description: 'A sentence for people.' })
  message!: string;

  @Field(() => JSONValue, { description: 'Fields for programs.' })
  fields!: Record<string, unknown>;
}

/** GraphQL type `SynchronizedDataset`. */
@ObjectType('SynchronizedDataset', { description: 'What became of a dataset.' })
export class SynchronizedDatasetType {
  @Field(() => String, { description: 'Its name.' })
  datasetName!: string;

  @Field(() => DatasetErrorType, {
    nullable: true,
    description: 'Why nothing was done, where a call names several datasets; else null.',
  })
  error!: DatasetErrorType | null;

  @Field(() => RecordListingType, {
    nullable: true,
    description:
      'What changed since `lastSyncCount`, this call’s own changes included, as `listRecords` answers it: up to 1,024 records, with a `nextToken` when there are more. Null with an error.',
  })
  changes!: RecordListingType | null;

  @Field(() => [String], {
    description: 'Keys of the patches that were applied, merged ones too, unless the server’s value stayed.',
  })
  applied!: string[];

  @Field(() => [RecordConflictType], { description: 'Stale patches that were not applied, by key.' })
  conflicts!: RecordConflictType[];

  @Field(() => [MergedRecordType], {
    description: 'Stale patches that merge rules took in. Empty where a repeated call is answered.',
  })
  merged!: MergedRecordType[];

  @Field(() => Boolean, {
    description: 'Whether an earlier call with this `mutationId` had made the change; this one made none.',
  })
  isRepeated!: boolean;
}

@ObjectType({ description: 'What became of each dataset, in the order of the call.' })
export class SynchronizePayload {
  @Field(() => [SynchronizedDatasetType], { description: 'One for each dataset of the call.' })
  datasets!: SynchronizedDatasetType[];
}

/** The outcome as GraphQL answers it. */
export const toSynchronizedDatasetType = ({
  listing,
  error,
  ...dataset
}: SynchronizedDataset): SynchronizedDatasetType => ({
  ...dataset,
  changes: listing,
  error: error && { code: error.code, message: error.message, fields: error.fields },
});
