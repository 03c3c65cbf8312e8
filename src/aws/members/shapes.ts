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

/** Of what is longer than `max`, no more is looked at. */
interface ListConstraints {
  min?: number;
  max?: number;
}

/**
 * Members of one list or map that are looked at once they are wrong. Without this limit a short call with nothing but
 * wrong members would hold up everybody else, and its answer would be a hundred times as long as the call.
 */
const MAX_BROKEN = 10;

/** A list of structures or of strings. */
export const list = <T extends z.ZodType>(
  member: T,
  limits: ListConstraints = {},
): z.ZodType<z.infer<T>[]> => {
  const constraints = constraintsOf.get(member);
  const shape = constraints ? z.string(typeError('String')) : member;
  return z.custom<unknown[]>(Array.isArray, typeError('List')).transform((values, problems) => {
    const complain = (message: string) => problems.addIssue({ code: 'custom', message });
    const members = values.slice(0, limits.max).map((value, at) => ({ path: [at], value }));
    const parsed = parseEach(members, shape, problems);
    brokenByLength(limits, values.length).forEach(complain);
    if (constraints && parsed.some((value) => breaks(constraints, value)))
      complain(allOf('Member', constraints));
    return parsed as z.infer<T>[];
  }) as unknown as z.ZodType<z.infer<T>[]>;
};

interface Placed {
  path: PropertyKey[];
  value: unknown;
}

/** The members of a list or a map in their shape, up to the one that is the 10th to be wrong. */
const parseEach = (members: Placed[], shape: z.ZodType, problems: z.core.$RefinementCtx): unknown[] => {
  const parsed: unknown[] = [];
  let broken = 0;
  for (const { path, value } of members) {
    const result = shape.safeParse(value);
    parsed.push(result.data);
    for (const issue of result.error?.issues ?? [])
      problems.addIssue({ code: 'custom', path: [...path, ...issue.path], message: issue.message });
    if (!result.success && (broken += 1) >= MAX_BROKEN) break;
  }
  return parsed;
};

/** Whether a member is a text that breaks the constraints; of another type it is told already. */
const breaks = (constraints: StringConstraints, value: unknown): boolean =>
  typeof value === 'string' && brokenBy(constraints, value).length > 0;

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
    const within = entries.slice(0, limits.max);
    if (within.some(([name]) => breaks(keyConstraints, name))) complain(allOf('Map keys', keyConstraints));
    const members = within.map(([name, member]) => ({ path: [name, MAP_VALUE], value: member }));
    const parsed = parseEach(members, value, problems);
    if (valueConstraints && parsed.some((member) => breaks(valueConstraints, member)))
      complain(allOf('Map value', valueConstraints));
    return within.map(([name], at) => [name, parsed[at] as z.infer<T>]);
  }) as unknown as z.ZodType<[string, z.infer<T>][]>;
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
