import type { Lookup } from './match';

/**
 * Context keys with their values. The names are not case-sensitive. A list is a key with several values; undefined
 * and a list without a value are the same as no key at all.
 */
export type ContextValues = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The context of one request, read by key. */
export class RequestContext {
  private folded: Map<string, string | readonly string[]> | undefined;

  constructor(readonly raw: ContextValues) {}

  /** The value or values of a key; undefined when the key is absent or its list holds nothing. */
  values(key: string): string | readonly string[] | undefined {
    const exact = Object.hasOwn(this.raw, key) ? this.raw[key] : undefined;
    const found = isEmpty(exact) ? this.fold().get(key.toLowerCase()) : exact;
    return isEmpty(found) ? undefined : found;
  }

  /**
   * The one value of a key, for a policy variable. "You cannot use a multivalued context key as a policy variable":
   * a key with several values has none here.
   */
  readonly lookup: Lookup = (key) => {
    const found = this.values(key);
    if (found === undefined || typeof found === 'string') return found;
    return found.length === 1 ? found[0] : undefined;
  };

  /** Whether each of these keys has one value. */
  resolves(keys: readonly string[]): boolean {
    return keys.every((key) => this.lookup(key) !== undefined);
  }

  private fold(): Map<string, string | readonly string[]> {
    if (this.folded === undefined) {
      this.folded = new Map();
      for (const [key, value] of Object.entries(this.raw)) {
        const name = key.toLowerCase();
        if (!isEmpty(value) && !this.folded.has(name)) this.folded.set(name, value);
      }
    }
    return this.folded;
  }
}

/** A list without a value: an "empty data set (for example, an empty string)", as IAM's page on such keys has it. */
function isEmpty(value: string | readonly string[] | undefined): value is undefined {
  if (value === undefined || typeof value === 'string') return value === undefined;
  return value.every((entry) => entry === '');
}
