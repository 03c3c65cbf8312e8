import { compareKeys } from '../sync';
import {
  arrayText,
  canonicalText,
  isSameJson,
  parseElements,
  parseObject,
  type JsonObject,
  type JsonValue,
} from './json-value';
import type { TwoValues, ValueRule } from './value-rule';

const without = <T>(of: ReadonlySet<T>, others: ReadonlySet<T>): T[] =>
  [...of].filter((one) => !others.has(one));

const setText = (set: ReadonlySet<string>): string => arrayText([...set].sort(compareKeys));

const mergeSets = ({ base, server, patch }: TwoValues<ReadonlySet<string>>): ReadonlySet<string> => {
  const removed = new Set(base ? without(base, patch) : []);
  const added = base ? without(patch, base) : patch;
  return new Set(without(new Set([...server, ...added]), removed));
};

/** Arrays as sets: what either side added, without what either side removed. */
export const UNION: ValueRule<ReadonlySet<string>> = {
  read: (text) => new Set(parseElements(text)),
  write: setText,
  isChange: (base, value) => setText(base) !== setText(value),
  merge: mergeSets,
};

const NOTHING: JsonObject = new Map();

const asObject = (value: JsonValue | null | undefined): JsonObject | undefined =>
  typeof value === 'object' && value !== null ? value : undefined;

/** Whether anything in `value` was set, not only removed, since `base`. */
const setsAnything = (base: JsonValue | null | undefined, value: JsonValue): boolean => {
  const [baseObject, object] = [asObject(base), asObject(value)];
  if (!object) return !isSameJson(base ?? undefined, value);
  if (!baseObject) return true;
  return [...object].some(([name, member]) => setsAnything(baseObject.get(name), member));
};

interface Members {
  base: JsonValue | undefined;
  server: JsonValue | undefined;
  patch: JsonValue | undefined;
}

/** Goes into objects before it compares anything, so that each member is compared once, however deep it is. */
const mergeMember = ({ base, server, patch }: Members, order: number): JsonValue | undefined => {
  const [serverObject, patchObject] = [asObject(server), asObject(patch)];
  if (serverObject && patchObject)
    return mergeObjects({ base: asObject(base), server: serverObject, patch: patchObject, order });
  if (isSameJson(server, base)) return patch;
  if (isSameJson(patch, base)) return server;
  if (server === undefined || patch === undefined) return server ?? patch;
  // An object that only lost members is no match for what was set: like any removal it has no date to win by.
  if (!setsAnything(base, server)) return patch;
  if (!setsAnything(base, patch)) return server;
  return (order || compareKeys(canonicalText(server), canonicalText(patch))) >= 0 ? server : patch;
};

const mergeObjects = ({ base, server, patch, order }: TwoValues<JsonObject>): JsonObject => {
  const merged = new Map<string, JsonValue>();
  for (const name of new Set([...server.keys(), ...patch.keys()])) {
    const sides = { base: base?.get(name), server: server.get(name), patch: patch.get(name) };
    const member = mergeMember(sides, order);
    if (member !== undefined) merged.set(name, member);
  }
  return merged;
};

/** Objects member by member, all the way down; where both sides set one, the later record's. */
export const JSON_MERGE: ValueRule<JsonObject> = {
  read: parseObject,
  write: canonicalText,
  isChange: (base, value) => !isSameJson(base, value),
  merge: mergeObjects,
  needsDate: (base, value) => setsAnything(base ?? NOTHING, value),
};
