import { ruleFor, ruleSetProblems, type MergeRule } from '../../src/protocol/merge-rules/merge-rule-sets';
import type { MergeSide } from '../../src/protocol/merge-rules/merge-side';
import { mergeValue, type MergeOutcome } from '../../src/protocol/merge-rules/merge-value';

/** No base: the patch does not say what it is based on. */
const UNKNOWN = Symbol('a base that is not known');

type Base = string | null | typeof UNKNOWN;

const noon = new Date('2027-03-01T12:00:00Z');
const one = new Date('2027-03-01T13:00:00Z');
const two = new Date('2027-03-01T14:00:00Z');

const side = (value: string | null, date: Date | null = noon, writer = 'phone'): MergeSide => ({
  value,
  deviceLastModifiedDate: date,
  writer,
});

/** Each example reads: base | at the server | patched to → merged. The base was written at noon, the server's value at one, the patch at two. */
const merge = (rule: MergeRule, base: Base, server: string | null, patch: string | null): MergeOutcome =>
  mergeValue(rule, {
    base: base === UNKNOWN ? undefined : side(base),
    server: side(server, one, 'laptop'),
    patch: side(patch, two, 'tablet'),
  });

const valueOf = (outcome: MergeOutcome): string | null =>
  outcome.outcome === 'MERGED' ? outcome.value : outcome.reason;

type Example = [why: string, base: Base, server: string | null, patch: string | null, merged: string | null];

const shown = (value: Base): string => {
  if (value === null || value === UNKNOWN) return value === null ? 'removed' : 'unknown';
  const text = `'${value.replaceAll('\n', '\\n')}'`;
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

const shownSides = (...sides: Base[]): string => sides.map(shown).join(' | ');

const itMerges = (rule: MergeRule, examples: Example[]): void => {
  for (const [why, base, server, patch, merged] of examples)
    test(`${why}: ${shownSides(base, server, patch)} → ${shown(merged)}`, () => {
      expect(merge(rule, base, server, patch)).toMatchObject({ outcome: 'MERGED', value: merged });
    });
};

type Refusal = [base: Base, server: string | null, patch: string | null, reason: string];

const itRefuses = (rule: MergeRule, examples: Refusal[]): void => {
  for (const [base, server, patch, reason] of examples)
    test(`${shownSides(base, server, patch)} → ${reason}`, () => {
      expect(merge(rule, base, server, patch)).toEqual({ outcome: 'CONFLICT', reason });
    });
};

describe('LAST_WRITER', () => {
  const a = side('a', noon, 'phone');

  test.each<[string, MergeSide, MergeSide, string | null]>([
    ['the later date wins', a, side('b', one), 'b'],
    ['the later date wins, whatever came first', side('b', one), a, 'b'],
    ['the later date wins over a greater value', side('z', noon), side('b', one), 'b'],
    ['a later removal wins', a, side(null, one), null],
    ['an earlier removal loses', side('a', one), side(null, noon), 'a'],
    ['of one moment the greater writer wins', side('b', noon, 'phone'), side('a', noon, 'tablet'), 'a'],
    ['of one writer and moment the greater value wins', side('b'), side('a'), 'b'],
    ['values are ordered by code point', side('\uffee'), side('\u{1f600}'), '\u{1f600}'],
    ['of one writer and moment a value wins over a removal', side(null), side(''), ''],
    ['no date is older than any', side('z', null), side('a', new Date(-8.64e15)), 'a'],
    ['an invalid date is none', side('z', new Date(NaN)), side('a', new Date(-8.64e15)), 'a'],
    ['two without dates go by writer', side('a', null, 'tablet'), side('b', null, 'phone'), 'a'],
    ['an invalid date and none go by writer', side('a', null, 'b'), side('b', new Date(NaN), 'a'), 'a'],
  ])('%s', (_, server, patch, merged) => {
    expect(mergeValue('LAST_WRITER', { server, patch })).toMatchObject({ value: merged });
    expect(mergeValue('LAST_WRITER', { server: patch, patch: server })).toMatchObject({ value: merged });
  });

  it('keeps the date and the writer of the value that wins', () => {
    const patch = side('b', two, 'tablet');

    expect(mergeValue('LAST_WRITER', { server: a, patch })).toEqual({
      outcome: 'MERGED',
      isServers: false,
      ...patch,
    });
    expect(mergeValue('LAST_WRITER', { server: patch, patch: a })).toEqual({
      outcome: 'MERGED',
      isServers: true,
      ...patch,
    });
  });

  it('writes the same value again for its later date, which the next merge decides by', () => {
    const merged = mergeValue('LAST_WRITER', { server: side('a', noon), patch: side('a', two) });

    expect(merged).toMatchObject({ value: 'a', deviceLastModifiedDate: two, isServers: false });
  });
});

describe('MAX', () => {
  itMerges('MAX', [
    ['the larger number', '5', '7', '6', '7'],
    ['the larger number', '5', '6', '7', '7'],
    ['not the longer text', '5', '9', '10', '10'],
    ['below zero', '-9', '-3', '-2', '-2'],
    ['fractions', '0', '0.30', '0.4', '0.4'],
    ['exponents', '0', '1e3', '999', '1e3'],
    ['small exponents', '0', '1e-3', '0.01', '0.01'],
    ['beyond the doubles', '0', '9007199254740993', '9007199254740992', '9007199254740993'],
    ['beyond any double', '0', '1e999999', '2e999999', '2e999999'],
    ['a last digit far away', '0', '0.1000000000000000000001', '0.1', '0.1000000000000000000001'],
    ['one number in two texts: the shorter', '0', '10.0', '10', '10'],
    ['one number in two texts: the shorter', '0', '10', '1e1', '10'],
    ['one number in two texts of one length: the first', '0', '1e2', '100', '100'],
    ['no sign of zero', '-1', '-0', '0', '0'],
    ['what a device lowers stays as it is', '5', '5', '3', '5'],
    ['without a base as with one', UNKNOWN, '6', '7', '7'],
    ['a base from before the rule', 'none yet', '6', '7', '7'],
    ['two devices made it', null, '3', '2', '3'],
    ['one device made it', null, null, '3', '3'],
    ['one made it, another removed what it never saw', null, '3', null, '3'],
    ['removed, and raised: the change survives', '5', null, '7', '7'],
    ['raised, and removed: the change survives', '5', '7', null, '7'],
    ['removed, and lowered, which is no change: removed', '5', null, '3', null],
    ['lowered, which is no change, and removed: removed', '5', '3', null, null],
    ['removed, and the same number written: removed', '5', null, '5.0', null],
    ['nothing changed, and removed: removed', '5', '5', null, null],
    ['removed twice', '5', null, null, null],
    ['removed, and nobody knows what it was: the value survives', UNKNOWN, null, '3', '3'],
    ['removed, and nobody knows what it was: the value survives', UNKNOWN, '3', null, '3'],
  ]);

  const hostile = [
    'NaN',
    'Infinity',
    '-Infinity',
    '',
    ' 1',
    '1 ',
    '0x10',
    '1_000',
    '1,5',
    '+1',
    '01',
    '-',
    '.5',
  ];
  const more = [
    '5.',
    '1e',
    'e1',
    '1e1.5',
    '--1',
    '١',
    '1\n',
    'null',
    '"1"',
    '1n',
    '9'.repeat(1_000_000) + 'x',
  ];
  test.each([...hostile, ...more].map((text) => [text.slice(0, 20), text]))(
    'does not take %j for a number',
    (_, text) => {
      const refused = { outcome: 'CONFLICT', reason: 'NOT_A_NUMBER' };

      expect(merge('MAX', '1', '1', text)).toEqual(refused);
      expect(merge('MAX', '1', text, '1')).toEqual(refused);
      expect(merge('MIN', '1', text, null)).toEqual(refused);
      expect(merge('SUM', '1', '1', text)).toEqual(refused);
      expect(merge('SUM', text, '1', '1')).toEqual({ outcome: 'CONFLICT', reason: 'BASE_UNKNOWN' });
    },
  );

  const farOut = ['1e1000000', '1e999999999', '1e-999999999', `1e${'9'.repeat(1_000_000)}`, '0e1000000'];
  test.each(farOut.map((text) => [text.slice(0, 20), text]))(
    'refuses the exponent of %s, and calculates nothing with it',
    (_, text) => {
      const refused = { outcome: 'CONFLICT', reason: 'NUMBER_OUT_OF_RANGE' };

      expect(merge('MAX', '1', '1', text)).toEqual(refused);
      expect(merge('SUM', '1', text, '1')).toEqual(refused);
      expect(merge('UNION', '[]', '[]', `[${text}]`)).toEqual(refused);
    },
  );

  it('reads a million zeros at either end without going over them again and again', () => {
    const long = `0.${'0'.repeat(500_000)}1${'0'.repeat(500_000)}1`;

    expect(merge('MAX', '0', long, '0')).toMatchObject({ value: long });
  });
});

describe('MIN', () => {
  itMerges('MIN', [
    ['the smaller number', '5', '3', '4', '3'],
    ['the smaller number', '5', '4', '3', '3'],
    ['below zero', '0', '-2', '-10', '-10'],
    ['one number in two texts: the shorter', '9', '1.0', '1', '1'],
    ['removed, and lowered: the change survives', '5', null, '3', '3'],
    ['raised, which is no change, and removed: removed', '5', '7', null, null],
  ]);
});

describe('SUM', () => {
  itMerges('SUM', [
    ['adds what each added', '5', '7', '8', '10'],
    ['adds what each took away', '5', '3', '4', '2'],
    ['below zero', '1', '-1', '-1', '-3'],
    ['exactly', '0.1', '0.2', '0.3', '0.4'],
    ['exactly, with a scale of their own each', '1', '1.5', '1.25', '1.75'],
    ['beyond the doubles', '0', '9007199254740993', '1', '9007199254740994'],
    ['without an exponent', '0', '1e3', '2.5e-1', '1000.25'],
    ['without zeros at the end', '0', '1.50', '1.50', '3'],
    ['to zero', '5', '0', '5', '0'],
    ['to less than one', '0', '-0.5', '0', '-0.5'],
    ['two devices made it: from zero', null, '3', '4', '7'],
    ['removed, and changed: the change survives', '5', null, '7', '7'],
    ['changed, and removed: the change survives', '5', '7.0', null, '7'],
    ['removed, and the same number written: removed', '5', null, '5.0', null],
    ['removed twice', '5', null, null, null],
    ['removed twice, whatever it was', UNKNOWN, null, null, null],
    ['400 digits', '0', '4'.repeat(400), '5'.repeat(400), '9'.repeat(400)],
    ['399 digits behind the point', '0', '1e-399', '1e-399', `0.${'0'.repeat(398)}2`],
  ]);

  itRefuses('SUM', [
    [UNKNOWN, '5', '7', 'BASE_UNKNOWN'],
    [UNKNOWN, null, '7', 'BASE_UNKNOWN'],
    [UNKNOWN, '5', null, 'BASE_UNKNOWN'],
    ['none yet', '5', '7', 'BASE_UNKNOWN'],
    ['0', '1e400', '0', 'NUMBER_OUT_OF_RANGE'],
    ['0', '0', '1e-400', 'NUMBER_OUT_OF_RANGE'],
    ['1e400', '0', '0', 'BASE_UNKNOWN'],
    [null, null, '1e999999', 'NUMBER_OUT_OF_RANGE'],
    [null, '1e999999', null, 'NUMBER_OUT_OF_RANGE'],
    ['0', '9'.repeat(400), '1', 'NUMBER_OUT_OF_RANGE'],
    ['0', `${'9'.repeat(200)}`, '1e-300', 'NUMBER_OUT_OF_RANGE'],
  ]);

  it('counts a patch that comes twice twice: it is the one rule that cannot tell', () => {
    expect(valueOf(merge('SUM', '5', '7', '7'))).toBe('9');
  });
});

describe('UNION', () => {
  itMerges('UNION', [
    ['what either added, in order', '["a"]', '["a","c"]', '["a","b"]', '["a","b","c"]'],
    ['without what either removed', '["a","b","c"]', '["b","c"]', '["a","b"]', '["b"]'],
    ['what one removed and the other kept goes', '["a"]', '["a","b"]', '[]', '["b"]'],
    ['what both removed goes', '["a"]', '[]', '[]', '[]'],
    ['what both added is there once', '[]', '["a"]', '["a"]', '["a"]'],
    ['once is once', '[]', '["a","a"]', '["b","b"]', '["a","b"]'],
    ['structure, not spelling', '[]', '[{"x":1,"y":[1e0]}]', '[ {"y":[1.0], "x":1} ]', '[{"x":1,"y":[1]}]'],
    ['escapes are spelling', '[]', '["\\u0061\\/"]', '["a/"]', '["a/"]'],
    ['a quote in a text', '[]', '["\\""]', '["\\\\"]', '["\\"","\\\\"]'],
    ['any space of JSON', '[]', ' \t[\r\n1 , 2 ]\n', '[]', '[1,2]'],
    [
      'exact numbers',
      '[]',
      '[9007199254740993]',
      '[9007199254740992]',
      '[9007199254740992,9007199254740993]',
    ],
    ['types are kept apart', '[]', '[1,true,null]', '["1","true","null"]', '["1","null","true",1,null,true]'],
    ['the order within an array counts', '[]', '[[1,2]]', '[[2,1]]', '[[1,2],[2,1]]'],
    ['numbers far out stay short', '[]', '[1e300]', '[-1.5e-300]', '[-15e-301,1e300]'],
    ['numbers near stay plain', '[]', '[1e20,0.00001]', '[-0]', '[0,0.00001,100000000000000000000]'],
    ['of a name that is there twice the last', '[]', '[{"a":1,"a":2}]', '[{"a":2}]', '[{"a":2}]'],
    ['lone surrogates are data', '[]', '["\\uD800"]', '["\\ud800"]', '["\\ud800"]'],
    ['__proto__ is data', '[]', '[{"__proto__":1}]', '[{}]', '[{"__proto__":1},{}]'],
    ['without a base nothing goes', UNKNOWN, '["b"]', '["a"]', '["a","b"]'],
    ['a base from before the rule', 'a, b', '["b"]', '["a"]', '["a","b"]'],
    ['two devices made it', null, '["b"]', '["a"]', '["a","b"]'],
    ['removed, and added to: the change survives', '["a"]', null, '["a","b"]', '["a","b"]'],
    ['removed, and exchanged: the change survives', '["a"]', null, '["b"]', '["b"]'],
    ['emptied, and removed: the change survives', '["a"]', ' [ ] ', null, '[]'],
    ['removed, and written in another order: removed', '["a","b"]', null, '["b","a"]', null],
    ['removed twice', '["a"]', null, null, null],
  ]);

  itRefuses('UNION', [
    ['[]', '{}', '[]', 'NOT_A_LIST'],
    ['[]', '[]', '"a"', 'NOT_A_LIST'],
    ['[]', '[]', '', 'NOT_A_LIST'],
    ['[]', '[]', '[1,]', 'NOT_A_LIST'],
    ['[]', '[]', '[1', 'NOT_A_LIST'],
    ['[]', '[]', '[1]]', 'NOT_A_LIST'],
    ['[]', '[]', '[01]', 'NOT_A_LIST'],
    ['[]', '[]', '[nul]', 'NOT_A_LIST'],
    ['[]', '[]', '[\u00a01]', 'NOT_A_LIST'],
    ['[]', '[]', '["a]', 'NOT_A_LIST'],
    ['[]', '[]', '["\\x"]', 'NOT_A_LIST'],
    ['[]', '[]', '["\n"]', 'NOT_A_LIST'],
    ['[]', '[]', '["\\', 'NOT_A_LIST'],
    ['[]', '[]', '[{"a" 1}]', 'NOT_A_LIST'],
    ['[]', '[]', '[{a:1}]', 'NOT_A_LIST'],
  ]);

  it('goes 64 arrays and objects deep, and not one more', () => {
    const nested = (depth: number): string => '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);

    expect(merge('UNION', '[]', '[]', nested(64))).toMatchObject({ value: nested(64) });
    expect(merge('UNION', '[]', '[]', `[${nested(64)}]`)).toEqual({
      outcome: 'CONFLICT',
      reason: 'TOO_DEEP',
    });
    expect(merge('UNION', '[]', '[]', '['.repeat(1_000_000))).toEqual({
      outcome: 'CONFLICT',
      reason: 'TOO_DEEP',
    });
  });

  it('refuses what became longer than a value may be', () => {
    const half = (letter: string): string => JSON.stringify([letter.repeat(524_283)]);
    const [a, b] = [half('a'), half('b')];

    expect(valueOf(merge('UNION', '[]', a, b))?.length).toBe(1_048_573);
    expect(valueOf(merge('UNION', '[]', a, b.replace(']', ',2]')))?.length).toBe(1_048_575);
    expect(merge('UNION', '[]', a, b.replace(']', ',22]'))).toEqual({
      outcome: 'CONFLICT',
      reason: 'TOO_LARGE',
    });
  });
});

describe('JSON_MERGE', () => {
  itMerges('JSON_MERGE', [
    ['what each changed', '{"x":0,"y":0}', '{"x":1,"y":0}', '{"x":0,"y":2}', '{"x":1,"y":2}'],
    ['what each added', '{}', '{"b":1}', '{"a":1}', '{"a":1,"b":1}'],
    ['without what the patch removed', '{"x":0,"y":0}', '{"x":0,"y":1}', '{"y":0}', '{"y":1}'],
    ['without what the server removed', '{"x":0,"y":0}', '{"y":0}', '{"x":0,"y":1}', '{"y":1}'],
    ['a member removed and changed: the change survives', '{"x":0}', '{}', '{"x":1}', '{"x":1}'],
    ['a member changed and removed: the change survives', '{"x":0}', '{"x":1}', '{}', '{"x":1}'],
    ['a member removed twice', '{"x":0,"y":0}', '{"y":0}', '{"y":0}', '{"y":0}'],
    [
      'all the way down',
      '{"n":{"x":0,"y":0}}',
      '{"n":{"x":1,"y":0}}',
      '{"n":{"x":0,"y":2}}',
      '{"n":{"x":1,"y":2}}',
    ],
    ['both made an object', '{}', '{"n":{"x":1}}', '{"n":{"y":2}}', '{"n":{"x":1,"y":2}}'],
    [
      'both made an object of something else',
      '{"n":0}',
      '{"n":{"x":1}}',
      '{"n":{"y":2}}',
      '{"n":{"x":1,"y":2}}',
    ],
    ['both set a member: the later record’s', '{"x":0}', '{"x":1}', '{"x":2}', '{"x":2}'],
    ['arrays as wholes', '{"l":[]}', '{"l":[1]}', '{"l":[2]}', '{"l":[2]}'],
    ['an object and a scalar as wholes', '{}', '{"n":{"x":1}}', '{"n":5}', '{"n":5}'],
    ['a later scalar over an earlier object', '{"n":{}}', '{"n":{"x":1}}', '{"n":5}', '{"n":5}'],
    [
      'what was set, over an object that only lost members',
      '{"n":{"x":1}}',
      '{"n":5}',
      '{"n":{}}',
      '{"n":5}',
    ],
    [
      'what was set, over an object that only lost members',
      '{"n":{"x":1}}',
      '{"n":{}}',
      '{"n":5}',
      '{"n":5}',
    ],
    ['a removal, and an object that lost members', '{"n":{"x":1}}', '{"n":{}}', '{}', '{"n":{}}'],
    ['an object that lost members, and a removal', '{"n":{"x":1}}', '{}', '{"n":{}}', '{"n":{}}'],
    ['spelling is no change', '{"x":1.0}', '{"x":2}', '{"x":1e0}', '{"x":2}'],
    ['null is a value', '{"x":0}', '{"x":null}', '{"x":0}', '{"x":null}'],
    ['false is a value', '{"x":false}', '{"x":false,"y":false}', '{}', '{"y":false}'],
    [
      'members in the order of code points',
      '{}',
      '{"\uffee":1}',
      '{"\u{1f600}":1}',
      '{"\uffee":1,"\u{1f600}":1}',
    ],
    ['an index is a name', '{}', '{"10":1,"9":1}', '{"a":1}', '{"10":1,"9":1,"a":1}'],
    ['exact numbers', '{}', '{"x":9007199254740993}', '{}', '{"x":9007199254740993}'],
    ['of a name that is there twice the last', '{}', '{"x":1,"x":2}', '{}', '{"x":2}'],
    ['without a base nothing goes', UNKNOWN, '{"x":1}', '{"y":1}', '{"x":1,"y":1}'],
    ['without a base the later record’s', UNKNOWN, '{"x":1}', '{"x":2}', '{"x":2}'],
    ['a base from before the rule', 'none yet', '{"x":1}', '{"y":1}', '{"x":1,"y":1}'],
    ['two devices made it', null, '{"x":1}', '{"y":1}', '{"x":1,"y":1}'],
    ['removed, and changed: the change survives', '{"x":0}', null, '{"x":1}', '{"x":1}'],
    ['emptied, and removed: the change survives', '{"x":0}', ' { } ', null, '{}'],
    ['removed, and only spelled otherwise: removed', '{"x":1}', null, '{ "x": 1.0 }', null],
    ['nothing changed, and removed: removed', '{"x":1}', '{"x":1}', null, null],
    ['removed twice', '{"x":0}', null, null, null],
  ]);

  itRefuses('JSON_MERGE', [
    ['{}', '[]', '{}', 'NOT_AN_OBJECT'],
    ['{}', '{}', 'null', 'NOT_AN_OBJECT'],
    ['{}', '{}', '{"a":1,}', 'NOT_AN_OBJECT'],
    ['{}', '{}', '{"a":}', 'NOT_AN_OBJECT'],
    ['{}', '{}', '{1":1}', 'NOT_AN_OBJECT'],
    ['{}', '{}', '{1', 'NOT_AN_OBJECT'],
    ['{}', '{}', '{"a":1e9999999}', 'NUMBER_OUT_OF_RANGE'],
    ['{}', '{}', '{"a":'.repeat(65) + '1' + '}'.repeat(65), 'TOO_DEEP'],
  ]);

  it('sets no prototype', () => {
    const merged = merge('JSON_MERGE', '{}', '{"__proto__":{"x":1}}', '{"__proto__":{"y":2},"a":{}}');

    expect(merged).toMatchObject({ value: '{"__proto__":{"x":1,"y":2},"a":{}}' });
    expect(({} as Record<string, unknown>).x).toBeUndefined();
    expect(merge('JSON_MERGE', '{"__proto__":1}', '{"__proto__":1}', '{}')).toMatchObject({ value: '{}' });
  });

  it('lets the writer, then the members decide where the dates do not', () => {
    const of = (x: number, writer: string): MergeSide => side(`{"x":${x}}`, noon, writer);
    const base = side('{}');

    expect(mergeValue('JSON_MERGE', { base, server: of(1, 'b'), patch: of(2, 'a') })).toMatchObject({
      value: '{"x":1}',
    });
    expect(mergeValue('JSON_MERGE', { base, server: of(1, 'a'), patch: of(2, 'a') })).toMatchObject({
      value: '{"x":2}',
    });
    expect(mergeValue('JSON_MERGE', { base, server: of(2, 'a'), patch: of(1, 'a') })).toMatchObject({
      value: '{"x":2}',
    });
  });

  test.each<[string, string, string, string, Date]>([
    ['the later one that set something', '{}', '{"x":1}', '{"y":1}', two],
    ['the patch, where the server has nothing new', '{}', '{}', '{"y":1}', two],
    ['the patch, which made an object', '{}', '{}', '{"n":{}}', two],
    ['the server, where the patch has nothing new', '{}', '{"x":1}', '{}', one],
    ['the server, where the patch only removed', '{"z":1}', '{"z":1,"x":1}', '{}', one],
    [
      'the server, where the patch only removed within',
      '{"n":{"z":1}}',
      '{"n":{"z":1},"x":1}',
      '{"n":{}}',
      one,
    ],
    ['the later one, where both set the same', '{}', '{"x":1}', '{"x":1}', two],
  ])('goes on with the date of %s', (...[, base, server, patch, date]) => {
    expect(merge('JSON_MERGE', base, server, patch)).toMatchObject({ deviceLastModifiedDate: date });
  });

  it('keeps what was set, even by the earlier record, over an object that only lost members', () => {
    const sides = { base: side('{"n":{"x":1}}'), server: side('{"n":{}}', two), patch: side('{"n":5}', one) };

    expect(mergeValue('JSON_MERGE', sides)).toMatchObject({ value: '{"n":5}' });
  });

  it('goes on with the date of the patch, even an earlier one, where the server has nothing new', () => {
    const server = side('{}', two, 'laptop');
    const merged = mergeValue('JSON_MERGE', { base: server, server, patch: side('{"x":1}', one, 'tablet') });

    expect(merged).toMatchObject({ deviceLastModifiedDate: one, writer: 'tablet' });
  });

  it('cannot keep a date for each member: a third device may find another order of the first two', () => {
    const base = side('{}');
    const x = side('{"x":"late"}', two, 'phone');
    const y = side('{"y":"early"}', noon, 'tablet');
    const otherY = side('{"y":"later"}', one, 'laptop');
    const after = (...patches: MergeSide[]): MergeSide =>
      patches.reduce(
        (server, patch) => mergeValue('JSON_MERGE', { base, server, patch }) as MergeSide & MergeOutcome,
        base,
      );

    expect(after(y, otherY, x).value).toBe('{"x":"late","y":"later"}');
    expect(after(x, y, otherY).value).toBe('{"x":"late","y":"early"}');
  });
});

describe('nothing is to be written', () => {
  test.each<[MergeRule, Base, string | null, string | null, boolean]>([
    ['MAX', '5', '7', '6', true],
    ['MAX', '5', '6', '7', false],
    ['MAX', '5', '7', null, true],
    ['MAX', '5', null, '3', true],
    ['MAX', '5', null, null, true],
    ['MAX', '5', '5', null, false],
    ['SUM', '5', '7', '5', true],
    ['SUM', '5', '7.0', '5', false],
    ['UNION', '[]', '["a"]', '["a"]', true],
    ['UNION', '[]', '[ "a" ]', '["a"]', false],
    ['JSON_MERGE', '{}', '{"x":1}', '{}', true],
    ['JSON_MERGE', '{}', '{ "x":1}', '{}', false],
    ['JSON_MERGE', '{}', '{"x":1}', '{"x":1}', false],
  ])('by %s of %s, at the server %s, patched to %s: %s', (...[rule, base, server, patch, isServers]) => {
    expect(merge(rule, base, server, patch)).toMatchObject({ isServers });
  });

  it('and then date and writer are the server’s', () => {
    expect(merge('MAX', '5', '7', '6')).toMatchObject({ deviceLastModifiedDate: one, writer: 'laptop' });
    expect(merge('MAX', '5', '6', '7')).toMatchObject({ deviceLastModifiedDate: two, writer: 'tablet' });
    expect(merge('MAX', '5', '7', null)).toMatchObject({ deviceLastModifiedDate: one, writer: 'laptop' });
    expect(merge('MAX', '5', '5', null)).toMatchObject({ deviceLastModifiedDate: two, writer: 'tablet' });
    expect(merge('MAX', '5', null, '7')).toMatchObject({ deviceLastModifiedDate: two, writer: 'tablet' });
    expect(merge('MAX', '5', null, '3')).toMatchObject({ deviceLastModifiedDate: one, writer: 'laptop' });
  });

  it('where a patch is the server’s record again', () => {
    expect(mergeValue('LAST_WRITER', { server: side('a'), patch: side('a') })).toMatchObject({
      isServers: true,
    });
  });
});

describe('the rule of a key', () => {
  const sets = [
    { datasetPattern: 'scores', rules: [{ keyPattern: 'best.*', rule: 'MAX' as const }] },
    {
      datasetPattern: 'game-?',
      rules: [
        { keyPattern: 'coins', rule: 'SUM' as const },
        { keyPattern: 'c*', rule: 'UNION' as const },
      ],
    },
    { datasetPattern: '*', rules: [{ keyPattern: '*', rule: 'LAST_WRITER' as const }] },
  ];

  test.each([
    ['scores', 'best.level1', 'MAX'],
    ['scores', 'best.', 'MAX'],
    ['scores', 'worst', undefined],
    ['game-1', 'coins', 'SUM'],
    ['game-1', 'cards', 'UNION'],
    ['game-12', 'coins', 'LAST_WRITER'],
    ['scores.us-east-1:01234567-89ab-cdef-0123-456789abcdef', 'best.level1', 'MAX'],
    [
      'scores.us-east-1:01234567-89ab-cdef-0123-456789abcdef.us-east-1:fedcba98-7654-3210-fedc-ba9876543210',
      'best.level1',
      'MAX',
    ],
    ['scores.us-east-1:XY', 'best.level1', 'LAST_WRITER'],
    ['scores.us-east-1:0a-9f', 'best.level1', 'LAST_WRITER'],
  ])('in %s, %s, is %s', (datasetName, key, rule) => {
    expect(ruleFor(sets, datasetName, key)).toBe(rule);
  });

  it('is none without rules', () => {
    expect(ruleFor([], 'scores', 'best')).toBeUndefined();
  });

  test.each([
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a', 'A', false],
    ['*', '', true],
    ['?', '', false],
    ['?', '😀', true],
    ['??', '😀', false],
    ['a*c', 'abbc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acb', false],
    ['a*b*c', 'abbcbc', true],
    ['*a?', 'aab', true],
    ['*.*', 'a.b.c', true],
    ['**', 'a', true],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['a\\*', 'a*', false],
    ['$&', '$&', true],
  ])('has the pattern %j for %j: %s', (keyPattern, key, matches) => {
    const rules = [{ keyPattern, rule: 'MAX' as const }];

    expect(ruleFor([{ datasetPattern: '*', rules }], 'd', key)).toBe(matches ? 'MAX' : undefined);
  });

  it('is found in patterns and keys of any length', () => {
    const long = 'abcdefghij'.repeat(12);
    const found = (keyPattern: string, key: string) =>
      ruleFor([{ datasetPattern: '*', rules: [{ keyPattern, rule: 'MAX' }] }], 'd', key);

    expect(found(long, long)).toBe('MAX');
    expect(found(`${long}?*`, `${long}jj`)).toBe('MAX');
    expect(found(`*${long}`, `abc${long}${long}`)).toBe('MAX');
    expect(found(`*${long}`, `${long}a`)).toBeUndefined();
    expect(found(`${long.slice(0, 32)}*`, long)).toBe('MAX');
    expect(found(`${long.slice(0, 32)}`, long)).toBeUndefined();
  });

  it('is found for a full call of long keys while nobody notices, however near each of 50 patterns comes', () => {
    const rules = Array.from({ length: 50 }, () => ({
      keyPattern: `*${'a'.repeat(126)}b`,
      rule: 'MAX' as const,
    }));
    const sets = [{ datasetPattern: '*', rules }];

    for (let nth = 0; nth < 1024; nth += 1)
      expect(ruleFor(sets, 'd', `${'a'.repeat(1020)}${nth}`)).toBeUndefined();
  });

  it('is found without trying every way that stars could go', () => {
    const rules = [{ keyPattern: `${'*a'.repeat(63)}*b`, rule: 'MAX' as const }];

    expect(ruleFor([{ datasetPattern: '*', rules }], 'd', 'a'.repeat(1024))).toBeUndefined();
  });
});

describe('the limits of rule sets', () => {
  const key = (keyPattern: string) => ({ keyPattern, rule: 'MAX' as const });
  const set = (datasetPattern: string, keys = ['*']) => ({ datasetPattern, rules: keys.map(key) });

  it('allow 20 datasets of 50 keys each, in patterns of 128 characters', () => {
    const full = set('d'.repeat(128), Array<string>(50).fill('k'.repeat(128)));

    expect(ruleSetProblems(Array(20).fill(full))).toEqual([]);
    expect(ruleSetProblems([set('d', [])])).toEqual([]);
  });

  it('are told with their place', () => {
    const sets = [
      ...Array(19).fill(set('d')),
      set('', ['k', 'k'.repeat(129)]),
      set('d'.repeat(129), Array(51).fill('k')),
    ];

    expect(ruleSetProblems(sets)).toEqual([
      { field: '', limit: 'datasetPatterns', value: 21 },
      { field: '[19].datasetPattern', limit: 'patternLength', value: 0 },
      { field: '[19].rules[1].keyPattern', limit: 'patternLength', value: 129 },
      { field: '[20].datasetPattern', limit: 'patternLength', value: 129 },
      { field: '[20].rules', limit: 'keyPatternsPerDataset', value: 51 },
    ]);
  });
});
