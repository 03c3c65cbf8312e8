import { Arg, Ctx, Mutation, Resolver } from 'type-graphql';
import type { Context } from '../context';
import { deleteIdleGuests } from './idle-guests.service';
import { DeleteIdleGuestsInput, DeleteIdleGuestsPayload } from './idle-guests.types';

/** Guests that nobody will come back as. */
@Resolver()
export class IdleGuestResolver {
  @Mutation(() => DeleteIdleGuestsPayload, {
    description:
      'Deletes or disables guests that have been idle since a time. A dry run unless told otherwise.',
  })
  deleteIdleGuests(
    @Ctx() ctx: Context,
    @Arg('input', () => DeleteIdleGuestsInput, { description: 'Which guests.' })
    input: DeleteIdleGuestsInput,
  ): Promise<DeleteIdleGuestsPayload> {
    return deleteIdleGuests(ctx, input);
  }
}
