import { z } from 'zod';
import { invalidParameter } from '../errors';
import { DATASET_NAME_PATTERN, LIMITS } from '../protocol/limits';
import { PATCH_OPERATIONS, compareKeys, splitMergedName, type RecordPatch } from '../protocol/sync';
import { parse, regionalId, text } from '../validate';

/** Whose data a call is about. Identities may leave both out; an administrator must name the identity. */
export interface OwnerInput {
  /** `REGION:UUID`; for administrators read from the identity when left out. */
  identityPoolId?: string | null;
  /** `REGION:UUID` */
  identityId?: string | null;
}

/** One dataset: 1 to 128 characters of `[a-zA-Z0-9_.:-]`, or more when it ends in `.` and the id of a merged identity. */
export interface DatasetInput extends OwnerInput {
  datasetName: string;
}

/** A count as callers send it: a whole number from 0 to 2^53 - 1, as a number, a bigint or a string of digits. */
export type CountInput = number | bigint | string;

/** One change as callers send it. */
export interface RecordPatchInput extends Omit<RecordPatch, 'syncCount'> {
  syncCount: CountInput;
}

/** What `updateRecords` takes. */
export interface UpdateRecordsInput extends DatasetInput {
  /** At most 1,024, each key once. */
  recordPatches?: RecordPatchInput[] | null;
  /** 1 to 256 characters. */
  deviceId?: string | null;
  /** From `listRecords`; when it is given, the call must come first with it. */
  syncSessionToken?: string | null;
}

/** What `listRecords` takes. */
export interface ListRecordsInput extends DatasetInput {
  /** Only records with a higher count are answered. Default 0: all. */
  lastSyncCount?: CountInput | null;
  /** From the page before, together with the same `lastSyncCount`. */
  nextToken?: string | null;
  /** 1 to 1,024, which is the default. */
  maxResults?: number | null;
  /** From an earlier `listRecords`, to go on with its session. */
  syncSessionToken?: string | null;
}

const MAX_TOKEN_LENGTH = 65_535;
const COUNT_PROBLEM = `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`;

const toCount = (value: unknown): number | undefined => {
  const isNumeric = typeof value === 'bigint' || (typeof value === 'string' && /^\d{1,16}$/.test(value));
  const number = isNumeric ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined;
};

/** A count: a whole number from 0 to 2^53 - 1, as a number, a bigint or a string of digits (S39). */
export const syncCount = z
  .custom<CountInput>((value) => toCount(value) !== undefined, COUNT_PROBLEM)
  .transform((value) => toCount(value) ?? 0);

/** Long enough for the name of a merged dataset: the name it had, a dot, the id of the identity it came from. */
const MAX_MERGED_NAME_LENGTH = LIMITS.datasetNameLength + 1 + 55;

const isNameShortEnough = (name: string): boolean => {
  if (name.length <= LIMITS.datasetNameLength) return true;
  const merged = splitMergedName(name);
  return (
    merged !== undefined &&
    merged.datasetName.length <= LIMITS.datasetNameLength &&
    merged.identityId.length <= 55
  );
};

/** The name of a dataset (S37). */
export const datasetName = text(1, MAX_MERGED_NAME_LENGTH)
  .regex(DATASET_NAME_PATTERN)
  .refine(isNameShortEnough, `must have a length of at most ${LIMITS.datasetNameLength}`);

/** A character of UTF-16 takes at most 3 bytes of UTF-8, so short keys need no counting. */
const isKeyShortEnough = (key: string): boolean =>
  key.length * 3 <= LIMITS.recordKeyBytes || Buffer.byteLength(key) <= LIMITS.recordKeyBytes;

/** The first moment that PostgreSQL's timestamptz knows, 4714-11-24 BC; it reaches beyond the last one of `Date`. */
const FIRST_TIME = -210_866_803_200_000;

/** A time that can be stored. */
export const storedTime = z
  .date('must be a date')
  .refine((date) => date.getTime() >= FIRST_TIME, 'must not be before 4714-11-24 BC');

/** The key of a record (S38). */
export const recordKey = text(1, LIMITS.recordKeyLength).refine(
  isKeyShortEnough,
  `must have at most ${LIMITS.recordKeyBytes} bytes of UTF-8`,
);

const patchMembers = { key: recordKey, syncCount, deviceLastModifiedDate: storedTime.nullish() };

const [REPLACE, REMOVE] = PATCH_OPERATIONS;

/** One change, checked. */
export const recordPatch = z.discriminatedUnion(
  'op',
  [
    z.object({ op: z.literal(REPLACE), value: text(0, LIMITS.recordValueLength), ...patchMembers }),
    z.object({ op: z.literal(REMOVE), ...patchMembers }), // S5: its value is ignored
  ],
  `must be "${REPLACE}" or "${REMOVE}"`,
);

const token = text(1, MAX_TOKEN_LENGTH).nullish();

const ownerMembers = { identityPoolId: regionalId.nullish(), identityId: regionalId.nullish() };

/** The members of `OwnerInput` with their limits. */
export const ownerInput = z.object(ownerMembers);

/** The members of `DatasetInput` with their limits. */
export const datasetInput = z.object({ ...ownerMembers, datasetName });

const updateRecordsInput = datasetInput.extend({
  recordPatches: z.array(recordPatch).max(LIMITS.patchesPerCall).nullish(),
  deviceId: text(1, LIMITS.deviceIdLength).nullish(),
  syncSessionToken: token,
});

/** The members of `ListRecordsInput` with their limits. */
export const listRecordsInput = datasetInput.extend({
  lastSyncCount: syncCount.nullish(),
  nextToken: token,
  maxResults: z.int().min(1).max(LIMITS.recordsPerPage).nullish(),
  syncSessionToken: token,
});

/** Checks the members and puts the patches in the order of their keys. @throws INVALID_PARAMETER */
export const parseUpdateRecords = (input: UpdateRecordsInput) => {
  const given = parse(updateRecordsInput, input);
  return { ...given, recordPatches: sortedPatches(given.recordPatches ?? []) };
};

/** The patches in the order of their keys. @throws INVALID_PARAMETER naming `field` for a key that is there twice */
export const sortedPatches = (patches: RecordPatch[], field = 'recordPatches'): RecordPatch[] => {
  const sorted = [...patches].sort((a, b) => compareKeys(a.key, b.key));
  requireEachKeyOnce(sorted, field);
  return sorted;
};

/** S10 */
const requireEachKeyOnce = (sorted: RecordPatch[], field: string): void => {
  const twice = sorted.find((patch, at) => patch.key === sorted[at + 1]?.key);
  if (!twice) return;
  throw invalidParameter(`${field} must not have the same key twice: ${twice.key}`, {
    field,
    key: twice.key,
  });
};
