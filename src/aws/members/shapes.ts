import { z } from 'zod';
import { brokenBy, stringConstraints, type Constraint, type StringForm } from './constraints';

/*
 * The simple shapes of AWS's API models, with the sentences that AWS has for each constraint; those that hold others are
 * in collections.ts. They give the form of what comes in over the wire and nothing else: what a service forbids beyond
 * it, the service says.
 */

/** What zod says of a member that has another type than the model's. */
export const WRONG_TYPE = 'wrong type';

/** How a schema says that a member is missing or has another type than the one that AWS calls `expected`. */
export const typeError = (expected: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? 'Member must not be null' : `${WRONG_TYPE}: ${expected}`,
});

/** A string of any form. */
export const anyString = (): z.ZodString => z.string(typeError('String'));

/** Adds a problem for each of these sentences. */
export const complain = (problems: z.core.$RefinementCtx, sentences: string[]): void => {
  for (const message of sentences) problems.addIssue({ code: 'custom', message });
};

const known = new WeakMap<z.ZodType, Constraint<string>[]>();

/** The constraints of a string that was made here; a list or a map of such strings says theirs in another way. None of any other shape. */
export const constraintsOf = (shape: z.ZodType): Constraint<string>[] | undefined => known.get(shape);

/** A string of a form. */
export const string = (form: StringForm = {}): z.ZodType<string> => {
  const constraints = stringConstraints(form);
  const shape = anyString().superRefine((value, problems) =>
    complain(problems, brokenBy(constraints, value)),
  );
  known.set(shape, constraints);
  return shape;
};

/** One of the names of an enumeration. */
export const enumeration = <T extends string>(...values: [T, ...T[]]): z.ZodType<T> =>
  string({ values }) as z.ZodType<string> as z.ZodType<T>;

/** Digits in a string count as a number: so they come in a query, and from old clients. */
const numberIn = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? Number(value) : value;

/** A whole number with the model's limits; an Integer or a Long. */
export const integer = ({ min, max }: { min?: number; max?: number } = {}): z.ZodType<number> =>
  z.preprocess(
    numberIn,
    z
      .number(typeError('Long'))
      .refine(Number.isInteger, `${WRONG_TYPE}: Long`)
      .min(min ?? -Infinity, `Member must have value greater than or equal to ${min}`)
      .max(max ?? Infinity, `Member must have value less than or equal to ${max}`),
  ) as z.ZodType<number>;

/** true or false. */
export const boolean = (): z.ZodType<boolean> => z.boolean(typeError('Boolean'));

/** ECMAScript's dates reach 100 million days to either side of 1970. */
const MAX_MILLISECONDS = 8.64e15;

/** A moment in epoch seconds with a fraction, as both services write it; ISO 8601 is taken too. */
export const timestamp = (): z.ZodType<Date> =>
  z
    .union([z.number(), z.string()], typeError('Timestamp'))
    .transform((value) => new Date(typeof value === 'number' ? Math.round(value * 1000) : value))
    .refine((date) => Math.abs(date.getTime()) <= MAX_MILLISECONDS, `${WRONG_TYPE}: Timestamp`);
