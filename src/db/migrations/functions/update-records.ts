/**
 * The merge (src/sync/SPEC.md). VOLATILE, so that each statement in it sees what was committed while it waited for
 * the lock before; a single statement would miss conflicts at READ COMMITTED.
 *
 * Whoever needs both locks takes the identity's before the dataset's. A live dataset needs only its own. A deleted one
 * was locked before it was seen to be deleted, so the call gives up with LOCK_IDENTITY_FIRST and is sent again.
 *
 * What becomes of a stale patch is said by patch_on_stale: REJECT refuses the whole call, DROP leaves the patch out,
 * WRITE writes it all the same, LAST_WRITER lets the later device time decide, and RULE answers MERGE_FIRST with what
 * the caller needs to merge the values and send the patch again.
 */
export const EXTENDED_UPDATE_RECORDS = `
CREATE FUNCTION update_records(
  given_pool_id text, given_identity_id text, given_dataset_name text,
  patch_keys text[], patch_values text[], patch_counts bigint[], patch_device_times timestamptz[],
  patch_on_stale text[], patch_modifiers text[],
  given_modifier text, given_device_id text, given_time timestamptz,
  given_session_id text, session_expires_at timestamptz,
  given_mutation_id text, given_body_hash text, given_outcome json, expected_sync_count bigint,
  keep_history boolean, event_consumers text[], usage_shard integer,
  max_datasets integer, max_deleted_datasets integer, max_records integer, max_bytes bigint, max_tombstones integer,
  lock_identity boolean
) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  dataset datasets%ROWTYPE;
  owner record;
  mutation sync_mutations%ROWTYPE;
  written record;
  replaced record;
  names record;
  dropped json;
  outcome json;
  count_before bigint;
  storage_before bigint;
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
  END IF;
  IF given_mutation_id IS NOT NULL THEN -- S46
    SELECT * INTO mutation FROM sync_mutations m
      WHERE m.identity_id = given_identity_id AND m.mutation_id = given_mutation_id;
    IF mutation.body_hash <> given_body_hash THEN
      RETURN json_build_object('status', 'MUTATION_ID_REUSED');
    ELSIF FOUND THEN
      RETURN json_build_object('status', 'REPEATED', 'dataset', row_to_json(dataset), 'result', mutation.result);
    END IF;
  END IF;
  -- S51: a deletion has changed it, too, by the count that it leaves out.
  IF expected_sync_count <> coalesce(dataset.sync_count + dataset.is_deleted::integer, 0) THEN
    RETURN json_build_object('status', 'CHANGED');
  ELSIF cardinality(patch_keys) = 0 THEN -- S6
    RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset), 'applied', '[]'::json);
  END IF;

  SELECT count(*) FILTER (WHERE p.on_stale = 'REJECT') AS rejecting, count(*) FILTER (WHERE p.on_stale = 'RULE') AS ruled,
         count(*) AS stale
    INTO replaced
    FROM unnest(patch_keys, patch_counts, patch_on_stale) AS p(record_key, sync_count, on_stale)
    JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
      AND r.record_key = p.record_key
    WHERE r.sync_count > p.sync_count;
  IF replaced.rejecting > 0 OR replaced.ruled > 0 THEN -- S7, S9, S49
    RETURN json_build_object(
      'status', CASE WHEN replaced.rejecting > 0 THEN 'CONFLICT' ELSE 'MERGE_FIRST' END,
      'dataset', row_to_json(dataset),
      'conflicts', (
        SELECT json_agg(met) FROM (
          SELECT r.record_key AS key, p.sync_count AS patch_sync_count, r.value, r.sync_count,
                 (date_part('epoch', r.last_modified_at) * 1000)::bigint AS modified_ms,
                 r.last_modified_by AS modified_by,
                 (date_part('epoch', r.device_last_modified_at) * 1000)::bigint AS device_ms,
                 p.on_stale = 'RULE' AND p.sync_count > 0 AND h.record_key IS NULL AS base_is_unknown, h.value AS base_value
            FROM unnest(patch_keys, patch_counts, patch_on_stale) AS p(record_key, sync_count, on_stale)
            JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
              AND r.record_key = p.record_key
            LEFT JOIN LATERAL ( -- the newest that may be it, however many older ones there are
              SELECT v.record_key, v.value, v.superseded_sync_count FROM record_history v
                WHERE p.on_stale = 'RULE' AND v.identity_id = given_identity_id
                  AND v.dataset_name = given_dataset_name AND v.record_key = p.record_key
                  AND v.sync_count <= p.sync_count
                ORDER BY v.sync_count DESC LIMIT 1) h ON h.superseded_sync_count > p.sync_count
            WHERE r.sync_count > p.sync_count
              AND p.on_stale = CASE WHEN replaced.rejecting > 0 THEN 'REJECT' ELSE 'RULE' END
            ORDER BY r.record_key
        ) met
      ));
  ELSIF replaced.stale > 0 THEN -- S47, S48
    SELECT json_agg(met ORDER BY met.key) INTO dropped FROM (
      SELECT r.record_key AS key, p.sync_count AS patch_sync_count, r.value, r.sync_count,
             (date_part('epoch', r.last_modified_at) * 1000)::bigint AS modified_ms,
             r.last_modified_by AS modified_by,
             (date_part('epoch', r.device_last_modified_at) * 1000)::bigint AS device_ms
        FROM unnest(patch_keys, patch_counts, patch_on_stale, patch_device_times)
               AS p(record_key, sync_count, on_stale, device_time)
        JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
          AND r.record_key = p.record_key
        WHERE r.sync_count > p.sync_count AND (
          p.on_stale = 'DROP'
          OR p.on_stale = 'LAST_WRITER'
            AND (coalesce(p.device_time, '-infinity'), given_modifier COLLATE "C")
             <= (coalesce(r.device_last_modified_at, '-infinity'), r.last_modified_by COLLATE "C"))) met;
    IF dropped IS NOT NULL THEN
      SELECT coalesce(array_agg(p.record_key), '{}'), array_agg(p.value), array_agg(p.sync_count),
             array_agg(p.device_time), array_agg(p.modifier)
        INTO patch_keys, patch_values, patch_counts, patch_device_times, patch_modifiers
        FROM unnest(patch_keys, patch_values, patch_counts, patch_device_times, patch_modifiers)
               AS p(record_key, value, sync_count, device_time, modifier)
        WHERE NOT EXISTS (SELECT 1 FROM json_array_elements(dropped) AS e WHERE e->>'key' = p.record_key);
      IF cardinality(patch_keys) = 0 THEN
        RETURN json_build_object('status', 'OK', 'dataset', row_to_json(dataset), 'applied', '[]'::json, 'conflicts', dropped);
      END IF;
    END IF;
  END IF;

  -- S11: of a removed record there are neither bytes, since its value is null, nor is it counted.
  SELECT max(p.sync_count) AS highest_count, count(p.value) AS records,
         count(*) FILTER (WHERE p.value IS NULL) AS removals,
         coalesce(sum(octet_length(p.record_key) + octet_length(p.value)), 0) AS bytes
    INTO written
    FROM unnest(patch_keys, patch_values, patch_counts) AS p(record_key, value, sync_count);
  SELECT count(r.value) AS records,
         coalesce(sum(octet_length(r.record_key) + octet_length(r.value)), 0) AS bytes,
         count(*) FILTER (WHERE r.value IS NULL) AS tombstones
    INTO replaced
    FROM unnest(patch_keys) AS p(record_key)
    JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
      AND r.record_key = p.record_key;
  IF written.highest_count > coalesce(dataset.sync_count, 0) THEN -- S8
    RETURN json_build_object('status', 'AHEAD', 'dataset', row_to_json(dataset), 'value', written.highest_count);
  END IF;

  count_before := coalesce(dataset.sync_count, 0);
  storage_before := coalesce(dataset.data_storage, 0);
  dataset.num_records := coalesce(dataset.num_records, 0) + written.records - replaced.records;
  dataset.data_storage := storage_before + written.bytes - replaced.bytes;
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
      num_records, num_tombstones, purged_sync_count, data_storage, created_at, last_modified_at, last_modified_by,
      history_since_sync_count, oldest_history_at)
    VALUES (
      given_identity_id, given_dataset_name, given_pool_id,
      count_before + 1 + (dataset.is_deleted IS TRUE)::integer, -- S1, S23
      coalesce(dataset.deleted_sync_count, 0), false,
      dataset.num_records, dataset.num_tombstones, coalesce(dataset.purged_sync_count, 0),
      dataset.data_storage, dataset.created_at, given_time, given_modifier,
      -- S53. Of a deleted dataset only the count that its deletion left out is known: it was empty then.
      CASE WHEN keep_history THEN
        coalesce(dataset.history_since_sync_count, count_before + (dataset.is_deleted IS TRUE)::integer) END,
      CASE WHEN keep_history AND replaced.records + replaced.tombstones > 0
        THEN coalesce(dataset.oldest_history_at, given_time) ELSE dataset.oldest_history_at END)
    ON CONFLICT (identity_id, dataset_name) DO UPDATE SET
      sync_count = excluded.sync_count, is_deleted = excluded.is_deleted,
      num_records = excluded.num_records, num_tombstones = excluded.num_tombstones, data_storage = excluded.data_storage,
      created_at = excluded.created_at, last_modified_at = excluded.last_modified_at,
      last_modified_by = excluded.last_modified_by, history_since_sync_count = excluded.history_since_sync_count,
      oldest_history_at = excluded.oldest_history_at
    RETURNING d.* INTO dataset;
  IF keep_history THEN -- S52
    INSERT INTO record_history (
        identity_id, dataset_name, record_key, sync_count, superseded_sync_count, value,
        last_modified_at, last_modified_by, device_last_modified_at, superseded_at)
      SELECT r.identity_id, r.dataset_name, r.record_key, r.sync_count, dataset.sync_count, r.value,
             r.last_modified_at, r.last_modified_by, r.device_last_modified_at, given_time
        FROM unnest(patch_keys) AS p(record_key)
        JOIN records r ON r.identity_id = given_identity_id AND r.dataset_name = given_dataset_name
          AND r.record_key = p.record_key;
  END IF;
  INSERT INTO records (
      identity_id, dataset_name, record_key, value, sync_count,
      last_modified_at, last_modified_by, device_last_modified_at)
    SELECT d.identity_id, d.dataset_name, p.record_key, p.value, d.sync_count, -- S2, S5
           given_time, coalesce(p.modifier, given_modifier), p.device_time
      FROM datasets d,
           unnest(patch_keys, patch_values, patch_device_times, patch_modifiers)
             AS p(record_key, value, device_time, modifier)
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

  outcome := json_build_object(
    'status', 'OK', 'dataset', row_to_json(dataset), 'applied', array_to_json(patch_keys), 'conflicts', dropped);
  IF given_mutation_id IS NOT NULL THEN -- S46
    INSERT INTO sync_mutations (identity_id, mutation_id, dataset_name, body_hash, result, created_at)
      VALUES (given_identity_id, given_mutation_id, given_dataset_name, given_body_hash,
              json_build_object('sync_count', dataset.sync_count, 'applied', coalesce(given_outcome->'applied', array_to_json(patch_keys)), 'conflicts', (
                SELECT json_agg(json_build_object('key', e->>'key', 'patch_sync_count', (e->>'patch_sync_count')::bigint))
                  FROM json_array_elements(coalesce(given_outcome->'conflicts', dropped, '[]'::json)) AS e)),
              given_time)
      ON CONFLICT (identity_id, mutation_id) DO NOTHING;
    IF NOT FOUND THEN -- It was used for another dataset at the same time, which has other locks: seen when this is run again.
      RAISE EXCEPTION 'mutation id in use' USING ERRCODE = 'serialization_failure';
    END IF;
  END IF;
  -- S54. Not by the caller's copy of the configuration, which may be older than the answer that switched streaming on.
  event_consumers := array_remove(event_consumers, 'stream') || ARRAY(
    SELECT 'stream' FROM sync_configurations c
      WHERE c.identity_pool_id = given_pool_id AND c.stream->>'streamingStatus' = 'ENABLED');
  IF cardinality(event_consumers) > 0 THEN
    INSERT INTO sync_events (
        identity_id, dataset_name, sync_count, consumer, identity_pool_id, operation, device_id, payload,
        created_at, next_attempt_at, attempts, is_dead)
      SELECT given_identity_id, given_dataset_name, dataset.sync_count, c.consumer, given_pool_id, 'replace', given_device_id,
             CASE WHEN c.consumer = 'stream' THEN (
               SELECT json_agg(json_build_object(
                   'key', p.record_key, 'value', p.value, 'deviceLastModifiedDate',
                   (date_part('epoch', p.device_time) * 1000)::bigint))
                 FROM unnest(patch_keys, patch_values, patch_device_times) AS p(record_key, value, device_time)) END,
             given_time, given_time, 0, false
        FROM unnest(event_consumers) AS c(consumer)
        WHERE c.consumer <> 'push' OR EXISTS (
          SELECT 1 FROM dataset_subscriptions s
            WHERE s.identity_id = given_identity_id AND s.dataset_name = given_dataset_name
              AND s.device_id IS DISTINCT FROM given_device_id);
  END IF;
  INSERT INTO pool_usage AS u (identity_pool_id, shard, data_storage, last_modified_at) -- S55
    VALUES (given_pool_id, usage_shard, dataset.data_storage - storage_before, given_time)
    ON CONFLICT (identity_pool_id, shard) DO UPDATE SET
      data_storage = u.data_storage + excluded.data_storage,
      last_modified_at = greatest(u.last_modified_at, excluded.last_modified_at);
  RETURN outcome;
END $$`;
