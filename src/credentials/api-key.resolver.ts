import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import { createApiKey, listApiKeys, revokeApiKey } from './api-key.service';
import {
  ApiKeyConnection,
  ApiKeyType,
  CreateApiKeyInput,
  CreateApiKeyPayload,
  RevokeApiKeyInput,
  RevokeApiKeyPayload,
  toApiKeyType,
} from './api-key.types';

/** Keys of administrators and back ends. */
@Resolver(() => ApiKeyType)
export class ApiKeyResolver {
  @Query(() => ApiKeyConnection, { description: 'All API keys, by id, revoked ones too (ListAccessKeys).' })
  async apiKeys(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<ApiKeyType>> {
    return toConnection(await listApiKeys(ctx, page), toApiKeyType);
  }

  @Mutation(() => CreateApiKeyPayload, { description: 'Makes a key and shows its secret this once.' })
  async createApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateApiKeyInput, { description: 'The new key.' }) input: CreateApiKeyInput,
  ): Promise<CreateApiKeyPayload> {
    const { apiKey, secretAccessKey } = await createApiKey(ctx, input);
    return { apiKey: toApiKeyType(apiKey), secretAccessKey };
  }

  @Mutation(() => RevokeApiKeyPayload, {
    description: 'Revokes a key for good, on every node within seconds.',
  })
  async revokeApiKey(
    @Ctx() ctx: Context,
    @Arg('input', () => RevokeApiKeyInput, { description: 'The key.' }) input: RevokeApiKeyInput,
  ): Promise<RevokeApiKeyPayload> {
    return { apiKey: toApiKeyType(await revokeApiKey(ctx, input)) };
  }
}
