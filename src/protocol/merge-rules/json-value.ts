import { compareKeys } from '../sync';
import { canonicalNumber, parseDecimal } from './decimal';
import { MergeConflict, type MergeConflictReason } from './merge-conflict';

/**
 * A JSON value: an object by its members, anything else as its canonical text, which is the same for equal values.
 * Numbers are exact, so that `JSON.parse` will not do, and members are in a map, where `__proto__` is a name like any.
 */
export type JsonValue = string | JsonObject;

/** The members of an object by name; of a name that is there twice the last, as everywhere. */
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** How many arrays and objects may be within each other. */
const MAXIMUM_DEPTH = 64;

/** The canonical texts of an array's elements. Refuses anything else with NOT_A_LIST or TOO_DEEP. */
export const parseElements = (text: string): string[] =>
  new JsonReader(text, 'NOT_A_LIST').document((reader) => reader.elements(1));

/** The members of an object. Refuses anything else with NOT_AN_OBJECT or TOO_DEEP. */
export const parseObject = (text: string): JsonObject =>
  new JsonReader(text, 'NOT_AN_OBJECT').document((reader) => reader.members(1));

/** The one text of a value: no spaces, members in the order of code points, numbers in their one form. */
export const canonicalText = (value: JsonValue): string => {
  if (typeof value === 'string') return value;
  const members = [...value].sort(([a], [b]) => compareKeys(a, b));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(',')}}`;
};

/** The canonical text of an array of these elements. */
export const arrayText = (elements: readonly string[]): string => `[${elements.join(',')}]`;

/** Whether two values are equal; undefined stands for one that is not there. */
export const isSameJson = (a: JsonValue | undefined, b: JsonValue | undefined): boolean =>
  a === b || (a !== undefined && b !== undefined && canonicalText(a) === canonicalText(b));

const SPACE = /[ \t\n\r]*/y;
const WORD = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads one JSON text from left to right, in linear time. */
class JsonReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly reason: MergeConflictReason,
  ) {}

  /** What `read` makes of the whole text. */
  document<T>(read: (reader: this) => T): T {
    this.take(SPACE);
    const value = read(this);
    if (this.at < this.text.length) this.refuse();
    return value;
  }

  /** An array, at this depth. */
  elements(depth: number): string[] {
    const elements: string[] = [];
    this.sequence('[', ']', depth, () => elements.push(canonicalText(this.value(depth + 1))));
    return elements;
  }

  /** An object, at this depth. */
  members(depth: number): JsonObject {
    const members = new Map<string, JsonValue>();
    this.sequence('{', '}', depth, () => {
      const name = this.string();
      this.require(':');
      members.set(name, this.value(depth + 1));
    });
    return members;
  }

  private value(depth: number): JsonValue {
    const first = this.text[this.at];
    if (first === '{') return this.members(depth);
    if (first === '[') return arrayText(this.elements(depth));
    if (first === '"') return JSON.stringify(this.string());
    const word = this.take(WORD) || canonicalNumber(parseDecimal(this.take(NUMBER) || this.refuse()));
    this.take(SPACE);
    return word;
  }

  private sequence(open: string, close: string, depth: number, readItem: () => void): void {
    this.require(open);
    if (depth > MAXIMUM_DEPTH) throw new MergeConflict('TOO_DEEP');
    if (this.skip(close)) return;
    do readItem();
    while (this.skip(','));
    this.require(close);
  }

  /** Up to the next quote; `JSON.parse` knows whether it began with one, and which escapes there are. */
  private string(): string {
    const start = this.at;
    do this.at += this.text[this.at] === '\\' ? 2 : 1;
    while (this.at < this.text.length && this.text[this.at] !== '"');
    this.at += 1;
    const literal = this.text.slice(start, this.at);
    this.take(SPACE);
    try {
      return JSON.parse(literal) as string;
    } catch {
      return this.refuse();
    }
  }

  private require(mark: string): void {
    if (!this.skip(mark)) this.refuse();
  }

  private skip(mark: string): boolean {
    if (this.text[this.at] !== mark) return false;
    this.at += 1;
    this.take(SPACE);
    return true;
  }

  /** The text that a sticky pattern matches here, which is then behind us; empty when there is none. */
  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private refuse(): never {
    throw new MergeConflict(this.reason);
  }
}
