import { compareKeys } from '../sync';
import {
  addDifference,
  compareDecimals,
  parseDecimal,
  parseSummand,
  plainText,
  type Decimal,
} from './decimal';
import type { ValueRule } from './value-rule';

interface WrittenNumber {
  text: string;
  decimal: Decimal;
}

/** Of two texts of one number: the shorter, then the first by code point. */
const compareTexts = (a: string, b: string): number => b.length - a.length || compareKeys(b, a);

const furthest = (direction: 1 | -1): ValueRule<WrittenNumber> => {
  const compare = (a: WrittenNumber, b: WrittenNumber): number =>
    direction * compareDecimals(a.decimal, b.decimal);
  return {
    read: (text) => ({ text, decimal: parseDecimal(text) }),
    write: ({ text }) => text,
    isChange: (base, value) => compare(value, base) > 0,
    merge: ({ server, patch }) =>
      (compare(server, patch) || compareTexts(server.text, patch.text)) >= 0 ? server : patch,
  };
};

/** The larger number, in the text that it was written in. */
export const MAX = furthest(1);

/** The smaller number, in the text that it was written in. */
export const MIN = furthest(-1);

const ZERO: Decimal = parseSummand('0');

/** The server's number and what the patch added to its base, in plain notation. */
export const SUM: ValueRule<Decimal> = {
  read: parseSummand,
  write: plainText,
  isChange: (base, value) => compareDecimals(base, value) !== 0,
  merge: ({ base, server, patch }) => addDifference(server, patch, base ?? ZERO),
  needsBase: true,
};
