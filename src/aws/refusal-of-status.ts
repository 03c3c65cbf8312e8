import { FAULT_SENTENCE } from '../faults';
import { AwsError, INTERNAL, serializationError, unknownOperation } from './aws-error';

/** What HTTP itself answers with this status, as an AWS client reads it. */
export const refusalOfStatus = (status: number): AwsError => {
  if (status === 404) return unknownOperation('Nothing is here.', status);
  if (status === 413)
    return new AwsError('RequestEntityTooLargeException', status, 'The request body is too large.');
  if (status === 503)
    return new AwsError(
      'ServiceUnavailableException',
      status,
      'The server is going down. Send the call again.',
    );
  if (status >= 500) return new AwsError(INTERNAL[0], status, FAULT_SENTENCE);
  return serializationError('The request is not valid HTTP.');
};
