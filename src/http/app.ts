import cors from '@fastify/cors';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { isForAws, mountAws, refuseForAws } from '../aws/mount';
import { addLandingPageHeaders } from '../graphql/landing-page/landing-page';
import type { NodeContext } from '../context';
import { FAULT_SENTENCE } from '../faults';
import { createGraphqlServer } from '../graphql/server';
import { requestContext } from '../graphql/request-context';
import { BODY_LIMIT, BodyError, bodyTooLarge, limitBodies } from './body';
import { requestIdOf } from '../request-origin';
import { answerBrokenHttp } from './broken-http';
import { errorBody } from './error-body';
import { mountEventStreams } from './live/event-stream';
import { mountHealth } from './health';
import { OpenConnections, type ConnectionTimings } from './live/open-connections';
import { socketProtocol } from './live/socket-protocol';
import { takeWebSockets } from './live/websocket';
import { mountStreamRecords } from './stream-records';
import { mountWellKnown } from './well-known';

/** Milliseconds within which a request must have arrived in full, so that slow senders do not hold connections. */
const REQUEST_TIMEOUT = 60_000;

/** What browsers may read of answers: those of AWS's SDKs tell errors and the server's clock by headers. */
const EXPOSED_HEADERS = [
  'x-request-id',
  'x-amzn-RequestId',
  'x-amzn-ErrorType',
  'x-amzn-ErrorMessage',
  'Date',
];

/** What browsers may send: GraphQL clients, and every AWS SDK that runs in one. */
const ALLOWED_HEADERS = [
  'authorization',
  'content-type',
  'x-request-id',
  'apollo-require-preflight',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-target',
  'x-amz-user-agent',
  'x-amz-content-sha256',
  'x-amz-client-context',
  'amz-sdk-invocation-id',
  'amz-sdk-request',
];

/** What an app is told of the node that it is a part of. */
export interface AppSetting {
  isReady: () => boolean;
  /** Sockets and streams that stay open. */
  open: OpenConnections;
  timings: ConnectionTimings;
}

/** The HTTP server with every door mounted; not listening yet. */
export const createApp = async (node: NodeContext, setting: AppSetting): Promise<FastifyInstance> => {
  const app = Fastify({
    loggerInstance: node.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    trustProxy: trustedProxies(node.config.trustProxy),
    requestTimeout: REQUEST_TIMEOUT,
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    frameworkErrors: answerError,
    clientErrorHandler: answerBrokenHttp,
  });
  app.addHook('onSend', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onRequest', async (request, reply) => {
    // The GraphQL door makes an address of it.
    if (!URL.canParse(`http://${request.host}/`)) await answerBadHost(request, reply);
  });
  limitBodies(app);
  addLandingPageHeaders(app, node.config);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) =>
    isForAws(request)
      ? refuseForAws(request, reply, 404)
      : reply.code(404).send(errorBody('RESOURCE_NOT_FOUND', 'Nothing is here. GraphQL is at /graphql.')),
  );
  await app.register(cors, {
    origin: '*',
    exposedHeaders: EXPOSED_HEADERS,
    allowedHeaders: ALLOWED_HEADERS,
    methods: ['GET', 'POST', 'DELETE', 'OPTIONS'],
    maxAge: 86_400,
    // Else OPTIONS outside of a browser gets a text, which no door's clients read.
    strictPreflight: false,
  });
  mountHealth(app, node, setting.isReady);
  mountWellKnown(app, node);
  mountStreamRecords(app, node);
  await mountAws(app, node);
  await mountGraphql(app, node, setting);
  return app;
};

const mountGraphql = async (
  app: FastifyInstance,
  node: NodeContext,
  { open, timings }: AppSetting,
): Promise<void> => {
  const apollo = createGraphqlServer(node);
  await apollo.start();
  app.addHook('preClose', () => open.goAway());
  app.addHook('onClose', () => apollo.stop());
  const protocol = socketProtocol(node, apollo, timings.initWithin);
  const sockets = takeWebSockets(app, node, { protocol, open, timings });
  const handle = fastifyApolloHandler(apollo, { context: (request) => requestContext(node, request) });
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: (request, reply) =>
      sockets.isWanted(request) ? sockets.open(request, reply) : handle.call(app, request, reply),
  });
  mountEventStreams(app, node, { apollo, open, timings });
};

/** Whose X-Forwarded-For is believed: that of so many hops, counted from here, or of those addresses. */
const trustedProxies = (
  proxies: number | string[],
): false | string[] | ((address: string, hop: number) => boolean) => {
  if (typeof proxies !== 'number') return proxies;
  return proxies === 0 ? false : (_address, hop) => hop < proxies;
};

type CodeAndMessage = [code: string, message: string];

const FAULT: CodeAndMessage = ['INTERNAL_ERROR', FAULT_SENTENCE];
const BAD_ADDRESS: CodeAndMessage = ['INVALID_PARAMETER', 'The path of the address is not valid.'];
const BAD_HOST: CodeAndMessage = ['INVALID_PARAMETER', 'The Host header is not valid.'];
const BAD_HTTP: CodeAndMessage = ['INVALID_PARAMETER', 'The request is not valid HTTP.'];
const CODES: Record<number, CodeAndMessage> = {
  400: ['INVALID_PARAMETER', 'The request body is not valid JSON.'],
  415: ['INVALID_PARAMETER', 'The Content-Type must be application/json.'],
  503: ['SERVICE_UNAVAILABLE', 'The server is going down. Send the call again: another node will answer.'],
};

const answerBadHost = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  isForAws(request) ? refuseForAws(request, reply, 400) : reply.code(400).send(errorBody(...BAD_HOST));

/** What goes wrong before a door is reached, as the door's clients read it; in the shape of GraphQL errors for all others. */
const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const status = error.statusCode ?? 500;
  const known = status === 413 ? bodyTooLarge(request) : error;
  if (status >= 500) request.log.error({ err: error, requestId: request.id }, 'a request failed');
  if (isForAws(request)) return void refuseForAws(request, reply, status);
  const body =
    known instanceof BodyError
      ? errorBody(known.code, known.message, known.fields)
      : errorBody(...codeAndMessageOf(error, status));
  void reply.code(status).send(body);
};

const codeAndMessageOf = (error: FastifyError, status: number): CodeAndMessage => {
  if (error.code === 'FST_ERR_BAD_URL') return BAD_ADDRESS;
  return CODES[status] ?? (status < 500 ? BAD_HTTP : FAULT);
};
