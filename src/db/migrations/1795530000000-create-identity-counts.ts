import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How many identities a pool won and lost on each day, and an index by which idle guests are found. */
export class CreateIdentityCounts1795530000000 implements MigrationInterface {
  name = 'CreateIdentityCounts1795530000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX identities__guests_by_activity');
    await runner.query('DROP TABLE identity_counts');
  }
}

const day = (column: string): string => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

/** What is there already counts on the day it was made. The logins that a merged identity once had are not known. */
const COUNT_WHAT_IS_THERE = `INSERT INTO identity_counts (identity_pool_id, day, provider, shard, created, removed)
  SELECT identity_pool_id, day, provider, 0, sum(created), sum(removed) FROM (
    SELECT identity_pool_id, ${day('created_at')} AS day, '' AS provider, 1 AS created, 0 AS removed FROM identities
    UNION ALL
    SELECT identity_pool_id, ${day('disabled_at')}, '', 0, 1 FROM identities WHERE disabled_at IS NOT NULL
    UNION ALL
    SELECT i.identity_pool_id, ${day('min(l.created_at)')}, l.provider, 1, 0
      FROM identity_logins l JOIN identities i ON i.identity_id = l.identity_id
      WHERE i.disabled_at IS NULL GROUP BY i.identity_pool_id, l.identity_id, l.provider
  ) AS changes GROUP BY identity_pool_id, day, provider`;

const UP = [
  `CREATE TABLE identity_counts (
    identity_pool_id text NOT NULL,
    day text COLLATE "C" NOT NULL,
    provider text NOT NULL,
    shard integer NOT NULL,
    created bigint NOT NULL,
    removed bigint NOT NULL,
    CONSTRAINT identity_counts__primary_key PRIMARY KEY (identity_pool_id, day, provider, shard),
    CONSTRAINT identity_counts__of_a_pool FOREIGN KEY (identity_pool_id)
      REFERENCES identity_pools (identity_pool_id) ON DELETE CASCADE
  )`,
  `CREATE INDEX identity_counts__to_fold ON identity_counts (day) WHERE shard <> 0`,
  COUNT_WHAT_IS_THERE,
  `CREATE INDEX identities__guests_by_activity ON identities (identity_pool_id, last_active_at)
    WHERE NOT is_authenticated`,
];
