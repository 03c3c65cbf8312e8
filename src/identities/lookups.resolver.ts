import { Arg, Ctx, FieldResolver, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { describeIdentity } from './identity.service';
import { IdentityType, toIdentityType } from './identity.types';
import { listLogins, lookupLogin } from './lookups.service';
import { LinkedLoginType, LookupLoginInput, LookupLoginPayload } from './lookups.types';

/** From a login to its identity. */
@Resolver(() => LookupLoginPayload)
export class LookupLoginResolver {
  @Query(() => LookupLoginPayload, {
    description: 'The identity that has a login, for administrators. Makes none and links nothing.',
  })
  lookupLogin(
    @Ctx() ctx: Context,
    @Arg('input', () => LookupLoginInput, { description: 'The login.' }) input: LookupLoginInput,
  ): Promise<LookupLoginPayload> {
    return lookupLogin(ctx, input);
  }

  @FieldResolver(() => IdentityType, {
    nullable: true,
    description: 'The identity (DescribeIdentity); null when none has the login.',
  })
  async identity(
    @Ctx() ctx: Context,
    @Root() { identityId }: LookupLoginPayload,
  ): Promise<IdentityType | null> {
    return identityId === null ? null : toIdentityType(await describeIdentity(ctx, { identityId }));
  }
}

/** From an identity to its logins. */
@Resolver(() => IdentityType)
export class LinkedLoginsResolver {
  @FieldResolver(() => [LinkedLoginType], {
    description:
      'Its logins with their subjects, in the order they were linked, at most 20: any for administrators, its own for an identity whose role allows cognito-identity:ListLogins.',
  })
  linkedLogins(
    @Ctx() ctx: Context,
    @Root() { id, identityPoolId }: IdentityType,
  ): Promise<LinkedLoginType[]> {
    return listLogins(ctx, { identityId: id, identityPoolId });
  }
}
