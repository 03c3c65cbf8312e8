import { Arg, Ctx, Mutation, Query, Resolver } from 'type-graphql';
import type { Context } from '../context';
import {
  lookupDeveloperIdentity,
  mergeDeveloperIdentities,
  unlinkDeveloperIdentity,
} from './developer-identities.service';
import { getOpenIdTokenForDeveloperIdentity } from './developer-token.service';
import {
  GetOpenIdTokenForDeveloperIdentityInput,
  GetOpenIdTokenForDeveloperIdentityPayload,
  LookupDeveloperIdentityInput,
  LookupDeveloperIdentityPayload,
  MergeDeveloperIdentitiesInput,
  MergeDeveloperIdentitiesPayload,
  UnlinkDeveloperIdentityInput,
  UnlinkDeveloperIdentityPayload,
} from './developer.types';
import { toIdentityType } from './identity.types';

/** Identities of users that the customer's own back end vouches for. */
@Resolver()
export class DeveloperIdentityResolver {
  @Query(() => LookupDeveloperIdentityPayload, {
    description: 'The identity of a user of the developer provider, or the users of an identity.',
  })
  lookupDeveloperIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => LookupDeveloperIdentityInput, { description: 'The identity or the user.' })
    input: LookupDeveloperIdentityInput,
  ): Promise<LookupDeveloperIdentityPayload> {
    return lookupDeveloperIdentity(ctx, input);
  }

  @Mutation(() => GetOpenIdTokenForDeveloperIdentityPayload, {
    description: 'For the customer’s back end: a token for a user that it vouches for.',
  })
  getOpenIdTokenForDeveloperIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => GetOpenIdTokenForDeveloperIdentityInput, { description: 'The user.' })
    input: GetOpenIdTokenForDeveloperIdentityInput,
  ): Promise<GetOpenIdTokenForDeveloperIdentityPayload> {
    return getOpenIdTokenForDeveloperIdentity(ctx, input);
  }

  @Mutation(() => MergeDeveloperIdentitiesPayload, {
    description: 'Merges the identity of one user into that of another. Not undoable.',
  })
  mergeDeveloperIdentities(
    @Ctx() ctx: Context,
    @Arg('input', () => MergeDeveloperIdentitiesInput, { description: 'The two users.' })
    input: MergeDeveloperIdentitiesInput,
  ): Promise<MergeDeveloperIdentitiesPayload> {
    return mergeDeveloperIdentities(ctx, input);
  }

  @Mutation(() => UnlinkDeveloperIdentityPayload, {
    description: 'Takes a user of the developer provider off an identity.',
  })
  async unlinkDeveloperIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => UnlinkDeveloperIdentityInput, { description: 'The identity and the user.' })
    input: UnlinkDeveloperIdentityInput,
  ): Promise<UnlinkDeveloperIdentityPayload> {
    const identity = toIdentityType(await unlinkDeveloperIdentity(ctx, input));
    return { identityId: identity.id, identity };
  }
}
