import { Field, InputType, ObjectType } from 'type-graphql';

/** A tag as it is answered. */
@ObjectType('Tag', { description: 'A label of an identity pool, for its administrators.' })
export class TagType {
  @Field(() => String, { description: '1 to 128 characters.' })
  key!: string;

  @Field(() => String, { description: '0 to 256 characters.' })
  value!: string;
}

/** A tag as it is given. */
@InputType({ description: 'A label of an identity pool.' })
export class TagInput {
  @Field(() => String, { description: '1 to 128 characters; each key once.' })
  key!: string;

  @Field(() => String, { description: '0 to 256 characters.' })
  value!: string;
}
