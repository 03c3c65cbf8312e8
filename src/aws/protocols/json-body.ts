import { serializationError } from '../aws-error';

/** The members in a JSON body; none in an empty one. @throws SerializationException for anything but an object */
export const membersInBody = (body: Buffer): Record<string, unknown> => {
  if (body.length === 0) return {};
  const value = parsed(body.toString('utf8'));
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw serializationError('The request body must be a JSON object.');
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
