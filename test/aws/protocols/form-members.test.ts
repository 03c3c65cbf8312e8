import fc from 'fast-check';
import { membersInForm } from '../../../src/aws/protocols/form-members';

/** A form as SDKs write it: lists under `member` and numbers that count from 1. */
const pairsOf = (name: string, value: unknown): [string, string][] => {
  if (typeof value === 'string') return [[name, value]];
  const inner: [string, unknown][] = Array.isArray(value)
    ? value.map((item, at) => [`member.${at + 1}`, item])
    : Object.entries(value as object);
  return inner.flatMap(([part, item]) => pairsOf(name === '' ? part : `${name}.${part}`, item));
};

const read = (pairs: [string, string][]): object =>
  membersInForm(Buffer.from(new URLSearchParams(pairs).toString()));

const memberName = fc.stringMatching(/^[A-Za-z_]{1,8}$/).filter((name) => name !== 'member');

const structure = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    fc.string(),
    fc.array(tie('value'), { minLength: 1, maxLength: 12 }),
    fc.dictionary(memberName, tie('value'), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

const members = fc.dictionary(memberName, structure, { maxKeys: 4, noNullPrototype: true });

describe('the members of a form', () => {
  it('are the structures and lists that a client wrote, in whatever order its pairs come', () => {
    fc.assert(
      fc.property(members, fc.infiniteStream(fc.nat()), (given, keys) => {
        const shuffled = pairsOf('', given)
          .map((pair) => ({ pair, key: keys.next().value as number }))
          .sort((one, other) => one.key - other.key)
          .map(({ pair }) => pair);

        expect(read(shuffled)).toEqual(given);
      }),
    );
  });

  it('count the last one of a name that is there twice', () => {
    expect(
      read([
        ['Action', 'A'],
        ['Action', 'B'],
      ]),
    ).toEqual({ Action: 'B' });
  });

  it('need no numbers without gaps', () => {
    expect(
      read([
        ['L.member.10', 'b'],
        ['L.member.2', 'a'],
      ]),
    ).toEqual({ L: ['a', 'b'] });
  });

  it('may have any name, and none reaches what objects inherit', () => {
    const found = read([
      ['__proto__.polluted', 'x'],
      ['constructor', 'y'],
    ]);

    expect(Object.keys(found)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
