import { z } from 'zod';
import { invalidParameter } from './errors';
import { LIMITS, REGIONAL_ID_PATTERN } from './protocol/limits';

/**
 * Parses `input` by `schema` or refuses it with INVALID_PARAMETER: `fields.field` is the first wrong member,
 * `fields.limit` its limit where there is one, `fields.violations` all of them.
 */
export const parse = <T extends z.ZodType>(schema: T, input: unknown): z.infer<T> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const violations = result.error.issues.map(toViolation);
  const sentence = violations.map((v) => `${v.field} ${v.problem}`).join('; ');
  throw invalidParameter(sentence, {
    field: violations[0]?.field,
    limit: violations[0]?.limit,
    violations,
  });
};

interface Violation {
  field: string;
  problem: string;
  limit?: number | string;
}

const pathOf = (path: PropertyKey[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');

const toViolation = (issue: z.core.$ZodIssue): Violation => {
  const field = pathOf(issue.path);
  switch (issue.code) {
    case 'too_small':
      return {
        field,
        limit: Number(issue.minimum),
        problem: `must ${tooSmall(issue.origin)} ${issue.minimum}`,
      };
    case 'too_big':
      return {
        field,
        limit: Number(issue.maximum),
        problem: `must ${tooBig(issue.origin)} ${issue.maximum}`,
      };
    case 'invalid_format':
      return { field, limit: issue.pattern, problem: formatProblem(issue) };
    default:
      return { field, problem: issue.message };
  }
};

/** Of a text that is none; zod says it of every check behind it that has no sentence of its own. */
const MUST_BE_STRING = 'must be a string';

/** A schema's own sentence when it has one, since a pattern helps no beginner. */
const formatProblem = ({ message, pattern, format }: z.core.$ZodIssueInvalidStringFormat): string =>
  message.startsWith('must') && message !== MUST_BE_STRING ? message : `must match ${pattern ?? format}`;

const measureOf = (origin: string): string =>
  origin === 'string' ? 'have a length of' : origin === 'array' ? 'have a number of members of' : 'be';

const tooSmall = (origin: string): string => `${measureOf(origin)} at least`;
const tooBig = (origin: string): string => `${measureOf(origin)} at most`;

/** Text that PostgreSQL and UTF-8 can carry unchanged: no NUL, no lone surrogate. */
export const text = (minimum: number, maximum: number) =>
  z
    .string(MUST_BE_STRING)
    .min(minimum)
    .max(maximum)
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode: it has a lone surrogate')
    .refine((value) => !value.includes('\0'), 'must not contain the character NUL (U+0000)');

/** Whether no name stands twice in a list. */
export const isEachOnce = (names: string[]): boolean => new Set(names).size === names.length;

/** Whether no key stands twice in a list of pairs, which stands for one of AWS's maps. */
export const hasEachKeyOnce = (pairs: { key: string }[]): boolean => isEachOnce(pairs.map(({ key }) => key));

/** `REGION:UUID`, as pools and identities have. */
export const regionalId = text(1, 55).regex(
  REGIONAL_ID_PATTERN,
  'must look like us-east-1:01234567-89ab-cdef-0123-456789abcdef',
);

/** How many items a page of a list has: 1 to 60, 60 when left out. */
export const pageSize = z.int().min(1).max(LIMITS.listPage).default(LIMITS.listPage);
