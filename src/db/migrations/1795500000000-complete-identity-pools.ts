import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Everything else that a pool may say of its providers and roles, SAML providers, merged and idle identities. */
export class CompleteIdentityPools1795500000000 implements MigrationInterface {
  name = 'CompleteIdentityPools1795500000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const statement of DOWN) await runner.query(statement);
  }
}

const POOL_LISTS = [
  'supported_login_providers',
  'cognito_identity_providers',
  'saml_provider_arns',
  'role_mappings',
  'principal_tag_attribute_maps',
];

const UP = [
  `ALTER TABLE identity_pools ADD COLUMN developer_provider_name text`,
  ...POOL_LISTS.flatMap((column) => [
    `ALTER TABLE identity_pools ADD COLUMN ${column} json NOT NULL DEFAULT '[]'`,
    `ALTER TABLE identity_pools ALTER COLUMN ${column} DROP DEFAULT`,
  ]),
  `CREATE TABLE saml_providers (
    provider_arn text NOT NULL,
    name text NOT NULL,
    metadata_document text NOT NULL,
    created_at timestamptz NOT NULL,
    last_modified_at timestamptz NOT NULL,
    CONSTRAINT saml_providers__primary_key PRIMARY KEY (provider_arn)
  )`,
  `CREATE TABLE used_saml_assertions (
    assertion_key text NOT NULL,
    bound_to text NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT used_saml_assertions__primary_key PRIMARY KEY (assertion_key)
  )`,
  `CREATE INDEX used_saml_assertions__by_expiry ON used_saml_assertions (expires_at)`,
  `ALTER TABLE identities ADD COLUMN merged_into text`,
  `ALTER TABLE identities ADD COLUMN last_active_at timestamptz`,
  `UPDATE identities SET last_active_at = created_at`,
  `ALTER TABLE identities ALTER COLUMN last_active_at SET NOT NULL`,
];

const DOWN = [
  `ALTER TABLE identities DROP COLUMN last_active_at`,
  `ALTER TABLE identities DROP COLUMN merged_into`,
  `DROP TABLE used_saml_assertions`,
  `DROP TABLE saml_providers`,
  ...POOL_LISTS.toReversed().map((column) => `ALTER TABLE identity_pools DROP COLUMN ${column}`),
  `ALTER TABLE identity_pools DROP COLUMN developer_provider_name`,
];
