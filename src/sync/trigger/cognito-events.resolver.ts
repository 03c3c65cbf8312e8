import { Arg, Ctx, FieldResolver, Mutation, Resolver, Root } from 'type-graphql';
import type { Context } from '../../context';
import { IdentityPoolType, toIdentityPoolType } from '../../identity-pools/identity-pool.types';
import { getCognitoEvents, setCognitoEvents } from './cognito-events.service';
import { CognitoEventType, SetCognitoEventsInput, SetCognitoEventsPayload } from './cognito-events.types';

/** Cognito Events: who is asked before records are written. */
@Resolver(() => IdentityPoolType)
export class CognitoEventsResolver {
  // Nullable, so that whoever may set a trigger and not read it still gets the secret that is told once.
  @FieldResolver(() => [CognitoEventType], {
    nullable: true,
    description: 'Who is asked before records of its identities are written (GetCognitoEvents).',
  })
  events(@Ctx() ctx: Context, @Root() pool: IdentityPoolType): Promise<CognitoEventType[]> {
    return getCognitoEvents(ctx, { identityPoolId: pool.id });
  }

  @Mutation(() => SetCognitoEventsPayload, {
    description:
      'Sets or removes the pool’s sync trigger: an HTTP endpoint that is shown each update of an identity before it is written, and may change or refuse it.',
  })
  async setCognitoEvents(
    @Ctx() ctx: Context,
    @Arg('input', () => SetCognitoEventsInput, { description: 'The pool and its events.' })
    input: SetCognitoEventsInput,
  ): Promise<SetCognitoEventsPayload> {
    const { pool, signingSecret } = await setCognitoEvents(ctx, input);
    return { identityPool: toIdentityPoolType(pool), signingSecret };
  }
}
