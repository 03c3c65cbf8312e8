-- The schema that the migrations make, for reviewers. Not run by anything.
-- Written by: UPDATE_SCHEMA_SQL=1 npx jest test/migrations.test.ts

table api_keys
  access_key_id text NOT NULL
  name text NOT NULL
  sealed_secret text NOT NULL
  managed_policies json NOT NULL
  inline_policies json NOT NULL
  created_at timestamp with time zone NOT NULL
  revoked_at timestamp with time zone

table audit_events
  event_id text COLLATE "C" NOT NULL
  occurred_at timestamp with time zone NOT NULL
  actor_kind text NOT NULL
  actor_id text
  actor_arn text
  action text NOT NULL
  resource_arn text NOT NULL
  identity_pool_id text
  outcome text NOT NULL
  error_code text
  source_ip text
  user_agent text
  request_id text NOT NULL
  details json NOT NULL

table bulk_publishes
  identity_pool_id text NOT NULL
  stream_name text NOT NULL
  status text NOT NULL
  started_at timestamp with time zone NOT NULL
  completed_at timestamp with time zone
  failure_message text
  published_datasets bigint NOT NULL
  after_identity text NOT NULL
  after_dataset text NOT NULL
  progressed_at timestamp with time zone NOT NULL
  attempts integer NOT NULL
  publisher text
  next_attempt_at timestamp with time zone NOT NULL
  last_succeeded_at timestamp with time zone

table dataset_subscriptions
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  device_id text NOT NULL
  created_at timestamp with time zone NOT NULL
  pending_sync_count bigint
  pending_since timestamp with time zone
  next_attempt_at timestamp with time zone
  attempts integer NOT NULL

table datasets
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  identity_pool_id text NOT NULL
  sync_count bigint NOT NULL
  deleted_sync_count bigint NOT NULL
  is_deleted boolean NOT NULL
  num_records integer NOT NULL
  num_tombstones integer NOT NULL
  purged_sync_count bigint NOT NULL
  data_storage bigint NOT NULL
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL
  last_modified_by text NOT NULL
  history_since_sync_count bigint
  oldest_history_at timestamp with time zone

table deleted_identities
  identity_key text NOT NULL
  deleted_at timestamp with time zone NOT NULL

table device_tokens
  token_hash text NOT NULL
  identity_pool_id text NOT NULL
  identity_id text NOT NULL

table devices
  identity_id text NOT NULL
  device_id text NOT NULL
  identity_pool_id text NOT NULL
  platform text NOT NULL
  token_hash text NOT NULL
  sealed_token text NOT NULL
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL

table identities
  identity_id text NOT NULL
  identity_pool_id text NOT NULL
  is_authenticated boolean NOT NULL
  disabled_at timestamp with time zone
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL
  merged_into text
  last_active_at timestamp with time zone NOT NULL

table identity_counts
  identity_pool_id text NOT NULL
  day text COLLATE "C" NOT NULL
  provider text NOT NULL
  shard integer NOT NULL
  created bigint NOT NULL
  removed bigint NOT NULL

table identity_logins
  identity_id text NOT NULL
  provider text NOT NULL
  login_key text NOT NULL
  subject text NOT NULL
  created_at timestamp with time zone NOT NULL

table identity_pools
  identity_pool_id text NOT NULL
  name text NOT NULL
  allow_unauthenticated_identities boolean NOT NULL
  allow_classic_flow boolean
  open_id_connect_provider_arns json NOT NULL
  tags json NOT NULL
  authenticated_role_arn text
  unauthenticated_role_arn text
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL
  deleted_at timestamp with time zone
  developer_provider_name text
  supported_login_providers json NOT NULL
  cognito_identity_providers json NOT NULL
  saml_provider_arns json NOT NULL
  role_mappings json NOT NULL
  principal_tag_attribute_maps json NOT NULL
  empty_lists json NOT NULL

table imported_datasets
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  sync_count bigint NOT NULL
  is_deleted boolean NOT NULL
  source_created_at timestamp with time zone NOT NULL
  source_modified_at timestamp with time zone NOT NULL
  imported_at timestamp with time zone NOT NULL

table imported_identities
  identity_id text NOT NULL
  source_hash text NOT NULL
  run_id text
  imported_at timestamp with time zone NOT NULL

table imported_identity_pools
  identity_pool_id text NOT NULL
  settings_hash text NOT NULL
  imported_at timestamp with time zone NOT NULL

table logins
  login_key text NOT NULL
  identity_pool_id text NOT NULL
  provider text NOT NULL
  subject text NOT NULL
  identity_id text NOT NULL
  created_at timestamp with time zone NOT NULL

table open_id_connect_providers
  provider_arn text NOT NULL
  url text NOT NULL
  client_ids json NOT NULL
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL

table platform_failures
  identity_pool_id text NOT NULL
  application_arn text NOT NULL
  reason text NOT NULL
  failed_at timestamp with time zone NOT NULL

table pool_usage
  identity_pool_id text NOT NULL
  shard integer NOT NULL
  data_storage bigint NOT NULL
  last_modified_at timestamp with time zone NOT NULL

table rate_limits
  key text NOT NULL
  points integer NOT NULL
  expire bigint

table record_history
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  record_key text COLLATE "C" NOT NULL
  sync_count bigint NOT NULL
  superseded_sync_count bigint NOT NULL
  value text
  last_modified_at timestamp with time zone NOT NULL
  last_modified_by text NOT NULL
  device_last_modified_at timestamp with time zone
  superseded_at timestamp with time zone NOT NULL

table records
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  record_key text COLLATE "C" NOT NULL
  value text
  sync_count bigint NOT NULL
  last_modified_at timestamp with time zone NOT NULL
  last_modified_by text NOT NULL
  device_last_modified_at timestamp with time zone

table roles
  role_arn text NOT NULL
  role_name text NOT NULL
  description text
  trust_policy json NOT NULL
  permission_policies json NOT NULL
  max_session_duration integer NOT NULL
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL

table saml_providers
  provider_arn text NOT NULL
  name text NOT NULL
  metadata_document text NOT NULL
  created_at timestamp with time zone NOT NULL
  last_modified_at timestamp with time zone NOT NULL

table signing_keys
  key_id text NOT NULL
  state text NOT NULL
  algorithm text NOT NULL
  public_jwk json NOT NULL
  sealed_private_jwk text NOT NULL
  created_at timestamp with time zone NOT NULL
  activated_at timestamp with time zone
  retired_at timestamp with time zone

table stream_payloads
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  sync_count bigint NOT NULL
  origin text NOT NULL
  records text NOT NULL
  expires_at timestamp with time zone NOT NULL

table sync_configurations
  identity_pool_id text NOT NULL
  merge_rules json NOT NULL
  history_retention_days integer NOT NULL
  fold_strategy text
  sync_trigger json
  push_sync json
  stream json
  last_modified_at timestamp with time zone NOT NULL

table sync_events
  identity_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  sync_count bigint NOT NULL
  consumer text NOT NULL
  identity_pool_id text NOT NULL
  operation text NOT NULL
  device_id text
  payload json
  created_at timestamp with time zone NOT NULL
  next_attempt_at timestamp with time zone NOT NULL
  attempts integer NOT NULL
  failure text
  is_dead boolean NOT NULL
  retried_at timestamp with time zone

table sync_mutations
  identity_id text NOT NULL
  mutation_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  body_hash text NOT NULL
  result json NOT NULL
  created_at timestamp with time zone NOT NULL

table sync_session_counts
  identity_pool_id text NOT NULL
  day text COLLATE "C" NOT NULL
  shard integer NOT NULL
  sessions bigint NOT NULL

table unproven_logins
  identity_id text NOT NULL
  provider text NOT NULL
  is_claimable boolean NOT NULL
  created_at timestamp with time zone NOT NULL
  settled_at timestamp with time zone

table used_saml_assertions
  assertion_key text NOT NULL
  bound_to text NOT NULL
  expires_at timestamp with time zone NOT NULL

table used_sync_sessions
  identity_id text NOT NULL
  session_id text NOT NULL
  dataset_name text COLLATE "C" NOT NULL
  used_at timestamp with time zone NOT NULL
  expires_at timestamp with time zone NOT NULL

constraint api_keys.api_keys__primary_key
  PRIMARY KEY (access_key_id)

constraint audit_events.audit_events__primary_key
  PRIMARY KEY (event_id)

constraint bulk_publishes.bulk_publishes__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint bulk_publishes.bulk_publishes__primary_key
  PRIMARY KEY (identity_pool_id)

constraint dataset_subscriptions.dataset_subscriptions__of_a_device
  FOREIGN KEY (identity_id, device_id) REFERENCES devices(identity_id, device_id) ON DELETE CASCADE

constraint dataset_subscriptions.dataset_subscriptions__primary_key
  PRIMARY KEY (identity_id, dataset_name, device_id)

constraint datasets.datasets__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint datasets.datasets__primary_key
  PRIMARY KEY (identity_id, dataset_name)

constraint deleted_identities.deleted_identities__primary_key
  PRIMARY KEY (identity_key)

constraint device_tokens.device_tokens__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint device_tokens.device_tokens__primary_key
  PRIMARY KEY (token_hash)

constraint devices.devices__each_token_once
  UNIQUE (identity_id, platform, token_hash)

constraint devices.devices__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint devices.devices__primary_key
  PRIMARY KEY (identity_id, device_id)

constraint identities.identities__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint identities.identities__primary_key
  PRIMARY KEY (identity_id)

constraint identity_counts.identity_counts__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint identity_counts.identity_counts__primary_key
  PRIMARY KEY (identity_pool_id, day, provider, shard)

constraint identity_logins.identity_logins__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint identity_logins.identity_logins__primary_key
  PRIMARY KEY (identity_id, provider, login_key)

constraint identity_pools.identity_pools__primary_key
  PRIMARY KEY (identity_pool_id)

constraint imported_datasets.imported_datasets__of_a_dataset
  FOREIGN KEY (identity_id, dataset_name) REFERENCES datasets(identity_id, dataset_name) ON DELETE CASCADE

constraint imported_datasets.imported_datasets__primary_key
  PRIMARY KEY (identity_id, dataset_name)

constraint imported_identities.imported_identities__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint imported_identities.imported_identities__primary_key
  PRIMARY KEY (identity_id)

constraint imported_identity_pools.imported_identity_pools__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint imported_identity_pools.imported_identity_pools__primary_key
  PRIMARY KEY (identity_pool_id)

constraint logins.logins__primary_key
  PRIMARY KEY (login_key)

constraint open_id_connect_providers.open_id_connect_providers__primary_key
  PRIMARY KEY (provider_arn)

constraint platform_failures.platform_failures__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint platform_failures.platform_failures__primary_key
  PRIMARY KEY (identity_pool_id, application_arn)

constraint pool_usage.pool_usage__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint pool_usage.pool_usage__primary_key
  PRIMARY KEY (identity_pool_id, shard)

constraint rate_limits.rate_limits__primary_key
  PRIMARY KEY (key)

constraint record_history.record_history__of_a_dataset
  FOREIGN KEY (identity_id, dataset_name) REFERENCES datasets(identity_id, dataset_name) ON DELETE CASCADE

constraint record_history.record_history__primary_key
  PRIMARY KEY (identity_id, dataset_name, record_key, sync_count)

constraint records.records__of_a_dataset
  FOREIGN KEY (identity_id, dataset_name) REFERENCES datasets(identity_id, dataset_name) ON DELETE CASCADE

constraint records.records__primary_key
  PRIMARY KEY (identity_id, dataset_name, record_key)

constraint roles.roles__primary_key
  PRIMARY KEY (role_arn)

constraint roles.roles__unique_name
  UNIQUE (role_name)

constraint saml_providers.saml_providers__primary_key
  PRIMARY KEY (provider_arn)

constraint signing_keys.signing_keys__known_state
  CHECK ((state = ANY (ARRAY['next'::text, 'current'::text, 'retired'::text])))

constraint signing_keys.signing_keys__primary_key
  PRIMARY KEY (key_id)

constraint stream_payloads.stream_payloads__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint stream_payloads.stream_payloads__primary_key
  PRIMARY KEY (identity_id, dataset_name, sync_count, origin)

constraint sync_configurations.sync_configurations__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint sync_configurations.sync_configurations__primary_key
  PRIMARY KEY (identity_pool_id)

constraint sync_events.sync_events__primary_key
  PRIMARY KEY (identity_id, dataset_name, consumer, sync_count)

constraint sync_mutations.sync_mutations__of_a_dataset
  FOREIGN KEY (identity_id, dataset_name) REFERENCES datasets(identity_id, dataset_name) ON DELETE CASCADE

constraint sync_mutations.sync_mutations__primary_key
  PRIMARY KEY (identity_id, mutation_id)

constraint sync_session_counts.sync_session_counts__of_a_pool
  FOREIGN KEY (identity_pool_id) REFERENCES identity_pools(identity_pool_id) ON DELETE CASCADE

constraint sync_session_counts.sync_session_counts__primary_key
  PRIMARY KEY (identity_pool_id, day, shard)

constraint unproven_logins.unproven_logins__of_an_identity
  FOREIGN KEY (identity_id) REFERENCES identities(identity_id) ON DELETE CASCADE

constraint unproven_logins.unproven_logins__primary_key
  PRIMARY KEY (identity_id, provider)

constraint used_saml_assertions.used_saml_assertions__primary_key
  PRIMARY KEY (assertion_key)

constraint used_sync_sessions.used_sync_sessions__of_a_dataset
  FOREIGN KEY (identity_id, dataset_name) REFERENCES datasets(identity_id, dataset_name) ON DELETE CASCADE

constraint used_sync_sessions.used_sync_sessions__primary_key
  PRIMARY KEY (identity_id, session_id)

index audit_events.audit_events__by_action
  CREATE INDEX audit_events__by_action ON audit_events USING btree (action, event_id)

index audit_events.audit_events__by_actor
  CREATE INDEX audit_events__by_actor ON audit_events USING btree (actor_id, event_id)

index audit_events.audit_events__by_pool
  CREATE INDEX audit_events__by_pool ON audit_events USING btree (identity_pool_id, event_id)

index dataset_subscriptions.dataset_subscriptions__due
  CREATE INDEX dataset_subscriptions__due ON dataset_subscriptions USING btree (next_attempt_at) WHERE (pending_sync_count IS NOT NULL)

index datasets.datasets__by_oldest_history
  CREATE INDEX datasets__by_oldest_history ON datasets USING btree (identity_pool_id, oldest_history_at) WHERE (oldest_history_at IS NOT NULL)

index deleted_identities.deleted_identities__by_time
  CREATE INDEX deleted_identities__by_time ON deleted_identities USING btree (deleted_at)

index device_tokens.device_tokens__by_pool
  CREATE INDEX device_tokens__by_pool ON device_tokens USING btree (identity_pool_id)

index identities.identities__by_pool
  CREATE INDEX identities__by_pool ON identities USING btree (identity_pool_id, identity_id)

index identities.identities__by_survivor
  CREATE INDEX identities__by_survivor ON identities USING btree (merged_into) WHERE (merged_into IS NOT NULL)

index identities.identities__guests_by_activity
  CREATE INDEX identities__guests_by_activity ON identities USING btree (identity_pool_id, last_active_at) WHERE (NOT is_authenticated)

index identity_counts.identity_counts__to_fold
  CREATE INDEX identity_counts__to_fold ON identity_counts USING btree (day) WHERE (shard <> 0)

index logins.logins__by_pool
  CREATE INDEX logins__by_pool ON logins USING btree (identity_pool_id)

index rate_limits.rate_limits__by_expiry
  CREATE INDEX rate_limits__by_expiry ON rate_limits USING btree (expire)

index record_history.record_history__by_count
  CREATE INDEX record_history__by_count ON record_history USING btree (identity_id, dataset_name, superseded_sync_count)

index records.records__by_sync_count
  CREATE INDEX records__by_sync_count ON records USING btree (identity_id, dataset_name, sync_count)

index signing_keys.signing_keys__one_current
  CREATE UNIQUE INDEX signing_keys__one_current ON signing_keys USING btree (state) WHERE (state <> 'retired'::text)

index stream_payloads.stream_payloads__by_expiry
  CREATE INDEX stream_payloads__by_expiry ON stream_payloads USING btree (expires_at)

index sync_events.sync_events__by_pool
  CREATE INDEX sync_events__by_pool ON sync_events USING btree (identity_pool_id, consumer, is_dead, next_attempt_at)

index sync_events.sync_events__dead
  CREATE INDEX sync_events__dead ON sync_events USING btree (next_attempt_at) WHERE is_dead

index sync_events.sync_events__due
  CREATE INDEX sync_events__due ON sync_events USING btree (consumer, next_attempt_at) WHERE (NOT is_dead)

index sync_mutations.sync_mutations__by_time
  CREATE INDEX sync_mutations__by_time ON sync_mutations USING btree (created_at)

index sync_session_counts.sync_session_counts__to_fold
  CREATE INDEX sync_session_counts__to_fold ON sync_session_counts USING btree (day) WHERE (shard <> 0)

index used_saml_assertions.used_saml_assertions__by_expiry
  CREATE INDEX used_saml_assertions__by_expiry ON used_saml_assertions USING btree (expires_at)

index used_sync_sessions.used_sync_sessions__by_expiry
  CREATE INDEX used_sync_sessions__by_expiry ON used_sync_sessions USING btree (expires_at)

function delete_dataset(given_pool_id text, given_identity_id text, given_dataset_name text, given_modifier text, given_time timestamp with time zone, event_consumers text[], usage_shard integer)
  RETURNS json LANGUAGE plpgsql VOLATILE
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
END

function list_records(given_pool_id text, given_identity_id text, given_dataset_name text, given_session_id text, started_at bigint, after_count bigint, after_key text, snapshot_count bigint, page_size integer)
  RETURNS json LANGUAGE plpgsql STABLE
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
END

function synchronize(given_pool_id text, given_identity_id text, given_dataset_name text, patch_keys text[], patch_values text[], patch_counts bigint[], patch_device_times timestamp with time zone[], patch_on_stale text[], patch_modifiers text[], given_modifier text, given_device_id text, given_time timestamp with time zone, given_session_id text, session_expires_at timestamp with time zone, given_mutation_id text, given_body_hash text, given_outcome json, expected_sync_count bigint, keep_history boolean, event_consumers text[], usage_shard integer, max_datasets integer, max_deleted_datasets integer, max_records integer, max_bytes bigint, max_tombstones integer, lock_identity boolean, pull_from bigint, page_size integer)
  RETURNS json LANGUAGE plpgsql VOLATILE
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
END

function update_records(given_pool_id text, given_identity_id text, given_dataset_name text, patch_keys text[], patch_values text[], patch_counts bigint[], patch_device_times timestamp with time zone[], patch_on_stale text[], patch_modifiers text[], given_modifier text, given_device_id text, given_time timestamp with time zone, given_session_id text, session_expires_at timestamp with time zone, given_mutation_id text, given_body_hash text, given_outcome json, expected_sync_count bigint, keep_history boolean, event_consumers text[], usage_shard integer, max_datasets integer, max_deleted_datasets integer, max_records integer, max_bytes bigint, max_tombstones integer, lock_identity boolean)
  RETURNS json LANGUAGE plpgsql VOLATILE
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
END
