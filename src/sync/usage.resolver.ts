import { Arg, Args, Ctx, FieldResolver, Int, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import { describeIdentityPoolUsage, listIdentityPoolUsage, listSyncSessions } from './usage.service';
import { IdentityPoolUsageConnection, IdentityPoolUsageType, SyncSessionDayType } from './usage.types';

/** What the datasets of a pool hold, as a field of the pool. */
@Resolver(() => IdentityPoolType)
export class IdentityPoolUsageFieldResolver {
  @FieldResolver(() => IdentityPoolUsageType, {
    description: 'What its datasets hold (DescribeIdentityPoolUsage).',
  })
  usage(@Ctx() ctx: Context, @Root() pool: IdentityPoolType): Promise<IdentityPoolUsageType> {
    return describeIdentityPoolUsage(ctx, { identityPoolId: pool.id });
  }
}

/** The usage of pools. */
@Resolver(() => IdentityPoolUsageType)
export class IdentityPoolUsageResolver {
  @Query(() => IdentityPoolUsageConnection, {
    description: 'What the datasets of each pool hold, by the pools’ ids (ListIdentityPoolUsage).',
  })
  async identityPoolUsages(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<IdentityPoolUsageType>> {
    return toConnection(await listIdentityPoolUsage(ctx, page), (usage) => usage);
  }

  @FieldResolver(() => [SyncSessionDayType], {
    description: 'Its sync sessions on each of the last days, today the last (DescribeIdentityPoolUsage).',
  })
  syncSessions(
    @Ctx() ctx: Context,
    @Root() { identityPoolId }: IdentityPoolUsageType,
    @Arg('days', () => Int, { nullable: true, description: 'How many days: 1 to 366, 30 when left out.' })
    days?: number,
  ): Promise<SyncSessionDayType[]> {
    return listSyncSessions(ctx, { identityPoolId, days: days ?? null });
  }
}
