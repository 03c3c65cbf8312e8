import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { ANONYMOUS, type Actor } from '../actor';
import type { Context, RequestInfo } from '../context';
import { authenticate } from '../credentials/authenticate';
import { LiveConnection, type LiveContext } from '../push/live/live-connection';
import { busy, databaseTrouble, logFault } from './format-error';

/** What is the same for every request of a node. */
export type NodeContext = Omit<Context, 'actor' | 'request'>;

/** A context for work that the server does on its own account. Services that authorize refuse it. */
export const contextOf = (node: NodeContext, id: string): Context => ({
  ...node,
  request: { id, sourceIp: null, userAgent: null },
  actor: ANONYMOUS,
});

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

/** Where a connection that stays came from: what its calls are told apart by, and nothing of the request's own. */
export type Origin = Pick<Context, 'log' | 'request'>;

/** The origin of a connection that this request opens. */
export const originOf = (node: NodeContext, request: FastifyRequest): Origin => {
  warnOfProxy(node, request);
  return { log: node.log.child({ requestId: request.id }), request: requestInfoOf(request) };
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

const MAX_USER_AGENT = 256;

const warned = new WeakSet<object>();

/** Everybody behind a proxy shares one limit when nobody told of the proxy: say so, once. */
const warnOfProxy = ({ config, log }: NodeContext, { headers }: FastifyRequest): void => {
  if (config.trustProxy !== 0 || headers['x-forwarded-for'] === undefined || warned.has(config)) return;
  warned.add(config);
  log.warn(
    'Calls come with X-Forwarded-For, but ROCKPOOL_TRUST_PROXY is not set: rate limits, policies and the audit log see the address of the proxy.',
  );
};

const requestInfoOf = (request: FastifyRequest): RequestInfo => ({
  id: request.id,
  sourceIp: sourceIpOf(request),
  userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
});

/** What a trusted proxy says; who is at the other end of the connection when that is no address. IPv4 as such, not within IPv6. */
const sourceIpOf = ({ ip, socket }: FastifyRequest): string | null => {
  const address = isIP(ip) ? ip : socket.remoteAddress;
  return address?.replace(/^::ffff:(?=\d+\.)/i, '') ?? null;
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
