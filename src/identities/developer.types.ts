import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { TagInput } from '../identity-pools/tag.types';
import { IdentityType, LoginInput } from './identity.types';

const POOL_ID = 'The pool: `REGION:UUID`.';
const IDENTITY_ID = 'The id of the identity: `REGION:UUID`.';
const USER = 'What the customer’s back end knows the user by: 1 to 1,024 characters.';
const PROVIDER = 'The pool’s developer provider: 1 to 128 of a-zA-Z0-9._-';

@InputType({ description: 'A user that the customer’s own back end vouches for.' })
export class GetOpenIdTokenForDeveloperIdentityInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The identity to link the user to; the user’s own, or a new one, when left out.',
  })
  identityId?: string | null;

  @Field(() => [LoginInput], {
    description:
      'One entry of the developer provider, with the plain user identifier as its token; others are checked and linked.',
  })
  logins!: LoginInput[];

  @Field(() => [TagInput], {
    nullable: true,
    description: 'Session tags for policies; at most 50, values of 1 to 256 characters.',
  })
  principalTags?: TagInput[] | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds that the token holds: 1 to 86,400; 900 when left out.',
  })
  tokenDuration?: number | null;
}

@ObjectType({ description: 'A token for the app to go on with.' })
export class GetOpenIdTokenForDeveloperIdentityPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => String, {
    description:
      'The app gives it as the login `cognito-identity.amazonaws.com` to getCredentialsForIdentity, or assumes a role with it.',
  })
  token!: string;
}

@InputType({ description: 'An identity, a user, or both, which must then belong together.' })
export class LookupDeveloperIdentityInput {
  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => ID, { nullable: true, description: IDENTITY_ID })
  identityId?: string | null;

  @Field(() => String, { nullable: true, description: USER })
  developerUserIdentifier?: string | null;

  @Field(() => Int, { nullable: true, description: 'Users in a page: 1 to 60; 60 when left out.' })
  maxResults?: number | null;

  @Field(() => String, { nullable: true, description: 'From the page before.' })
  nextToken?: string | null;
}

@ObjectType({ description: 'An identity and its users of the developer provider.' })
export class LookupDeveloperIdentityPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => [String], { description: 'The users, in their order.' })
  developerUserIdentifierList!: string[];

  @Field(() => String, { nullable: true, description: 'For the next page; null on the last.' })
  nextToken!: string | null;
}

@InputType({ description: 'Two users of the developer provider whose identities become one.' })
export class MergeDeveloperIdentitiesInput {
  @Field(() => String, { description: `Whose identity is merged. ${USER}` })
  sourceUserIdentifier!: string;

  @Field(() => String, { description: `Whose identity survives. ${USER}` })
  destinationUserIdentifier!: string;

  @Field(() => String, { description: PROVIDER })
  developerProviderName!: string;

  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;
}

@ObjectType({ description: 'The identity that survives.' })
export class MergeDeveloperIdentitiesPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;
}

@InputType({ description: 'A user to take off an identity.' })
export class UnlinkDeveloperIdentityInput {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => ID, { description: POOL_ID })
  identityPoolId!: string;

  @Field(() => String, { description: PROVIDER })
  developerProviderName!: string;

  @Field(() => String, { description: USER })
  developerUserIdentifier!: string;
}

@ObjectType({ description: 'The identity that was changed.' })
export class UnlinkDeveloperIdentityPayload {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => IdentityType, { description: 'The identity.' })
  identity!: IdentityType;
}
