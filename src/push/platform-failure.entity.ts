import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** The last time that a platform refused what was sent by an application, for an administrator to look at. */
@Entity('platform_failures')
export class PlatformFailure {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'platform_failures__primary_key',
  })
  @ForeignKey('identity_pools', { name: 'platform_failures__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  @PrimaryColumn('text', {
    name: 'application_arn',
    primaryKeyConstraintName: 'platform_failures__primary_key',
  })
  applicationArn!: string;

  /** A sentence without secrets. */
  @Column('text')
  reason!: string;

  @Column('timestamptz', { name: 'failed_at' })
  failedAt!: Date;
}
