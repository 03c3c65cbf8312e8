import { GraphQLError, TokenKind, type GraphQLFormattedError, type Token } from 'graphql';
import { invalidParameter, type ServiceError } from '../errors';

/** Characters of a message that are looked at: what graphql-js itself says stands in front, what it quotes behind. */
const HEAD = 500;

/** Characters of a path to a member; no honest one is longer. */
const MAX_PATH = 300;

/**
 * A variable that its type does not take, as INVALID_PARAMETER; undefined for any other error. graphql-js quotes the
 * value, which may be a token: only the member's name and what was expected of it are passed on.
 */
export const variableError = (
  { message }: GraphQLFormattedError,
  error: unknown,
): ServiceError | undefined => {
  if (message.startsWith('Too many errors processing variables'))
    return invalidParameter('The variables have more mistakes than these.');
  const variable = /^Variable "\$(\w+)" (?:got invalid value |of (?:required|non-null) type )/.exec(
    message,
  )?.[1];
  if (variable === undefined) return undefined;
  const tail = withoutQuotedValue(message);
  const path = pathIn(message) ?? variable;
  const missing = /; Field "(\w+)" of required type "([^"]+)" was not provided/.exec(tail);
  const field = memberOf(missing ? `${path}.${missing[1]}` : path, variable, placeOf(variable, error));
  const problem = missing ? `is required: ${missing[2]}` : expectation(tail);
  return invalidParameter(`${field} ${problem}`, { field });
};

/** What stands between ` at "` and `"; `, found without running a pattern over the values that are quoted around it. */
const pathIn = (message: string): string | undefined => {
  const end = message.indexOf('"; ');
  const start = message.lastIndexOf(' at "', end);
  const path = message.slice(start + ' at "'.length, end);
  return end > 0 && start > 0 && path.length <= MAX_PATH ? path : undefined;
};

/** The end of the message, where graphql-js says what it wanted; patterns never run over all that a caller sent. */
const withoutQuotedValue = (message: string): string =>
  message.length <= 2 * HEAD ? message : `${message.slice(0, HEAD)} ${message.slice(-HEAD)}`;

/** The path as the services name it: without the variable, and from the argument on unless that is the whole input. */
const memberOf = (path: string, variable: string, place = 'input'): string => {
  if (place === 'input') return path.startsWith(`${variable}.`) ? path.slice(variable.length + 1) : path;
  return path.startsWith(variable) ? `${place}${path.slice(variable.length)}` : path;
};

/**
 * The argument that a variable is put into where it is used first; undefined when it is an item of a list. The error's
 * node is the variable's definition: the document's words come after it.
 */
const placeOf = (variable: string, error: unknown): string | undefined => {
  const definition = error instanceof GraphQLError ? error.nodes?.[0]?.loc : undefined;
  for (let token = definition?.endToken; token; token = token.next ?? undefined)
    if (isUseOf(variable, token)) return token.prev?.prev?.value;
  return undefined;
};

/** A definition of another variable of that name stands behind no colon. */
const isUseOf = (variable: string, { kind, prev, next }: Token): boolean =>
  kind === TokenKind.DOLLAR && prev?.kind === TokenKind.COLON && next?.value === variable;

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
