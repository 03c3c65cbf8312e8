import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reference data (pools, roles, providers, keys) and the identities with their logins. */
export class CreateIdentityPools1795417200000 implements MigrationInterface {
  name = 'CreateIdentityPools1795417200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES.toReversed()) await runner.query(`DROP TABLE ${table}`);
  }
}

const TABLES = [
  'identity_pools',
  'identities',
  'logins',
  'identity_logins',
  'roles',
  'open_id_connect_providers',
  'api_keys',
  'signing_keys',
];

const UP = [
  `CREATE TABLE identity_pools (
    identity_pool_id text NOT NULL,
    name text NOT NULL,
    allow_unauthenticated_identities boolean NOT NULL,
    allow_classic_flow boolean,
    open_id_connect_provider_arns json NOT NULL,
    tags json NOT NULL,
    authenticated_role_arn text,
    unauthenticated_role_arn text,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT identity_pools__primary_key PRIMARY KEY (identity_pool_id)
  )`,
  `CREATE TABLE identities (
    identity_id text NOT NULL,
    identity_pool_id text NOT NULL,
    is_authenticated boolean NOT NULL,
    disabled_at timestamptz,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT identities__primary_key PRIMARY KEY (identity_id),
    CONSTRAINT identities__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `CREATE INDEX identities__by_pool ON identities (identity_pool_id, identity_id)`,
  `CREATE TABLE logins (
    login_key text NOT NULL,
    identity_pool_id text NOT NULL,
    provider text NOT NULL,
    subject text NOT NULL,
    identity_id text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT logins__primary_key PRIMARY KEY (login_key)
  )`,
  `CREATE INDEX logins__by_pool ON logins (identity_pool_id)`,
  `CREATE TABLE identity_logins (
    identity_id text NOT NULL,
    provider text NOT NULL,
    login_key text NOT NULL,
    subject text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT identity_logins__primary_key PRIMARY KEY (identity_id, provider, login_key),
    CONSTRAINT identity_logins__of_an_identity FOREIGN KEY (identity_id)
      REFERENCES identities (identity_id) ON DELETE CASCADE
  )`,
  `CREATE TABLE roles (
    role_arn text NOT NULL,
    role_name text NOT NULL,
    description text,
    trust_policy json NOT NULL,
    permission_policies json NOT NULL,
    max_session_duration integer NOT NULL,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT roles__primary_key PRIMARY KEY (role_arn),
    CONSTRAINT roles__unique_name UNIQUE (role_name)
  )`,
  `CREATE TABLE open_id_connect_providers (
    provider_arn text NOT NULL,
    url text NOT NULL,
    client_ids json NOT NULL,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT open_id_connect_providers__primary_key PRIMARY KEY (provider_arn)
  )`,
  `CREATE TABLE api_keys (
    access_key_id text NOT NULL,
    name text NOT NULL,
    sealed_secret text NOT NULL,
    managed_policies json NOT NULL,
    inline_policies json NOT NULL,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT api_keys__primary_key PRIMARY KEY (access_key_id)
  )`,
  `CREATE TABLE signing_keys (
    key_id text NOT NULL,
    state text NOT NULL,
    algorithm text NOT NULL,
    public_jwk json NOT NULL,
    sealed_private_jwk text NOT NULL,
    created_at timestamptz NOT NULL,
    activated_at timestamptz,
    retired_at timestamptz,
    CONSTRAINT signing_keys__primary_key PRIMARY KEY (key_id),
    CONSTRAINT signing_keys__known_state CHECK (state IN ('next', 'current', 'retired'))
  )`,
  `CREATE UNIQUE INDEX signing_keys__one_current ON signing_keys (state) WHERE state <> 'retired'`,
];
