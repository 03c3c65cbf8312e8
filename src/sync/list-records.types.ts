import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { Long } from '../graphql-types/scalars';
import type { RecordListing } from './list-records.service';
import { DATASET_NAME, IDENTITY_ID, POOL_ID, RecordType } from './sync.types';

@InputType({ description: 'Which records to pull.' })
export class ListRecordsInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, { description: DATASET_NAME })
  datasetName!: string;

  @Field(() => Long, {
    nullable: true,
    description:
      'Only records with a higher sync count are answered: the `datasetSyncCount` of the last pull. 0, for all, when left out.',
  })
  lastSyncCount?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The `nextToken` of the page before, with the same other inputs.',
  })
  nextToken?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: 'How many records at most: 1 to 1,024, which is the default.',
  })
  maxResults?: number | null;

  @Field(() => String, { nullable: true, description: 'From an earlier call, to go on with its session.' })
  syncSessionToken?: string | null;
}

/** GraphQL type `RecordListing`. */
@ObjectType('RecordListing', {
  simpleResolvers: true,
  description:
    'The records that changed, as `listRecords` answers them. A dataset that does not exist is no error.',
})
export class RecordListingType implements RecordListing {
  @Field(() => [RecordType], { description: 'By sync count, then key; removed ones with a null value.' })
  records!: RecordType[];

  @Field(() => Int, { description: 'Records in this page.' })
  count!: number;

  @Field(() => Long, {
    description:
      'The count to pull from next time. 0 while the dataset does not exist; on all pages that of the first one.',
  })
  datasetSyncCount!: number;

  @Field(() => Boolean, { description: 'Whether the dataset exists.' })
  datasetExists!: boolean;

  @Field(() => Boolean, {
    description:
      'Whether the caller must drop what it knows up to `lastSyncCount`: it was deleted with the dataset since, even if the dataset exists again, or removals since are no longer remembered, and then all records are shown. Always false for a `lastSyncCount` of 0.',
  })
  datasetDeletedAfterRequestedSyncCount!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Who wrote the dataset last; null while it does not exist.',
  })
  lastModifiedBy!: string | null;

  @Field(() => [String], {
    description:
      'Datasets of that name that came from merged identities, as `NAME.REGION:UUID`: to be merged into this one and deleted.',
  })
  mergedDatasetNames!: string[];

  @Field(() => String, { nullable: true, description: 'For the next page; null on the last one.' })
  nextToken!: string | null;

  @Field(() => String, {
    description: 'For `updateRecords`, which may be called with it once; holds for one hour.',
  })
  syncSessionToken!: string;
}

@ObjectType({
  simpleResolvers: true,
  description: 'One page of the records that changed. A dataset that does not exist is no error.',
})
export class ListRecordsPayload extends RecordListingType {}
