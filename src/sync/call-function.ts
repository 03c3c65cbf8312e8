import { setTimeout as sleep } from 'node:timers/promises';
import { isInTransaction, type Context } from '../context';
import { isConnectionLoss, isRetryable } from '../db/constraints';

const MAX_ATTEMPTS = 5;

/**
 * Calls a database function in one round trip and answers its JSON result: in the transaction around `ctx`, or in one
 * of its own. In its own it is sent again after a serialization failure or a deadlock, which undid all of it; never
 * after a lost connection, because then nobody knows.
 */
export const callFunction = async <T>(ctx: Context, name: string, args: unknown[]): Promise<T> => {
  const places = args.map((_, at) => `$${at + 1}`).join(', ');
  const send = async (): Promise<T> => {
    const rows: { result: T }[] = await ctx.db.query(`SELECT ${name}(${places}) AS result`, args);
    return (rows[0] as { result: T }).result;
  };
  return isInTransaction(ctx) ? send() : sendAgain(send);
};

const sendAgain = async <T>(send: () => Promise<T>): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (attempt >= MAX_ATTEMPTS || !isRetryable(error) || isConnectionLoss(error)) throw error;
      await sleep(Math.random() * 20 * 2 ** attempt);
    }
  }
};
