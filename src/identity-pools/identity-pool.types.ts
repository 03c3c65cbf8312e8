import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { connectionOf } from '../graphql-types/connection';
import { DateTime } from '../graphql-types/scalars';
import type { IdentityPool } from './identity-pool.entity';
import {
  CognitoIdentityProviderInput,
  CognitoIdentityProviderType,
  SupportedLoginProviderInput,
  SupportedLoginProviderType,
} from './login-providers.types';
import { RoleMappingInput, RoleMappingObjectType } from './role-mapping.types';
import { TagInput } from './tag.types';

const POOL_ID = 'The id of the identity pool: `REGION:UUID`, at most 55 characters.';

/** GraphQL type `IdentityPool`. */
@ObjectType('IdentityPool', {
  description:
    'A container of identities, with the providers that it trusts and the roles that its identities take.',
})
export class IdentityPoolType {
  @Field(() => ID, { description: POOL_ID })
  id!: string;

  @Field(() => String, { description: '1 to 128 characters; need not be unique.' })
  name!: string;

  @Field(() => Boolean, { description: 'Whether guests get an identity without signing in.' })
  allowUnauthenticatedIdentities!: boolean;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether the basic (classic) flow is allowed. Null when it was never set: then it is allowed, as in AWS.',
  })
  allowClassicFlow!: boolean | null;

  @Field(() => [String], {
    description: 'ARNs of the OpenID Connect providers whose ID tokens sign in to this pool.',
  })
  openIdConnectProviderARNs!: string[];

  @Field(() => [String], { description: 'ARNs of the SAML providers whose responses sign in to this pool.' })
  samlProviderARNs!: string[];

  @Field(() => [SupportedLoginProviderType], { description: 'Apps of social providers, with their secrets.' })
  supportedLoginProviders!: SupportedLoginProviderType[];

  @Field(() => [CognitoIdentityProviderType], { description: 'User pools and clients of theirs.' })
  cognitoIdentityProviders!: CognitoIdentityProviderType[];

  @Field(() => String, {
    nullable: true,
    description: 'The name under which the developer’s own back end vouches for users.',
  })
  developerProviderName!: string | null;

  @Field(() => DateTime, { description: 'When the pool was made.' })
  creationDate!: Date;

  @Field(() => DateTime, { description: 'When its settings changed last.' })
  lastModifiedDate!: Date;
}

/** The pool as GraphQL answers it. */
export const toIdentityPoolType = (pool: IdentityPool): IdentityPoolType => ({
  id: pool.id,
  name: pool.name,
  allowUnauthenticatedIdentities: pool.allowUnauthenticatedIdentities,
  allowClassicFlow: pool.allowClassicFlow,
  openIdConnectProviderARNs: pool.openIdConnectProviderArns,
  samlProviderARNs: pool.samlProviderArns,
  supportedLoginProviders: pool.supportedLoginProviders,
  cognitoIdentityProviders: pool.cognitoIdentityProviders,
  developerProviderName: pool.developerProviderName,
  creationDate: pool.createdAt,
  lastModifiedDate: pool.lastModifiedAt,
});

/** GraphQL type `IdentityPoolConnection`. */
export const IdentityPoolConnection = connectionOf('IdentityPool', () => IdentityPoolType);

/** GraphQL type `IdentityPoolRoles`. */
@ObjectType('IdentityPoolRoles', { description: 'The two role slots of an identity pool.' })
export class IdentityPoolRolesType {
  @Field(() => String, { nullable: true, description: 'ARN of the role of identities that signed in.' })
  authenticated!: string | null;

  @Field(() => String, { nullable: true, description: 'ARN of the role of guests.' })
  unauthenticated!: string | null;

  @Field(() => [RoleMappingObjectType], {
    description: 'How identities of single providers get their role; at most 10.',
  })
  roleMappings!: RoleMappingObjectType[];
}

@InputType({ description: 'The two role slots of an identity pool; one left out is emptied.' })
export class IdentityPoolRolesInput {
  @Field(() => String, {
    nullable: true,
    description: 'ARN of the role of identities that signed in: 20 to 2,048 characters.',
  })
  authenticated?: string | null;

  @Field(() => String, { nullable: true, description: 'ARN of the role of guests: 20 to 2,048 characters.' })
  unauthenticated?: string | null;
}

/** What all inputs of a pool have in common; no type of the schema. */
@InputType()
export abstract class IdentityPoolSettingsInput {
  @Field(() => String, { description: '1 to 128 letters, digits, spaces or any of _+=,.@-' })
  identityPoolName!: string;

  @Field(() => Boolean, { description: 'Whether guests get an identity without signing in.' })
  allowUnauthenticatedIdentities!: boolean;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the basic (classic) flow is allowed; allowed when left out, as in AWS.',
  })
  allowClassicFlow?: boolean | null;

  @Field(() => [String], {
    nullable: true,
    description: 'ARNs of registered OpenID Connect providers; at most 100.',
  })
  openIdConnectProviderARNs?: string[] | null;

  @Field(() => [String], { nullable: true, description: 'ARNs of registered SAML providers; at most 100.' })
  samlProviderARNs?: string[] | null;

  @Field(() => [SupportedLoginProviderInput], {
    nullable: true,
    description: 'Apps of social providers: at most 10, each provider once.',
  })
  supportedLoginProviders?: SupportedLoginProviderInput[] | null;

  @Field(() => [CognitoIdentityProviderInput], {
    nullable: true,
    description: 'User pools and clients of theirs: at most 50, each client once.',
  })
  cognitoIdentityProviders?: CognitoIdentityProviderInput[] | null;
}

@InputType({ description: 'A new identity pool. It needs guest access or a provider.' })
export class CreateIdentityPoolInput extends IdentityPoolSettingsInput {
  @Field(() => String, {
    nullable: true,
    description:
      'The name under which the developer’s own back end vouches for users: 1 to 128 letters, digits or any of ._- and never changed or removed afterwards.',
  })
  developerProviderName?: string | null;

  @Field(() => [TagInput], { nullable: true, description: 'At most 50 tags, each key once.' })
  identityPoolTags?: TagInput[] | null;

  @Field(() => Boolean, {
    nullable: true,
    description:
      'Whether to make the two default roles, with access to one’s own data only. True when left out.',
  })
  createDefaultRoles?: boolean | null;
}

@InputType({
  description:
    'All settings of a pool: they are replaced, and one left out is cleared (the tags and developerProviderName excepted).',
})
export class UpdateIdentityPoolInput extends IdentityPoolSettingsInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'The name under which the developer’s own back end vouches for users: 1 to 128 letters, digits or any of ._- and set only once; left as it is when not given.',
  })
  developerProviderName?: string | null;

  @Field(() => [TagInput], {
    nullable: true,
    description: 'At most 50 tags, each key once; left as they are when not given.',
  })
  identityPoolTags?: TagInput[] | null;
}

@InputType({ description: 'Which roles the identities of a pool take. Replaces both slots.' })
export class SetIdentityPoolRolesInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => IdentityPoolRolesInput, {
    description: 'The two role slots. The caller needs iam:PassRole on each role.',
  })
  roles!: IdentityPoolRolesInput;

  @Field(() => [RoleMappingInput], {
    nullable: true,
    description: 'Replaces all role mappings; at most 10, each provider once.',
  })
  roleMappings?: RoleMappingInput[] | null;
}

@InputType({ description: 'Tags to set.' })
export class TagResourceInput {
  @Field(() => String, {
    description: 'ARN of the identity pool: `arn:aws:cognito-identity:REGION:ACCOUNT:identitypool/ID`.',
  })
  resourceArn!: string;

  @Field(() => [TagInput], { description: 'Tags to add or replace; at most 50 on a pool.' })
  tags!: TagInput[];
}

@InputType({ description: 'Tags to take off.' })
export class UntagResourceInput {
  @Field(() => String, {
    description: 'ARN of the identity pool: `arn:aws:cognito-identity:REGION:ACCOUNT:identitypool/ID`.',
  })
  resourceArn!: string;

  @Field(() => [String], { description: 'Keys to take off; unknown ones are no error.' })
  tagKeys!: string[];
}

@ObjectType({ description: 'The new pool.' })
export class CreateIdentityPoolPayload {
  @Field(() => IdentityPoolType, { description: 'The new pool.' })
  identityPool!: IdentityPoolType;
}

@ObjectType({ description: 'The changed pool.' })
export class UpdateIdentityPoolPayload {
  @Field(() => IdentityPoolType, { description: 'The changed pool.' })
  identityPool!: IdentityPoolType;
}

@ObjectType({ description: 'The pool with its new roles.' })
export class SetIdentityPoolRolesPayload {
  @Field(() => IdentityPoolType, { description: 'The pool.' })
  identityPool!: IdentityPoolType;
}

@ObjectType({ description: 'The tagged pool.' })
export class TagResourcePayload {
  @Field(() => IdentityPoolType, { description: 'The pool.' })
  identityPool!: IdentityPoolType;
}

@ObjectType({ description: 'The pool without the tags.' })
export class UntagResourcePayload {
  @Field(() => IdentityPoolType, { description: 'The pool.' })
  identityPool!: IdentityPoolType;
}
