import { LRUCache } from 'lru-cache';
import type { DataSource } from 'typeorm';
import { dataSourceOf, isInTransaction, onCommit, type Context } from '../context';

const REFERENCE_KINDS = [
  'api-key',
  'identity-pool',
  'open-id-connect-provider',
  'role',
  'saml-provider',
  'signing-key',
  'sync-configuration',
] as const;

/** The small tables that every node keeps copies of. */
export type ReferenceKind = (typeof REFERENCE_KINDS)[number];

/** The LISTEN channel on which nodes tell each other what to forget; pass its payloads to `onReferenceNotice`. */
export const REFERENCE_CHANNEL = 'rockpool_reference';

/** Milliseconds that a copy lives, so that a change is seen within 5 seconds even when its notice is lost. */
export const REFERENCE_TTL = 3_000;

const MAX_ENTRIES = 10_000;

interface Entry {
  value: unknown;
  /** Epoch milliseconds when the load began: what it read may be as old as that. */
  readAt: number;
}

/** `loading` holds the loads that may still be stored: an invalidation takes them out, and with them their right to be kept. */
interface ReferenceCache {
  entries: LRUCache<string, Entry>;
  loading: Map<string, Promise<unknown>>;
}

const caches = new WeakMap<DataSource, ReferenceCache>();

const cacheOf = (dataSource: DataSource): ReferenceCache => {
  const known = caches.get(dataSource);
  if (known) return known;
  const cache = { entries: new LRUCache<string, Entry>({ max: MAX_ENTRIES }), loading: new Map() };
  caches.set(dataSource, cache);
  return cache;
};

/** A clock that was set back makes an entry stale rather than immortal. */
const isFresh = ({ readAt }: Entry, now: number): boolean => now >= readAt && now - readAt < REFERENCE_TTL;

const nameOf = (kind: ReferenceKind, key: string): string => `${kind}:${key}`;

/**
 * The value of `key`, from this node's copy when that is younger than 3 seconds.
 *
 * Callers at the same time share one `load`, which runs on the first one's context: it must not look at the actor.
 * The value is shared too and must not be changed. A failed load is not kept, nor is `undefined` or `null`, so that
 * what was just created is found at once. Inside a transaction the copy is neither read nor written: `load` runs on
 * the transaction's own connection.
 */
export const cached = <T>(
  ctx: Context,
  kind: ReferenceKind,
  key: string,
  load: (ctx: Context) => Promise<T>,
): Promise<T> => {
  if (isInTransaction(ctx)) return load(ctx);
  const cache = cacheOf(dataSourceOf(ctx));
  const name = nameOf(kind, key);
  const entry = cache.entries.get(name);
  if (entry && isFresh(entry, ctx.now().getTime())) return Promise.resolve(entry.value as T);
  const underWay = cache.loading.get(name) as Promise<T> | undefined;
  return underWay ?? startLoad(cache, name, ctx, load);
};

const startLoad = <T>(
  { entries, loading }: ReferenceCache,
  name: string,
  ctx: Context,
  load: (ctx: Context) => Promise<T>,
): Promise<T> => {
  const readAt = ctx.now().getTime();
  const isStillWanted = (): boolean => loading.get(name) === promise;
  const promise: Promise<T> = Promise.resolve(ctx)
    .then(load)
    .then((value) => {
      if (isStillWanted() && value !== undefined && value !== null) entries.set(name, { value, readAt });
      return value;
    })
    .finally(() => {
      if (isStillWanted()) loading.delete(name);
    });
  loading.set(name, promise);
  return promise;
};

/**
 * Says that `key` was created, changed or removed. Call it in the transaction that does so: the other nodes hear of
 * it when, and only when, that commits, and this node forgets its copy at the same moment.
 */
export const changed = async (ctx: Context, kind: ReferenceKind, key: string): Promise<void> => {
  await ctx.db.query('SELECT pg_notify($1, $2)', [REFERENCE_CHANNEL, nameOf(kind, key)]);
  onCommit(ctx, () => dropReference(dataSourceOf(ctx), kind, key));
};

/** Forgets one copy; without a key, all of its kind; for `all`, everything. Loads under way are not kept either. */
export const dropReference = (dataSource: DataSource, kind: ReferenceKind | 'all', key?: string): void => {
  const { entries, loading } = cacheOf(dataSource);
  const prefix = kind === 'all' ? '' : nameOf(kind, '');
  const names =
    kind !== 'all' && key !== undefined
      ? [nameOf(kind, key)]
      : [...entries.keys(), ...loading.keys()].filter((name) => name.startsWith(prefix));
  for (const name of names) {
    entries.delete(name);
    loading.delete(name);
  }
};

const isReferenceKind = (text: string): text is ReferenceKind =>
  (REFERENCE_KINDS as readonly string[]).includes(text);

/** Forgets what a payload on `REFERENCE_CHANNEL` names; everything when it cannot be read, as from a newer node. */
export const onReferenceNotice = (dataSource: DataSource, payload: string): void => {
  const separator = payload.indexOf(':');
  const kind = payload.slice(0, separator);
  if (separator > 0 && isReferenceKind(kind)) dropReference(dataSource, kind, payload.slice(separator + 1));
  else dropReference(dataSource, 'all');
};
