import type { z } from 'zod';
import type { Context } from '../context';
import { parseMembers } from './members/parse-members';

/** One operation of an AWS model. */
export interface Operation {
  /** As in the model, such as `GetId`. */
  name: string;
  /** Whether it is called without credentials: a signature that comes along is ignored when it does not hold. */
  isPublic: boolean;
  /** Reads the members, calls the service and answers the members of the model's output; nothing for an empty body. */
  perform(ctx: Context, members: Record<string, unknown>): Promise<object | void>;
}

/** A call of an operation, with the members that came along under the names of the model. */
export interface Call {
  operation: Operation;
  members: Record<string, unknown>;
}

/**
 * An operation whose callers sign. `shape` is the form that the model gives the members: rules beyond that form are the
 * service's. `call` calls one service function and names its answer as the model does.
 */
export const operation = <T extends z.ZodType>(
  name: string,
  shape: T,
  call: (ctx: Context, input: z.infer<T>) => Promise<object | void>,
): Operation => ({
  name,
  isPublic: false,
  perform: async (ctx, members) => call(ctx, parseMembers(shape, members)),
});

/** An operation that needs no credentials. */
export const publicOperation: typeof operation = (name, shape, call) => ({
  ...operation(name, shape, call),
  isPublic: true,
});
