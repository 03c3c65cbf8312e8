/** What a patch does to its record: `replace` writes a value, `remove` leaves a tombstone. */
export const PATCH_OPERATIONS = ['replace', 'remove'] as const;

/** One of `PATCH_OPERATIONS`. */
export type PatchOperation = (typeof PATCH_OPERATIONS)[number];

/** One change that a device wants to make. */
export interface RecordPatch {
  op: PatchOperation;
  /** 1 to 1,024 characters, at most 2,048 bytes of UTF-8. */
  key: string;
  /** At most 1,048,575 characters; needed by `replace`, ignored by `remove`. */
  value?: string | null;
  /** The sync count of the record that the device saw last; 0 for one that it never saw. */
  syncCount: number;
  /** By the device's clock; kept as it is. */
  deviceLastModifiedDate?: Date | null;
}

/** A key and its value at the server. */
export interface SyncRecord {
  key: string;
  /** Null when the record was removed. */
  value: string | null;
  /** The dataset's sync count after the call that wrote the record last. */
  syncCount: number;
  /** By the server's clock. */
  lastModifiedDate: Date;
  lastModifiedBy: string;
  /** By the clock of the device that wrote it. */
  deviceLastModifiedDate: Date | null;
}

/** Somebody else wrote the record after the device saw it (S7). A record that never was has the count 0. */
export const isStale = (patchSyncCount: number, recordSyncCount: number): boolean =>
  recordSyncCount > patchSyncCount;

/** The device claims to have seen a record that this server never wrote (S8). */
export const isAhead = (patchSyncCount: number, datasetSyncCount: number): boolean =>
  patchSyncCount > datasetSyncCount;

/** The count of a dataset, and of every record changed, after one more successful call (S1, S2). */
export const nextSyncCount = (datasetSyncCount: number): number => datasetSyncCount + 1;

/**
 * Whether what a device knows up to `lastSyncCount` was deleted with the dataset since (S25). Never true for a device
 * that knows nothing.
 */
export const wasDeletedSince = (lastSyncCount: number, deletedSyncCount: number): boolean =>
  lastSyncCount > 0 && lastSyncCount <= deletedSyncCount;

/**
 * Whether removals that a device at `lastSyncCount` did not hear of were forgotten (S42), so that it has to drop what
 * it knows and take everything anew. Never true for a device that knows nothing.
 */
export const hasMissedRemovals = (lastSyncCount: number, purgedSyncCount: number): boolean =>
  lastSyncCount > 0 && lastSyncCount < purgedSyncCount;

const SURROGATES = 0xd800;

/** Moves the surrogates behind U+E000 to U+FFFF, where the code points that they encode belong. */
const codePointRank = (codeUnit: number): number =>
  codeUnit < SURROGATES ? codeUnit : codeUnit < 0xe000 ? codeUnit + 0x2000 : codeUnit - 0x800;

/**
 * Orders keys by code point, as the server lists them; negative when `a` comes first. The order of JavaScript's `<`
 * is another one for characters beyond U+FFFF.
 */
export const compareKeys = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at += 1) {
    const difference = codePointRank(a.charCodeAt(at)) - codePointRank(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
};

const utf8 = new TextEncoder();

/** Bytes of UTF-8. */
export const byteLength = (text: string): number => utf8.encode(text).length;

/** What a record adds to the size of its dataset, in bytes: key and value of a live one, nothing for a removed one (S11). */
export const recordBytes = (key: string, value: string | null): number =>
  value === null ? 0 : byteLength(key) + byteLength(value);

/** The name that the dataset of a merged identity goes by under the survivor: `NAME.REGION:UUID`. */
export const mergedDatasetName = (datasetName: string, mergedIdentityId: string): string =>
  `${datasetName}.${mergedIdentityId}`;

/** The identity by its whole UUID: an app may well name a dataset `settings.app:1`. */
const MERGED_NAME = /^(.+)\.([\w-]+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The two parts of a name made by `mergedDatasetName`; undefined for any other name. */
export const splitMergedName = (name: string): { datasetName: string; identityId: string } | undefined => {
  const [, datasetName, identityId] = MERGED_NAME.exec(name) ?? [];
  return datasetName !== undefined && identityId !== undefined ? { datasetName, identityId } : undefined;
};
