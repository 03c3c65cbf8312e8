import { Field, ID, InputType, Int, ObjectType } from 'type-graphql';
import { DateTime, JSONValue } from '../graphql-types/scalars';
import { LoginInput } from '../identities/identity.types';

const IDENTITY_ID = 'The id of the identity: `REGION:UUID`.';

/** GraphQL type `Credentials`. */
@ObjectType('Credentials', { description: 'Temporary credentials of an identity.' })
export class CredentialsType {
  @Field(() => String, { description: 'For SigV4: `ASIA` and 16 characters.' })
  accessKeyId!: string;

  @Field(() => String, { description: 'For SigV4: 40 characters.' })
  secretKey!: string;

  @Field(() => String, { description: 'For SigV4, beside the signature. Never a bearer.' })
  sessionToken!: string;

  @Field(() => String, { description: 'The bearer for this API: `Authorization: Bearer <accessToken>`.' })
  accessToken!: string;

  @Field(() => DateTime, { description: 'When all of them stop working.' })
  expiration!: Date;
}

@InputType({ description: 'An identity and the logins that prove it.' })
export class GetCredentialsForIdentityInput {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => [LoginInput], {
    nullable: true,
    description:
      'None for a guest. A login that is new is linked: the guest keeps its id and is authenticated for good.',
  })
  logins?: LoginInput[] | null;

  @Field(() => String, {
    nullable: true,
    description:
      'For logins that carry several roles (user pools, SAML, mapping rules): the one that is wanted.',
  })
  customRoleArn?: string | null;
}

@ObjectType({ description: 'Credentials of one hour.' })
export class GetCredentialsForIdentityPayload {
  @Field(() => ID, { description: 'The identity they are for: go on as this one.' })
  identityId!: string;

  @Field(() => CredentialsType, { description: 'The credentials.' })
  credentials!: CredentialsType;
}

@InputType({ description: 'An identity and the logins that prove it.' })
export class GetOpenIdTokenInput {
  @Field(() => ID, { description: IDENTITY_ID })
  identityId!: string;

  @Field(() => [LoginInput], { nullable: true, description: 'None for a guest.' })
  logins?: LoginInput[] | null;
}

@ObjectType({ description: 'An OpenID token of the identity.' })
export class GetOpenIdTokenPayload {
  @Field(() => ID, { description: 'The identity it is for: go on as this one.' })
  identityId!: string;

  @Field(() => String, { description: 'A JWT of 600 seconds, signed by a key of `/.well-known/jwks_uri`.' })
  token!: string;
}

@InputType({ description: 'The second half of the classic flow.' })
export class AssumeRoleWithWebIdentityInput {
  @Field(() => String, { description: 'The role: 20 to 2,048 characters.' })
  roleArn!: string;

  @Field(() => String, {
    description: '2 to 64 letters, digits or any of _+=,.@-; shows in the caller’s ARN.',
  })
  roleSessionName!: string;

  @Field(() => String, { description: 'A token of getOpenIdToken: 4 to 20,000 characters.' })
  webIdentityToken!: string;

  @Field(() => Int, {
    nullable: true,
    description: 'Seconds, 900 to 43,200; 3,600 when left out. At most the role’s maximum.',
  })
  durationSeconds?: number | null;

  @Field(() => JSONValue, {
    nullable: true,
    description:
      'A session policy that cuts the role’s permissions down: an IAM policy document of at most 2,048 characters.',
  })
  policy?: unknown;
}

@ObjectType({ description: 'Credentials for the role.' })
export class AssumeRoleWithWebIdentityPayload {
  @Field(() => CredentialsType, { description: 'The credentials.' })
  credentials!: CredentialsType;

  @Field(() => String, { description: 'The identity id.' })
  subjectFromWebIdentityToken!: string;

  @Field(() => String, { description: '`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.' })
  assumedRoleArn!: string;

  @Field(() => String, { description: 'The issuer of the token.' })
  provider!: string;

  @Field(() => String, { description: 'The pool id.' })
  audience!: string;
}
