import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { Long } from '../../graphql-types/scalars';

@InputType({ description: 'What a device knows of a dataset.' })
export class KnownSyncCountInput {
  @Field(() => String, { description: 'The name of the dataset.' })
  datasetName!: string;

  @Field(() => Long, {
    description:
      'The `syncCount` of the last report of it, or the `datasetSyncCount` of the last pull; 0 for one that the device does not have.',
  })
  syncCount!: number;
}

@InputType({ description: 'Which changes to be told of. The datasets are the caller’s own.' })
export class DatasetChangedInput {
  @Field(() => String, {
    nullable: true,
    description: 'The dataset, which need not exist yet; all datasets of the identity when left out.',
  })
  datasetName?: string | null;

  @Field(() => String, {
    nullable: true,
    description:
      'The device that listens, as it is named in `updateRecords`: 1 to 256 characters. Changes that it wrote itself are not told back to it.',
  })
  deviceId?: string | null;

  @Field(() => [KnownSyncCountInput], {
    nullable: true,
    description:
      'What the device knows, to be told at once of what changed since; a dataset that is not named counts as one that it does not have. At most 1,000, each dataset once. When left out, only what comes from now on is told: give it, even as an empty list, and nothing is ever missed.',
  })
  sinceSyncCounts?: KnownSyncCountInput[] | null;
}

@ObjectType({ description: 'That a dataset changed.' })
export class DatasetChangedPayload {
  @Field(() => ID, { description: 'The identity that owns the dataset: the caller.' })
  identityId!: string;

  @Field(() => String, { description: 'The name of the dataset.' })
  datasetName!: string;

  @Field(() => Long, {
    description:
      'Where the dataset stands: the count for `sinceSyncCounts` next time. 0 when it was deleted. Several changes in a row come as one, with the last count.',
  })
  syncCount!: number;

  @Field(() => String, {
    nullable: true,
    description:
      'The device that wrote last; null when it gave no name, for administrators, deletions and merges.',
  })
  deviceId!: string | null;

  @Field(() => Boolean, { description: 'Whether the dataset was deleted.' })
  isDeleted!: boolean;
}
