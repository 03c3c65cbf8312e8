import type { Context } from '../context';
import { LIMITS } from '../protocol/limits';
import type { SyncRecord } from '../protocol/sync';
import type { DatasetAddress } from './dataset-owner';
import { changeUsage } from './pool-usage';
import { usageShardOf } from './sync-configuration';

/** Where a dataset stands here, locked until the transaction ends. */
export interface LockedDataset {
  syncCount: number;
  deletedSyncCount: number;
  isDeleted: boolean;
  dataStorage: number;
}

interface LockedRow {
  sync_count: string;
  deleted_sync_count: string;
  is_deleted: boolean;
  data_storage: string;
}

/** Locks a dataset; undefined when there never was one. The identity must be locked first (S41): `lockOwner`. */
export const lockForImport = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
): Promise<LockedDataset | undefined> => {
  const [row]: LockedRow[] = await tx.db.query(
    `SELECT sync_count, deleted_sync_count, is_deleted, data_storage FROM datasets
      WHERE identity_id = $1 AND dataset_name = $2 FOR UPDATE`,
    [identityId, datasetName],
  );
  return (
    row && {
      syncCount: Number(row.sync_count),
      deletedSyncCount: Number(row.deleted_sync_count),
      isDeleted: row.is_deleted,
      dataStorage: Number(row.data_storage),
    }
  );
};

/** A dataset as its source has it. */
export interface SourceDataset {
  syncCount: number;
  creationDate: Date;
  lastModifiedDate: Date;
  lastModifiedBy: string;
  /** Those that changed, or all of them. */
  records: SyncRecord[];
  /** Whether what is here and not among `records` is to go. */
  isWhole: boolean;
}

/** What a dataset came to. */
export interface DatasetSize {
  numRecords: number;
  dataStorage: number;
}

/**
 * Writes a dataset as its source has it: counts, dates and authors too (S60). `before` is what `lockForImport` found.
 * No limit refuses it, no trigger is asked and nobody is told; earlier values are remembered from the next write on.
 */
export const writeImported = async (
  tx: Context,
  address: DatasetAddress,
  before: LockedDataset | undefined,
  source: SourceDataset,
): Promise<DatasetSize> => {
  if (before) await forgetContents(tx, address, source.isWhole);
  await writeDataset(tx, address, source, before);
  await writeRecords(tx, address, source.records);
  await forgetOldTombstones(tx, address);
  const size = await recount(tx, address);
  await changeUsage(tx, address.identityPoolId, {
    bytes: size.dataStorage - (before?.dataStorage ?? 0),
    shard: usageShardOf(address.identityId),
  });
  return size;
};

/** Earlier values never go on over an import, whose counts they do not know. */
const forgetContents = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
  records: boolean,
): Promise<void> => {
  for (const table of ['record_history', ...(records ? ['records'] : [])])
    await tx.db.query(`DELETE FROM ${table} WHERE identity_id = $1 AND dataset_name = $2`, [
      identityId,
      datasetName,
    ]);
};

/**
 * The count that a device which knows an earlier life of the dataset is told of its deletion by (S25). Where the counts
 * of its source began anew below it, no device can be told apart, as at the source.
 */
const deletedCountOf = (
  { isWhole, syncCount, records }: SourceDataset,
  before: LockedDataset | undefined,
): number => {
  if (!before) return 0;
  const known = isWhole ? before.syncCount : before.deletedSyncCount;
  return syncCount > known && records.every((record) => record.syncCount > known) ? known : 0;
};

const writeDataset = async (
  tx: Context,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
  source: SourceDataset,
  before: LockedDataset | undefined,
): Promise<void> => {
  await tx.db.query(
    `INSERT INTO datasets AS d (
       identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted, num_records,
       num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by)
     VALUES ($1, $2, $3, $4, $5, false, 0, 0, 0, 0, $6, $7, $8)
     ON CONFLICT (identity_id, dataset_name) DO UPDATE SET
       sync_count = excluded.sync_count, deleted_sync_count = excluded.deleted_sync_count, is_deleted = false,
       purged_sync_count = CASE WHEN $9 THEN 0 ELSE d.purged_sync_count END,
       created_at = excluded.created_at, last_modified_at = excluded.last_modified_at,
       last_modified_by = excluded.last_modified_by, history_since_sync_count = NULL, oldest_history_at = NULL`,
    [
      identityId,
      datasetName,
      identityPoolId,
      source.syncCount,
      deletedCountOf(source, before),
      source.creationDate,
      source.lastModifiedDate,
      source.lastModifiedBy,
      source.isWhole,
    ],
  );
};

const writeRecords = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
  records: SyncRecord[],
): Promise<void> => {
  await tx.db.query(
    `INSERT INTO records (
       identity_id, dataset_name, record_key, value, sync_count,
       last_modified_at, last_modified_by, device_last_modified_at)
     SELECT $1, $2, r.* FROM unnest(
         $3::text[], $4::text[], $5::bigint[], $6::timestamptz[], $7::text[], $8::timestamptz[]) AS r
     ON CONFLICT (identity_id, dataset_name, record_key) DO UPDATE SET
       value = excluded.value, sync_count = excluded.sync_count,
       last_modified_at = excluded.last_modified_at, last_modified_by = excluded.last_modified_by,
       device_last_modified_at = excluded.device_last_modified_at`,
    [
      identityId,
      datasetName,
      records.map(({ key }) => key),
      records.map(({ value }) => value),
      records.map(({ syncCount }) => syncCount),
      records.map(({ lastModifiedDate }) => lastModifiedDate),
      records.map(({ lastModifiedBy }) => lastModifiedBy),
      records.map(({ deviceLastModifiedDate }) => deviceLastModifiedDate),
    ],
  );
};

/** S42 */
const forgetOldTombstones = async (
  tx: Context,
  { identityId, datasetName }: DatasetAddress,
): Promise<void> => {
  await tx.db.query(
    `WITH forgotten AS (
       DELETE FROM records WHERE identity_id = $1 AND dataset_name = $2 AND record_key = ANY (ARRAY(
         SELECT record_key FROM records WHERE identity_id = $1 AND dataset_name = $2 AND value IS NULL
           ORDER BY sync_count DESC, record_key DESC OFFSET $3))
       RETURNING sync_count)
     UPDATE datasets SET purged_sync_count = (SELECT max(sync_count) FROM forgotten)
      WHERE identity_id = $1 AND dataset_name = $2 AND EXISTS (SELECT 1 FROM forgotten)`,
    [identityId, datasetName, LIMITS.tombstonesPerDataset],
  );
};

/** S11, S12, S42 */
const recount = async (tx: Context, { identityId, datasetName }: DatasetAddress): Promise<DatasetSize> => {
  const [[row]] = (await tx.db.query(
    `UPDATE datasets d SET num_records = r.live, num_tombstones = r.removed, data_storage = r.bytes
       FROM (SELECT count(value) AS live, count(*) - count(value) AS removed,
                    coalesce(sum(octet_length(record_key) + octet_length(value)), 0) AS bytes
               FROM records WHERE identity_id = $1 AND dataset_name = $2) AS r
      WHERE d.identity_id = $1 AND d.dataset_name = $2
      RETURNING d.num_records, d.data_storage`,
    [identityId, datasetName],
  )) as [[{ num_records: number; data_storage: string }], number];
  return { numRecords: row.num_records, dataStorage: Number(row.data_storage) };
};

/** Deletes a dataset that is gone at its source, as S21 has it, and tells nobody. It must be locked. */
export const eraseImported = async (
  tx: Context,
  address: DatasetAddress,
  { dataStorage }: LockedDataset,
): Promise<void> => {
  await forgetContents(tx, address, true);
  await tx.db.query(
    `UPDATE datasets SET is_deleted = true, deleted_sync_count = sync_count, num_records = 0, num_tombstones = 0,
       data_storage = 0, history_since_sync_count = NULL, oldest_history_at = NULL, last_modified_at = $3,
       last_modified_by = $4
      WHERE identity_id = $1 AND dataset_name = $2`,
    [address.identityId, address.datasetName, tx.now(), tx.config.accountId],
  );
  await changeUsage(tx, address.identityPoolId, {
    bytes: -dataStorage,
    shard: usageShardOf(address.identityId),
  });
};

/** The limits of S12 to S14 that an identity and one of its datasets pass, by name. An import is not refused for them. */
export const passedLimits = async (
  tx: Context,
  { identityId }: DatasetAddress,
  { numRecords, dataStorage }: DatasetSize,
): Promise<string[]> => {
  const [row]: { live: number }[] = await tx.db.query(
    'SELECT count(*)::int AS live FROM datasets WHERE identity_id = $1 AND NOT is_deleted',
    [identityId],
  );
  return [
    ...((row?.live ?? 0) > LIMITS.datasetsPerIdentity ? ['datasetsPerIdentity'] : []),
    ...(numRecords > LIMITS.recordsPerDataset ? ['recordsPerDataset'] : []),
    ...(dataStorage > LIMITS.datasetBytes ? ['datasetBytes'] : []),
  ];
};
