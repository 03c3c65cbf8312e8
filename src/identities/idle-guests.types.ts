import { Field, ID, InputType, Int, ObjectType, registerEnumType } from 'type-graphql';
import { DateTime, Long } from '../graphql-types/scalars';
import type { IdleGuestMode } from './idle-guests.service';

/** GraphQL enum `IdleGuestMode`: names in capitals, values as the service knows them. */
export const IdleGuestModeType: Record<string, IdleGuestMode> = { DELETE: 'delete', DISABLE: 'disable' };
registerEnumType(IdleGuestModeType, {
  name: 'IdleGuestMode',
  description: 'What becomes of idle guests.',
  valuesConfig: {
    DELETE: { description: 'They are deleted with their datasets. Not undoable.' },
    DISABLE: {
      description:
        'They get no more credentials and can be left out of lists; their datasets stay until they are deleted.',
    },
  },
});

@InputType({ description: 'Which guests to delete.' })
export class DeleteIdleGuestsInput {
  @Field(() => ID, { description: 'The pool: `REGION:UUID`.' })
  identityPoolId!: string;

  @Field(() => DateTime, {
    description:
      'Guests that got no credentials and whose datasets did not change since, to the hour. At least 24 hours ago.',
  })
  idleSince!: Date;

  @Field(() => Boolean, {
    nullable: true,
    description: 'Whether only to count them and do nothing. True when left out.',
  })
  dryRun?: boolean | null;

  @Field(() => IdleGuestModeType, {
    nullable: true,
    description: 'What becomes of them. DELETE when left out.',
  })
  mode?: IdleGuestMode | null;

  @Field(() => Int, {
    nullable: true,
    description: 'Of how many guests at most, the longest idle first: 1 to 10,000; 1,000 when left out.',
  })
  first?: number | null;
}

@ObjectType({ description: 'What was done, or in a dry run what there is to do.' })
export class DeleteIdleGuestsPayload {
  @Field(() => Boolean, { description: 'Whether it was a dry run: nothing has been done.' })
  dryRun!: boolean;

  @Field(() => Long, {
    description:
      'Guests that were deleted or disabled; in a dry run all that there are to delete or disable, counted up to 1,000,000.',
  })
  count!: number;

  @Field(() => [ID], { description: 'Up to 60 of them, the longest idle first.' })
  identityIds!: string[];

  @Field(() => Boolean, {
    description: 'Whether there were more than `first`: call again to go on.',
  })
  hasMore!: boolean;
}
