import { Arg, Args, Ctx, FieldResolver, Int, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import { bulkPublish, getBulkPublishDetails } from './bulk/bulk-publish.service';
import { countPendingEvents, listDeadLetters, retryDeadLetters } from './dead-letters.service';
import {
  getIdentityPoolConfiguration,
  setIdentityPoolConfiguration,
} from './identity-pool-configuration.service';
import {
  BulkPublishDetailsType,
  BulkPublishInput,
  BulkPublishPayload,
  CognitoStreamsType,
  DeadLetterConnection,
  DeadLetterType,
  RetryDeadLettersInput,
  RetryDeadLettersPayload,
  SetIdentityPoolConfigurationInput,
  SetIdentityPoolConfigurationPayload,
  toDeadLetterType,
} from './streams.types';

/** The stream of a pool, which Cognito Sync configures together with push sync, and its bulk publish. */
@Resolver(() => IdentityPoolType)
export class IdentityPoolConfigurationResolver {
  @FieldResolver(() => CognitoStreamsType, {
    nullable: true,
    description: 'The stream of the pool; null when there is none (GetIdentityPoolConfiguration).',
  })
  async streams(@Ctx() ctx: Context, @Root() { id }: IdentityPoolType): Promise<CognitoStreamsType | null> {
    return (await getIdentityPoolConfiguration(ctx, { identityPoolId: id })).cognitoStreams;
  }

  @FieldResolver(() => BulkPublishDetailsType, {
    description: 'How far the last bulk publish is (GetBulkPublishDetails).',
  })
  bulkPublish(@Ctx() ctx: Context, @Root() { id }: IdentityPoolType): Promise<BulkPublishDetailsType> {
    return getBulkPublishDetails(ctx, { identityPoolId: id });
  }

  @Mutation(() => SetIdentityPoolConfigurationPayload, {
    description:
      'Chooses what push sync uses and where changes are streamed to. Streaming that is switched on has every change that begins after the answer.',
  })
  setIdentityPoolConfiguration(
    @Ctx() ctx: Context,
    @Arg('input', () => SetIdentityPoolConfigurationInput, { description: 'What to change.' })
    input: SetIdentityPoolConfigurationInput,
  ): Promise<SetIdentityPoolConfigurationPayload> {
    return setIdentityPoolConfiguration(ctx, input);
  }

  @Mutation(() => BulkPublishPayload, {
    name: 'bulkPublish',
    description:
      'Begins to publish every dataset of the pool to its stream, in the background; once in 24 hours.',
  })
  bulkPublishDatasets(
    @Ctx() ctx: Context,
    @Arg('input', () => BulkPublishInput, { description: 'The pool.' }) input: BulkPublishInput,
  ): Promise<BulkPublishPayload> {
    return bulkPublish(ctx, input);
  }

  @Mutation(() => RetryDeadLettersPayload, {
    description: 'Puts dead letters of a pool back in line. They have 24 hours again.',
  })
  retryDeadLetters(
    @Ctx() ctx: Context,
    @Arg('input', () => RetryDeadLettersInput, { description: 'The pool.' }) input: RetryDeadLettersInput,
  ): Promise<RetryDeadLettersPayload> {
    return retryDeadLetters(ctx, input);
  }
}

/** What has not arrived in a stream. */
@Resolver(() => CognitoStreamsType)
export class CognitoStreamsResolver {
  @FieldResolver(() => Int, {
    description: 'Events that wait to be delivered; more than 100,000 are not counted.',
  })
  pendingCount(@Ctx() ctx: Context, @Root() { identityPoolId }: CognitoStreamsType): Promise<number> {
    return countPendingEvents(ctx, { identityPoolId });
  }

  @FieldResolver(() => DeadLetterConnection, {
    description: 'Events that the stream did not take within 24 hours, those first that were given up first.',
  })
  async deadLetters(
    @Ctx() ctx: Context,
    @Root() { identityPoolId }: CognitoStreamsType,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<DeadLetterType>> {
    return toConnection(await listDeadLetters(ctx, { identityPoolId, ...page }), toDeadLetterType);
  }
}
