import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { DateTime } from '../graphql-types/scalars';

const PROVIDER =
  'The provider’s name, as in `logins`; for users of your own back end the developer provider’s.';

@InputType({ description: 'A login: its provider, and either the subject or a token.' })
export class LookupLoginInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => String, { description: `${PROVIDER} 1 to 128 characters.` })
  provider!: string;

  @Field(() => String, {
    nullable: true,
    description: 'Who the provider knows the user as, such as `sub` of its ID tokens. 1 to 1,024 characters.',
  })
  subject?: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'In place of the subject: a token that the provider issued. 1 to 50,000 characters.',
  })
  token?: string | null;
}

@ObjectType({ description: 'A login and the identity that has it.' })
export class LookupLoginPayload {
  @Field(() => String, { description: PROVIDER })
  provider!: string;

  @Field(() => String, { description: 'Who the provider knows the user as.' })
  subject!: string;

  @Field(() => ID, {
    nullable: true,
    description: 'The identity that has the login; null when none has. Nothing was made.',
  })
  identityId!: string | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was linked to an identity.' })
  linkedDate!: Date | null;
}

/** GraphQL type `LinkedLogin`. */
@ObjectType('LinkedLogin', { description: 'A login of an identity.' })
export class LinkedLoginType {
  @Field(() => String, { description: PROVIDER })
  provider!: string;

  @Field(() => String, { description: 'Who the provider knows the user as.' })
  subject!: string;

  @Field(() => DateTime, { description: 'When it was linked.' })
  linkedDate!: Date;
}
