import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who did what: ids are ordered by time, so that pages, times and the end of retention go by the primary key. */
export class CreateAuditEvents1795520000000 implements MigrationInterface {
  name = 'CreateAuditEvents1795520000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of UP) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_events');
  }
}

const UP = [
  `CREATE TABLE audit_events (
    event_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor_kind text NOT NULL,
    actor_id text,
    actor_arn text,
    action text NOT NULL,
    resource_arn text NOT NULL,
    identity_pool_id text,
    outcome text NOT NULL,
    error_code text,
    source_ip text,
    user_agent text,
    request_id text NOT NULL,
    details json NOT NULL,
    CONSTRAINT audit_events__primary_key PRIMARY KEY (event_id)
  )`,
  `CREATE INDEX audit_events__by_action ON audit_events (action, event_id)`,
  `CREATE INDEX audit_events__by_actor ON audit_events (actor_id, event_id)`,
  `CREATE INDEX audit_events__by_pool ON audit_events (identity_pool_id, event_id)`,
];
