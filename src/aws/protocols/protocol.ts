import type { AwsError, AwsService } from '../aws-error';
import type { Call, Operation } from '../operation';
import type { AwsAnswer, AwsRequest } from '../wire';

/** How one of AWS's protocols writes calls, answers and errors. */
export interface Protocol {
  service: AwsService;
  /** Headers by which a call says what is to be done: a signature must cover them. */
  decisiveHeaders: string[];
  /** Finds the operation of a request and its members. @throws AwsError */
  read(request: AwsRequest): Call;
  /** The body of an answer: the operation's output, nothing when it has none. */
  write(operation: Operation, output: object | void, requestId: string): Pick<AwsAnswer, 'headers' | 'body'>;
  /** The body of an error. */
  writeError(error: AwsError, requestId: string): Pick<AwsAnswer, 'headers' | 'body'>;
}

/** The headers that tell SDKs an error's name, whatever is in the body. */
export const errorHeaders = ({ exception, message }: AwsError): Record<string, string> => ({
  'x-amzn-errortype': exception,
  'x-amzn-errormessage': headerText(message),
});

/** Characters of a message in a header. */
const MAX_HEADER = 1024;

/** Headers carry visible ASCII; the body has the message as it is. */
const headerText = (message: string): string => message.slice(0, MAX_HEADER).replaceAll(/[^ -~]/g, '?');

/** The name and the sentence of an error as JSON. */
export const errorBody = ({ exception, message }: AwsError): string =>
  JSON.stringify({ __type: exception, message });
