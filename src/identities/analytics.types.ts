import { ArgsType, Field, ObjectType } from 'type-graphql';
import { Long } from '../graphql-types/scalars';
import type { AnalyticsDay } from './analytics.service';

/** The arguments of `IdentityPool.analytics`. */
@ArgsType()
export class AnalyticsArgs {
  @Field(() => String, {
    nullable: true,
    description: 'The first day, `YYYY-MM-DD` in UTC. When left out, 30 days are answered.',
  })
  from?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The last day, `YYYY-MM-DD` in UTC, at most 366 days in all. Today when left out.',
  })
  to?: string | null;
}

/** GraphQL type `ProviderIdentities`. */
@ObjectType('ProviderIdentities', { description: 'How many identities have a login of a provider.' })
export class ProviderIdentitiesType {
  @Field(() => String, { description: 'The name of the provider.' })
  provider!: string;

  @Field(() => Long, { description: 'Identities that have a login of it.' })
  identities!: number;
}

/** GraphQL type `ProviderDay`. */
@ObjectType('ProviderDay', { description: 'The identities of one provider on a day.' })
export class ProviderDayType {
  @Field(() => String, { description: 'The name of the provider.' })
  provider!: string;

  @Field(() => Long, { description: 'Identities that got their first login of it on that day.' })
  newIdentities!: number;

  @Field(() => Long, { description: 'Identities that had a login of it at the end of the day.' })
  totalIdentities!: number;
}

/** GraphQL type `AnalyticsDay`. */
@ObjectType('AnalyticsDay', { description: 'The identities of a pool on a day.' })
export class AnalyticsDayType implements AnalyticsDay {
  identityPoolId!: string;

  /** Shown by the field `providers`, which asks for permission. */
  byProvider!: ProviderDayType[];

  @Field(() => String, { description: 'The day, `YYYY-MM-DD` in UTC.' })
  day!: string;

  @Field(() => Long, { description: 'Identities that were made on that day.' })
  newIdentities!: number;

  @Field(() => Long, { description: 'Identities at the end of the day.' })
  totalIdentities!: number;
}

/** GraphQL type `IdentityPoolAnalytics`. */
@ObjectType('IdentityPoolAnalytics', {
  description: 'How many identities a pool has and had. Disabled ones do not count, nor do deleted ones.',
})
export class IdentityPoolAnalyticsType {
  identityPoolId!: string;
  from?: string | null;
  to?: string | null;

  @Field(() => Long, { description: 'Identities now.' })
  totalIdentities!: number;

  @Field(() => [ProviderIdentitiesType], {
    description:
      'The same by provider. An identity counts for each provider that it has a login of, a guest for none.',
  })
  providers!: ProviderIdentitiesType[];
}
