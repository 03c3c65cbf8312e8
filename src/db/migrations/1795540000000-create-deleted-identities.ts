import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The ids of deleted identities as hashes, so that a device that comes back is told what happened. */
export class CreateDeletedIdentities1795540000000 implements MigrationInterface {
  name = 'CreateDeletedIdentities1795540000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE deleted_identities (
      identity_key text NOT NULL,
      deleted_at timestamptz NOT NULL,
      CONSTRAINT deleted_identities__primary_key PRIMARY KEY (identity_key)
    )`);
    await runner.query('CREATE INDEX deleted_identities__by_time ON deleted_identities (deleted_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE deleted_identities');
  }
}
