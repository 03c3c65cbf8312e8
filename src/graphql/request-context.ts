import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { ANONYMOUS } from '../actor';
import type { Context } from '../context';
import { authenticate } from '../credentials/authenticate';
import { busy, databaseTrouble, logFault } from './format-error';

/** What is the same for every request of a node. */
export type NodeContext = Omit<Context, 'actor' | 'requestId'>;

/** A context for work that the server does on its own account. Services that authorize refuse it. */
export const contextOf = (node: NodeContext, requestId: string): Context => ({
  ...node,
  requestId,
  actor: ANONYMOUS,
});

/** The context of one request: who is calling, and the request's id. */
export const requestContext = async (node: NodeContext, request: FastifyRequest): Promise<Context> => {
  const ctx = { ...contextOf(node, request.id), log: node.log.child({ requestId: request.id }) };
  try {
    return { ...ctx, actor: await authenticate(ctx, request.headers.authorization) };
  } catch (error) {
    logFault(ctx.log, error);
    throw wholeRequestFailed(error);
  }
};

/** A GraphQL error with the HTTP status of an answer that has nothing but that error: nothing was called yet. */
const wholeRequestFailed = (error: unknown): unknown => {
  if (!databaseTrouble(error)) return error;
  const trouble = busy();
  return new GraphQLError(trouble.message, { originalError: trouble, extensions: { http: { status: 503 } } });
};

/** A caller's own `X-Request-Id` of sane form, else a new one. */
export const requestIdOf = (header: string | string[] | undefined): string =>
  typeof header === 'string' && /^[\w-]{1,128}$/.test(header) ? header : randomUUID();
