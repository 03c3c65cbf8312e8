/**
 * The closed catalogue of errors that Rockpool answers with.
 *
 * Codes are the exception names of the Cognito Identity, Cognito Sync, STS and IAM models in capitals, so that
 * `ResourceConflictException` is `RESOURCE_CONFLICT`. A door turns one `ServiceError` into its own shape and adds
 * nothing; anything else that is thrown is a fault and becomes `INTERNAL_ERROR` without its message.
 */
export type ErrorCode =
  | 'INVALID_PARAMETER'
  | 'RESOURCE_NOT_FOUND'
  | 'IDENTITY_DELETED'
  | 'NOT_AUTHORIZED'
  | 'ACCESS_DENIED'
  | 'RESOURCE_CONFLICT'
  | 'CONCURRENT_MODIFICATION'
  | 'TOO_MANY_REQUESTS'
  | 'LIMIT_EXCEEDED'
  | 'INVALID_CONFIGURATION'
  | 'INVALID_IDENTITY_POOL_CONFIGURATION'
  | 'EXTERNAL_SERVICE'
  | 'INVALID_LAMBDA_FUNCTION_OUTPUT'
  | 'LAMBDA_THROTTLED'
  | 'DEVELOPER_USER_ALREADY_REGISTERED'
  | 'DUPLICATE_REQUEST'
  | 'ALREADY_STREAMED'
  | 'MALFORMED_POLICY_DOCUMENT'
  | 'ENTITY_ALREADY_EXISTS'
  | 'DELETE_CONFLICT'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_ERROR';

/** What a program needs in order to act on an error: the field, the limit, the server's records, the seconds to wait. */
export type ErrorFields = Record<string, unknown>;

/** An error with a stable code, a plain sentence for people and fields for programs. Never carries a secret or a token. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly fields: ErrorFields = {},
  ) {
    super(message);
  }
}

/** A member is missing, of the wrong form or out of its limits. `fields` names the member as `field` and, where there is one, the `limit`. */
export const invalidParameter = (message: string, fields: ErrorFields = {}): ServiceError =>
  new ServiceError('INVALID_PARAMETER', message, fields);

/** No such pool, identity, role, provider or dataset. */
export const resourceNotFound = (message: string, fields: ErrorFields = {}): ServiceError =>
  new ServiceError('RESOURCE_NOT_FOUND', message, fields);

/**
 * The identity was there and was deleted, with its data: not a wrong id, so that a client can start a new guest and keep
 * what it has of its own. In AWS's words it is `ResourceNotFoundException`.
 */
export const identityDeleted = (identityId: string): ServiceError =>
  new ServiceError('IDENTITY_DELETED', `Identity '${identityId}' was deleted.`, { field: 'identityId' });

/** The identity is not the caller's to use, or was merged into another: `mergedInto` names that to whoever may know. */
export const identityForbidden = (identityId: string, fields: { mergedInto?: string } = {}): ServiceError =>
  new ServiceError('NOT_AUTHORIZED', `Access to Identity '${identityId}' is forbidden.`, {
    identityId,
    ...fields,
  });

/** The service itself refuses: a bad login, guest access off, somebody else's identity. */
export const notAuthorized = (message: string, fields: ErrorFields = {}): ServiceError =>
  new ServiceError('NOT_AUTHORIZED', message, fields);

/** Why a caller's credentials do not hold. A client gets fresh credentials on `EXPIRED` and gives up on the others. */
export type CredentialsProblem = 'MISSING' | 'EXPIRED' | 'INVALID' | 'REVOKED';

/** The call carried no credentials, or ones that do not hold; `fields.reason` says which. */
export const badCredentials = (
  reason: CredentialsProblem,
  message: string,
  fields: ErrorFields = {},
): ServiceError => new ServiceError('NOT_AUTHORIZED', message, { reason, ...fields });

/** A login linked elsewhere, or a stale sync count. */
export const resourceConflict = (message: string, fields: ErrorFields = {}): ServiceError =>
  new ServiceError('RESOURCE_CONFLICT', message, fields);

/** A quota would be passed. `fields` has the `limit` by name, its `maximum` and the `value` that was asked for. */
export const limitExceeded = (message: string, fields: ErrorFields): ServiceError =>
  new ServiceError('LIMIT_EXCEEDED', message, fields);

/** The server cannot take the call now; it is safe to send it again after `retryAfterSeconds`. A rate limit names itself as `limit`. */
export const tooManyRequests = (
  message: string,
  retryAfterSeconds: number,
  fields: ErrorFields = {},
): ServiceError => new ServiceError('TOO_MANY_REQUESTS', message, { ...fields, retryAfterSeconds });
