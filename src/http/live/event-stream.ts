import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { createHandler, type Request, type RequestParams } from 'graphql-sse';
import type { Context } from '../../context';
import { openSubscription } from '../../graphql/open-subscription';
import type { NodeContext } from '../../context';
import { liveConnection, liveContext } from '../../graphql/request-context';
import { originOf } from '../../request-origin';
import { errorBody, tooManyConnections } from '../error-body';
import type { ConnectionTimings, OpenConnections } from './open-connections';
import { PacedResults } from './paced-results';
import { piecesOf } from './pieces';

type Body = AsyncGenerator<string, void, unknown>;

interface StreamContext {
  results?: PacedResults;
}

/** What the streams of a node share. */
export interface StreamsSetting {
  apollo: ApolloServer<Context>;
  open: OpenConnections;
  timings: ConnectionTimings;
}

/**
 * Event streams at `/graphql/stream`: GraphQL over SSE in its mode of distinct connections, for subscriptions. The
 * credentials come in the Authorization header, which no other site can send.
 */
export const mountEventStreams = (app: FastifyInstance, node: NodeContext, setting: StreamsSetting): void => {
  const handle = createHandler<FastifyRequest, StreamContext>({
    authenticate: () => null,
    onSubscribe: async (request, params) => {
      request.context.results = await resultsOf(node, setting.apollo, request.raw, params);
      return request.context.results as never;
    },
  });
  app.route({
    url: '/graphql/stream',
    method: ['GET', 'POST'],
    handler: async (request, reply) => {
      if (!setting.open.hasRoom) return reply.code(503).send(tooManyConnections(setting.open.maximum));
      if (!acceptsEvents(request)) return reply.code(406).send(errorBody('BAD_REQUEST', NOT_ACCEPTED));
      const asked = asProtocolRequest(request);
      const [body, { status }] = await handle(asked);
      if (status !== 200 || body === null || typeof body === 'string')
        return reply.code(status).send(errorBody('BAD_REQUEST', problemIn(body)));
      return stream(reply, body as Body, { ...setting, results: asked.context.results });
    },
  });
};

const NOT_ACCEPTED = 'Event streams need the header "Accept: text/event-stream".';

const acceptsEvents = ({ headers }: FastifyRequest): boolean =>
  headers.accept?.toLowerCase().includes('text/event-stream') ?? false;

const asProtocolRequest = (request: FastifyRequest): Request<FastifyRequest, StreamContext> => ({
  method: request.method,
  url: request.url,
  headers: {
    get: (name) => (name === 'accept' ? 'text/event-stream' : headerOf(request, name)),
  },
  body: request.body as Record<string, unknown> | null,
  raw: request,
  context: {},
});

const headerOf = ({ headers }: FastifyRequest, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
};

/** The library's own words for a request that is none. */
const problemIn = (body: unknown): string => {
  if (typeof body !== 'string') return 'The Content-Type must be application/json.';
  const { errors } = JSON.parse(body) as { errors?: { message: string }[] };
  return errors?.[0]?.message ?? 'The request is not valid.';
};

const resultsOf = async (
  node: NodeContext,
  apollo: ApolloServer<Context>,
  request: FastifyRequest,
  params: RequestParams,
): Promise<PacedResults> => {
  const origin = originOf(node, request);
  const connection = liveConnection(node, origin, request.headers.authorization);
  const makeContext = () => liveContext(node, origin, connection);
  return new PacedResults(await openSubscription(apollo, makeContext, params));
};

/** Milliseconds for a client to take what is on its way when the server goes down. */
const CLOSE_WITHIN = 1_000;

interface Streaming extends StreamsSetting {
  results: PacedResults | undefined;
}

const HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  // It is not used again, and a connection that waited to be would hold up the end of the node.
  connection: 'close',
  // nginx would gather events before it passes them on.
  'x-accel-buffering': 'no',
};

const stream = (reply: FastifyReply, body: Body, { open, timings, results }: Streaming): FastifyReply => {
  let isLeaving = false;
  const events = Readable.from(
    piecesOf(body, {
      isOver: () => isLeaving,
      onEvent: () => results?.sent(),
      onSlow: () => events.destroy(),
      slowFor: timings.slowFor,
    }),
    { highWaterMark: 1 },
  );
  const close = open.add({
    goAway: async () => {
      isLeaving = true; // Without a word that it is complete, so that the client comes back.
      const closed = once(events, 'close');
      setTimeout(() => events.destroy(), CLOSE_WITHIN).unref();
      void body.return();
      await closed;
    },
  });
  events.once('close', close);
  // The stream itself would wait for the next event before it closes.
  whenClosed(reply.raw, () => void body.return());
  return reply.headers(HEADERS).send(events);
};

/** Now when the client has gone already. */
const whenClosed = (response: ServerResponse, work: () => void): void => {
  if (response.destroyed) work();
  else response.once('close', work);
};
