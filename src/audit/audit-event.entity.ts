import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What kind of caller it was. `system` is the server itself, as at its start and in housekeeping. */
export type AuditActorKind = 'administrator' | 'identity' | 'anonymous' | 'system';

/** Whether it was done. */
export type AuditOutcome = 'allowed' | 'denied';

/**
 * Who did what, when and from where: one row for each administrative change, each credential issue and each
 * administrative call that was denied. Written once, never changed. Holds no secret and no token.
 */
@Entity('audit_events')
@Index('audit_events__by_action', ['action', 'id'])
@Index('audit_events__by_actor', ['actorId', 'id'])
@Index('audit_events__by_pool', ['identityPoolId', 'id'])
export class AuditEvent {
  /** A UUID of version 7: its order is the order of time. */
  @PrimaryColumn('text', {
    name: 'event_id',
    collation: 'C',
    primaryKeyConstraintName: 'audit_events__primary_key',
  })
  id!: string;

  @Column('timestamptz', { name: 'occurred_at' })
  occurredAt!: Date;

  @Column('text', { name: 'actor_kind' })
  actorKind!: AuditActorKind;

  /** An access key id or an identity id. */
  @Column('text', { name: 'actor_id', nullable: true })
  actorId!: string | null;

  @Column('text', { name: 'actor_arn', nullable: true })
  actorArn!: string | null;

  /** The IAM action, such as `cognito-identity:CreateIdentityPool`. */
  @Column('text')
  action!: string;

  @Column('text', { name: 'resource_arn' })
  resourceArn!: string;

  @Column('text', { name: 'identity_pool_id', nullable: true })
  identityPoolId!: string | null;

  @Column('text')
  outcome!: AuditOutcome;

  /** Why it was denied. */
  @Column('text', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('text', { name: 'source_ip', nullable: true })
  sourceIp!: string | null;

  @Column('text', { name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column('text', { name: 'request_id' })
  requestId!: string;

  /** What else there is to say. */
  @Column('json')
  details!: Record<string, unknown>;
}
