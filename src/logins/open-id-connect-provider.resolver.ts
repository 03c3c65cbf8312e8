import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import {
  addClientIDToOpenIDConnectProvider,
  createOpenIDConnectProvider,
  deleteOpenIDConnectProvider,
  getOpenIDConnectProvider,
  listOpenIDConnectProviders,
  removeClientIDFromOpenIDConnectProvider,
} from './open-id-connect-provider.service';
import {
  AddClientIDToOpenIDConnectProviderInput,
  AddClientIDToOpenIDConnectProviderPayload,
  CreateOpenIDConnectProviderInput,
  CreateOpenIDConnectProviderPayload,
  DeleteOpenIDConnectProviderInput,
  DeleteOpenIDConnectProviderPayload,
  OpenIDConnectProviderConnection,
  OpenIDConnectProviderType,
  RemoveClientIDFromOpenIDConnectProviderInput,
  RemoveClientIDFromOpenIDConnectProviderPayload,
  toOpenIDConnectProviderType,
} from './open-id-connect-provider.types';

/** The issuers of ID tokens that an administrator trusts: the part of IAM that a pool needs. */
@Resolver(() => OpenIDConnectProviderType)
export class OpenIdConnectProviderResolver {
  @Query(() => OpenIDConnectProviderConnection, {
    description: 'All registered OpenID Connect providers, by ARN (ListOpenIDConnectProviders).',
  })
  async identityProviders(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<OpenIDConnectProviderType>> {
    return toConnection(await listOpenIDConnectProviders(ctx, page), toOpenIDConnectProviderType);
  }

  @Query(() => OpenIDConnectProviderType, { description: 'One provider (GetOpenIDConnectProvider).' })
  async identityProvider(
    @Ctx() ctx: Context,
    @Arg('arn', () => String, { description: 'The ARN of the provider.' }) arn: string,
  ): Promise<OpenIDConnectProviderType> {
    return toOpenIDConnectProviderType(
      await getOpenIDConnectProvider(ctx, { openIDConnectProviderArn: arn }),
    );
  }

  @Mutation(() => CreateOpenIDConnectProviderPayload, {
    description: 'Registers an issuer, so that pools can take its ID tokens. No thumbprints are needed.',
  })
  async createOpenIDConnectProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateOpenIDConnectProviderInput, { description: 'The issuer.' })
    input: CreateOpenIDConnectProviderInput,
  ): Promise<CreateOpenIDConnectProviderPayload> {
    const openIDConnectProvider = toOpenIDConnectProviderType(await createOpenIDConnectProvider(ctx, input));
    return { openIDConnectProviderArn: openIDConnectProvider.arn, openIDConnectProvider };
  }

  @Mutation(() => AddClientIDToOpenIDConnectProviderPayload, {
    description: 'Takes tokens for one more client ID; one that is taken already is no error.',
  })
  async addClientIDToOpenIDConnectProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => AddClientIDToOpenIDConnectProviderInput, { description: 'Provider and client ID.' })
    input: AddClientIDToOpenIDConnectProviderInput,
  ): Promise<AddClientIDToOpenIDConnectProviderPayload> {
    return {
      openIDConnectProvider: toOpenIDConnectProviderType(
        await addClientIDToOpenIDConnectProvider(ctx, input),
      ),
    };
  }

  @Mutation(() => RemoveClientIDFromOpenIDConnectProviderPayload, {
    description: 'Takes tokens for a client ID no longer; one that was not taken is no error.',
  })
  async removeClientIDFromOpenIDConnectProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => RemoveClientIDFromOpenIDConnectProviderInput, {
      description: 'Provider and client ID.',
    })
    input: RemoveClientIDFromOpenIDConnectProviderInput,
  ): Promise<RemoveClientIDFromOpenIDConnectProviderPayload> {
    return {
      openIDConnectProvider: toOpenIDConnectProviderType(
        await removeClientIDFromOpenIDConnectProvider(ctx, input),
      ),
    };
  }

  @Mutation(() => DeleteOpenIDConnectProviderPayload, {
    description: 'Removes a provider that no pool names any more (DELETE_CONFLICT otherwise).',
  })
  async deleteOpenIDConnectProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteOpenIDConnectProviderInput, { description: 'The provider.' })
    input: DeleteOpenIDConnectProviderInput,
  ): Promise<DeleteOpenIDConnectProviderPayload> {
    return {
      openIDConnectProvider: toOpenIDConnectProviderType(await deleteOpenIDConnectProvider(ctx, input)),
    };
  }
}
