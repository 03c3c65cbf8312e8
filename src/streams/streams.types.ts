import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { enumOf } from '../graphql-types/enum-of';
import { DateTime, JSONValue, Long } from '../graphql-types/scalars';
import { PushSyncType } from '../push/platform-application.types';
import type { DeadLetter } from './dead-letters.service';
import { StreamTargetInput } from './targets/target.types';

const StreamingStatusType = enumOf(['ENABLED', 'DISABLED']);

registerEnumType(StreamingStatusType, {
  name: 'StreamingStatus',
  description: 'Whether changes of the pool’s datasets go to its stream.',
  valuesConfig: {
    ENABLED: { description: 'Every change that is made from now on.' },
    DISABLED: { description: 'None. What has not been delivered yet waits for 14 days.' },
  },
});

const StreamOperationType = { REPLACE: 'replace', REMOVE: 'remove' } as const;

registerEnumType(StreamOperationType, {
  name: 'StreamOperation',
  description: 'What was done to a dataset.',
  valuesConfig: {
    REPLACE: { description: 'Records were written or removed.' },
    REMOVE: { description: 'The dataset was deleted.' },
  },
});

const BulkPublishStatusType = enumOf(['NOT_STARTED', 'IN_PROGRESS', 'FAILED', 'SUCCEEDED']);

registerEnumType(BulkPublishStatusType, {
  name: 'BulkPublishStatus',
  description: 'How far a bulk publish is.',
  valuesConfig: {
    NOT_STARTED: { description: 'There has been none.' },
    IN_PROGRESS: { description: 'It goes on in the background.' },
    FAILED: { description: 'It ended before all datasets were in the stream; `failureMessage` says why.' },
    SUCCEEDED: { description: 'Every dataset is in the stream.' },
  },
});

const POOL_ID = 'The pool: `REGION:UUID`.';
const APPLICATION_ARNS =
  'Platform applications of the pool, one of each platform, at most 10. None: push sync is off.';
const PUSH_ROLE = 'An IAM role, as Cognito has it. Kept and given back; nothing is done with it here.';
const STREAM_NAME = 'Cognito’s name of the stream: 1 to 128 characters.';

/** GraphQL type `DeadLetter`. */
@ObjectType('DeadLetter', { description: 'An event that the stream did not take within 24 hours.' })
export class DeadLetterType {
  @Field(() => ID, { description: 'The identity that owns the dataset.' })
  identityId!: string;

  @Field(() => String, { description: 'The dataset.' })
  datasetName!: string;

  @Field(() => Long, { description: 'Of the dataset, after the change.' })
  syncCount!: number;

  @Field(() => StreamOperationType, { description: 'What was done.' })
  operation!: 'replace' | 'remove';

  @Field(() => String, { description: 'Why the last attempt failed.' })
  failure!: string;

  @Field(() => Int, { description: 'How often it was tried.' })
  attempts!: number;

  @Field(() => DateTime, { description: 'When the change was made.' })
  createdAt!: Date;

  @Field(() => DateTime, { description: 'When it was given up. It is kept for 14 days from then on.' })
  buriedAt!: Date;
}

/** The letter as GraphQL answers it. */
export const toDeadLetterType = (letter: DeadLetter): DeadLetterType => letter;

/** GraphQL type `DeadLetterConnection`. */
export const DeadLetterConnection = connectionOf('DeadLetter', () => DeadLetterType);

/** GraphQL type `CognitoStreams`. */
@ObjectType('CognitoStreams', { description: 'Where the changes of a pool’s datasets are streamed to.' })
export class CognitoStreamsType {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => String, { description: STREAM_NAME })
  streamName!: string;

  @Field(() => String, { nullable: true, description: PUSH_ROLE })
  roleArn!: string | null;

  @Field(() => StreamingStatusType, { description: 'Whether changes go to it.' })
  streamingStatus!: 'ENABLED' | 'DISABLED';

  @Field(() => JSONValue, {
    description: 'Where its events go, with `type`: webhook, nats, redis or kinesis. Without secrets.',
  })
  target!: Record<string, unknown>;

  @Field(() => String, {
    nullable: true,
    description: 'Why the server switched it off; null when it is on, or an administrator did.',
  })
  disabledReason!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was switched off; null while it is on.' })
  disabledAt!: Date | null;
}

/** GraphQL type `BulkPublishDetails`. */
@ObjectType('BulkPublishDetails', {
  description: 'The last publication of all datasets of a pool to its stream.',
})
export class BulkPublishDetailsType {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => DateTime, { nullable: true, description: 'When it was begun; null when there was none.' })
  bulkPublishStartTime!: Date | null;

  @Field(() => DateTime, { nullable: true, description: 'When it ended; null before.' })
  bulkPublishCompleteTime!: Date | null;

  @Field(() => BulkPublishStatusType, { description: 'How far it is.' })
  bulkPublishStatus!: 'NOT_STARTED' | 'IN_PROGRESS' | 'FAILED' | 'SUCCEEDED';

  @Field(() => String, {
    nullable: true,
    description: 'Why it failed; in progress, why the last attempt did, which is made again.',
  })
  failureMessage!: string | null;

  @Field(() => Long, { description: 'Datasets that are in the stream so far.' })
  publishedDatasets!: number;
}

@InputType({ description: 'What push sync uses; `{}` switches it off.' })
export class PushSyncInput {
  @Field(() => [String], { nullable: true, description: APPLICATION_ARNS })
  applicationArns?: string[] | null;

  @Field(() => String, { nullable: true, description: PUSH_ROLE })
  roleArn?: string | null;
}

@InputType({
  description: 'The stream; `{}` takes it away. A member that is left out stays as it is.',
})
export class CognitoStreamsInput {
  @Field(() => String, {
    nullable: true,
    description: `${STREAM_NAME} A stream of another name needs a \`target\`.`,
  })
  streamName?: string | null;

  @Field(() => String, { nullable: true, description: `${PUSH_ROLE} Needs iam:PassRole.` })
  roleArn?: string | null;

  @Field(() => StreamingStatusType, {
    nullable: true,
    description: 'Whether changes go to it; of a new stream ENABLED when left out.',
  })
  streamingStatus?: 'ENABLED' | 'DISABLED' | null;

  @Field(() => StreamTargetInput, {
    nullable: true,
    description: 'Where its events go. Left out, the stream keeps the target it has.',
  })
  target?: StreamTargetInput | null;
}

@InputType({ description: 'What to change; a member that is left out stays as it is, and `{}` clears it.' })
export class SetIdentityPoolConfigurationInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => PushSyncInput, { nullable: true, description: 'What push sync uses.' })
  pushSync?: PushSyncInput | null;

  @Field(() => CognitoStreamsInput, { nullable: true, description: 'The stream.' })
  cognitoStreams?: CognitoStreamsInput | null;
}

@ObjectType({ description: 'The configuration as it is now.' })
export class SetIdentityPoolConfigurationPayload {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => PushSyncType, { nullable: true, description: 'What push sync uses; null when it is off.' })
  pushSync!: PushSyncType | null;

  @Field(() => CognitoStreamsType, { nullable: true, description: 'The stream; null when there is none.' })
  cognitoStreams!: CognitoStreamsType | null;

  @Field(() => String, {
    nullable: true,
    description: 'The secret of a webhook that was set without one: made by this call and shown this once.',
  })
  webhookSecret!: string | null;
}

@InputType({ description: 'The pool whose datasets are to be published.' })
export class BulkPublishInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;
}

@ObjectType({ description: 'It was begun.' })
export class BulkPublishPayload {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;
}

@InputType({ description: 'The pool whose dead letters are to be tried again.' })
export class RetryDeadLettersInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;
}

@ObjectType({ description: 'What was put back in line.' })
export class RetryDeadLettersPayload {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => Int, {
    description: 'How many letters; at most 10,000 in one call, those first that were given up first.',
  })
  retriedCount!: number;
}
