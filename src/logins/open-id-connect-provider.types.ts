import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime } from '../graphql-types/scalars';
import type { OpenIdConnectProvider } from './open-id-connect-provider.entity';

const ARN = 'ARN of the provider: `arn:aws:iam::ACCOUNT:oidc-provider/HOST[/PATH]`.';
const CLIENT_ID = 'A client ID (audience) of the app at the provider: 1 to 255 characters.';

/** GraphQL type `OpenIDConnectProvider`. */
@ObjectType('OpenIDConnectProvider', {
  description: 'An issuer of OpenID Connect ID tokens that identity pools may take as logins.',
})
export class OpenIDConnectProviderType {
  @Field(() => ID, { description: ARN })
  id!: string;

  @Field(() => String, { description: `${ARN} Pools name it in openIdConnectProviderARNs.` })
  arn!: string;

  @Field(() => String, {
    description: 'The issuer’s address. Without its scheme it is the key under which logins are sent.',
  })
  url!: string;

  @Field(() => [String], { description: 'The client IDs (audiences) whose tokens are taken; at most 100.' })
  clientIds!: string[];

  @Field(() => DateTime, { description: 'When it was registered.' })
  creationDate!: Date;
}

/** The provider as GraphQL answers it. */
export const toOpenIDConnectProviderType = (provider: OpenIdConnectProvider): OpenIDConnectProviderType => ({
  id: provider.arn,
  arn: provider.arn,
  url: provider.url,
  clientIds: provider.clientIds,
  creationDate: provider.createdAt,
});

/** GraphQL type `OpenIDConnectProviderConnection`. */
export const OpenIDConnectProviderConnection = connectionOf(
  'OpenIDConnectProvider',
  () => OpenIDConnectProviderType,
);

@InputType({ description: 'An issuer to trust.' })
export class CreateOpenIDConnectProviderInput {
  @Field(() => String, {
    description:
      'The issuer’s address as in the `iss` of its tokens: https (http for this machine only), without query; at most 255 characters, 128 after the scheme.',
  })
  url!: string;

  @Field(() => [String], {
    nullable: true,
    description: 'Client IDs (audiences) whose tokens are taken: 1 to 255 characters each, at most 100.',
  })
  clientIDList?: string[] | null;
}

@InputType({ description: 'A client ID to take tokens for.' })
export class AddClientIDToOpenIDConnectProviderInput {
  @Field(() => String, { description: ARN })
  openIDConnectProviderArn!: string;

  @Field(() => String, { description: CLIENT_ID })
  clientID!: string;
}

@InputType({ description: 'A client ID to take tokens for no longer.' })
export class RemoveClientIDFromOpenIDConnectProviderInput {
  @Field(() => String, { description: ARN })
  openIDConnectProviderArn!: string;

  @Field(() => String, { description: CLIENT_ID })
  clientID!: string;
}

@InputType({ description: 'The provider to remove.' })
export class DeleteOpenIDConnectProviderInput {
  @Field(() => String, { description: ARN })
  openIDConnectProviderArn!: string;
}

@ObjectType({ description: 'The registered provider.' })
export class CreateOpenIDConnectProviderPayload {
  @Field(() => String, { description: ARN })
  openIDConnectProviderArn!: string;

  @Field(() => OpenIDConnectProviderType, { description: 'The registered provider.' })
  openIDConnectProvider!: OpenIDConnectProviderType;
}

@ObjectType({ description: 'The provider with the client ID.' })
export class AddClientIDToOpenIDConnectProviderPayload {
  @Field(() => OpenIDConnectProviderType, { description: 'The changed provider.' })
  openIDConnectProvider!: OpenIDConnectProviderType;
}

@ObjectType({ description: 'The provider without the client ID.' })
export class RemoveClientIDFromOpenIDConnectProviderPayload {
  @Field(() => OpenIDConnectProviderType, { description: 'The changed provider.' })
  openIDConnectProvider!: OpenIDConnectProviderType;
}

@ObjectType({ description: 'The provider that was removed.' })
export class DeleteOpenIDConnectProviderPayload {
  @Field(() => OpenIDConnectProviderType, { description: 'As it was.' })
  openIDConnectProvider!: OpenIDConnectProviderType;
}
