import { z } from 'zod';
import { REGIONAL_ID_PATTERN } from '../../protocol/limits';

/** A login whose user the operator knows. */
export interface KnownLogin {
  provider: string;
  subject: string;
}

/** A file of logins with a mistake, and where. */
export class LoginsFileError extends Error {
  override readonly name = 'LoginsFileError';
}

const text = (): z.ZodString => z.string('is missing');

const row = z.object({
  identityId: text()
    .max(55, 'must have at most 55 characters')
    .regex(REGIONAL_ID_PATTERN, 'must look like us-east-1:01234567-89ab-cdef-0123-456789abcdef'),
  provider: text().min(1, 'must not be empty').max(128, 'must have at most 128 characters'),
  subject: text().min(1, 'must not be empty').max(1024, 'must have at most 1,024 characters'),
});

/**
 * The logins of a file: CSV with the header `identityId,provider,subject`, or one JSON object with these members in each
 * line.
 * @throws LoginsFileError with the line.
 */
export const parseLogins = (text: string): Map<string, KnownLogin[]> => {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const isJson =
    lines
      .find((line) => line.trim() !== '')
      ?.trimStart()
      .startsWith('{') ?? false;
  const logins = new Map<string, KnownLogin[]>();
  let header: string[] | undefined;
  lines.forEach((line, at) => {
    if (line.trim() === '') return;
    if (!isJson && !header) header = headerOf(line, at + 1);
    else addLogin(logins, isJson ? fromJson(line, at + 1) : fromCsv(header ?? [], line, at + 1), at + 1);
  });
  return logins;
};

const headerOf = (line: string, at: number): string[] => {
  const header = cellsOf(line, at).map((name) => name.trim());
  if (Object.keys(row.shape).every((name) => header.includes(name))) return header;
  throw new LoginsFileError(`line ${at}: the first line must name identityId, provider and subject`);
};

const addLogin = (logins: Map<string, KnownLogin[]>, given: unknown, line: number): void => {
  const parsed = row.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new LoginsFileError(
      `line ${line}: ${issue?.path.join('.') ?? 'it'} ${issue?.message ?? 'is wrong'}`,
    );
  }
  const { identityId, ...login } = parsed.data;
  const known = logins.get(identityId) ?? [];
  if (known.some(({ provider }) => provider === login.provider))
    throw new LoginsFileError(`line ${line}: ${identityId} has a login of ${login.provider} already`);
  logins.set(identityId, [...known, login]);
};

const fromJson = (line: string, at: number): unknown => {
  try {
    return JSON.parse(line);
  } catch {
    throw new LoginsFileError(`line ${at}: is no JSON`);
  }
};

const fromCsv = (header: string[], line: string, at: number): unknown => {
  const cells = cellsOf(line, at);
  return Object.fromEntries(header.map((name, index) => [name, cells[index]]));
};

const CELL = /("(?:[^"]|"")*"|[^",]*)(,|$)/y;

/** The cells of a line of CSV, quoted where they have commas or quotes in them (RFC 4180, without line breaks). */
const cellsOf = (line: string, at: number): string[] => {
  const cells: string[] = [];
  CELL.lastIndex = 0;
  for (;;) {
    const [, cell, end] = CELL.exec(line) ?? [];
    if (cell === undefined) throw new LoginsFileError(`line ${at}: a quote stands where none may`);
    cells.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === '') return cells;
  }
};
