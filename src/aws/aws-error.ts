/** Whose errors they are: the services give the same exception other HTTP statuses. */
export type AwsService = 'cognito-identity' | 'cognito-sync' | 'sts';

/** An exception by its name, with its HTTP status. */
export type DeclaredException = [exception: string, status: number];

/** What went wrong here and not with the caller. */
export const INTERNAL: DeclaredException = ['InternalErrorException', 500];

/** An error as an AWS client reads it. */
export class AwsError extends Error {
  override readonly name = 'AwsError';

  constructor(
    /** The name of the exception, such as `NotAuthorizedException`. */
    readonly exception: string,
    readonly status: number,
    message: string,
    /** When it is worth sending the call again. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message);
  }
}

/** A member has another type than the model's, or the body cannot be read. */
export const serializationError = (message: string): AwsError =>
  new AwsError('SerializationException', 400, message);

/** No such operation: a wrong target, path, method or action. */
export const unknownOperation = (message: string, status: number): AwsError =>
  new AwsError('UnknownOperationException', status, message);
