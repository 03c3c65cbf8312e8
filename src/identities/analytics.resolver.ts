import { Args, Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { IdentityPoolType } from '../identity-pools/identity-pool.types';
import {
  getIdentityPoolAnalytics,
  getIdentityPoolDailyAnalytics,
  getIdentityProviderDailyAnalytics,
} from './analytics.service';
import {
  AnalyticsArgs,
  AnalyticsDayType,
  IdentityPoolAnalyticsType,
  ProviderDayType,
} from './analytics.types';

/** The counts of a pool, as a field of the pool. */
@Resolver(() => IdentityPoolType)
export class IdentityPoolAnalyticsResolver {
  @FieldResolver(() => IdentityPoolAnalyticsType, {
    description: 'How many identities the pool has (GetIdentityPoolAnalytics).',
  })
  async analytics(
    @Ctx() ctx: Context,
    @Root() { id }: IdentityPoolType,
    @Args(() => AnalyticsArgs) { from, to }: AnalyticsArgs,
  ): Promise<IdentityPoolAnalyticsType> {
    return { ...(await getIdentityPoolAnalytics(ctx, { identityPoolId: id })), identityPoolId: id, from, to };
  }
}

/** The days of a pool. */
@Resolver(() => IdentityPoolAnalyticsType)
export class AnalyticsDaysResolver {
  @FieldResolver(() => [AnalyticsDayType], {
    description: 'The days from `from` to `to`, but none after today (GetIdentityPoolDailyAnalytics).',
  })
  days(
    @Ctx() ctx: Context,
    @Root() { identityPoolId, from, to }: IdentityPoolAnalyticsType,
  ): Promise<AnalyticsDayType[]> {
    return getIdentityPoolDailyAnalytics(ctx, { identityPoolId, from, to });
  }
}

/** The providers of a day. */
@Resolver(() => AnalyticsDayType)
export class AnalyticsProvidersResolver {
  @FieldResolver(() => [ProviderDayType], {
    description: 'The same by provider (GetIdentityProviderDailyAnalytics).',
  })
  providers(@Ctx() ctx: Context, @Root() day: AnalyticsDayType): Promise<ProviderDayType[]> {
    return getIdentityProviderDailyAnalytics(ctx, day);
  }
}
