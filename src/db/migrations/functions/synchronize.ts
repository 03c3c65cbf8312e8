/** Removes the records with their history and keeps the row with its count. Answers with the dataset as it was. */
export const EXTENDED_DELETE_DATASET = `
CREATE FUNCTION delete_dataset(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  given_modifier text, given_time timestamptz, event_consumers text[], usage_shard integer
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
  DELETE FROM record_history h WHERE h.identity_id = given_identity_id AND h.dataset_name = given_dataset_name;
  UPDATE datasets d SET
      is_deleted = true, deleted_sync_count = d.sync_count, -- S21
      num_records = 0, num_tombstones = 0, data_storage = 0, history_since_sync_count = NULL,
      oldest_history_at = NULL,
      last_modified_at = given_time, last_modified_by = given_modifier
    WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name;
  event_consumers := array_remove(event_consumers, 'stream') || ARRAY( -- S54, as in update_records
    SELECT 'stream' FROM sync_configurations c
      WHERE c.identity_pool_id = given_pool_id AND c.stream->>'streamingStatus' = 'ENABLED');
  INSERT INTO sync_events (
      identity_id, dataset_name, sync_count, consumer, identity_pool_id, operation, device_id, payload,
      created_at, next_attempt_at, attempts, is_dead)
    SELECT given_identity_id, given_dataset_name, dataset.sync_count + 1, c.consumer, given_pool_id, 'remove', NULL, NULL,
           given_time, given_time, 0, false
      FROM unnest(event_consumers) AS c(consumer); -- the count that a deletion leaves out (S23)
  INSERT INTO pool_usage AS u (identity_pool_id, shard, data_storage, last_modified_at)
    VALUES (given_pool_id, usage_shard, -dataset.data_storage, given_time)
    ON CONFLICT (identity_pool_id, shard) DO UPDATE SET
      data_storage = u.data_storage + excluded.data_storage,
      last_modified_at = greatest(u.last_modified_at, excluded.last_modified_at);
  RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset));
END $$`;

/** Push and pull in one round trip: what update_records did, and what list_records shows then. */
export const SYNCHRONIZE = `
CREATE FUNCTION synchronize(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  patch_keys text[], patch_values text[], patch_counts bigint[], patch_device_times timestamptz[],
  patch_on_stale text[], patch_modifiers text[],
  given_modifier text, given_device_id text, given_time timestamptz,
  given_session_id text, session_expires_at timestamptz,
  given_mutation_id text, given_body_hash text, given_outcome json, expected_sync_count bigint,
  keep_history boolean, event_consumers text[], usage_shard integer,
  max_datasets integer, max_deleted_datasets integer, max_records integer, max_bytes bigint, max_tombstones integer,
  lock_identity boolean,
  pull_from bigint, page_size integer
) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  push json;
BEGIN
  -- A pull ahead of the dataset is refused by who reads it (S28); a count never falls, so this needs no lock.
  IF cardinality(patch_keys) = 0 OR pull_from > coalesce((
    SELECT d.sync_count FROM datasets d
      WHERE d.identity_id = given_identity_id AND d.dataset_name = given_dataset_name), 0) THEN
    push := json_build_object('status', 'OK', 'applied', '[]'::json);
  ELSE
    push := update_records(
      given_pool_id, given_identity_id, given_dataset_name,
      patch_keys, patch_values, patch_counts, patch_device_times, patch_on_stale, patch_modifiers,
      given_modifier, given_device_id, given_time, given_session_id, session_expires_at,
      given_mutation_id, given_body_hash, given_outcome, expected_sync_count, keep_history, event_consumers, usage_shard,
      max_datasets, max_deleted_datasets, max_records, max_bytes, max_tombstones, lock_identity);
    IF push->>'status' NOT IN ('OK', 'REPEATED', 'CONFLICT') THEN
      RETURN json_build_object('push', push);
    END IF;
  END IF;
  RETURN json_build_object('push', push, 'pull', list_records(
    given_pool_id, given_identity_id, given_dataset_name, NULL, pull_from, pull_from, NULL, NULL, page_size));
END $$`;
