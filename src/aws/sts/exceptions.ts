import type { ErrorCode, ServiceError } from '../../errors';
import { INTERNAL, type DeclaredException } from '../aws-error';

/** What AWS calls a claim that held when it was made and was revoked since. */
const REVOKED_CLAIM: DeclaredException = ['IDPRejectedClaim', 403];

/** A token that held is refused when its identity has gone, was merged or signed in since. */
const EXCEPTIONS: Partial<Record<ErrorCode, DeclaredException>> = {
  INVALID_PARAMETER: ['ValidationException', 400],
  RESOURCE_NOT_FOUND: REVOKED_CLAIM,
  IDENTITY_DELETED: REVOKED_CLAIM,
  NOT_AUTHORIZED: REVOKED_CLAIM,
  ACCESS_DENIED: ['AccessDenied', 403],
  MALFORMED_POLICY_DOCUMENT: ['MalformedPolicyDocument', 400],
  TOO_MANY_REQUESTS: ['Throttling', 400],
};

/** Of a web identity token that does not hold, by the reason. */
const TOKEN_EXCEPTIONS: Record<string, DeclaredException> = {
  EXPIRED: ['ExpiredTokenException', 400],
  INVALID: ['InvalidIdentityToken', 400],
};

/**
 * How STS calls an error. What all operations have is named by the query protocol, which calls a ValidationException
 * `ValidationError`.
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html#API_AssumeRoleWithWebIdentity_Errors
 */
export const stsException = ({ code, fields }: ServiceError): DeclaredException =>
  TOKEN_EXCEPTIONS[String(fields.reason)] ?? EXCEPTIONS[code] ?? INTERNAL;
