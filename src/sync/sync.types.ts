import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime, Long } from '../graphql-types/scalars';
import type { PatchOperation, SyncRecord } from '../protocol/sync';
import { MergedRecordType } from './merged-record.types';
import type { DatasetDescription } from './rows';

/** What is said of owners wherever they may be left out. */
const OWNER_OPTIONAL = 'Identities may leave it out: it comes from their credentials.';
/** Description of `identityPoolId` in inputs. */
export const POOL_ID = `The identity pool: \`REGION:UUID\`. ${OWNER_OPTIONAL} Administrators may, too: it is the identity’s.`;
/** Description of `identityId` in inputs. */
export const IDENTITY_ID = `The identity that owns the dataset: \`REGION:UUID\`. ${OWNER_OPTIONAL}`;
/** Description of `datasetName` in inputs. */
export const DATASET_NAME =
  'The name of the dataset: 1 to 128 of a-zA-Z0-9_.:- (longer for the dataset of a merged identity, `NAME.REGION:UUID`).';

/** GraphQL type `Dataset`. */
@ObjectType('Dataset', {
  simpleResolvers: true,
  description: 'A named collection of records that one identity owns; synced as a whole.',
})
export class DatasetType {
  @Field(() => ID, { description: 'Unique among all datasets: the id of the identity, a slash, the name.' })
  id!: string;

  @Field(() => ID, { description: 'The identity that owns it.' })
  identityId!: string;

  @Field(() => String, { description: 'Unique among the datasets of its identity.' })
  name!: string;

  @Field(() => Long, {
    description: 'Every successful update adds 1. It goes on after a deletion, which leaves one count out.',
  })
  syncCount!: number;

  @Field(() => DateTime, { description: 'When it was made, or made again after its last deletion.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When it was written last, by the server’s clock.' })
  lastModifiedDate!: Date;

  @Field(() => String, {
    description:
      'Who wrote it last: a device id, else the id of the identity; the account id for administrators.',
  })
  lastModifiedBy!: string;

  @Field(() => Long, {
    description: 'Bytes of UTF-8 in the keys and values of its live records; at most 1,048,576.',
  })
  dataStorage!: number;

  @Field(() => Int, { description: 'Live records, without removed ones; at most 1,024.' })
  numRecords!: number;

  @Field(() => Long, {
    nullable: true,
    description:
      'The oldest sync count that `restoreDataset` can bring it back to; null while no earlier values are kept. Rises as they are forgotten.',
  })
  historySinceSyncCount!: number | null;
}

/** The dataset as GraphQL answers it. */
export const toDatasetType = ({ datasetName, ...dataset }: DatasetDescription): DatasetType => ({
  ...dataset,
  id: `${dataset.identityId}/${datasetName}`,
  name: datasetName,
});

/** GraphQL type `DatasetConnection`. */
export const DatasetConnection = connectionOf('Dataset', () => DatasetType);

/** GraphQL type `Record`. */
// Simple resolvers: nothing wraps these fields, and a pull has hundreds of them.
@ObjectType('Record', { simpleResolvers: true, description: 'A key and its value in a dataset.' })
export class RecordType implements SyncRecord {
  @Field(() => String, { description: '1 to 1,024 characters; unique in its dataset.' })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description: 'At most 1,048,575 characters; null when the record was removed.',
  })
  value!: string | null;

  @Field(() => Long, { description: 'The sync count of the dataset after the call that wrote it last.' })
  syncCount!: number;

  @Field(() => DateTime, { description: 'When it was written last, by the server’s clock.' })
  lastModifiedDate!: Date;

  @Field(() => String, {
    description:
      'Who wrote it last: a device id, else the id of the identity; the account id for administrators.',
  })
  lastModifiedBy!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When it was written last, by the device’s clock, as the device sent it.',
  })
  deviceLastModifiedDate!: Date | null;
}

const PatchOperationType = { REPLACE: 'replace', REMOVE: 'remove' } as const satisfies Record<
  Uppercase<PatchOperation>,
  PatchOperation
>;

registerEnumType(PatchOperationType, {
  name: 'PatchOperation',
  description: 'What a patch does to its record.',
  valuesConfig: {
    REPLACE: { description: 'Writes the value, whether there was a record or not.' },
    REMOVE: {
      description:
        'Removes the record; if there was one, a record with a null value remains, so that other devices hear of it.',
    },
  },
});

@InputType({ description: 'One change of one record.' })
export class RecordPatchInput {
  @Field(() => PatchOperationType, { description: 'What to do.' })
  op!: PatchOperation;

  @Field(() => String, {
    description: '1 to 1,024 characters, at most 2,048 bytes of UTF-8; each key once in a call.',
  })
  key!: string;

  @Field(() => String, {
    nullable: true,
    description: 'At most 1,048,575 characters. Needed by REPLACE, ignored by REMOVE.',
  })
  value?: string | null;

  @Field(() => Long, {
    description:
      'The sync count of the record that the device saw last; 0 for one that it never saw. A lower one than the server’s is a conflict.',
  })
  syncCount!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When the device made the change, by its own clock; kept as it is.',
  })
  deviceLastModifiedDate?: Date | null;
}

@InputType({ description: 'Changes of one dataset. All are made, or none.' })
export class UpdateRecordsInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, {
    description: `${DATASET_NAME} The first update makes it; at most 20 in an identity.`,
  })
  datasetName!: string;

  @Field(() => [RecordPatchInput], { nullable: true, description: 'At most 1,024 changes, each key once.' })
  recordPatches?: RecordPatchInput[] | null;

  @Field(() => String, {
    nullable: true,
    description: 'The device that sends the changes, to be kept as `lastModifiedBy`: 1 to 256 characters.',
  })
  deviceId?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'From `listRecords`, if the call must be the only one with it. Used up by success.',
  })
  syncSessionToken?: string | null;
}

@ObjectType({ simpleResolvers: true, description: 'What an update did.' })
export class UpdateRecordsPayload {
  @Field(() => [RecordType], { description: 'Every record that the call changed, by key.' })
  records!: RecordType[];

  @Field(() => Long, {
    description: 'The sync count of the dataset after the call; 0 when there is no dataset.',
  })
  datasetSyncCount!: number;

  @Field(() => DatasetType, {
    nullable: true,
    description: 'The dataset after the call; null when a call without changes found none.',
  })
  dataset!: DatasetType | null;

  @Field(() => [MergedRecordType], {
    description: 'Stale changes that merge rules took in; the records are among `records`.',
  })
  merged!: MergedRecordType[];
}

@InputType({ description: 'The dataset to delete.' })
export class DeleteDatasetInput {
  @Field(() => ID, { nullable: true, description: POOL_ID })
  identityPoolId?: string | null;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, { description: DATASET_NAME })
  datasetName!: string;
}

@ObjectType({ description: 'The deleted dataset.' })
export class DeleteDatasetPayload {
  @Field(() => DatasetType, { description: 'The dataset as it was.' })
  dataset!: DatasetType;
}
