import type { SyncRecord } from '../protocol/sync';

/** A dataset as services answer it. */
export interface DatasetDescription {
  identityId: string;
  datasetName: string;
  syncCount: number;
  /** When it came into being, or came back after its last deletion. */
  creationDate: Date;
  lastModifiedDate: Date;
  /** A device id, an identity id, or the account id of an administrator. */
  lastModifiedBy: string;
  /** Bytes of UTF-8 in the keys and values of live records. */
  dataStorage: number;
  /** Live records. */
  numRecords: number;
  /** The oldest count that it can be brought back to (S53); null while no history is kept. */
  historySinceSyncCount: number | null;
}

/** A row of `datasets` as `row_to_json` writes it. */
export interface DatasetRow {
  identity_id: string;
  dataset_name: string;
  identity_pool_id: string;
  sync_count: number;
  deleted_sync_count: number;
  is_deleted: boolean;
  num_records: number;
  num_tombstones: number;
  purged_sync_count: number;
  data_storage: number;
  created_at: string;
  last_modified_at: string;
  last_modified_by: string;
  history_since_sync_count: number | null;
}

/** A record as the database functions write it; times in epoch milliseconds. */
export interface RecordRow {
  key: string;
  value: string | null;
  sync_count: number;
  modified_ms: number;
  modified_by: string;
  device_ms: number | null;
}

/** The row of a dataset that exists; undefined for none, for one of nulls only and for a deleted one. */
export const liveRow = (row: DatasetRow | { identity_id: null } | null): DatasetRow | undefined =>
  knownRow(row)?.is_deleted === false ? knownRow(row) : undefined;

/** The row of a dataset that exists or existed. */
export const knownRow = (row: DatasetRow | { identity_id: null } | null): DatasetRow | undefined =>
  row !== null && row.identity_id !== null ? row : undefined;

/** A row as services answer it. */
export const toDataset = (row: DatasetRow): DatasetDescription => ({
  identityId: row.identity_id,
  datasetName: row.dataset_name,
  syncCount: row.sync_count,
  creationDate: new Date(row.created_at),
  lastModifiedDate: new Date(row.last_modified_at),
  lastModifiedBy: row.last_modified_by,
  dataStorage: row.data_storage,
  numRecords: row.num_records,
  historySinceSyncCount: row.history_since_sync_count,
});

/** A row as services answer it. */
export const toSyncRecord = (row: RecordRow): SyncRecord => ({
  key: row.key,
  value: row.value,
  syncCount: row.sync_count,
  lastModifiedDate: new Date(row.modified_ms),
  lastModifiedBy: row.modified_by,
  deviceLastModifiedDate: row.device_ms === null ? null : new Date(row.device_ms),
});
