import { ServiceError, type ErrorCode } from '../errors';
import { FAULT_SENTENCE, databaseTrouble } from '../faults';
import { AwsError, INTERNAL, type AwsService, type DeclaredException } from './aws-error';
import { inWordsOfTheModel } from './page';
import { stsException } from './sts/exceptions';

const NOT_FOUND: DeclaredException = ['ResourceNotFoundException', 404];
const CONFLICT: DeclaredException = ['ResourceConflictException', 409];

/** The exceptions of the models of Cognito Identity and Cognito Sync, and the status that these declare. */
const EXCEPTIONS: Record<ErrorCode, DeclaredException> = {
  INVALID_PARAMETER: ['InvalidParameterException', 400],
  RESOURCE_NOT_FOUND: NOT_FOUND,
  IDENTITY_DELETED: NOT_FOUND,
  NOT_AUTHORIZED: ['NotAuthorizedException', 403],
  ACCESS_DENIED: ['AccessDeniedException', 403],
  RESOURCE_CONFLICT: CONFLICT,
  CONCURRENT_MODIFICATION: ['ConcurrentModificationException', 400],
  TOO_MANY_REQUESTS: ['TooManyRequestsException', 429],
  LIMIT_EXCEEDED: ['LimitExceededException', 400],
  INVALID_CONFIGURATION: ['InvalidConfigurationException', 400],
  INVALID_IDENTITY_POOL_CONFIGURATION: ['InvalidIdentityPoolConfigurationException', 400],
  EXTERNAL_SERVICE: ['ExternalServiceException', 400],
  INVALID_LAMBDA_FUNCTION_OUTPUT: ['InvalidLambdaFunctionOutputException', 400],
  LAMBDA_THROTTLED: ['LambdaThrottledException', 429],
  DEVELOPER_USER_ALREADY_REGISTERED: ['DeveloperUserAlreadyRegisteredException', 400],
  DUPLICATE_REQUEST: ['DuplicateRequestException', 400],
  ALREADY_STREAMED: ['AlreadyStreamedException', 400],
  MALFORMED_POLICY_DOCUMENT: ['MalformedPolicyDocumentException', 400],
  ENTITY_ALREADY_EXISTS: CONFLICT,
  DELETE_CONFLICT: CONFLICT,
  SERVICE_UNAVAILABLE: INTERNAL,
  INTERNAL_ERROR: INTERNAL,
};

/** Answered with their own status by Cognito Identity too, which gives 400 for all other mistakes of callers. */
const KEPT_STATUSES = ['AccessDeniedException', 'TooManyRequestsException'];

/**
 * Any thrown value as the AWS door answers it. Cognito Identity is seen to answer 400 where its model declares 403, 404
 * or 409; `strict` gives the model's statuses. Anything unexpected is an InternalErrorException without its message.
 */
export const toAwsError = (error: unknown, service: AwsService, strict: boolean): AwsError => {
  if (error instanceof AwsError) return error;
  const known = error instanceof ServiceError ? error : databaseTrouble(error);
  if (!known) return new AwsError(...INTERNAL, FAULT_SENTENCE);
  const { code, fields } = known;
  const [exception, status] = service === 'sts' ? stsException(known) : declaredFor(known);
  const isLenient = service === 'cognito-identity' && !strict && !KEPT_STATUSES.includes(exception);
  return new AwsError(
    exception,
    isLenient && status < 500 ? 400 : status,
    inWordsOfTheModel(known),
    code === 'TOO_MANY_REQUESTS' ? Number(fields.retryAfterSeconds) : undefined,
  );
};

/** Bad credentials of a signature name their own exception, which no model declares. */
const declaredFor = ({ code, fields }: ServiceError): DeclaredException =>
  typeof fields.exception === 'string' ? [fields.exception, 403] : EXCEPTIONS[code];
