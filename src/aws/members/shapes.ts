import { z } from 'zod';

/*
 * The shapes of AWS's API models, with the sentences that AWS has for each constraint. They give the form of what comes
 * in over the wire and nothing else: what a service forbids beyond it, the service says.
 */

/** What zod says of a member that has another type than the model's. */
export const WRONG_TYPE = 'wrong type';

/** Stands in paths behind the key of a map: AWS writes `roleMappings.KEY.member.type`. */
export const MAP_VALUE = Symbol('member');

const typeError = (expected: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined ? 'Member must not be null' : `${WRONG_TYPE}: ${expected}`,
});

interface StringConstraints {
  min?: number;
  max?: number;
  /** As the model spells it, unanchored. */
  pattern?: string;
  values?: readonly string[];
  /** Texts that are taken although they are longer than `max`. */
  mayBeLonger?: (value: string) => boolean;
}

const constraintSentences = ({ min, max, pattern, values }: StringConstraints): string[] => [
  ...(max === undefined ? [] : [`Member must have length less than or equal to ${max}`]),
  ...(min === undefined ? [] : [`Member must have length greater than or equal to ${min}`]),
  ...(pattern === undefined ? [] : [`Member must satisfy regular expression pattern: ${pattern}`]),
  ...(values === undefined ? [] : [`Member must satisfy enum value set: [${values.join(', ')}]`]),
];

/** The sentences of the constraints that a text breaks. */
const brokenBy = (constraints: StringConstraints, value: string): string[] => {
  const { min, max, pattern, values, mayBeLonger } = constraints;
  return [
    ...constraintSentences({
      ...(max !== undefined && value.length > max && !mayBeLonger?.(value) ? { max } : {}),
      ...(min !== undefined && value.length < min ? { min } : {}),
      ...(pattern !== undefined && !new RegExp(`^(?:${pattern})$`, 'u').test(value) ? { pattern } : {}),
      ...(values && !values.includes(value) ? { values } : {}),
    }),
  ];
};

const constraintsOf = new WeakMap<z.ZodType, StringConstraints>();

/** A string with the model's limits, in UTF-16 units as JavaScript counts. */
export const string = (constraints: StringConstraints = {}): z.ZodType<string> => {
  const schema = z.string(typeError('String')).superRefine((value, problems) => {
    for (const message of brokenBy(constraints, value)) problems.addIssue({ code: 'custom', message });
  });
  constraintsOf.set(schema, constraints);
  return schema;
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

const MAX_SECONDS = 8.64e12;

/** A moment in epoch seconds with a fraction, as both services write it; ISO 8601 is taken too. */
export const timestamp = (): z.ZodType<Date> =>
  z
    .union([z.number(), z.string()], typeError('Timestamp'))
    .transform((value) => new Date(typeof value === 'number' ? Math.round(value * 1000) : value))
    .refine((date) => Math.abs(date.getTime()) <= MAX_SECONDS * 1000, `${WRONG_TYPE}: Timestamp`);

interface ListConstraints {
  min?: number;
  max?: number;
}

/** A list of structures or of strings. */
export const list = <T extends z.ZodType>(
  member: T,
  limits: ListConstraints = {},
): z.ZodType<z.infer<T>[]> => {
  const constraints = constraintsOf.get(member);
  const members = z.array(constraints ? z.string(typeError('String')) : member, typeError('List'));
  return members.superRefine((values, problems) => {
    for (const message of brokenByLength(limits, values.length))
      problems.addIssue({ code: 'custom', message });
    if (constraints && values.some((value) => brokenBy(constraints, value as string).length > 0))
      problems.addIssue({ code: 'custom', message: allOf('Member', constraints) });
  }) as unknown as z.ZodType<z.infer<T>[]>;
};

const brokenByLength = ({ min, max }: ListConstraints, length: number): string[] =>
  constraintSentences({
    ...(max !== undefined && length > max ? { max } : {}),
    ...(min !== undefined && length < min ? { min } : {}),
  });

const allOf = (what: string, constraints: StringConstraints): string =>
  `${what} must satisfy constraint: [${constraintSentences(constraints).join(', ')}]`;

/** A map of strings. Its members come as pairs, in their order: a name such as `__proto__` is a name like any other. */
export const stringMap = (
  key: z.ZodType<string>,
  value: z.ZodType<string>,
  limits: ListConstraints = {},
): z.ZodType<[string, string][]> =>
  pairs(key, z.string(typeError('String')), limits, constraintsOf.get(value));

/** A map of structures, as pairs. */
export const structureMap = <T extends z.ZodType>(
  key: z.ZodType<string>,
  value: T,
  limits: ListConstraints = {},
): z.ZodType<[string, z.infer<T>][]> => pairs(key, value, limits);

const pairs = <T extends z.ZodType>(
  key: z.ZodType<string>,
  value: T,
  limits: ListConstraints,
  valueConstraints?: StringConstraints,
): z.ZodType<[string, z.infer<T>][]> => {
  const keyConstraints = constraintsOf.get(key) ?? {};
  return z.custom<object>(isObject, typeError('Map')).transform((map, problems) => {
    const entries = Object.entries(map).filter(([, member]) => member !== null);
    const complain = (message: string) => problems.addIssue({ code: 'custom', message });
    brokenByLength(limits, entries.length).forEach(complain);
    if (entries.some(([name]) => brokenBy(keyConstraints, name).length > 0))
      complain(allOf('Map keys', keyConstraints));
    const parsed = entries.map(([name, member]) => [name, parseWithin(value, member, name, problems)]);
    const isBroken = ([, member]: unknown[]) =>
      valueConstraints && typeof member === 'string' && brokenBy(valueConstraints, member).length > 0;
    if (valueConstraints && parsed.some(isBroken)) complain(allOf('Map value', valueConstraints));
    return parsed as [string, z.infer<T>][];
  }) as unknown as z.ZodType<[string, z.infer<T>][]>;
};

const parseWithin = (
  schema: z.ZodType,
  value: unknown,
  name: string,
  problems: z.core.$RefinementCtx,
): unknown => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues)
    problems.addIssue({ code: 'custom', path: [name, MAP_VALUE, ...path], message });
  return undefined;
};

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A structure's members under lower-case first letters, as AWS names them in errors; without those that are null. */
const membersOf = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value as object).flatMap(([name, member]) =>
          /^[A-Z]/.test(name) && member !== null ? [[name[0]!.toLowerCase() + name.slice(1), member]] : [],
        ),
      )
    : value;

/** A structure whose members the model spells with a small first letter, as few do. */
export const lowerCaseStructure = <T extends z.ZodRawShape>(members: T): z.ZodType<z.infer<z.ZodObject<T>>> =>
  z.object(members, typeError('Structure'));

/** A structure: members that the model does not know are ignored, as are those that are null. */
export const structure = <T extends z.ZodRawShape>(members: T): z.ZodType<z.infer<z.ZodObject<T>>> =>
  z.preprocess(membersOf, z.object(members, typeError('Structure'))) as unknown as z.ZodType<
    z.infer<z.ZodObject<T>>
  >;
