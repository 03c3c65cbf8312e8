import cors from '@fastify/cors';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
} from 'fastify';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import { createGraphqlServer } from '../graphql/server';
import { requestContext, requestIdOf, type NodeContext } from '../graphql/request-context';
import { mountHealth } from './health';
import { mountWellKnown } from './well-known';

/** Bytes of a request body: a full dataset of 1 MiB, each character escaped in six, and some room. */
const BODY_LIMIT = 8 * 1024 * 1024;

/** The HTTP server with every door mounted; not listening yet. */
export const createApp = async (node: NodeContext, isReady: () => boolean): Promise<FastifyInstance> => {
  const app = Fastify({
    loggerInstance: node.log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    genReqId: (request) => requestIdOf(request.headers['x-request-id']),
    forceCloseConnections: 'idle',
    return503OnClosing: true,
    routerOptions: { maxParamLength: 2048 },
  });
  app.addHook('onSend', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errorBody('RESOURCE_NOT_FOUND', 'Nothing is here. GraphQL is at /graphql.')),
  );
  await app.register(cors, {
    origin: '*',
    exposedHeaders: ['x-request-id'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id', 'apollo-require-preflight'],
    methods: ['GET', 'POST', 'OPTIONS'],
    maxAge: 86_400,
  });
  mountHealth(app, node, isReady);
  mountWellKnown(app, node);
  await mountGraphql(app, node);
  return app;
};

const mountGraphql = async (app: FastifyInstance, node: NodeContext): Promise<void> => {
  const apollo = createGraphqlServer(node, app);
  await apollo.start();
  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: fastifyApolloHandler(apollo, { context: (request) => requestContext(node, request) }),
  });
};

const CODES: Record<number, [code: string, message: string]> = {
  400: ['INVALID_PARAMETER', 'The request body is not valid JSON.'],
  413: ['LIMIT_EXCEEDED', `The request body is larger than ${BODY_LIMIT} bytes.`],
  415: ['INVALID_PARAMETER', 'The Content-Type must be application/json.'],
  503: ['SERVICE_UNAVAILABLE', 'The server is going down. Send the call again: another node will answer.'],
};

const errorBody = (code: string, message: string): object => ({
  errors: [{ message, extensions: { code } }],
});

/** What goes wrong before a door is reached, in the shape of GraphQL errors. */
const answerError = (
  error: FastifyError,
  request: { log: { error: (fields: object, message: string) => void } },
  reply: { code: (status: number) => { send: (body: object) => unknown } },
): unknown => {
  const status = error.statusCode ?? 500;
  const [code, message] = CODES[status] ?? ['INTERNAL_ERROR', 'Something went wrong on the server.'];
  if (status >= 500) request.log.error({ err: error }, 'a request failed');
  return reply.code(status).send(errorBody(code, message));
};
