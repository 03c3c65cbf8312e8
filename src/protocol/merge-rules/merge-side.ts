import { compareKeys } from '../sync';

/** A value of a record, and who wrote it when. */
export interface MergeSide {
  /** Null when the record was removed or never was. */
  value: string | null;
  /** By the clock of the device that wrote it; one that is missing counts as older than any. */
  deviceLastModifiedDate: Date | null;
  /** The id of the device that wrote it, or of whoever else did. */
  writer: string;
}

/** What a patch meets. */
export interface MergeSides {
  /** The record as the patch's device saw it last, with a value of null if it never was; undefined when that is not known. */
  base?: MergeSide | undefined;
  /** The record as it is. */
  server: MergeSide;
  /** The record as the patch wants it. */
  patch: MergeSide;
}

const timeOf = ({ deviceLastModifiedDate }: MergeSide): number => {
  const time = deviceLastModifiedDate?.getTime() ?? -Infinity;
  return Number.isNaN(time) ? -Infinity : time;
};

/** Orders two sides by date, then by writer; positive when `a` is the later one. Zero: nothing but the values tells them apart. */
export const compareWriters = (a: MergeSide, b: MergeSide): number => {
  const [timeA, timeB] = [timeOf(a), timeOf(b)];
  // Not by subtraction: two missing dates would make NaN.
  if (timeA !== timeB) return timeA > timeB ? 1 : -1;
  return compareKeys(a.writer, b.writer);
};

/** Orders two sides by date, writer and value, a removal before any value; positive when `a` is the later one. */
export const compareSides = (a: MergeSide, b: MergeSide): number =>
  compareWriters(a, b) || compareValues(a.value, b.value);

const compareValues = (a: string | null, b: string | null): number => {
  if (a === null || b === null) return Number(a !== null) - Number(b !== null);
  return compareKeys(a, b);
};
