import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The functions that sync runs on: one round trip to the database for each of its hot operations. */
export class CreateUpdateRecords1795417400000 implements MigrationInterface {
  name = 'CreateUpdateRecords1795417400000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of FUNCTIONS.toReversed()) await runner.query(`DROP FUNCTION ${name}`);
  }
}

const FUNCTIONS = ['update_records', 'delete_dataset', 'list_records'];

/**
 * The merge (src/sync/SPEC.md). VOLATILE, so that each statement in it sees what was committed while it waited for
 * the lock before; a single statement would miss conflicts at READ COMMITTED.
 *
 * Whoever needs both locks takes the identity's before the dataset's. A live dataset needs only its own. A deleted one
 * was locked before it was seen to be deleted, so the call gives up with LOCK_IDENTITY_FIRST and is sent again.
 */
export const UPDATE_RECORDS = `
CREATE FUNCTION update_records(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  patch_keys text[], patch_values text[], patch_counts bigint[], patch_device_times timestamptz[],
  given_modifier text, given_time timestamptz,
  given_session_id text, session_expires_at timestamptz,
  max_datasets integer, max_deleted_datasets integer, max_records integer, max_bytes bigint, max_tombstones integer,
  lock_identity boolean
) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  dataset datasets%ROWTYPE;
  owner record;
  written record;
  replaced record;
  names record;
BEGIN
  IF NOT lock_identity THEN
    SELECT * INTO dataset FROM datasets d
      WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name
      FOR UPDATE;
    IF dataset.is_deleted THEN
      RETURN json_build_object('status', 'LOCK_IDENTITY_FIRST');
    END IF;
  END IF;
  IF dataset.identity_id IS NULL THEN
    PERFORM 1 FROM identities i WHERE i.identity_id = given_identity_id FOR NO KEY UPDATE; -- S41
    SELECT * INTO dataset FROM datasets d
      WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name
      FOR UPDATE;
  END IF;

  SELECT i.disabled_at IS NOT NULL AS is_disabled,
         EXISTS (SELECT 1 FROM used_sync_sessions s
                 WHERE s.identity_id = given_identity_id AND s.session_id = given_session_id) AS session_is_used
    INTO owner
    FROM identities i
    WHERE i.identity_id = given_identity_id AND i.identity_pool_id = given_pool_id;
  IF NOT FOUND THEN -- S19
    RETURN json_build_object('status', 'IDENTITY_NOT_FOUND');
  ELSIF owner.is_disabled THEN
    RETURN json_build_object('status', 'IDENTITY_DISABLED');
  ELSIF owner.session_is_used THEN -- S34
    RETURN json_build_object('status', 'SESSION_USED');
  ELSIF cardinality(patch_keys) = 0 THEN -- S6
    RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset));
  END IF;

  -- S11: of a removed record there are neither bytes, since its value is null, nor is it counted.
  SELECT max(p.sync_count) AS highest_count, count(p.value) AS records,
         count(*) FILTER (WHERE p.value IS NULL) AS removals,
         coalesce(sum(octet_length(p.record_key) + octet_length(p.value)), 0) AS bytes
    INTO written
    FROM unnest(patch_keys, patch_values, patch_counts) AS p(record_key, value, sync_count);
  SELECT count(*) FILTER (WHERE r.sync_count > p.sync_count) AS conflicts, count(r.value) AS records,
         coalesce(sum(octet_length(r.record_key) + octet_length(r.value)), 0) AS bytes,
         count(*) FILTER (WHERE r.value IS NULL) AS tombstones
    INTO replaced
    FROM unnest(patch_keys, patch_values, patch_counts) AS p(record_key, value, sync_count)
    JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
      AND r.record_key = p.record_key;
  IF replaced.conflicts > 0 THEN -- S7, S9
    RETURN json_build_object(
      'status', 'CONFLICT', 'dataset', row_to_json(dataset),
      'conflicts', (
        SELECT json_agg(met) FROM (
          SELECT r.record_key AS key, p.sync_count AS patch_sync_count, r.value, r.sync_count,
                 (date_part('epoch', r.last_modified_at) * 1000)::bigint AS modified_ms,
                 r.last_modified_by AS modified_by,
                 (date_part('epoch', r.device_last_modified_at) * 1000)::bigint AS device_ms
            FROM unnest(patch_keys, patch_counts) AS p(record_key, sync_count)
            JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
              AND r.record_key = p.record_key
            WHERE r.sync_count > p.sync_count
            ORDER BY r.record_key
        ) met
      ));
  ELSIF written.highest_count > coalesce(dataset.sync_count, 0) THEN -- S8
    RETURN json_build_object('status', 'AHEAD', 'dataset', row_to_json(dataset), 'value', written.highest_count);
  END IF;

  dataset.num_records := coalesce(dataset.num_records, 0) + written.records - replaced.records;
  dataset.data_storage := coalesce(dataset.data_storage, 0) + written.bytes - replaced.bytes;
  dataset.num_tombstones := coalesce(dataset.num_tombstones, 0) + written.removals - replaced.tombstones;
  IF dataset.is_deleted IS NOT FALSE THEN -- S14, S23
    dataset.created_at := given_time;
    SELECT count(*) FILTER (WHERE NOT d.is_deleted) AS live, count(*) FILTER (WHERE d.is_deleted) AS deleted
      INTO names FROM datasets d WHERE d.identity_id = given_identity_id;
    IF names.live >= max_datasets THEN
      RETURN json_build_object('status', 'TOO_MANY_DATASETS', 'value', names.live + 1);
    ELSIF dataset.identity_id IS NULL AND names.deleted >= max_deleted_datasets THEN -- S43
      RETURN json_build_object('status', 'TOO_MANY_DELETED_DATASETS', 'value', names.deleted + 1);
    END IF;
  END IF;
  IF written.records > replaced.records AND dataset.num_records > max_records THEN -- S12
    RETURN json_build_object('status', 'TOO_MANY_RECORDS', 'value', dataset.num_records);
  ELSIF written.bytes > replaced.bytes AND dataset.data_storage > max_bytes THEN -- S13
    RETURN json_build_object('status', 'TOO_MANY_BYTES', 'value', dataset.data_storage);
  END IF;

  INSERT INTO datasets AS d (
      identity_id, dataset_name, identity_pool_id, sync_count, deleted_sync_count, is_deleted,
      num_records, num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by)
    VALUES (
      given_identity_id, given_dataset_name, given_pool_id,
      coalesce(dataset.sync_count, 0) + 1 + (dataset.is_deleted IS TRUE)::integer, -- S1, S23
      coalesce(dataset.deleted_sync_count, 0), false,
      dataset.num_records, dataset.num_tombstones, coalesce(dataset.purged_sync_count, 0),
      dataset.data_storage, dataset.created_at, given_time, given_modifier)
    ON CONFLICT (identity_id, dataset_name) DO UPDATE SET
      sync_count = excluded.sync_count, is_deleted = excluded.is_deleted,
      num_records = excluded.num_records, num_tombstones = excluded.num_tombstones, data_storage = excluded.data_storage,
      created_at = excluded.created_at, last_modified_at = excluded.last_modified_at,
      last_modified_by = excluded.last_modified_by
    RETURNING d.* INTO dataset;
  INSERT INTO records (
      identity_id, dataset_name, record_key, value, sync_count,
      last_modified_at, last_modified_by, device_last_modified_at)
    SELECT d.identity_id, d.dataset_name, p.record_key, p.value, d.sync_count, -- S2, S5
           given_time, given_modifier, p.device_time
      FROM datasets d,
           unnest(patch_keys, patch_values, patch_device_times) AS p(record_key, value, device_time)
      WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name
    ON CONFLICT (identity_id, dataset_name, record_key) DO UPDATE SET
      value = excluded.value, sync_count = excluded.sync_count,
      last_modified_at = excluded.last_modified_at, last_modified_by = excluded.last_modified_by,
      device_last_modified_at = excluded.device_last_modified_at;
  IF dataset.num_tombstones > max_tombstones THEN -- S42
    WITH purged AS (
      DELETE FROM records r
        WHERE r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
          AND r.record_key = ANY (ARRAY( -- made once, whatever the planner guesses
            SELECT o.record_key FROM records o
              WHERE o.identity_id = given_identity_id AND o.dataset_name = given_dataset_name AND o.value IS NULL
              ORDER BY o.sync_count, o.record_key LIMIT dataset.num_tombstones - max_tombstones))
        RETURNING r.sync_count
    )
    UPDATE datasets d
      SET num_tombstones = max_tombstones, purged_sync_count = (SELECT max(p.sync_count) FROM purged p)
      WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name;
  END IF;
  IF given_session_id IS NOT NULL THEN -- S34
    INSERT INTO used_sync_sessions (identity_id, session_id, dataset_name, used_at, expires_at)
      VALUES (given_identity_id, given_session_id, given_dataset_name, given_time, session_expires_at);
  END IF;
  RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset));
END $$`;

/** Removes the records and keeps the row with its count. Answers with the dataset as it was. */
export const DELETE_DATASET = `
CREATE FUNCTION delete_dataset(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  given_modifier text, given_time timestamptz
) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  dataset datasets%ROWTYPE;
  owner record;
BEGIN
  SELECT * INTO dataset FROM datasets d
    WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name
    FOR UPDATE;
  SELECT i.disabled_at IS NOT NULL AS is_disabled INTO owner FROM identities i
    WHERE i.identity_id = given_identity_id AND i.identity_pool_id = given_pool_id;
  IF NOT FOUND THEN
    RETURN json_build_object('status', 'IDENTITY_NOT_FOUND');
  ELSIF owner.is_disabled THEN
    RETURN json_build_object('status', 'IDENTITY_DISABLED');
  ELSIF dataset.is_deleted IS NOT FALSE THEN -- S22
    RETURN json_build_object('status', 'DATASET_NOT_FOUND');
  END IF;
  DELETE FROM records r WHERE r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name;
  UPDATE datasets d SET
      is_deleted = true, deleted_sync_count = d.sync_count, -- S21
      num_records = 0, num_tombstones = 0, data_storage = 0,
      last_modified_at = given_time, last_modified_by = given_modifier
    WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name;
  RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset));
END $$`;

/**
 * The dataset, its owner's state and one page of records after (after_count, after_key), all of one moment: STABLE,
 * so that everything in it reads by the snapshot of the call. Without after_key the page starts behind after_count.
 * A listing of what happened since started_at begins anew, with everything, where removals since were forgotten (S42).
 */
const LIST_RECORDS = `
CREATE FUNCTION list_records(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  given_session_id text,
  started_at bigint, after_count bigint, after_key text, snapshot_count bigint, page_size integer
) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
  starts_over boolean;
BEGIN
  starts_over := started_at > 0 AND EXISTS (
    SELECT 1 FROM datasets d WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name
      AND d.purged_sync_count > started_at);
  IF starts_over THEN
    after_count := 0;
    after_key := NULL;
    snapshot_count := NULL;
  END IF;
  RETURN (
    SELECT json_build_object(
      'starts_over', starts_over,
      'is_disabled', i.disabled_at IS NOT NULL,
      'session_is_used', EXISTS (
        SELECT 1 FROM used_sync_sessions s
          WHERE s.identity_id = given_identity_id AND s.session_id = given_session_id),
      'dataset', (
        SELECT row_to_json(d) FROM datasets d
          WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name),
      -- '/' comes after '.' in the collation "C", so these are the names that start with NAME and a dot.
      'dotted_names', (
        SELECT json_agg(m.dataset_name ORDER BY m.dataset_name) FROM datasets m
          WHERE m.identity_id = given_identity_id AND NOT m.is_deleted
            AND m.dataset_name > given_dataset_name || '.' AND m.dataset_name < given_dataset_name || '/'),
      'records', (
        SELECT json_agg(page) FROM (
          SELECT r.record_key AS key, r.value, r.sync_count,
                 (date_part('epoch', r.last_modified_at) * 1000)::bigint AS modified_ms,
                 r.last_modified_by AS modified_by,
                 (date_part('epoch', r.device_last_modified_at) * 1000)::bigint AS device_ms
            FROM records r
            WHERE r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
              AND r.sync_count >= after_count
              AND (r.sync_count > after_count OR r.record_key > after_key)
              AND (snapshot_count IS NULL OR r.sync_count <= snapshot_count)
            ORDER BY r.sync_count, r.record_key
            LIMIT page_size
        ) page))
      FROM identities i
      WHERE i.identity_id = given_identity_id AND i.identity_pool_id = given_pool_id);
END $$`;

const UP = [UPDATE_RECORDS, DELETE_DATASET, LIST_RECORDS];
