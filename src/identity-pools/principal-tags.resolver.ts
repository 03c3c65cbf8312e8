import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { IdentityPoolType } from './identity-pool.types';
import { listPrincipalTagAttributeMaps, setPrincipalTagAttributeMap } from './principal-tags.service';
import {
  PrincipalTagAttributeMapType,
  SetPrincipalTagAttributeMapInput,
  SetPrincipalTagAttributeMapPayload,
} from './principal-tags.types';

/** Attributes for access control. */
@Resolver(() => IdentityPoolType)
export class PrincipalTagResolver {
  @FieldResolver(() => [PrincipalTagAttributeMapType], {
    description: 'Which claims become principal tags, by provider (GetPrincipalTagAttributeMap).',
  })
  principalTagAttributeMaps(
    @Ctx() ctx: Context,
    @Root() pool: IdentityPoolType,
  ): Promise<PrincipalTagAttributeMapType[]> {
    return listPrincipalTagAttributeMaps(ctx, { identityPoolId: pool.id });
  }

  @Mutation(() => SetPrincipalTagAttributeMapPayload, {
    description: 'Sets which claims of a provider become principal tags.',
  })
  async setPrincipalTagAttributeMap(
    @Ctx() ctx: Context,
    @Arg('input', () => SetPrincipalTagAttributeMapInput, { description: 'The provider and its tags.' })
    input: SetPrincipalTagAttributeMapInput,
  ): Promise<SetPrincipalTagAttributeMapPayload> {
    return { principalTagAttributeMap: await setPrincipalTagAttributeMap(ctx, input) };
  }
}
