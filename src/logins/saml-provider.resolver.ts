import { Arg, Args, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { ConnectionArgs, toConnection, type Connection } from '../graphql-types/connection';
import {
  createSAMLProvider,
  deleteSAMLProvider,
  getSAMLProvider,
  listSAMLProviders,
  updateSAMLProvider,
} from './saml-provider.service';
import {
  CreateSAMLProviderInput,
  CreateSAMLProviderPayload,
  DeleteSAMLProviderInput,
  DeleteSAMLProviderPayload,
  SAMLProviderConnection,
  SAMLProviderType,
  UpdateSAMLProviderInput,
  UpdateSAMLProviderPayload,
  toSAMLProviderType,
} from './saml-provider.types';

/** The SAML 2.0 identity providers that an administrator trusts: the part of IAM that a pool needs. */
@Resolver(() => SAMLProviderType)
export class SamlProviderResolver {
  @Query(() => SAMLProviderConnection, {
    description: 'All registered SAML providers, by ARN (ListSAMLProviders).',
  })
  async samlProviders(
    @Ctx() ctx: Context,
    @Args(() => ConnectionArgs) page: ConnectionArgs,
  ): Promise<Connection<SAMLProviderType>> {
    return toConnection(await listSAMLProviders(ctx, page), toSAMLProviderType);
  }

  @Query(() => SAMLProviderType, { description: 'One provider (GetSAMLProvider).' })
  async samlProvider(
    @Ctx() ctx: Context,
    @Arg('arn', () => String, { description: 'The ARN of the provider.' }) arn: string,
  ): Promise<SAMLProviderType> {
    return toSAMLProviderType(await getSAMLProvider(ctx, { samlProviderArn: arn }));
  }

  @Mutation(() => CreateSAMLProviderPayload, {
    description: 'Registers a SAML 2.0 identity provider, so that pools can take its responses.',
  })
  async createSAMLProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => CreateSAMLProviderInput, { description: 'Name and metadata.' })
    input: CreateSAMLProviderInput,
  ): Promise<CreateSAMLProviderPayload> {
    const samlProvider = toSAMLProviderType(await createSAMLProvider(ctx, input));
    return { samlProviderArn: samlProvider.arn, samlProvider };
  }

  @Mutation(() => UpdateSAMLProviderPayload, {
    description: 'Replaces the metadata of a provider, as when its certificate changes.',
  })
  async updateSAMLProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => UpdateSAMLProviderInput, { description: 'Provider and metadata.' })
    input: UpdateSAMLProviderInput,
  ): Promise<UpdateSAMLProviderPayload> {
    const samlProvider = toSAMLProviderType(await updateSAMLProvider(ctx, input));
    return { samlProviderArn: samlProvider.arn, samlProvider };
  }

  @Mutation(() => DeleteSAMLProviderPayload, {
    description: 'Removes a provider that no pool names any more (DELETE_CONFLICT otherwise).',
  })
  async deleteSAMLProvider(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteSAMLProviderInput, { description: 'The provider.' })
    input: DeleteSAMLProviderInput,
  ): Promise<DeleteSAMLProviderPayload> {
    return { samlProvider: toSAMLProviderType(await deleteSAMLProvider(ctx, input)) };
  }
}
