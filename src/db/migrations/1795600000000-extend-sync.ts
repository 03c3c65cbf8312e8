import type { MigrationInterface, QueryRunner } from 'typeorm';
import { DELETE_DATASET, UPDATE_RECORDS } from './1795417400000-create-update-records';
import { EXTENDED_DELETE_DATASET, SYNCHRONIZE } from './functions/synchronize';
import { EXTENDED_UPDATE_RECORDS } from './functions/update-records';

/** What sync remembers beside records: earlier values, mutations, events on their way out, and what a pool holds. */
export class ExtendSync1795600000000 implements MigrationInterface {
  name = 'ExtendSync1795600000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}

const UP = [
  // For who asks which identities were merged into one.
  'CREATE INDEX identities__by_survivor ON identities (merged_into) WHERE merged_into IS NOT NULL',
  `ALTER TABLE datasets
    ADD COLUMN history_since_sync_count bigint,
    ADD COLUMN oldest_history_at timestamptz`,
  // Hardly ever written: the column changes when a dataset's first value is replaced, and when the sweep was there.
  `CREATE INDEX datasets__by_oldest_history ON datasets (identity_pool_id, oldest_history_at)
     WHERE oldest_history_at IS NOT NULL`,
  `CREATE TABLE record_history (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    record_key text COLLATE "C" NOT NULL,
    sync_count bigint NOT NULL,
    superseded_sync_count bigint NOT NULL,
    value text,
    last_modified_at timestamptz NOT NULL,
    last_modified_by text NOT NULL,
    device_last_modified_at timestamptz,
    superseded_at timestamptz NOT NULL,
    CONSTRAINT record_history__primary_key PRIMARY KEY (identity_id, dataset_name, record_key, sync_count),
    CONSTRAINT record_history__of_a_dataset FOREIGN KEY (identity_id, dataset_name)
      REFERENCES datasets (identity_id, dataset_name) ON DELETE CASCADE
  )`,
  'CREATE INDEX record_history__by_count ON record_history (identity_id, dataset_name, superseded_sync_count)',
  `CREATE TABLE sync_mutations (
    identity_id text NOT NULL,
    mutation_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    body_hash text NOT NULL,
    result json NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT sync_mutations__primary_key PRIMARY KEY (identity_id, mutation_id),
    CONSTRAINT sync_mutations__of_a_dataset FOREIGN KEY (identity_id, dataset_name)
      REFERENCES datasets (identity_id, dataset_name) ON DELETE CASCADE
  )`,
  'CREATE INDEX sync_mutations__by_time ON sync_mutations (created_at)',
  // No foreign key: an event must reach its stream even when its dataset is merged or deleted meanwhile.
  `CREATE TABLE sync_events (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    sync_count bigint NOT NULL,
    consumer text NOT NULL,
    identity_pool_id text NOT NULL,
    operation text NOT NULL,
    device_id text,
    payload json,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    failure text,
    is_dead boolean NOT NULL,
    retried_at timestamptz,
    CONSTRAINT sync_events__primary_key PRIMARY KEY (identity_id, dataset_name, consumer, sync_count)
  )`,
  'CREATE INDEX sync_events__due ON sync_events (consumer, next_attempt_at) WHERE NOT is_dead',
  'CREATE INDEX sync_events__dead ON sync_events (next_attempt_at) WHERE is_dead',
  'CREATE INDEX sync_events__by_pool ON sync_events (identity_pool_id, consumer, is_dead, next_attempt_at)',
  // Records of events that were too large to hold them, as long as their addresses hold.
  `CREATE TABLE stream_payloads (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    sync_count bigint NOT NULL,
    origin text NOT NULL,
    records text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT stream_payloads__primary_key PRIMARY KEY (identity_id, dataset_name, sync_count, origin),
    CONSTRAINT stream_payloads__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX stream_payloads__by_expiry ON stream_payloads (expires_at)',
  // The last bulk publish of each pool. Apart from its configuration, whose copies each step would drop.
  `CREATE TABLE bulk_publishes (
    identity_pool_id text NOT NULL,
    stream_name text NOT NULL,
    status text NOT NULL,
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    failure_message text,
    published_datasets bigint NOT NULL,
    after_identity text NOT NULL,
    after_dataset text NOT NULL,
    progressed_at timestamptz NOT NULL,
    attempts integer NOT NULL,
    publisher text,
    next_attempt_at timestamptz NOT NULL,
    last_succeeded_at timestamptz,
    CONSTRAINT bulk_publishes__primary_key PRIMARY KEY (identity_pool_id),
    CONSTRAINT bulk_publishes__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE pool_usage (
    identity_pool_id text NOT NULL,
    shard integer NOT NULL,
    data_storage bigint NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT pool_usage__primary_key PRIMARY KEY (identity_pool_id, shard),
    CONSTRAINT pool_usage__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `INSERT INTO pool_usage (identity_pool_id, shard, data_storage, last_modified_at)
     SELECT identity_pool_id, 0, sum(data_storage), max(last_modified_at) FROM datasets GROUP BY identity_pool_id`,
  `CREATE TABLE sync_session_counts (
    identity_pool_id text NOT NULL,
    day text COLLATE "C" NOT NULL,
    shard integer NOT NULL,
    sessions bigint NOT NULL,
    CONSTRAINT sync_session_counts__primary_key PRIMARY KEY (identity_pool_id, day, shard),
    CONSTRAINT sync_session_counts__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX sync_session_counts__to_fold ON sync_session_counts (day) WHERE shard <> 0',
  `CREATE TABLE sync_configurations (
    identity_pool_id text NOT NULL,
    merge_rules json NOT NULL,
    history_retention_days integer NOT NULL,
    fold_strategy text,
    sync_trigger json,
    push_sync json,
    stream json,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT sync_configurations__primary_key PRIMARY KEY (identity_pool_id),
    CONSTRAINT sync_configurations__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE devices (
    identity_id text NOT NULL,
    device_id text NOT NULL,
    identity_pool_id text NOT NULL,
    platform text NOT NULL,
    token_hash text NOT NULL,
    sealed_token text NOT NULL,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT devices__primary_key PRIMARY KEY (identity_id, device_id),
    CONSTRAINT devices__each_token_once UNIQUE (identity_id, platform, token_hash),
    CONSTRAINT devices__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE dataset_subscriptions (
    identity_id text NOT NULL,
    dataset_name text COLLATE "C" NOT NULL,
    device_id text NOT NULL,
    created_at timestamptz NOT NULL,
    pending_sync_count bigint,
    pending_since timestamptz,
    next_attempt_at timestamptz,
    attempts integer NOT NULL,
    CONSTRAINT dataset_subscriptions__primary_key PRIMARY KEY (identity_id, dataset_name, device_id),
    CONSTRAINT dataset_subscriptions__of_a_device FOREIGN KEY (identity_id, device_id)
      REFERENCES devices (identity_id, device_id) ON DELETE CASCADE
  )`,
  `CREATE INDEX dataset_subscriptions__due ON dataset_subscriptions (next_attempt_at)
     WHERE pending_sync_count IS NOT NULL`,
  // Unique across identities, so its key is the token's own; like logins it has no foreign key to them.
  `CREATE TABLE device_tokens (
    token_hash text NOT NULL,
    identity_pool_id text NOT NULL,
    identity_id text NOT NULL,
    CONSTRAINT device_tokens__primary_key PRIMARY KEY (token_hash),
    CONSTRAINT device_tokens__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  'CREATE INDEX device_tokens__by_pool ON device_tokens (identity_pool_id)',
  `CREATE TABLE platform_failures (
    identity_pool_id text NOT NULL,
    application_arn text NOT NULL,
    reason text NOT NULL,
    failed_at timestamptz NOT NULL,
    CONSTRAINT platform_failures__primary_key PRIMARY KEY (identity_pool_id, application_arn),
    CONSTRAINT platform_failures__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  'DROP FUNCTION update_records',
  'DROP FUNCTION delete_dataset',
  EXTENDED_UPDATE_RECORDS,
  EXTENDED_DELETE_DATASET,
  SYNCHRONIZE,
];

const DOWN = [
  'DROP FUNCTION synchronize',
  'DROP FUNCTION delete_dataset',
  'DROP FUNCTION update_records',
  UPDATE_RECORDS,
  DELETE_DATASET,
  'DROP TABLE platform_failures',
  'DROP TABLE device_tokens',
  'DROP TABLE dataset_subscriptions',
  'DROP TABLE devices',
  'DROP TABLE sync_configurations',
  'DROP TABLE sync_session_counts',
  'DROP TABLE pool_usage',
  'DROP TABLE bulk_publishes',
  'DROP TABLE stream_payloads',
  'DROP TABLE sync_events',
  'DROP TABLE sync_mutations',
  'DROP TABLE record_history',
  'ALTER TABLE datasets DROP COLUMN history_since_sync_count, DROP COLUMN oldest_history_at',
  'DROP INDEX identities__by_survivor',
];
