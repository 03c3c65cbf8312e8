import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The data of identities: datasets, their records, and the sync sessions that were used up. */
export class CreateDatasets1795417300000 implements MigrationInterface {
  name = 'CreateDatasets1795417300000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES.toReversed()) await runner.query(`DROP TABLE ${table}`);
  }
}

const TABLES = ['datasets', 'records', 'used_sync_sessions'];

const UP = [
  `CREATE TABLE datasets (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    identity_pool_id text NOT NULL,
    sync_count bigint NOT NULL,
    deleted_sync_count bigint NOT NULL,
    is_deleted boolean NOT NULL,
    num_records integer NOT NULL,
    num_tombstones integer NOT NULL,
    purged_sync_count bigint NOT NULL,
    data_storage bigint NOT NULL,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    last_modified_by text NOT NULL,
    CONSTRAINT datasets__primary_key PRIMARY KEY (identity_id, dataset_name),
    CONSTRAINT datasets__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE records (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    record_key text COLLATE "C" NOT NULL,
    value text,
    sync_count bigint NOT NULL,
    last_modified_at timestamptz NOT NULL,
    last_modified_by text NOT NULL,
    device_last_modified_at timestamptz,
    CONSTRAINT records__primary_key PRIMARY KEY (identity_id, dataset_name, record_key),
    CONSTRAINT records__of_a_dataset FOREIGN KEY (identity_id, dataset_name)
      REFERENCES datasets (identity_id, dataset_name) ON DELETE CASCADE
  )`,
  `CREATE INDEX records__by_sync_count ON records (identity_id, dataset_name, sync_count)`,
  // Of a dataset, not of an identity: the check of a key of identities would lock the identity's row after the
  // dataset's, against the order in which a merge and a deletion take them, and end in deadlocks.
  `CREATE TABLE used_sync_sessions (
    identity_id text NOT NULL,
    session_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT used_sync_sessions__primary_key PRIMARY KEY (identity_id, session_id),
    CONSTRAINT used_sync_sessions__of_a_dataset FOREIGN KEY (identity_id, dataset_name)
      REFERENCES datasets (identity_id, dataset_name) ON DELETE CASCADE
  )`,
  `CREATE INDEX used_sync_sessions__by_expiry ON used_sync_sessions (expires_at)`,
];
