import fc from 'fast-check';
import { canonicalText, parseObject } from '../../src/protocol/merge-rules/json-value';
import { MergeConflict } from '../../src/protocol/merge-rules/merge-conflict';
import { MERGE_RULES, ruleFor, type MergeRule } from '../../src/protocol/merge-rules/merge-rule-sets';
import type { MergeSide } from '../../src/protocol/merge-rules/merge-side';
import { mergeValue, type MergeOutcome } from '../../src/protocol/merge-rules/merge-value';

/** The server after one more patch, as whoever calls `mergeValue` has to store it. */
const stored = (server: MergeSide, outcome: MergeOutcome): MergeSide => {
  if (outcome.outcome === 'CONFLICT') throw new Error(outcome.reason);
  const { value, deviceLastModifiedDate, writer } = outcome;
  return outcome.isServers ? server : { value, deviceLastModifiedDate, writer };
};

/** What devices that all start from one base do to it, each once. */
interface Race {
  base: MergeSide;
  patches: MergeSide[];
}

type Fold = (rule: MergeRule, race: Race, knownBase: MergeSide | undefined) => MergeSide;

const mergeInto = (rule: MergeRule, base: MergeSide | undefined, server: MergeSide, patches: MergeSide[]) =>
  patches.reduce(
    (before, patch) => stored(before, mergeValue(rule, { base, server: before, patch })),
    server,
  );

const FOLDS: Record<string, Fold> = {
  'when every patch is merged, the first with its base': (rule, { base, patches }, knownBase) =>
    mergeInto(rule, knownBase, base, patches),
  'when the first patch, which is no conflict (S9), is written as it is': (rule, { patches }, knownBase) =>
    mergeInto(rule, knownBase, patches[0] as MergeSide, patches.slice(1)),
};

const permutations = <T>(of: T[]): T[][] =>
  of.length < 2
    ? [of]
    : of.flatMap((first, at) => permutations(of.toSpliced(at, 1)).map((rest) => [first, ...rest]));

/** The values that the different orders end with: only one, where the order does not matter. */
const endsOf = (fold: Fold, rule: MergeRule, race: Race, isBaseKnown = true): (string | null)[] => {
  const ends = permutations(race.patches).map((patches) =>
    fold(rule, { ...race, patches }, isBaseKnown ? race.base : undefined),
  );
  return [...new Set(ends.map((end) => end.value))];
};

/** Few dates and writers, so that they are often the same. */
const writtenBy = (value: fc.Arbitrary<string | null>): fc.Arbitrary<MergeSide> =>
  fc.record({
    value,
    deviceLastModifiedDate: fc.constantFrom(null, new Date(NaN), new Date(0), new Date(1), new Date(2)),
    writer: fc.constantFrom('laptop', 'phone', 'tablet'),
  });

const removedOr = (value: fc.Arbitrary<string>): fc.Arbitrary<string | null> => fc.option(value, { freq: 4 });

const raceOf = (
  value: fc.Arbitrary<string | null>,
  minLength: number,
  maxLength: number,
): fc.Arbitrary<Race> =>
  fc.record({ base: writtenBy(value), patches: fc.array(writtenBy(value), { minLength, maxLength }) });

/** `units` with so many digits behind the point, and zeros at the end as they come. */
const decimalText = (units: bigint, places: number): string => {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0');
  const point = digits.length - places;
  const fraction = digits.slice(point);
  return `${units < 0n ? '-' : ''}${digits.slice(0, point)}${fraction && `.${fraction}`}`;
};

const UNIT_PLACES = 40;

/** How many times 10^-40 a number is. */
const unitsOf = (text: string): bigint => {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return BigInt(whole + fraction) * 10n ** BigInt(UNIT_PLACES - fraction.length + Number(exponent));
};

const longNumber = fc
  .tuple(
    fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
    fc.integer({ min: 0, max: 30 }),
    fc.constantFrom('', 'e0', 'e5', 'e-5', 'E+1'),
  )
  .map(([units, places, exponent]) => `${decimalText(units, places)}${exponent}`.toLowerCase());

/** Few, and some of them the same. */
const shortNumber = fc.constantFrom('-2', '-1', '-0', '0', '0.0', '1', '1.0', '10e-1', '2', '9', '10', '1e1');

const number = fc.oneof(longNumber, shortNumber);

const SCALARS = [
  '0',
  '-0',
  '1',
  '1.0',
  '1e0',
  '""',
  '"a"',
  '"\\u0061"',
  'null',
  'false',
  '[]',
  '[1]',
  '[ 1.0 ]',
];

/** JSON texts, not values: their spelling matters. */
const json = fc.letrec<{ value: string; object: string; list: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...SCALARS),
    tie('object'),
    tie('list'),
  ),
  object: fc
    .uniqueArray(fc.tuple(fc.constantFrom('x', 'y', '__proto__'), tie('value')), {
      selector: ([name]) => name,
      maxLength: 3,
    })
    .map((members) => `{${members.map(([name, value]) => `"${name}": ${value}`).join(',')}}`),
  list: fc.array(tie('value'), { maxLength: 4 }).map((elements) => `[ ${elements.join(' , ')} ]`),
}));

/** All of what the rule can read, removals among it. */
const VALUES: Record<MergeRule, fc.Arbitrary<string | null>> = {
  LAST_WRITER: removedOr(fc.string({ maxLength: 1 })),
  MAX: removedOr(number),
  MIN: removedOr(number),
  SUM: removedOr(number),
  UNION: removedOr(json.list),
  JSON_MERGE: removedOr(json.object),
};

/** What each patch adds, where that is something. */
const increments = ({ base, patches }: Race): bigint[] =>
  patches
    .flatMap(({ value }) => (value === null ? [] : [unitsOf(value) - unitsOf(base.value ?? '0')]))
    .filter((increment) => increment !== 0n);

const sumsOf = (numbers: bigint[]): bigint[] =>
  numbers.reduce<bigint[]>((sums, next) => [...sums, next, ...sums.map((sum) => sum + next)], []);

/** After increments that cancel out the record looks untouched, and a removal cannot know better. */
const hidesIncrements = (race: Race): boolean =>
  race.patches.some(({ value }) => value === null) && sumsOf(increments(race)).includes(0n);

describe.each(Object.entries(FOLDS))(
  'devices that start from one base end alike in any order, %s,',
  (_, fold) => {
    test.each<[MergeRule, boolean]>([
      ['LAST_WRITER', true],
      ['MAX', true],
      ['MAX', false],
      ['MIN', true],
      ['MIN', false],
      ['UNION', true],
      ['UNION', false],
    ])('by %s, two and three of them; the base is known: %s', (rule, isBaseKnown) => {
      fc.assert(
        fc.property(raceOf(VALUES[rule], 2, 3), (race) => {
          expect(endsOf(fold, rule, race, isBaseKnown)).toHaveLength(1);
        }),
        { numRuns: 500 },
      );
    });

    test('by SUM, two and three of them, unless a removal meets increments that cancel out', () => {
      fc.assert(
        fc.property(raceOf(VALUES.SUM, 2, 3), (race) => {
          fc.pre(!hidesIncrements(race));
          expect(endsOf(fold, 'SUM', race)).toHaveLength(1);
        }),
        { numRuns: 500 },
      );
    });

    test('by JSON_MERGE, two of them, whatever they do', () => {
      fc.assert(
        fc.property(raceOf(VALUES.JSON_MERGE, 2, 2), (race) => {
          expect(endsOf(fold, 'JSON_MERGE', race)).toHaveLength(1);
        }),
        { numRuns: 1_000 },
      );
    });

    test('by JSON_MERGE, three of them, each with members of its own', () => {
      fc.assert(
        fc.property(apartRace, (race) => {
          expect(endsOf(fold, 'JSON_MERGE', race)).toHaveLength(1);
        }),
        { numRuns: 500 },
      );
    });

    test('by JSON_MERGE, three of them, all about one member', () => {
      const member = fc.constantFrom(...SCALARS).map((value) => `{"x":${value}}`);
      const values = removedOr(fc.oneof({ arbitrary: member, weight: 4 }, fc.constant('{}')));

      fc.assert(
        fc.property(raceOf(values, 3, 3), (race) => {
          expect(endsOf(fold, 'JSON_MERGE', race)).toHaveLength(1);
        }),
        { numRuns: 1_000 },
      );
    });
  },
);

test('two devices whose base nobody knows end alike by JSON_MERGE, once the first is written', () => {
  const [, writtenAsItIs] = Object.values(FOLDS) as [Fold, Fold];

  fc.assert(
    fc.property(raceOf(VALUES.JSON_MERGE, 2, 2), (race) => {
      expect(endsOf(writtenAsItIs, 'JSON_MERGE', race, false)).toHaveLength(1);
    }),
    { numRuns: 1_000 },
  );
});

const NAMES = ['a', 'b', 'c'];

/** A member by name, at the top and within `n`; undefined for one that is not there. */
type Own = Record<string, string | undefined>;

interface Device {
  top: Own;
  within: Own;
  dropsWithin: boolean;
}

const own = (names: string[]): fc.Arbitrary<Own> =>
  fc.record(
    Object.fromEntries(
      names.map((name) => [name, fc.option(fc.constantFrom('0', '1', '{}'), { nil: undefined })]),
    ),
  );

const device = (names: string[]): fc.Arbitrary<Device> =>
  fc.record({
    top: own(names),
    within: own(names),
    dropsWithin: fc.oneof({ arbitrary: fc.constant(false), weight: 4 }, fc.constant(true)),
  });

const objectOf = (members: Own): string =>
  `{${Object.entries(members)
    .flatMap(([name, value]) => (value === undefined ? [] : [`"${name}":${value}`]))
    .join(',')}}`;

const textOf = ({ top, within, dropsWithin }: Device): string =>
  objectOf({ ...top, n: dropsWithin ? undefined : objectOf(within) });

const onTopOf = (base: Device, changes: Device): Device => ({
  top: { ...base.top, ...changes.top },
  within: { ...base.within, ...changes.within },
  dropsWithin: changes.dropsWithin,
});

const apartRace: fc.Arbitrary<Race> = fc
  .tuple(
    device(NAMES).map((start) => ({ ...start, dropsWithin: false })),
    fc.tuple(...NAMES.map((name) => device([name]))),
    fc.array(writtenBy(fc.constant(null)), { minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(true, false, false, false), { minLength: 3, maxLength: 3 }),
  )
  .map(([start, devices, by, removes]) => ({
    base: { ...(by[3] as MergeSide), value: textOf(start) },
    patches: devices.map((changes, at) => ({
      ...(by[at] as MergeSide),
      value: removes[at] ? null : textOf(onTopOf(start, changes)),
    })),
  }));

test.each(MERGE_RULES.filter((rule) => rule !== 'SUM'))(
  'by %s a patch that is merged twice changes nothing the second time',
  (rule) => {
    const sides = writtenBy(VALUES[rule]);

    fc.assert(
      fc.property(fc.option(sides, { nil: undefined }), sides, sides, (base, server, patch) => {
        const once = stored(server, mergeValue(rule, { base, server, patch }));

        expect(mergeValue(rule, { base, server: once, patch })).toMatchObject({
          value: once.value,
          isServers: true,
        });
      }),
      { numRuns: 1_000 },
    );
  },
);

test('by any rule, what is not to be written is at the server as it is', () => {
  const anything = fc
    .constantFrom(...MERGE_RULES)
    .chain((rule) => fc.tuple(fc.constant(rule), raceOf(VALUES[rule], 2, 2)));

  fc.assert(
    fc.property(anything, ([rule, { base, patches }]) => {
      const [server, patch] = patches as [MergeSide, MergeSide];
      const merged = mergeValue(rule, { base, server, patch });

      if (merged.outcome === 'MERGED' && merged.isServers)
        expect(merged).toEqual({ outcome: 'MERGED', isServers: true, ...server });
    }),
    { numRuns: 1_000 },
  );
});

const at = (value: string): MergeSide => ({ value, deviceLastModifiedDate: null, writer: 'phone' });

const valueOf = (rule: MergeRule, base: string, server: string, patch: string): string => {
  const outcome = mergeValue(rule, { base: at(base), server: at(server), patch: at(patch) });
  return (outcome.outcome === 'MERGED' && outcome.value) || `${outcome.outcome}`;
};

test('SUM is exact, and writes each number in one way', () => {
  fc.assert(
    fc.property(number, number, number, (base, server, patch) => {
      const sum = valueOf('SUM', base, server, patch);

      expect(unitsOf(sum)).toBe(unitsOf(server) + unitsOf(patch) - unitsOf(base));
      expect(sum).toMatch(/^(-(?!0$))?(0|[1-9]\d*)(\.\d*[1-9])?$/);
    }),
    { numRuns: 2_000 },
  );
});

test('MAX and MIN agree with a comparison in whole units', () => {
  fc.assert(
    fc.property(number, number, (server, patch) => {
      const [a, b] = [unitsOf(server), unitsOf(patch)];

      expect(unitsOf(valueOf('MAX', '0', server, patch))).toBe(a > b ? a : b);
      expect(unitsOf(valueOf('MIN', '0', server, patch))).toBe(a < b ? a : b);
    }),
    { numRuns: 2_000 },
  );
});

const broken = (text: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(text, fc.nat(), fc.nat(1), fc.constantFrom('', ...'{}[]",:\\01-+.eE \n\t\0ut'))
    .map(([whole, where, dropped, added]) => {
      const position = where % (whole.length + 1);
      return whole.slice(0, position) + added + whole.slice(position + dropped);
    });

test('no value makes a rule throw', () => {
  const text = fc.oneof(broken(json.value), broken(number), fc.string({ unit: 'binary' }));
  const anySide = writtenBy(removedOr(text));

  fc.assert(
    fc.property(fc.constantFrom(...MERGE_RULES), anySide, anySide, anySide, (rule, base, server, patch) => {
      expect(mergeValue(rule, { base, server, patch }).outcome).toMatch(/^(MERGED|CONFLICT)$/);
    }),
    { numRuns: 1_000 },
  );
});

/** Without the sign of zero, which is no difference. */
const parsed = (text: string): unknown => JSON.parse(text, (_, value: unknown) => (value === 0 ? 0 : value));

const parsedObject = (text: string): unknown => {
  try {
    const value = parsed(text);
    return typeof value === 'object' && !Array.isArray(value) ? (value ?? undefined) : undefined;
  } catch {
    return undefined;
  }
};

const canonical = (text: string): string | undefined => {
  try {
    return canonicalText(parseObject(text));
  } catch (error) {
    // JSON.parse takes an exponent of any size, and makes zero or Infinity of it.
    fc.pre(!(error instanceof MergeConflict && error.reason === 'NUMBER_OUT_OF_RANGE'));
    expect(error).toBeInstanceOf(MergeConflict);
    return undefined;
  }
};

test('objects are read as JSON.parse reads them, and written in one way', () => {
  const anyJson = fc.oneof(
    json.object,
    broken(json.object),
    fc.json({ stringUnit: 'binary' }).map((value) => `{"x" : ${value}}`),
    broken(fc.json().map((value) => `{"x" : ${value}}`)),
  );

  fc.assert(
    fc.property(anyJson, (text) => {
      const [expected, found] = [parsedObject(text), canonical(text)];

      expect(found === undefined).toBe(expected === undefined);
      if (found === undefined) return;
      expect(parsed(found)).toEqual(expected);
      expect(canonical(found)).toBe(found);
    }),
    { numRuns: 2_000 },
  );
});

test('objects that are equal are written alike, however they were spelled', () => {
  const backwards = (object: object): object => Object.fromEntries(Object.entries(object).reverse());

  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()), fc.nat(2), (object, spaces) => {
      const [plain, other] = [JSON.stringify(object), JSON.stringify(backwards(object), undefined, spaces)];

      expect(canonical(other)).toBe(canonical(plain));
    }),
    { numRuns: 1_000 },
  );
});

test('patterns match as regular expressions of them would', () => {
  const pattern = fc.string({
    unit: fc.constantFrom('*', '?', 'a', 'b', '.', '😀'),
    minLength: 1,
    maxLength: 8,
  });
  const key = fc.string({ unit: fc.constantFrom('a', 'b', '.', '😀'), maxLength: 8 });

  fc.assert(
    fc.property(pattern, key, (keyPattern, text) => {
      const source = keyPattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.');
      const found = ruleFor([{ datasetPattern: '*', rules: [{ keyPattern, rule: 'MAX' }] }], 'd', text);

      expect(found !== undefined).toBe(new RegExp(`^${source}$`, 'u').test(text));
    }),
    { numRuns: 2_000 },
  );
});
