import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { assumeRoleWithWebIdentity } from './assume-role.service';
import { getCredentialsForIdentity, getOpenIdToken } from './credentials.service';
import {
  AssumeRoleWithWebIdentityInput,
  AssumeRoleWithWebIdentityPayload,
  GetCredentialsForIdentityInput,
  GetCredentialsForIdentityPayload,
  GetOpenIdTokenInput,
  GetOpenIdTokenPayload,
} from './credentials.types';

/** The enhanced and the classic flow. All of it is open to anybody who proves an identity. */
@Resolver()
export class CredentialsResolver {
  @Mutation(() => GetCredentialsForIdentityPayload, {
    description: 'The enhanced flow: credentials of one hour for the pool’s role. Needs no credentials.',
  })
  getCredentialsForIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => GetCredentialsForIdentityInput, { description: 'The identity and its logins.' })
    input: GetCredentialsForIdentityInput,
  ): Promise<GetCredentialsForIdentityPayload> {
    return getCredentialsForIdentity(ctx, input);
  }

  @Mutation(() => GetOpenIdTokenPayload, {
    description: 'The first half of the classic flow: a token to assume a role with. Needs no credentials.',
  })
  getOpenIdToken(
    @Ctx() ctx: Context,
    @Arg('input', () => GetOpenIdTokenInput, { description: 'The identity and its logins.' })
    input: GetOpenIdTokenInput,
  ): Promise<GetOpenIdTokenPayload> {
    return getOpenIdToken(ctx, input);
  }

  @Mutation(() => AssumeRoleWithWebIdentityPayload, {
    description:
      'The second half of the classic flow (STS): credentials for a role of one’s choice. Needs no credentials.',
  })
  assumeRoleWithWebIdentity(
    @Ctx() ctx: Context,
    @Arg('input', () => AssumeRoleWithWebIdentityInput, { description: 'The token and the role.' })
    input: AssumeRoleWithWebIdentityInput,
  ): Promise<AssumeRoleWithWebIdentityPayload> {
    return assumeRoleWithWebIdentity(ctx, input);
  }
}
