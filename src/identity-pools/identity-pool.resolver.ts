import { Arg, Args, Ctx, FieldResolver, ID, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { identityPoolArn } from '../ids';
import {
  createIdentityPool,
  describeIdentityPool,
  listIdentityPools,
  updateIdentityPool,
} from './identity-pool.service';
import {
  CreateIdentityPoolInput,
  CreateIdentityPoolPayload,
  IdentityPoolConnection,
  IdentityPoolRolesType,
  IdentityPoolType,
  SetIdentityPoolRolesInput,
  SetIdentityPoolRolesPayload,
  TagResourceInput,
  TagResourcePayload,
  UntagResourceInput,
  UntagResourcePayload,
  UpdateIdentityPoolInput,
  UpdateIdentityPoolPayload,
  toIdentityPoolType,
} from './identity-pool.types';
import { getIdentityPoolRoles, setIdentityPoolRoles } from './roles.service';
import { toRoleMappingType } from './role-mapping.types';
import { TagType } from './tag.types';
import { listTagsForResource, tagResource, untagResource } from './tags.service';

/** Identity pools, their role slots and tags. */
@Resolver(() => IdentityPoolType)
export class IdentityPoolResolver {
  @Query(() => IdentityPoolConnection, { description: 'All identity pools, by id (ListIdentityPools).' })
  async identityPools(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<IdentityPoolType>> {
    return toConnection(await listIdentityPools(ctx, page), toIdentityPoolType);
  }

  @Query(() => IdentityPoolType, { description: 'One identity pool (DescribeIdentityPool).' })
  async identityPool(
    @Ctx() ctx: Context,
    @Arg('id', () => ID, { description: 'The id of the pool: `REGION:UUID`.' }) id: string,
  ): Promise<IdentityPoolType> {
    return toIdentityPoolType(await describeIdentityPool(ctx, { identityPoolId: id }));
  }

  @FieldResolver(() => String, { description: 'The ARN that policies name the pool by.' })
  arn(@Ctx() ctx: Context, @Root() pool: IdentityPoolType): string {
    return identityPoolArn(ctx.config, pool.id);
  }

  @FieldResolver(() => IdentityPoolRolesType, { description: 'The two role slots (GetIdentityPoolRoles).' })
  async roles(@Ctx() ctx: Context, @Root() pool: IdentityPoolType): Promise<IdentityPoolRolesType> {
    const { roleMappings, ...slots } = await getIdentityPoolRoles(ctx, { identityPoolId: pool.id });
    return { ...slots, roleMappings: roleMappings.map(toRoleMappingType) };
  }

  @FieldResolver(() => [TagType], { description: 'The tags of the pool (ListTagsForResource).' })
  tags(@Ctx() ctx: Context, @Root() pool: IdentityPoolType): Promise<TagType[]> {
    return listTagsForResource(ctx, { resourceArn: identityPoolArn(ctx.config, pool.id) });
  }

  @Mutation(() => CreateIdentityPoolPayload, {
    description: 'Makes a pool as the console does: name, guest access, providers and the two default roles.',
  })
  async createIdentityPool(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateIdentityPoolInput, { description: 'The new pool.' })
    input: CreateIdentityPoolInput,
  ): Promise<CreateIdentityPoolPayload> {
    return { identityPool: toIdentityPoolType(await createIdentityPool(ctx, input)) };
  }

  @Mutation(() => UpdateIdentityPoolPayload, { description: 'Replaces the settings of a pool.' })
  async updateIdentityPool(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateIdentityPoolInput, { description: 'All of its settings.' })
    input: UpdateIdentityPoolInput,
  ): Promise<UpdateIdentityPoolPayload> {
    return { identityPool: toIdentityPoolType(await updateIdentityPool(ctx, input)) };
  }

  @Mutation(() => SetIdentityPoolRolesPayload, {
    description: 'Replaces both role slots and all role mappings of a pool.',
  })
  async setIdentityPoolRoles(
    @Ctx() ctx: Context,
    @Arg('input', () => SetIdentityPoolRolesInput, { description: 'The pool and its roles.' })
    input: SetIdentityPoolRolesInput,
  ): Promise<SetIdentityPoolRolesPayload> {
    return { identityPool: toIdentityPoolType(await setIdentityPoolRoles(ctx, input)) };
  }

  @Mutation(() => TagResourcePayload, { description: 'Adds or replaces tags of a pool.' })
  async tagResource(
    @Ctx() ctx: Context,
    @Arg('input', () => TagResourceInput, { description: 'The pool and the tags.' }) input: TagResourceInput,
  ): Promise<TagResourcePayload> {
    return { identityPool: toIdentityPoolType(await tagResource(ctx, input)) };
  }

  @Mutation(() => UntagResourcePayload, { description: 'Takes tags off a pool.' })
  async untagResource(
    @Ctx() ctx: Context,
    @Arg('input', () => UntagResourceInput, { description: 'The pool and the keys.' })
    input: UntagResourceInput,
  ): Promise<UntagResourcePayload> {
    return { identityPool: toIdentityPoolType(await untagResource(ctx, input)) };
  }
}
