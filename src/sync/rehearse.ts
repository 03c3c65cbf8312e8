import { inTransaction, isInTransaction, type Context } from '../context';

/** Ends a rehearsal: what was done is undone. */
class RehearsalOver<T> extends Error {
  constructor(readonly answer: T) {
    super('the rehearsal is over');
  }
}

/**
 * Does `work` and undoes it: what it would answer, by the rules that hold when it is done in earnest. Nothing is
 * announced. Not for use inside a transaction, which it would undo.
 */
export const rehearse = async <T>(ctx: Context, work: (tx: Context) => Promise<T>): Promise<T> => {
  if (isInTransaction(ctx)) throw new Error('nothing can be rehearsed inside a transaction');
  try {
    return await inTransaction(ctx, async (tx) => {
      throw new RehearsalOver(await work(tx));
    });
  } catch (error) {
    if (error instanceof RehearsalOver) return error.answer as T;
    throw error;
  }
};
