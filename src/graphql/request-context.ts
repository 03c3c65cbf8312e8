import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { ANONYMOUS, type Actor } from '../actor';
import type { Context, NodeContext } from '../context';
import { authenticate } from '../credentials/authenticate';
import { busy, databaseTrouble, logFault } from '../faults';
import { LiveConnection, type LiveContext } from '../push/live/live-connection';
import { originOf, type Origin } from '../request-origin';

/** The context of one request: who is calling, and from where. */
export const requestContext = async (node: NodeContext, request: FastifyRequest): Promise<Context> => {
  const ctx: Context = { ...node, ...originOf(node, request), actor: ANONYMOUS };
  const actor = await orFailed(ctx.log, authenticate(ctx, request.headers.authorization));
  return { ...ctx, actor };
};

const orFailed = async (log: Context['log'], caller: Promise<Actor>): Promise<Actor> => {
  try {
    return await caller;
  } catch (error) {
    logFault(log, error);
    throw wholeRequestFailed(error);
  }
};

/** The connection of a client with these credentials, which are looked at again as long as it stays. */
export const liveConnection = (
  node: NodeContext,
  origin: Origin,
  authorization: string | undefined,
): LiveConnection =>
  new LiveConnection(() => authenticate({ ...node, ...origin, actor: ANONYMOUS }, authorization));

/** The context of one call over a connection that stays. */
export const liveContext = async (
  node: NodeContext,
  origin: Origin,
  connection: LiveConnection,
): Promise<LiveContext> => {
  const actor = await orFailed(origin.log, connection.authenticate());
  return { ...node, log: origin.log, request: { ...origin.request }, connection, actor };
};

/** A GraphQL error with the HTTP status of an answer that has nothing but that error: nothing was called yet. */
const wholeRequestFailed = (error: unknown): unknown => {
  if (!databaseTrouble(error)) return error;
  const trouble = busy();
  return new GraphQLError(trouble.message, { originalError: trouble, extensions: { http: { status: 503 } } });
};
