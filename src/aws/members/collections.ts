import { z } from 'zod';
import { brokenBy, brokenByOneOf, lengthConstraints, type Constraint, type Lengths } from './constraints';
import { anyString, complain, constraintsOf, typeError } from './shapes';

/** Stands in paths behind the key of a map: AWS writes `roleMappings.KEY.member.type`. */
export const MAP_VALUE = Symbol('member');

const isString = (value: unknown): value is string => typeof value === 'string';

/**
 * Members of one list or map that are looked at once they are wrong. Without this limit a short call with nothing but
 * wrong members would hold up everybody else, and its answer would be a hundred times as long as the call.
 */
const MAX_BROKEN = 10;

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

/** A list of structures or of strings. Of one that is longer than it may be, no more is looked at. */
export const list = <T extends z.ZodType>(member: T, lengths: Lengths = {}): z.ZodType<z.infer<T>[]> => {
  const limits = lengthConstraints(lengths);
  const ofStrings = constraintsOf(member);
  const shape = ofStrings ? anyString() : member;
  return z.custom<unknown[]>(Array.isArray, typeError('List')).transform((values, problems) => {
    complain(problems, brokenBy(limits, values));
    const within = values.slice(0, lengths.max);
    complain(problems, brokenByOneOf('Member', ofStrings ?? [], within.filter(isString)));
    const members = within.map((value, at) => ({ path: [at], value }));
    return parseEach(members, shape, problems);
  }) as unknown as z.ZodType<z.infer<T>[]>;
};

/**
 * A map of strings. Its members come as pairs, in their order: a name such as `__proto__` is a name like any other. Of one
 * that is longer than it may be, no more is looked at.
 */
export const stringMap = (
  key: z.ZodType<string>,
  value: z.ZodType<string>,
  lengths: Lengths = {},
): z.ZodType<[string, string][]> =>
  pairs({ key, lengths, value: anyString(), ofValues: constraintsOf(value) ?? [] });

/** A map of structures, as pairs. */
export const structureMap = <T extends z.ZodType>(
  key: z.ZodType<string>,
  value: T,
  lengths: Lengths = {},
): z.ZodType<[string, z.infer<T>][]> => pairs({ key, lengths, value, ofValues: [] });

interface MapForm<T extends z.ZodType> {
  key: z.ZodType<string>;
  value: T;
  lengths: Lengths;
  /** What AWS says of the values as a whole. */
  ofValues: Constraint<string>[];
}

const pairs = <T extends z.ZodType>(form: MapForm<T>): z.ZodType<[string, z.infer<T>][]> =>
  z.custom<object>(isObject, typeError('Map')).transform((map, problems) => {
    const entries = Object.entries(map).filter(([, member]) => member !== null);
    complain(problems, brokenBy(lengthConstraints(form.lengths), entries));
    const within = entries.slice(0, form.lengths.max);
    complain(problems, brokenByEntries(form, within));
    const members = within.map(([name, value]) => ({ path: [name, MAP_VALUE], value }));
    const parsed = parseEach(members, form.value, problems);
    return within.map(([name], at) => [name, parsed[at]]);
  }) as unknown as z.ZodType<[string, z.infer<T>][]>;

const brokenByEntries = <T extends z.ZodType>(
  { key, ofValues }: MapForm<T>,
  entries: [string, unknown][],
): string[] => {
  const names = entries.map(([name]) => name);
  const strings = entries.map(([, member]) => member).filter(isString);
  return [
    ...brokenByOneOf('Map keys', constraintsOf(key) ?? [], names),
    ...brokenByOneOf('Map value', ofValues, strings),
  ];
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A structure's members under lower-case first letters, as AWS names them in errors; without those that are null. */
const membersOf = (value: unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(
        Object.entries(value).flatMap(([name, member]) =>
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
