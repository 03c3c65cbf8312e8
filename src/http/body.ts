import { Transform } from 'node:stream';
import type { FastifyInstance, FastifyRequest, RequestPayload, preParsingHookHandler } from 'fastify';
import { ServiceError, type ErrorCode, type ErrorFields } from '../errors';
import { passedLimit } from '../json-size';

/** Bytes of a request body: a full dataset of 1 MiB, each character escaped in six, and some room. */
export const BODY_LIMIT = 8 * 1024 * 1024;

/** Bytes without an Authorization header: nothing that anybody may call needs more. */
const OPEN_BODY_LIMIT = 1024 * 1024;

/** Lists and objects inside each other; a policy document in the variables needs about 12. */
const MAX_NESTING = 64;

/** A body that is not read on, with the status to answer. */
export class BodyError extends ServiceError {
  constructor(
    readonly statusCode: number,
    code: ErrorCode,
    message: string,
    fields: ErrorFields = {},
  ) {
    super(code, message, fields);
  }
}

/** More bytes than this request may have. */
export const bodyTooLarge = (request: FastifyRequest): BodyError => {
  const maximum = limitOf(request);
  return new BodyError(413, 'LIMIT_EXCEEDED', `The request body is larger than ${maximum} bytes.`, {
    limit: 'requestBytes',
    maximum,
  });
};

const limitOf = ({ headers }: FastifyRequest): number =>
  headers.authorization ? BODY_LIMIT : OPEN_BODY_LIMIT;

/**
 * Bounds what a body may cost before anybody has looked who sends it: fewer bytes without an Authorization header, and
 * JSON nested at most 64 deep, since parsing megabytes of brackets holds up every other request for seconds.
 */
export const limitBodies = (app: FastifyInstance): void => {
  app.addHook('preParsing', limitBytes);
  // As without a parser of our own: __proto__ and constructor.prototype are refused.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (passedLimit(body, { depth: MAX_NESTING })) done(tooDeep());
    else void parseJson(request, body, done);
  });
};

/** A body with a length is refused at once, one in chunks as soon as it is too long. */
const limitBytes: preParsingHookHandler = (request, _reply, payload, done) => {
  if (Number(request.headers['content-length']) > limitOf(request)) done(bodyTooLarge(request));
  else if (request.headers['transfer-encoding'] === undefined) done(null, payload);
  else done(null, counted(request, payload));
};

const counted = (request: FastifyRequest, payload: RequestPayload): RequestPayload => {
  let left = limitOf(request);
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      left -= chunk.length;
      if (left < 0) next(bodyTooLarge(request));
      else next(null, chunk);
    },
  });
  payload.on('error', (error) => counter.destroy(error));
  return payload.pipe(counter);
};

const tooDeep = (): BodyError =>
  new BodyError(
    400,
    'INVALID_PARAMETER',
    `The request body has lists and objects more than ${MAX_NESTING} deep.`,
    { limit: MAX_NESTING },
  );
