import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What an import of another installation of Cognito remembers, so that a second one brings only what changed. */
export class CreateImports1795700000000 implements MigrationInterface {
  name = 'CreateImports1795700000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}

const TABLES = ['imported_datasets', 'imported_identities', 'imported_identity_pools', 'unproven_logins'];

const UP = [
  `CREATE TABLE unproven_logins (
    identity_id text NOT NULL,
    provider text NOT NULL,
    is_claimable boolean NOT NULL,
    created_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT unproven_logins__primary_key PRIMARY KEY (identity_id, provider),
    CONSTRAINT unproven_logins__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE imported_identity_pools (
    identity_pool_id text NOT NULL,
    settings_hash text NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT imported_identity_pools__primary_key PRIMARY KEY (identity_pool_id),
    CONSTRAINT imported_identity_pools__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE imported_identities (
    identity_id text NOT NULL,
    source_hash text NOT NULL,
    run_id text,
    imported_at timestamptz NOT NULL,
    CONSTRAINT imported_identities__primary_key PRIMARY KEY (identity_id),
    CONSTRAINT imported_identities__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  // Of a dataset, not of an identity, for the sake of the order of locks, as used_sync_sessions.
  `CREATE TABLE imported_datasets (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    sync_count bigint NOT NULL,
    is_deleted boolean NOT NULL,
    source_created_at timestamptz NOT NULL,
    source_modified_at timestamptz NOT NULL,
    imported_at timestamptz NOT NULL,
    CONSTRAINT imported_datasets__primary_key PRIMARY KEY (identity_id, dataset_name),
    CONSTRAINT imported_datasets__of_a_dataset FOREIGN KEY (identity_id, dataset_name)
      REFERENCES datasets (identity_id, dataset_name) ON DELETE CASCADE
  )`,
];
