import { Builder } from 'xml2js';
import { AwsError, type AwsService } from '../aws-error';
import type { Call, Operation } from '../operation';
import type { AwsRequest } from '../wire';
import { membersInForm } from './form-members';
import type { Protocol } from './protocol';

const CONTENT_TYPE = { 'content-type': 'text/xml' };

const NAMESPACES: Partial<Record<AwsService, string>> = { sts: 'https://sts.amazonaws.com/doc/2011-06-15/' };

/**
 * The query protocol of STS: a form with `Action` and `Version` in, XML out.
 * @see https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
 */
export const query = (service: AwsService, version: string, operations: Operation[]): Protocol => {
  const xmlns = NAMESPACES[service];
  return {
    service,
    decisiveHeaders: [],
    read: ({ body }: AwsRequest): Call => {
      const { Action: action, Version: wanted, ...members } = membersInForm(body);
      const operation = operations.find(({ name }) => name === action);
      if (!operation || wanted !== version) throw invalidAction(action, wanted);
      return { operation, members };
    },
    write: ({ name }, output, requestId) => ({
      headers: CONTENT_TYPE,
      body: xml({
        [`${name}Response`]: {
          $: { xmlns },
          [`${name}Result`]: encoded(output ?? {}),
          ResponseMetadata: { RequestId: requestId },
        },
      }),
    }),
    writeError: (error, requestId) => ({
      headers: CONTENT_TYPE,
      body: xml({ ErrorResponse: { $: { xmlns }, Error: errorMembers(error), RequestId: requestId } }),
    }),
  };
};

const invalidAction = (action: unknown, version: unknown): AwsError =>
  action === undefined
    ? new AwsError('MissingAction', 400, 'The form has no Action.')
    : new AwsError(
        'InvalidAction',
        400,
        `Could not find operation ${shown(action)} for version ${shown(version)}`,
      );

const shown = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 256) : '(none)');

/** What this protocol calls the errors that operations of all services can have. */
const CODES: Record<string, string> = {
  InternalErrorException: 'InternalFailure',
  SerializationException: 'MalformedInput',
  ServiceUnavailableException: 'ServiceUnavailable',
  ValidationException: 'ValidationError',
};

const errorMembers = ({ exception, status, message }: AwsError): object => ({
  Type: status < 500 ? 'Sender' : 'Receiver',
  Code: CODES[exception] ?? exception,
  Message: textOf(message),
});

/** Characters that XML cannot carry, such as those below U+0020; the library throws on them. */
const NO_XML = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

const textOf = (value: unknown): string => String(value).replaceAll(NO_XML, '\u{FFFD}');

const encoded = (value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, 'Z');
  if (typeof value !== 'object' || value === null) return textOf(value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      member === undefined ? [] : [[name, encoded(member)]],
    ),
  );
};

const xml = (document: object): string =>
  new Builder({ headless: true, renderOpts: { pretty: false } }).buildObject(document);
