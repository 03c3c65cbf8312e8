import fc from 'fast-check';
import { passedLimit } from '../src/json-size';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map((member) => depthOf(member)))
    : 0;

/** An empty list or object counts as having one member. */
const membersOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>(
        (sum, member) => sum + membersOf(member),
        Math.max(1, Object.keys(value).length),
      )
    : 0;

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 5 }),
  // Signs of JSON in strings, which are no structure.
  fc.array(fc.dictionary(fc.constantFrom('[', '{"', ',,', '\\'), fc.constantFrom('"[', '\\"{', ',\\', ']'))),
);

describe('the size of a JSON text', () => {
  it('passes a limit just when what it says does', () => {
    fc.assert(
      fc.property(json, fc.nat(6), (value, depth) => {
        const text = JSON.stringify(value);

        expect(passedLimit(text, { depth })).toBe(depthOf(value) > depth ? 'depth' : undefined);
      }),
    );
    fc.assert(
      fc.property(json, fc.nat(20), (value, members) => {
        const text = JSON.stringify(value, undefined, 1);

        expect(passedLimit(text, { depth: 10, members })).toBe(
          membersOf(value) > members ? 'members' : undefined,
        );
      }),
    );
  });

  it('is told of texts that are no JSON too', () => {
    expect(passedLimit('['.repeat(65), { depth: 64 })).toBe('depth');
    expect(passedLimit(`"${'['.repeat(65)}`, { depth: 64 })).toBeUndefined();
    expect(passedLimit('"\\', { depth: 0 })).toBeUndefined();
    expect(passedLimit(',,,', { depth: 0, members: 2 })).toBe('members');
  });
});
