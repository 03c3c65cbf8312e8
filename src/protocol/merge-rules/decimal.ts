import { MergeConflict } from './merge-conflict';

/** An exact number: `sign` times 0.DIGITS times ten to the `magnitude`. */
export interface Decimal {
  sign: -1 | 0 | 1;
  /** Without zeros at either end; empty for zero, so that each number has one form. */
  digits: string;
  magnitude: number;
}

/** The largest exponent that a number may be written with, either way. */
const MAXIMUM_EXPONENT = 999_999;
/** How many digits, before and after the point together, a number may have where it is calculated with. */
const MAXIMUM_DIGITS = 400;
/** More zeros than these are written as an exponent. */
const WRITTEN_ZEROS = 20;

const NUMBER = /^(-?)(0|[1-9]\d*)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * Reads a number as JSON writes it, exactly and of any length. Refuses other text with NOT_A_NUMBER, and exponents
 * beyond ±999,999 with NUMBER_OUT_OF_RANGE.
 */
export const parseDecimal = (text: string): Decimal => {
  const match = NUMBER.exec(text);
  if (!match) throw new MergeConflict('NOT_A_NUMBER');
  const [, minus, whole = '', fraction = '', exponent = '0'] = match;
  // An exponent of very many digits becomes Infinity here and is refused like any other.
  if (Math.abs(Number(exponent)) > MAXIMUM_EXPONENT) throw new MergeConflict('NUMBER_OUT_OF_RANGE');
  return toDecimal(minus === '-', whole + fraction, whole.length + Number(exponent));
};

/** Not by regular expressions: `0+$` takes quadratic time on a million zeros before a one. */
const toDecimal = (isNegative: boolean, digits: string, magnitude: number): Decimal => {
  let start = 0;
  let end = digits.length;
  while (start < end && digits[start] === '0') start += 1;
  while (end > start && digits[end - 1] === '0') end -= 1;
  return start === end
    ? { sign: 0, digits: '', magnitude: 0 }
    : { sign: isNegative ? -1 : 1, digits: digits.slice(start, end), magnitude: magnitude - start };
};

/** Compares exactly; positive when `a` is the larger one. */
export const compareDecimals = (a: Decimal, b: Decimal): number =>
  a.sign === b.sign ? a.sign * compareSizes(a, b) : a.sign - b.sign;

const compareSizes = (a: Decimal, b: Decimal): number => {
  if (a.magnitude !== b.magnitude) return a.magnitude - b.magnitude;
  return a.digits === b.digits ? 0 : a.digits > b.digits ? 1 : -1;
};

const placesOf = ({ digits, magnitude }: Decimal): number => Math.max(0, digits.length - magnitude);

const requireFewDigits = (decimal: Decimal): Decimal => {
  const digits = Math.max(1, decimal.magnitude) + placesOf(decimal);
  if (digits > MAXIMUM_DIGITS) throw new MergeConflict('NUMBER_OUT_OF_RANGE');
  return decimal;
};

/** `parseDecimal` for numbers to calculate with: refuses more than 400 digits with NUMBER_OUT_OF_RANGE, too. */
export const parseSummand = (text: string): Decimal => requireFewDigits(parseDecimal(text));

const scaled = ({ sign, digits, magnitude }: Decimal, places: number): bigint =>
  BigInt(sign) * BigInt(digits || '0') * 10n ** BigInt(places - (digits.length - magnitude));

/** `start + (to - from)` of summands, exactly. Refuses a result of more than 400 digits with NUMBER_OUT_OF_RANGE. */
export const addDifference = (start: Decimal, to: Decimal, from: Decimal): Decimal => {
  const places = Math.max(...[start, to, from].map(placesOf));
  const sum = scaled(start, places) + scaled(to, places) - scaled(from, places);
  const digits = String(sum < 0n ? -sum : sum);
  return requireFewDigits(toDecimal(sum < 0n, digits, digits.length - places));
};

/** The number without an exponent; as long as its magnitude, so not for one that was only parsed. */
export const plainText = ({ sign, digits, magnitude }: Decimal): string => {
  const padded = '0'.repeat(Math.max(0, 1 - magnitude)) + digits.padEnd(magnitude, '0');
  const point = Math.max(1, magnitude);
  const fraction = padded.slice(point);
  return `${sign < 0 ? '-' : ''}${padded.slice(0, point)}${fraction && `.${fraction}`}`;
};

/** One text for each number, never much longer than its digits: plain, or a whole number with an exponent. */
export const canonicalNumber = (decimal: Decimal): string => {
  const { sign, digits, magnitude } = decimal;
  const zeros = Math.max(magnitude - digits.length, -magnitude);
  if (zeros <= WRITTEN_ZEROS) return plainText(decimal);
  return `${sign < 0 ? '-' : ''}${digits}e${magnitude - digits.length}`;
};
