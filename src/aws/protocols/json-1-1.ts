import { unknownOperation, type AwsService } from '../aws-error';
import type { Operation } from '../operation';
import { headerOf } from '../sigv4/signed-request';
import type { AwsRequest } from '../wire';
import { membersInBody, toJson } from './json-body';
import { errorBody, errorHeaders, type Protocol } from './protocol';

const CONTENT_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

/**
 * AWS JSON 1.1: `POST /` with the operation in `X-Amz-Target`, members in a JSON object. Older clients say 1.0, which
 * reads the same.
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
 */
export const json11 = (service: AwsService, targetPrefix: string, operations: Operation[]): Protocol => {
  const byTarget = new Map(operations.map((each) => [`${targetPrefix}.${each.name}`, each]));
  const operationOf = (request: AwsRequest): Operation => {
    const operation = byTarget.get(headerOf(request, 'x-amz-target') ?? '');
    if (!operation) throw unknownOperation('X-Amz-Target names no operation of this service.', 400);
    return operation;
  };
  return {
    service,
    decisiveHeaders: ['x-amz-target'],
    read: (request) => ({ operation: operationOf(request), members: membersInBody(request.body) }),
    write: (_operation, output) => ({ headers: CONTENT_TYPE, body: output ? toJson(output) : '' }),
    writeError: (error) => ({ headers: { ...CONTENT_TYPE, ...errorHeaders(error) }, body: errorBody(error) }),
  };
};
