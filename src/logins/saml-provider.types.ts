import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime } from '../graphql-types/scalars';
import type { SamlProvider } from './saml-provider.entity';

const ARN = 'ARN of the provider: `arn:aws:iam::ACCOUNT:saml-provider/NAME`.';
const METADATA =
  'The provider’s SAML 2.0 metadata: XML with one identity provider and a certificate for signing; 1,000 to 4,000,000 characters.';

/** GraphQL type `SAMLProvider`. */
@ObjectType('SAMLProvider', {
  description: 'A SAML 2.0 identity provider whose responses identity pools may take as logins.',
})
export class SAMLProviderType {
  @Field(() => ID, { description: ARN })
  id!: string;

  @Field(() => String, {
    description: `${ARN} Pools name it in samlProviderARNs, and it is the key of logins.`,
  })
  arn!: string;

  @Field(() => String, { description: 'Its name: the last part of the ARN.' })
  name!: string;

  @Field(() => String, { description: 'The provider’s SAML 2.0 metadata, as it was given.' })
  samlMetadataDocument!: string;

  @Field(() => DateTime, { description: 'When it was registered.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When its metadata changed last.' })
  lastModifiedDate!: Date;
}

/** The provider as GraphQL answers it. */
export const toSAMLProviderType = (provider: SamlProvider): SAMLProviderType => ({
  id: provider.arn,
  arn: provider.arn,
  name: provider.name,
  samlMetadataDocument: provider.metadataDocument,
  creationDate: provider.createdAt,
  lastModifiedDate: provider.lastModifiedAt,
});

/** GraphQL type `SAMLProviderConnection`. */
export const SAMLProviderConnection = connectionOf('SAMLProvider', () => SAMLProviderType);

@InputType({ description: 'A SAML 2.0 identity provider to trust.' })
export class CreateSAMLProviderInput {
  @Field(() => String, {
    description:
      '1 to 128 letters, digits or any of ._- and so short that the ARN has at most 128 characters.',
  })
  name!: string;

  @Field(() => String, { description: METADATA })
  samlMetadataDocument!: string;
}

@InputType({ description: 'New metadata of a provider.' })
export class UpdateSAMLProviderInput {
  @Field(() => String, { description: ARN })
  samlProviderArn!: string;

  @Field(() => String, { description: METADATA })
  samlMetadataDocument!: string;
}

@InputType({ description: 'The provider to remove.' })
export class DeleteSAMLProviderInput {
  @Field(() => String, { description: ARN })
  samlProviderArn!: string;
}

@ObjectType({ description: 'The registered provider.' })
export class CreateSAMLProviderPayload {
  @Field(() => String, { description: ARN })
  samlProviderArn!: string;

  @Field(() => SAMLProviderType, { description: 'The registered provider.' })
  samlProvider!: SAMLProviderType;
}

@ObjectType({ description: 'The provider with its new metadata.' })
export class UpdateSAMLProviderPayload {
  @Field(() => String, { description: ARN })
  samlProviderArn!: string;

  @Field(() => SAMLProviderType, { description: 'The changed provider.' })
  samlProvider!: SAMLProviderType;
}

@ObjectType({ description: 'The provider that was removed.' })
export class DeleteSAMLProviderPayload {
  @Field(() => SAMLProviderType, { description: 'As it was.' })
  samlProvider!: SAMLProviderType;
}
