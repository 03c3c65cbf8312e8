import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { createRole, deleteRole, getRole, listRoles, updateRole } from './role.service';
import {
  CreateRoleInput,
  CreateRolePayload,
  DeleteRoleInput,
  DeleteRolePayload,
  RoleConnection,
  RoleType,
  UpdateRoleInput,
  UpdateRolePayload,
  toRoleType,
} from './role.types';

/** Roles: the part of IAM that a pool needs. */
@Resolver(() => RoleType)
export class RoleResolver {
  @Query(() => RoleConnection, { description: 'All roles, by ARN (ListRoles).' })
  async roles(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<RoleType>> {
    return toConnection(await listRoles(ctx, page), toRoleType);
  }

  @Query(() => RoleType, { description: 'One role (GetRole).' })
  async role(
    @Ctx() ctx: Context,
    @Arg('name', () => String, { description: 'The role’s name.' }) name: string,
  ): Promise<RoleType> {
    return toRoleType(await getRole(ctx, { roleName: name }));
  }

  @Mutation(() => CreateRolePayload, { description: 'Makes a role with its trust and permission policies.' })
  async createRole(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateRoleInput, { description: 'The new role.' }) input: CreateRoleInput,
  ): Promise<CreateRolePayload> {
    return { role: toRoleType(await createRole(ctx, input)) };
  }

  @Mutation(() => UpdateRolePayload, {
    description: 'Changes a role; takes effect on every node within seconds.',
  })
  async updateRole(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateRoleInput, { description: 'What changes.' }) input: UpdateRoleInput,
  ): Promise<UpdateRolePayload> {
    return { role: toRoleType(await updateRole(ctx, input)) };
  }

  @Mutation(() => DeleteRolePayload, {
    description: 'Deletes a role; its credentials stop working within seconds.',
  })
  async deleteRole(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteRoleInput, { description: 'The role.' }) input: DeleteRoleInput,
  ): Promise<DeleteRolePayload> {
    return { role: toRoleType(await deleteRole(ctx, input)) };
  }
}
