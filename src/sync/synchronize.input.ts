import { createHash } from 'node:crypto';
import { z } from 'zod';
import { invalidParameter } from '../errors';
import { LIMITS } from '../protocol/limits';
import type { RecordPatch } from '../protocol/sync';
import { parse, text } from '../validate';
import type { OnStale } from './merge';
import {
  syncCount,
  datasetName,
  ownerInput,
  recordPatch,
  sortedPatches,
  type CountInput,
  type OwnerInput,
  type RecordPatchInput,
} from './sync.input';

/** What becomes of stale patches (S47, S48). */
export const CONFLICT_STRATEGIES = [
  'REJECT',
  'REPORT',
  'LAST_WRITER_WINS',
  'CLIENT_WINS',
  'SERVER_WINS',
] as const;

/** One of `CONFLICT_STRATEGIES`. */
export type ConflictStrategy = (typeof CONFLICT_STRATEGIES)[number];

/** What each strategy says of a stale patch. */
export const ON_STALE: Readonly<Record<ConflictStrategy, OnStale>> = {
  REJECT: 'REJECT',
  REPORT: 'DROP',
  SERVER_WINS: 'DROP',
  LAST_WRITER_WINS: 'LAST_WRITER',
  CLIENT_WINS: 'WRITE',
};

/** What a device has of a dataset and wants to change in it. */
export interface DatasetSyncInput {
  datasetName: string;
  /** The count that the device pulled last; 0, the default, when it has nothing. */
  lastSyncCount?: CountInput | null;
  /** At most 1,024, each key once. None: only a pull. */
  recordPatches?: RecordPatchInput[] | null;
  /** Default REPORT. */
  onConflict?: ConflictStrategy | null;
  /** 1 to 128 characters, made by the client for each change: repeating the call does not repeat the change (S46). */
  mutationId?: string | null;
}

/** One dataset by its members, or several in `datasets`. */
export interface SynchronizeInput extends OwnerInput, Partial<DatasetSyncInput> {
  /** 1 to 256 characters. */
  deviceId?: string | null;
  /** 1 to 20, each name once. */
  datasets?: DatasetSyncInput[] | null;
}

const members = {
  lastSyncCount: syncCount.nullish(),
  recordPatches: z.array(recordPatch).max(LIMITS.patchesPerCall).nullish(),
  onConflict: z.enum(CONFLICT_STRATEGIES).nullish(),
  mutationId: text(1, 128).nullish(),
};

const MEMBERS = ['lastSyncCount', 'recordPatches', 'onConflict', 'mutationId'] as const;

const datasetSync = z.object({ datasetName, ...members });

const synchronizeInput = ownerInput.extend({
  deviceId: text(1, LIMITS.deviceIdLength).nullish(),
  datasetName: datasetName.nullish(),
  ...members,
  datasets: z.array(datasetSync).min(1).max(LIMITS.datasetsPerIdentity).nullish(),
});

/** The synchronization of one dataset, checked. */
export interface DatasetSync {
  datasetName: string;
  lastSyncCount: number;
  /** In the order of their keys. */
  patches: RecordPatch[];
  onConflict: ConflictStrategy;
  mutation: { id: string; bodyHash: string } | undefined;
}

/** All datasets of a call. @throws INVALID_PARAMETER also for both forms at once, none, or a dataset named twice. */
export const parseSynchronize = (
  input: SynchronizeInput,
): OwnerInput & { deviceId: string | null; datasets: DatasetSync[]; isSingle: boolean } => {
  const given = parse(synchronizeInput, input);
  const isSingle = !given.datasets;
  if (!isSingle) requireNoneBeside(given);
  else if (!given.datasetName)
    throw invalidParameter('datasetName or datasets must be given', { field: 'datasetName' });
  const datasets = given.datasets ?? [{ ...given, datasetName: given.datasetName ?? '' }];
  requireEachOnce(datasets.map((each) => each.datasetName));
  const { identityPoolId, identityId, deviceId } = given;
  return {
    ...(identityPoolId ? { identityPoolId } : {}),
    ...(identityId ? { identityId } : {}),
    deviceId: deviceId ?? null,
    datasets: datasets.map((each, at) => toDatasetSync(each, isSingle ? '' : `datasets[${at}].`)),
    isSingle,
  };
};

/** What is said of one dataset would be dropped without a word where several are named. */
const requireNoneBeside = (given: z.infer<typeof synchronizeInput>): void => {
  const beside = (['datasetName', ...MEMBERS] as const).find((member) => given[member] != null);
  if (beside === undefined) return;
  throw invalidParameter(`${beside} must not be given together with datasets: each has its own`, {
    field: beside,
  });
};

const requireEachOnce = (names: string[]): void => {
  const again = names.findIndex((name, at) => names.indexOf(name) < at);
  if (again < 0) return;
  throw invalidParameter(`datasets must not have the same datasetName twice: ${names[again]}`, {
    field: `datasets[${again}].datasetName`,
  });
};

const toDatasetSync = (given: z.infer<typeof datasetSync>, prefix: string): DatasetSync => {
  const patches = sortedPatches(given.recordPatches ?? [], `${prefix}recordPatches`);
  const onConflict = given.onConflict ?? 'REPORT';
  const { datasetName: name, mutationId } = given;
  return {
    datasetName: name,
    lastSyncCount: given.lastSyncCount ?? 0,
    patches,
    onConflict,
    mutation: mutationId ? { id: mutationId, bodyHash: hashOf(name, patches, onConflict) } : undefined,
  };
};

/** Of what is to be changed, and not of how far the device has pulled: that may differ when it asks again. */
const hashOf = (name: string, patches: RecordPatch[], onConflict: ConflictStrategy): string =>
  createHash('sha256')
    .update(JSON.stringify([name, patches, onConflict]))
    .digest('base64url');
