import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What callers have used of their rate limits: the table that rate-limiter-flexible's RateLimiterPostgres works on.
 * Unlogged, for it changes with every public call, and a crash of the database may forget it.
 */
export class CreateRateLimits1795510000000 implements MigrationInterface {
  name = 'CreateRateLimits1795510000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE UNLOGGED TABLE rate_limits (
      key text NOT NULL,
      points integer NOT NULL,
      expire bigint,
      CONSTRAINT rate_limits__primary_key PRIMARY KEY (key)
    )`);
    await runner.query('CREATE INDEX rate_limits__by_expiry ON rate_limits (expire)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE rate_limits');
  }
}
