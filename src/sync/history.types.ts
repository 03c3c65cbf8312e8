import { ArgsType, Field, ID, InputType, ObjectType } from 'type-graphql';
import { ConnectionArgs, connectionOf } from '../graphql-types/connection';
import { DateTime, Long } from '../graphql-types/scalars';
import type { EarlierValue } from './history.service';
import type { RestoredDataset } from './restore-dataset.service';
import { DATASET_NAME, DatasetType, IDENTITY_ID, POOL_ID, RecordType, toDatasetType } from './sync.types';

/** The arguments of `Dataset.history`. */
@ArgsType()
export class HistoryArgs extends ConnectionArgs {
  @Field(() => String, {
    nullable: true,
    description: 'The key whose earlier values are wanted; those of all keys when left out.',
  })
  key?: string | null;
}

/** GraphQL type `EarlierValue`. */
@ObjectType('EarlierValue', {
  simpleResolvers: true,
  description: 'A record as it was before it was written again or removed.',
})
export class EarlierValueType implements EarlierValue {
  @Field(() => String, { description: 'The key of the record.' })
  key!: string;

  @Field(() => String, { nullable: true, description: 'The value; null when the record was removed then.' })
  value!: string | null;

  @Field(() => Long, { description: 'The sync count of the update that wrote it.' })
  syncCount!: number;

  @Field(() => Long, {
    description: 'The sync count of the update that replaced it: it held from `syncCount` until before this.',
  })
  supersededSyncCount!: number;

  @Field(() => DateTime, { description: 'When it was written, by the server’s clock.' })
  lastModifiedDate!: Date;

  @Field(() => String, {
    description: 'Who wrote it: a device id, else the id of the identity; the account id for administrators.',
  })
  lastModifiedBy!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was written, by the device’s clock, as the device sent it.',
  })
  deviceLastModifiedDate!: Date | null;

  @Field(() => DateTime, { description: 'When it was replaced, by the server’s clock.' })
  supersededDate!: Date;
}

/** GraphQL type `EarlierValueConnection`. */
export const EarlierValueConnection = connectionOf('EarlierValue', () => EarlierValueType);

@InputType({ description: 'The dataset to bring back, and to which state.' })
export class RestoreDatasetInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, { description: DATASET_NAME })
  datasetName!: string;

  @Field(() => Long, {
    description:
      'The sync count whose state is wanted: from the dataset’s `historySinceSyncCount` to its `syncCount`.',
  })
  toSyncCount!: number;

  @Field(() => String, {
    nullable: true,
    description: 'The device that asks for it, to be kept as `lastModifiedBy`: 1 to 256 characters.',
  })
  deviceId?: string | null;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether to say only what would be written. False when left out.',
  })
  dryRun?: boolean | null;
}

@ObjectType({ simpleResolvers: true, description: 'What a restoration wrote, or would write.' })
export class RestoreDatasetPayload {
  @Field(() => [RecordType], {
    description:
      'The records that were different, by key, as they were, or would be, written; none when nothing is different.',
  })
  records!: RecordType[];

  @Field(() => Long, { description: 'The sync count of the dataset after the call.' })
  datasetSyncCount!: number;

  @Field(() => DatasetType, { description: 'The dataset after the call.' })
  dataset!: DatasetType;

  @Field(() => Boolean, { description: 'Whether nothing was written because the call said so.' })
  dryRun!: boolean;
}

/** The outcome as GraphQL answers it. */
export const toRestoreDatasetPayload = ({
  dataset,
  ...restored
}: RestoredDataset): RestoreDatasetPayload => ({
  ...restored,
  dataset: toDatasetType(dataset),
});
