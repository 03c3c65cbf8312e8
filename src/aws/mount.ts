import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NodeContext } from '../context';
import { originOf } from '../request-origin';
import { errorAnswer, handle } from './handle';
import { protocolOf } from './protocol-of';
import { refusalOfStatus } from './refusal-of-status';
import type { AwsAnswer, AwsRequest } from './wire';

/**
 * The AWS door: Cognito Identity and STS at `POST /`, Cognito Sync under `/identitypools`, on the port of all the others.
 * Bodies are taken as they come, whatever their Content-Type, since signatures are made over their bytes.
 */
export const mountAws = async (app: FastifyInstance, node: NodeContext): Promise<void> => {
  await app.register(async (door) => {
    door.removeAllContentTypeParsers();
    door.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    door.setErrorHandler(answerError);
    const handler = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
      const received = awsRequestOf(request);
      return send(reply, await handle(node, originOf(node, request), protocolOf(received), received));
    };
    door.route({ method: 'POST', url: '/', handler });
    for (const url of ['/identitypools', '/identitypools/*'])
      door.route({ method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], url, handler });
  });
};

/** Whether a request that reached no route would have been for this door: its client reads AWS's errors alone. */
export const isForAws = (request: FastifyRequest): boolean =>
  request.headers['x-amz-target'] !== undefined ||
  (request.headers.authorization ?? '').startsWith('AWS4-') ||
  /^\/identitypools(?:[/?]|$)/.test(request.raw.url ?? '');

/** Answers what goes wrong with a request before the door has one to handle, such as a body that is too long. */
export const refuseForAws = (request: FastifyRequest, reply: FastifyReply, status: number): FastifyReply =>
  send(reply, errorAnswer(protocolOf(awsRequestOf(request)), request.id, refusalOfStatus(status)));

const answerError = (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
  const { statusCode = 500 } = error;
  if (statusCode >= 500) request.log.error({ err: error, requestId: request.id }, 'a request failed');
  refuseForAws(request, reply, statusCode);
};

const send = (reply: FastifyReply, { status, headers, body }: AwsAnswer): FastifyReply =>
  // As bytes: to a text Fastify would add a charset, which AWS does not send.
  reply.code(status).headers(headers).send(Buffer.from(body));

const awsRequestOf = (request: FastifyRequest): AwsRequest => {
  const [rawPath = '', ...query] = (request.raw.url ?? '').split('?');
  return {
    id: request.id,
    method: request.method,
    rawPath,
    rawQuery: query.join('?'),
    // Behind a trusted proxy the client signed the host that it called.
    headers: { ...request.headers, host: request.host },
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
  };
};
