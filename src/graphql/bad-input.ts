import type { GraphQLFormattedError } from 'graphql';
import { invalidParameter, type ServiceError } from '../errors';

/** Characters of a message that are looked at: what graphql-js itself says stands in front, what it quotes behind. */
const HEAD = 500;

/**
 * A variable that its type does not take, as INVALID_PARAMETER; undefined for any other error. graphql-js quotes the
 * value, which may be a token: only the member's name and what was expected of it are passed on.
 */
export const variableError = ({ message }: GraphQLFormattedError): ServiceError | undefined => {
  if (message.startsWith('Too many errors processing variables'))
    return invalidParameter('The variables have more mistakes than these.');
  const variable = /^Variable "\$(\w+)" (?:got invalid value |of (?:required|non-null) type )/.exec(
    message,
  )?.[1];
  if (variable === undefined) return undefined;
  const tail = withoutQuotedValue(message);
  const path = / at "([^"]{1,300})"; /.exec(tail)?.[1] ?? variable;
  const missing = /; Field "(\w+)" of required type "([^"]+)" was not provided/.exec(tail);
  const field = memberOf(missing ? `${path}.${missing[1]}` : path, variable);
  const problem = missing ? `is required: ${missing[2]}` : expectation(tail);
  return invalidParameter(`${field} ${problem}`, { field });
};

/** The end of the message, where graphql-js says what it wanted; patterns never run over all that a caller sent. */
const withoutQuotedValue = (message: string): string =>
  message.length <= 2 * HEAD ? message : `${message.slice(0, HEAD)} ${message.slice(-HEAD)}`;

/** The path as the services name it: without the variable that the whole input came in. */
const memberOf = (path: string, variable: string): string =>
  path.startsWith(`${variable}.`) ? path.slice(variable.length + 1) : path;

const expectation = (message: string): string => {
  const required = /of required type "([^"]+)" was not provided/.exec(message);
  if (required) return `is required: ${required[1]}`;
  const isNull = /of non-null type "([^"]+)" must not be null/.exec(message);
  if (isNull) return `must not be null: ${isNull[1]}`;
  const unknown = /; Field "(\w+)" is not defined by type "([^"]+)"/.exec(message);
  if (unknown) return `has a member ${unknown[1]}, which ${unknown[2]} does not define`;
  const expected = /; Expected (?:value of )?(?:non-nullable )?type "?([\w![\]]+)"?/.exec(message);
  if (expected) return `must be of type ${expected[1]}`;
  const scalar = /; (?:Enum )?"?(\w+)"? (?:cannot represent|must be)/.exec(message);
  if (scalar) return `must be of type ${scalar[1]}`;
  const value = /; Value "\w*" does not exist in "(\w+)" enum/.exec(message);
  return value ? `must be of type ${value[1]}` : 'is of the wrong type';
};

/** The message of a parser or a validation rule without what the caller had written there: it may be a token. */
export const withoutValues = (message: string): string =>
  message
    .slice(0, HEAD)
    .replace(/(cannot represent [^:"]{0,40}?(?:value|string))\b[\s\S]*$/, '$1')
    .replace(/(Expected value of type "[^"]{1,100}"), found [\s\S]*$/, '$1')
    .replace(/((?:Block)?String) "[\s\S]*"?$/, '$1')
    .replace(/^Unknown operation named "[\s\S]*"?$/, 'The document has no operation of that name');
