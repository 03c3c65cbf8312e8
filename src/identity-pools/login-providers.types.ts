import { Field, InputType, ObjectType } from 'type-graphql';

const PROVIDER =
  'The key of its logins: `accounts.google.com`, `api.twitter.com`, `appleid.apple.com`, `graph.facebook.com` or `www.amazon.com`.';
const APP_ID =
  'The id of the app at the provider: 1 to 128 characters; for Twitter `consumerKey;consumerSecret`.';
const USER_POOL =
  'The user pool: `cognito-idp.REGION.amazonaws.com/USERPOOLID`. It is the key of its logins.';
const CLIENT_ID = 'A client of the user pool: 1 to 128 letters, digits or underscores.';
const TOKEN_CHECK =
  'Whether each ID token is also held against the user pool: the user exists, is enabled and has not signed out everywhere. Needs ROCKPOOL_USER_POOL_CHECK_URL on the server.';

/** GraphQL type `SupportedLoginProvider`. */
@ObjectType('SupportedLoginProvider', { description: 'An app of a social provider whose users sign in.' })
export class SupportedLoginProviderType {
  @Field(() => String, { description: PROVIDER })
  provider!: string;

  @Field(() => String, { description: APP_ID })
  appId!: string;
}

@InputType({ description: 'An app of a social provider whose users sign in.' })
export class SupportedLoginProviderInput {
  @Field(() => String, { description: PROVIDER })
  provider!: string;

  @Field(() => String, { description: APP_ID })
  appId!: string;
}

/** GraphQL type `CognitoIdentityProvider`. */
@ObjectType('CognitoIdentityProvider', {
  description: 'A user pool of Amazon Cognito and one of its clients.',
})
export class CognitoIdentityProviderType {
  @Field(() => String, { description: USER_POOL })
  providerName!: string;

  @Field(() => String, { description: CLIENT_ID })
  clientId!: string;

  @Field(() => Boolean, { description: TOKEN_CHECK })
  serverSideTokenCheck!: boolean;
}

@InputType({ description: 'A user pool of Amazon Cognito and one of its clients.' })
export class CognitoIdentityProviderInput {
  @Field(() => String, { description: USER_POOL })
  providerName!: string;

  @Field(() => String, { description: CLIENT_ID })
  clientId!: string;

  @Field(() => Boolean, { nullable: true, description: `${TOKEN_CHECK} False when left out.` })
  serverSideTokenCheck?: boolean | null;
}
