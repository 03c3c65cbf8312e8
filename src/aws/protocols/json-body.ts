import { passedLimit, type JsonLimits } from '../../json-size';
import { serializationError } from '../aws-error';

/** Lists and objects inside each other, as at the GraphQL door. */
const MAX_DEPTH = 64;

/** Members of a body; the largest that does anything, 1,024 patches to a dataset, has about 6,000. */
const MAX_MEMBERS = 25_000;

/**
 * The members in a JSON body; none in an empty one.
 * @throws SerializationException for anything but an object, and for one that would hold up others while it is read:
 *   more than 64 deep, or with more than 25,000 members in all
 */
export const membersInBody = (body: Buffer): Record<string, unknown> => {
  if (body.length === 0) return {};
  const text = body.toString('utf8');
  requireReadable(text);
  const value = parsed(text);
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw serializationError('The request body must be a JSON object.');
};

const TOO_LARGE: Record<keyof JsonLimits, string> = {
  depth: `The request body has lists and objects more than ${MAX_DEPTH} deep.`,
  members: `The request body has more than ${MAX_MEMBERS} members.`,
};

const requireReadable = (text: string): void => {
  const passed = passedLimit(text, { depth: MAX_DEPTH, members: MAX_MEMBERS });
  if (passed) throw serializationError(TOO_LARGE[passed]);
};

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw serializationError('The request body is not valid JSON.');
  }
};

/** What JSON answers hold: moments are epoch seconds with a fraction, members that are undefined are left out. */
export const toJson = (output: object): string => JSON.stringify(encoded(output));

const encoded = (value: unknown): unknown => {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(encoded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, encoded(member)]));
};
