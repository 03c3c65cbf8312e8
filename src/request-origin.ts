import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { Context, NodeContext, RequestInfo } from './context';

/** Where a connection that stays came from: what its calls are told apart by, and nothing of the request's own. */
export type Origin = Pick<Context, 'log' | 'request'>;

/** The origin of a connection that this request opens. */
export const originOf = (node: NodeContext, request: FastifyRequest): Origin => {
  warnOfProxy(node, request);
  return { log: node.log.child({ requestId: request.id }), request: requestInfoOf(request) };
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

/** A caller's own `X-Request-Id` of sane form, else a new one. */
export const requestIdOf = (header: string | string[] | undefined): string =>
  typeof header === 'string' && /^[\w-]{1,128}$/.test(header) ? header : randomUUID();
