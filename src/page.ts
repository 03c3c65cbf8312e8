import { z } from 'zod';
import { invalidParameter } from './errors';
import { pageSize, text } from './validate';

/** One page of a list in the order of its key. */
export interface Page<T> {
  nodes: T[];
  hasNextPage: boolean;
  /** The opaque place of a node in the list, to go on from with `after`. */
  cursorOf: (node: T) => string;
}

/** What every list takes: `first` 1 to 60 (60 when left out), `after` the cursor of the last node seen. */
export const pageRequest = z.object({
  first: pageSize.nullish().transform((first) => first ?? 60),
  after: text(1, 65_535).nullish(),
});

/** The opaque cursor of a key. */
export const encodeCursor = (key: string): string => Buffer.from(JSON.stringify([key])).toString('base64url');

/** The key that a cursor stands for; '' when there is none. @throws INVALID_PARAMETER for a cursor that this list never gave out. */
export const decodeCursor = (after: string | null | undefined, field = 'after'): string => {
  if (after === null || after === undefined) return '';
  const key = readCursor(after);
  if (key !== undefined && key.isWellFormed() && !key.includes('\0')) return key;
  throw invalidParameter(`${field} must come from an earlier page of this list`, { field });
};

const readCursor = (cursor: string): string | undefined => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parsed) && typeof parsed[0] === 'string' ? parsed[0] : undefined;
  } catch {
    return undefined;
  }
};

/** Cuts `rows`, of which one more than `first` was read, into a page. */
export const toPage = <T>(rows: T[], first: number, keyOf: (row: T) => string): Page<T> => ({
  nodes: rows.slice(0, first),
  hasNextPage: rows.length > first,
  cursorOf: (node) => encodeCursor(keyOf(node)),
});
