/** A rule of a model on what a value may be. */
export interface Constraint<T> {
  /** As AWS says it. */
  sentence: string;
  isBrokenBy: (value: T) => boolean;
}

/** How many there may be: items of a list, pairs of a map, characters of a string. */
export interface Lengths {
  min?: number;
  max?: number;
}

/** What a string may be, in UTF-16 units as JavaScript counts. */
export interface StringForm extends Lengths {
  /** As the model spells it, unanchored. */
  pattern?: string;
  values?: readonly string[];
  /** Texts that are taken although they are longer than `max`. */
  mayBeLonger?: (value: string) => boolean;
}

/** A pattern of ours, which holds for whole texts, as the models spell theirs. */
export const unanchored = ({ source }: RegExp): string => source.replace(/^\^|\$$/g, '');

interface HasLength {
  length: number;
}

/** The constraints of a length. */
export const lengthConstraints = ({ min, max }: Lengths): Constraint<HasLength>[] => [
  ...(max === undefined ? [] : [atMost(max)]),
  ...(min === undefined ? [] : [atLeast(min)]),
];

const atMost = (max: number): Constraint<HasLength> => ({
  sentence: `Member must have length less than or equal to ${max}`,
  isBrokenBy: ({ length }) => length > max,
});

const atLeast = (min: number): Constraint<HasLength> => ({
  sentence: `Member must have length greater than or equal to ${min}`,
  isBrokenBy: ({ length }) => length < min,
});

/** The constraints of a string. */
export const stringConstraints = (form: StringForm): Constraint<string>[] => [
  ...lengthConstraints(form).map((constraint) => exceptFor(form.mayBeLonger, constraint)),
  ...(form.pattern === undefined ? [] : [like(form.pattern)]),
  ...(form.values === undefined ? [] : [oneOf(form.values)]),
];

/** What may be longer is never too short. */
const exceptFor = (
  isExempt: StringForm['mayBeLonger'],
  { sentence, isBrokenBy }: Constraint<HasLength>,
): Constraint<string> => ({
  sentence,
  isBrokenBy: (value) => isBrokenBy(value) && !isExempt?.(value),
});

const like = (pattern: string): Constraint<string> => {
  const whole = new RegExp(`^(?:${pattern})$`, 'u');
  return {
    sentence: `Member must satisfy regular expression pattern: ${pattern}`,
    isBrokenBy: (value) => !whole.test(value),
  };
};

const oneOf = (values: readonly string[]): Constraint<string> => ({
  sentence: `Member must satisfy enum value set: [${values.join(', ')}]`,
  isBrokenBy: (value) => !values.includes(value),
});

/** The sentences of the constraints that a value breaks. */
export const brokenBy = <T>(constraints: Constraint<T>[], value: T): string[] =>
  constraints.filter(({ isBrokenBy }) => isBrokenBy(value)).map(({ sentence }) => sentence);

/**
 * What AWS says of strings in a list or a map of which one breaks a constraint: all constraints at once, and not which
 * string it was. Nothing when none does.
 */
export const brokenByOneOf = (
  what: 'Member' | 'Map keys' | 'Map value',
  constraints: Constraint<string>[],
  strings: string[],
): string[] =>
  strings.some((each) => constraints.some(({ isBrokenBy }) => isBrokenBy(each)))
    ? [`${what} must satisfy constraint: [${constraints.map(({ sentence }) => sentence).join(', ')}]`]
    : [];
