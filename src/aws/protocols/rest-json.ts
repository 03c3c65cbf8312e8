import { AwsError, serializationError, unknownOperation, type AwsService } from '../aws-error';
import type { Call, Operation } from '../operation';
import type { AwsRequest } from '../wire';
import { membersInBody, toJson } from './json-body';
import { errorBody, errorHeaders, type Protocol } from './protocol';

/** Where the members of an operation are in a request; those that are named nowhere are in the body. */
export interface HttpBinding {
  method: 'GET' | 'POST' | 'DELETE';
  /** Such as `/identitypools/{IdentityPoolId}`. */
  uri: string;
  /** Names in the query and the members that they are. */
  query?: Record<string, string>;
}

/** An operation with its place in HTTP. */
export interface RestOperation extends HttpBinding {
  operation: Operation;
}

const CONTENT_TYPE = { 'content-type': 'application/json' };

/**
 * REST-JSON: the operation by method and path, members in path, query and a JSON body.
 * @see https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 */
export const restJson = (service: AwsService, operations: RestOperation[]): Protocol => ({
  service,
  decisiveHeaders: [],
  read: (request) => {
    const path = request.rawPath.split('/');
    const found = operations.find((each) => each.method === request.method && matches(each.uri, path));
    if (!found) throw unknownOperation('No operation has this method and path.', 404);
    return callOf(found, path, request);
  },
  write: (_operation, output) => ({ headers: CONTENT_TYPE, body: output ? toJson(output) : '' }),
  writeError: (error) => ({ headers: { ...CONTENT_TYPE, ...errorHeaders(error) }, body: errorBody(error) }),
});

const isLabel = (part: string): boolean => part.startsWith('{');

const matches = (uri: string, path: string[]): boolean => {
  const parts = uri.split('/');
  return (
    parts.length === path.length &&
    parts.every((part, at) => (isLabel(part) ? path[at] !== '' : part === path[at]))
  );
};

const callOf = (
  { operation, method, uri, query = {} }: RestOperation,
  path: string[],
  request: AwsRequest,
): Call => ({
  operation,
  members: {
    ...(method === 'POST' ? membersInBody(request.body) : {}),
    // Behind the body, which cannot say other things than they. Operations that have a query have no body.
    ...membersInQuery(query, request.rawQuery),
    ...membersInPath(uri, path),
  },
});

const membersInPath = (uri: string, path: string[]): Record<string, string> =>
  Object.fromEntries(
    uri
      .split('/')
      .flatMap((part, at) => (isLabel(part) ? [[part.slice(1, -1), decoded(path[at] ?? '')]] : [])),
  );

/** Other names in the query are nobody's. */
const membersInQuery = (names: Record<string, string>, rawQuery: string): Record<string, string> =>
  Object.fromEntries(
    rawQuery.split('&').flatMap((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s).map(decodedQuery);
      return Object.hasOwn(names, name) ? [[names[name], value]] : [];
    }),
  );

/** In a query a plus is a space, as its signer read it. */
const decodedQuery = (text: string): string => decoded(text.replaceAll('+', ' '));

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badEncoding();
  }
};

const badEncoding = (): AwsError =>
  serializationError('The address of the request is not percent-encoded UTF-8.');
