import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which lists of providers a pool was given as empty ones: AWS's clients read those back, and not the ones never given. */
export class RememberEmptyLists1795610000000 implements MigrationInterface {
  name = 'RememberEmptyLists1795610000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE identity_pools ADD COLUMN empty_lists json NOT NULL DEFAULT '[]'`);
    await runner.query('ALTER TABLE identity_pools ALTER COLUMN empty_lists DROP DEFAULT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE identity_pools DROP COLUMN empty_lists');
  }
}
