import { MergeConflict } from './merge-conflict';
import { compareWriters, type MergeSide, type MergeSides } from './merge-side';

/** Two values that are both there. */
export interface TwoValues<T> {
  /** Null: never there. Undefined: not known. */
  base: T | null | undefined;
  server: T;
  patch: T;
  /** Positive when the server's was written later, zero when nothing tells. */
  order: number;
}

/** A rule that reads its values; what it does not know how to read ends in a `MergeConflict`. */
export interface ValueRule<T> {
  read(text: string): T;
  write(value: T): string;
  /** Whether the rule would let `value` change `base`: only then does it stand against a removal. */
  isChange(base: T, value: T): boolean;
  merge(values: TwoValues<T>): T;
  /** Without a base it does not merge at all. */
  needsBase?: true;
  /**
   * For a rule that lets dates decide: whether `value` holds anything that they decide about, so that the next merge
   * must know its date.
   */
  needsDate?(base: T | null | undefined, value: T): boolean;
}

/** The record after the merge; the same object as `sides.server` when there is nothing to write. */
export const mergeByValueRule = <T>(rule: ValueRule<T>, sides: MergeSides): MergeSide => {
  const server = readSide(rule, sides.server);
  const patch = readSide(rule, sides.patch);
  const base = readBase(rule, sides.base);
  if (server === null && patch === null) return sides.server;
  if (rule.needsBase && base === undefined) throw new MergeConflict('BASE_UNKNOWN');
  if (server === null || patch === null) return mergeRemoval(rule, sides, { base, server, patch });
  const values = { base, server, patch, order: compareWriters(sides.server, sides.patch) };
  const value = rule.write(rule.merge(values));
  return written(sides.server, value, writerOf(rule, sides, values, value));
};

const readSide = <T>(rule: ValueRule<T>, { value }: MergeSide): T | null =>
  value === null ? null : rule.read(value);

/** A base that the rule cannot read, from before the rule was set, is one that is not known. */
const readBase = <T>(rule: ValueRule<T>, base: MergeSide | undefined): T | null | undefined => {
  try {
    return base && readSide(rule, base);
  } catch (error) {
    if (error instanceof MergeConflict) return undefined;
    throw error;
  }
};

interface Removal<T> {
  base: T | null | undefined;
  server: T | null;
  patch: T | null;
}

/** One side removed the record: what the other changed survives, what it left alone goes. */
const mergeRemoval = <T>(rule: ValueRule<T>, sides: MergeSides, values: Removal<T>): MergeSide => {
  const survives = (value: T | null): value is T =>
    value !== null &&
    (values.base === undefined || values.base === null || rule.isChange(values.base, value));
  const { server, patch } = values;
  if (survives(server)) return written(sides.server, rule.write(server), sides.server);
  if (survives(patch)) return written(sides.server, rule.write(patch), sides.patch);
  return server === null ? sides.server : written(sides.server, null, sides.patch);
};

/** Whose date and writer the merged value goes by. */
const writerOf = <T>(
  rule: ValueRule<T>,
  sides: MergeSides,
  { base, server, patch, order }: TwoValues<T>,
  value: string,
): MergeSide => {
  const later = order >= 0 ? sides.server : sides.patch;
  if (!rule.needsDate) return value === sides.server.value ? sides.server : later;
  // A side that only removed something lends its date to nothing, because a removal never wins by its date.
  if (!rule.needsDate(base, patch)) return sides.server;
  return rule.needsDate(base, server) ? later : sides.patch;
};

const written = (server: MergeSide, value: string | null, by: MergeSide): MergeSide =>
  value === server.value && compareWriters(server, by) === 0
    ? server
    : { value, deviceLastModifiedDate: by.deviceLastModifiedDate, writer: by.writer };
