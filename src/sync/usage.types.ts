import { Field, ID, Int, ObjectType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime, Long } from '../graphql-types/scalars';
import type { IdentityPoolUsage, IdentityUsage, SyncSessionDay } from './usage.service';

/** GraphQL type `IdentityUsage`. */
@ObjectType('IdentityUsage', { description: 'What the datasets of an identity hold.' })
export class IdentityUsageType implements IdentityUsage {
  @Field(() => ID, { description: 'The identity.' })
  identityId!: string;

  @Field(() => ID, { description: 'Its pool.' })
  identityPoolId!: string;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When one of its datasets was written or deleted last; null when it never had one.',
  })
  lastModifiedDate!: Date | null;

  @Field(() => Int, { description: 'Its datasets; at most 20 of its own making, more after a merge.' })
  datasetCount!: number;

  @Field(() => Long, { description: 'Bytes of UTF-8 in the keys and values of all of its live records.' })
  dataStorage!: number;
}

/** GraphQL type `IdentityPoolUsage`. */
@ObjectType('IdentityPoolUsage', { description: 'What all datasets of a pool hold.' })
export class IdentityPoolUsageType implements IdentityPoolUsage {
  @Field(() => ID, { description: 'The pool.' })
  identityPoolId!: string;

  @Field(() => Long, {
    nullable: true,
    description:
      'Sync sessions that ever began: a `listRecords` without a token of an earlier call, and each dataset of a `synchronize`. Some seconds behind; null when there were none.',
  })
  syncSessionsCount!: number | null;

  @Field(() => Long, {
    description: 'Bytes of UTF-8 in the keys and values of all live records, exactly and at this moment.',
  })
  dataStorage!: number;

  @Field(() => DateTime, {
    nullable: true,
    description: 'When a dataset was written or deleted last; null when there never was one.',
  })
  lastModifiedDate!: Date | null;
}

/** GraphQL type `IdentityPoolUsageConnection`. */
export const IdentityPoolUsageConnection = connectionOf('IdentityPoolUsage', () => IdentityPoolUsageType);

/** GraphQL type `SyncSessionDay`. */
@ObjectType('SyncSessionDay', { description: 'The sync sessions of a pool on a day.' })
export class SyncSessionDayType implements SyncSessionDay {
  @Field(() => String, { description: 'The day, `YYYY-MM-DD` in UTC.' })
  day!: string;

  @Field(() => Long, { description: 'Sync sessions that began on it.' })
  syncSessions!: number;
}
