import type { z } from 'zod';
import { AwsError, serializationError } from '../aws-error';
import { MAP_VALUE } from './collections';
import { WRONG_TYPE } from './shapes';

/**
 * The members of a call in the form of the model.
 * @throws SerializationException for a wrong type, ValidationException with AWS's sentence for each constraint that is broken
 */
export const parseMembers = <T extends z.ZodType>(shape: T, members: Record<string, unknown>): z.infer<T> => {
  const result = shape.safeParse(members);
  if (result.success) return result.data;
  const { issues } = result.error;
  const wrong = issues.find(({ message }) => message.startsWith(WRONG_TYPE));
  if (wrong) throw wrongType(wrong, members);
  throw new AwsError('ValidationException', 400, sentenceOf(issues, members));
};

const wrongType = ({ path, message }: z.core.$ZodIssue, members: unknown): AwsError => {
  const expected = message.slice(WRONG_TYPE.length + 2);
  return serializationError(
    `${memberPath(path)}: ${jsonTypeOf(valueAt(members, path))} can not be converted to ${expected}`,
  );
};

const jsonTypeOf = (value: unknown): string => {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return 'ARRAY';
  return typeof value === 'object' ? 'STRUCTURE' : `${(typeof value).toUpperCase()}_VALUE`;
};

/** Violations in one answer, which shall not be much longer than the call. */
const MAX_TOLD = 100;

const sentenceOf = (issues: z.core.$ZodIssue[], members: unknown): string => {
  const all = issues
    .slice(0, MAX_TOLD)
    .map(({ path, message }) => violation(path, valueAt(members, path), message));
  return `${all.length} validation error${all.length === 1 ? '' : 's'} detected: ${all.join('; ')}`;
};

const violation = (path: PropertyKey[], value: unknown, constraint: string): string => {
  const shown = isSensitive(path) ? 'Value' : `Value ${shownValue(value)}`;
  return `${shown} at '${memberPath(path)}' failed to satisfy constraint: ${constraint}`;
};

/** Whose values hold secrets or tokens; AWS leaves out the values of its sensitive members likewise. */
const SENSITIVE = [
  'logins',
  'supportedLoginProviders',
  'syncSessionToken',
  'token',
  'webIdentityToken',
  'value',
];

const isSensitive = (path: PropertyKey[]): boolean =>
  path.some((part) => SENSITIVE.includes(lowerFirst(String(part))));

/** Longer values say no more about what is wrong with them. */
const MAX_SHOWN = 256;

const shownValue = (value: unknown): string =>
  value === undefined || value === null ? 'null' : `'${shortened(textOf(value))}'`;

const shortened = (text: string): string =>
  text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text;

/** As Java, in which AWS's services print values. */
const textOf = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.slice(0, MAX_SHOWN).map(textOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const members = Object.entries(value).slice(0, MAX_SHOWN);
  return `{${members.map(([name, member]) => `${name}=${textOf(member)}`).join(', ')}}`;
};

/** `recordPatches.1.member.key`: lists count from 1. Keys of maps are the caller's, of any length. */
const memberPath = (path: PropertyKey[]): string => path.map(pathPart).join('.');

const pathPart = (part: PropertyKey): string => {
  if (part === MAP_VALUE) return 'member';
  return typeof part === 'number' ? `${part + 1}.member` : shortened(String(part));
};

const valueAt = (members: unknown, path: PropertyKey[]): unknown =>
  path.filter((part) => part !== MAP_VALUE).reduce<unknown>((value, part) => memberOf(value, part), members);

const memberOf = (value: unknown, part: PropertyKey): unknown => {
  if (typeof value !== 'object' || value === null) return undefined;
  const names = [part, upperFirst(String(part))];
  const name = names.find((each) => Object.hasOwn(value, each));
  return name === undefined ? undefined : (value as Record<PropertyKey, unknown>)[name];
};

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);
const upperFirst = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);
