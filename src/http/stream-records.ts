import type { FastifyInstance, FastifyReply } from 'fastify';
import { ServiceError } from '../errors';
import { contextOf, type NodeContext } from '../context';
import { readStreamRecords, STREAM_RECORDS_PATH } from '../streams/stream-payloads';
import { errorBody } from './error-body';

const STATUS: Record<string, number> = { NOT_AUTHORIZED: 403, RESOURCE_NOT_FOUND: 404 };

/** The records of stream events that were too large to hold them, for whoever has the address. */
export const mountStreamRecords = (app: FastifyInstance, node: NodeContext): void => {
  app.get<{ Querystring: { token?: unknown } }>(STREAM_RECORDS_PATH, async (request, reply) => {
    void reply.header('cache-control', 'private, no-store');
    try {
      const records = await readStreamRecords(contextOf(node, request.id), request.query.token);
      return await reply.type('application/json; charset=utf-8').send(records);
    } catch (error) {
      return answerRefusal(error, reply);
    }
  });
};

const answerRefusal = (error: unknown, reply: FastifyReply): FastifyReply => {
  const status = error instanceof ServiceError ? STATUS[error.code] : undefined;
  if (!(error instanceof ServiceError) || status === undefined) throw error;
  return reply.code(status).send(errorBody(error.code, error.message, error.fields));
};
