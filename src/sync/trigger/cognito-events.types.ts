import { Field, ID, InputType, ObjectType } from 'type-graphql';
import { IdentityPoolType } from '../../identity-pools/identity-pool.types';

const KEY = 'The event: `SyncTrigger`, the only one that Cognito has.';

/** GraphQL type `CognitoEvent`. */
@ObjectType('CognitoEvent', { description: 'An event of a pool and who is asked about it.' })
export class CognitoEventType {
  @Field(() => String, { description: KEY })
  key!: string;

  @Field(() => String, { description: 'The address of the HTTP endpoint that is asked.' })
  value!: string;
}

@InputType({ description: 'An event of a pool and who is to be asked about it.' })
export class CognitoEventInput {
  @Field(() => String, { description: KEY })
  key!: string;

  @Field(() => String, {
    description:
      'The address of an HTTP endpoint, at most 2,048 characters: https, and http where the server allows it. Empty: the event is removed.',
  })
  value!: string;
}

@InputType({ description: 'The events of a pool to set. Those that are not named stay as they are.' })
export class SetCognitoEventsInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => [CognitoEventInput], { description: 'Each event once.' })
  events!: CognitoEventInput[];

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether the trigger’s requests are signed with a new secret from now on. Default false.',
  })
  rotateSecret?: boolean | null;
}

@ObjectType({ description: 'The pool, and the secret if one was made.' })
export class SetCognitoEventsPayload {
  @Field(() => IdentityPoolType, { description: 'The pool.' })
  identityPool!: IdentityPoolType;

  @Field(() => String, {
    nullable: true,
    description:
      '`whsec_…` of Standard Webhooks, to check the signatures of requests with. Told this once, when it is made: with the trigger, or by `rotateSecret`.',
  })
  signingSecret!: string | null;
}
