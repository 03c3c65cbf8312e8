import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { TagInput, TagType } from './tag.types';

const PROVIDER = 'The provider’s name or ARN, as in role mappings: 1 to 128 characters.';
const TAGS =
  'Tag keys (1 to 128 characters) with the claims (1 to 256) that their values are read from; at most 50.';

/** GraphQL type `PrincipalTagAttributeMap`. */
@ObjectType('PrincipalTagAttributeMap', {
  description: 'Which claims of a provider become principal tags: `${aws:PrincipalTag/KEY}` in policies.',
})
export class PrincipalTagAttributeMapType {
  @Field(() => String, { description: PROVIDER })
  identityProviderName!: string;

  @Field(() => Boolean, { description: 'Whether the default tags `client` and `username` are made.' })
  useDefaults!: boolean;

  @Field(() => [TagType], { description: TAGS })
  principalTags!: TagType[];
}

@InputType({
  description: 'Which claims of a provider become principal tags. Neither of the two turns it off.',
})
export class SetPrincipalTagAttributeMapInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => String, { description: PROVIDER })
  identityProviderName!: string;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether to make the default tags `client` and `username`.',
  })
  useDefaults?: boolean | null;

  @Field(() => [TagInput], { nullable: true, description: TAGS })
  principalTags?: TagInput[] | null;
}

@ObjectType({ description: 'The map as it is now.' })
export class SetPrincipalTagAttributeMapPayload {
  @Field(() => PrincipalTagAttributeMapType, { description: 'The map as it is now.' })
  principalTagAttributeMap!: PrincipalTagAttributeMapType;
}
