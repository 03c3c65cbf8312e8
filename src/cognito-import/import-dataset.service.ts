import { z } from 'zod';
import { recordAudit } from '../audit/record-audit';
import { authorize } from '../authorize';
import { inTransaction, type Context } from '../context';
import { LIMITS } from '../protocol/limits';
import type { SyncRecord } from '../protocol/sync';
import type { DatasetAddress } from '../sync/dataset-owner';
import {
  eraseImported,
  lockForImport,
  passedLimits,
  writeImported,
  type LockedDataset,
} from '../sync/import-dataset';
import { lockOwner } from '../sync/lock-dataset';
import { datasetName, recordKey, storedTime, syncCount } from '../sync/sync.input';
import { datasetArn } from '../ids';
import { isEachOnce, parse, regionalId, text } from '../validate';
import { decideDataset, type DatasetDecision } from './decide-dataset';
import { ImportedDataset } from './imported-dataset.entity';

/** Records of one call; a source may hold more, which come in several. */
export const RECORDS_PER_IMPORT = 10_000;

const modifier = text(1, 2048).nullish();

const importedRecord = z.object({
  key: recordKey,
  value: text(0, LIMITS.recordValueLength).nullish(),
  syncCount,
  lastModifiedDate: storedTime,
  lastModifiedBy: modifier,
  deviceLastModifiedDate: storedTime.nullish(),
});

const source = z
  .object({
    syncCount,
    creationDate: storedTime,
    lastModifiedDate: storedTime,
    lastModifiedBy: modifier,
    lastSyncCount: syncCount.nullish().transform((count) => count ?? 0),
    records: z
      .array(importedRecord)
      .max(RECORDS_PER_IMPORT)
      .refine((records) => isEachOnce(records.map(({ key }) => key)), 'must not have the same key twice'),
  })
  .refine((given) => given.lastSyncCount <= given.syncCount, {
    path: ['lastSyncCount'],
    message: "must be at most the dataset's syncCount",
  })
  .superRefine((given, problems) => {
    if (given.lastSyncCount > given.syncCount) return;
    const at = given.records.findIndex(
      (record) => record.syncCount > given.syncCount || record.syncCount <= given.lastSyncCount,
    );
    if (at < 0) return;
    const message = `must be above lastSyncCount and at most the dataset's ${given.syncCount}`;
    problems.addIssue({ code: 'custom', path: ['records', at, 'syncCount'], message });
  });

const input = z.object({
  identityPoolId: regionalId,
  identityId: regionalId,
  datasetName,
  source: source.nullish(),
});

export type ImportDatasetInput = z.input<typeof input>;
type Source = z.infer<typeof source>;

/** What an import did to a dataset. DIVERGED: it changed at both places, and stays as it is. */
export type ImportedDatasetStatus = 'CREATED' | 'UPDATED' | 'DELETED' | 'UNCHANGED' | 'DIVERGED';

/** A dataset after its import. */
export interface DatasetImport {
  status: ImportedDatasetStatus;
  /** Here, after the call; 0 when there is none, and there never was. */
  datasetSyncCount: number;
  /** Limits that the dataset or its identity passes now, such as `recordsPerDataset`; nothing was left out for them. */
  passedLimits: string[];
}

const ACTION = 'cognito-sync:ImportDataset';

/**
 * Brings one dataset to where it stands elsewhere, with the same sync counts, dates, authors and removed records, in one
 * transaction; without `source` it is deleted as it was there. Takes names of merged datasets, which nothing else makes.
 * A dataset that was written here since the last import is left alone when its source changed too. No event, trigger or
 * push comes of it.
 * @throws RESOURCE_NOT_FOUND, NOT_AUTHORIZED for an identity that was merged into another one, INVALID_PARAMETER and
 *   RESOURCE_CONFLICT with `importedSyncCount` when the records must be listed from another count.
 */
export const importDataset = async (ctx: Context, request: ImportDatasetInput): Promise<DatasetImport> => {
  const given = parse(input, request);
  const owner = { identityPoolId: given.identityPoolId, identityId: given.identityId };
  // Without an owner: no identity may do this, whatever its role allows on its own data.
  authorize(ctx, ACTION, { arn: datasetArn(ctx.config, owner, given.datasetName) });
  const address = { ...owner, datasetName: given.datasetName };
  return inTransaction(ctx, (tx) => importLocked(tx, address, given.source ?? undefined));
};

const importLocked = async (
  tx: Context,
  address: DatasetAddress,
  given: Source | undefined,
): Promise<DatasetImport> => {
  await lockOwner(tx, address); // S41
  const here = await lockForImport(tx, address);
  const { identityId } = address;
  const row = await tx.db.findOneBy(ImportedDataset, { identityId, datasetName: address.datasetName });
  const remembered = row ? { ...row, syncCount: Number(row.syncCount) } : undefined;
  const decision = decideDataset(
    here,
    remembered,
    given ? { isDeleted: false, ...given } : { isDeleted: true },
  );
  if (decision === 'UNCHANGED' && given && row) await noteDate(tx, row, given.lastModifiedDate);
  if (decision === 'UNCHANGED' || decision === 'DIVERGED') return left(decision, here);
  if (!given || decision === 'DELETE') return erase(tx, address, here);
  return write(tx, address, { here, given, decision });
};

/** It was written while it was listed, and the last import had that already. */
const noteDate = async (tx: Context, row: ImportedDataset, sourceModifiedAt: Date): Promise<void> => {
  const { identityId, datasetName: name } = row;
  await tx.db.update(ImportedDataset, { identityId, datasetName: name }, { sourceModifiedAt });
};

const left = (status: 'UNCHANGED' | 'DIVERGED', here: LockedDataset | undefined): DatasetImport => ({
  status,
  datasetSyncCount: here?.syncCount ?? 0,
  passedLimits: [],
});

const erase = async (
  tx: Context,
  address: DatasetAddress,
  here: LockedDataset | undefined,
): Promise<DatasetImport> => {
  if (!here) return left('UNCHANGED', here);
  await eraseImported(tx, address, here);
  const { identityId, datasetName: name } = address;
  await tx.db.update(
    ImportedDataset,
    { identityId, datasetName: name },
    { isDeleted: true, importedAt: tx.now() },
  );
  await recordImport(tx, address, 'DELETED');
  return { status: 'DELETED', datasetSyncCount: here.syncCount, passedLimits: [] };
};

interface Write {
  here: LockedDataset | undefined;
  given: Source;
  decision: DatasetDecision;
}

const write = async (
  tx: Context,
  address: DatasetAddress,
  { here, given, decision }: Write,
): Promise<DatasetImport> => {
  const size = await writeImported(tx, address, here, {
    ...given,
    lastModifiedBy: given.lastModifiedBy ?? address.identityId,
    records: given.records.map((record) => toRecord(record, address.identityId)),
    isWhole: decision === 'WHOLE',
  });
  await remember(tx, address, given);
  const status = here && !here.isDeleted ? 'UPDATED' : 'CREATED';
  await recordImport(tx, address, status);
  return {
    status,
    datasetSyncCount: given.syncCount,
    passedLimits: await passedLimits(tx, address, size),
  };
};

/** Cognito leaves the author out where it has none. */
const toRecord = (record: Source['records'][number], identityId: string): SyncRecord => ({
  ...record,
  value: record.value ?? null,
  lastModifiedBy: record.lastModifiedBy ?? identityId,
  deviceLastModifiedDate: record.deviceLastModifiedDate ?? null,
});

const remember = async (tx: Context, address: DatasetAddress, given: Source): Promise<void> => {
  await tx.db.upsert(
    ImportedDataset,
    {
      identityId: address.identityId,
      datasetName: address.datasetName,
      syncCount: String(given.syncCount),
      isDeleted: false,
      sourceCreatedAt: given.creationDate,
      sourceModifiedAt: given.lastModifiedDate,
      importedAt: tx.now(),
    },
    ['identityId', 'datasetName'],
  );
};

const recordImport = (tx: Context, address: DatasetAddress, status: ImportedDatasetStatus): Promise<void> =>
  recordAudit(tx, {
    action: ACTION,
    resource: datasetArn(tx.config, address, address.datasetName),
    details: { identityId: address.identityId, status },
  });
