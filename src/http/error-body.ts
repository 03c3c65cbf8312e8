import type { ErrorFields } from '../errors';

/** What is answered to a request that reaches no operation, in the shape of GraphQL errors. */
export const errorBody = (code: string, message: string, fields: ErrorFields = {}): object => ({
  errors: [{ message, extensions: { code, ...fields } }],
});

/** The body of a 503 for one connection more than a node takes. */
export const tooManyConnections = (maximum: number): object =>
  errorBody('TOO_MANY_REQUESTS', 'The server has as many live connections as it takes. Come back later.', {
    limit: 'liveConnections',
    maximum,
    retryAfterSeconds: 5,
  });
