import { violatedConstraint } from '../db/constraints';

/** Another import made the same at the same time; the whole is run again, as after 40001. */
class MadeMeanwhile extends Error {
  readonly code = '40001';
}

/** For an insert in a transaction that found the row to be there by now: throws what makes the transaction run again. */
export const orRunAgain =
  (constraint: string) =>
  (error: unknown): never => {
    throw violatedConstraint(error) === constraint ? new MadeMeanwhile() : error;
  };
