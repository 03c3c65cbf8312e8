import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { IdentityPool } from '../identity-pools/identity-pool.entity';

/**
 * How many identities a pool won and lost on a day, in total or of one provider. A day's count is the sum of its
 * shards: sign-ins at the same time would queue on one row.
 */
@Entity('identity_counts')
@Index('identity_counts__to_fold', ['day'], { where: 'shard <> 0' })
export class IdentityCount {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'identity_counts__primary_key',
  })
  @ForeignKey(() => IdentityPool, { name: 'identity_counts__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** `YYYY-MM-DD`, in UTC. */
  @PrimaryColumn('text', { collation: 'C', primaryKeyConstraintName: 'identity_counts__primary_key' })
  day!: string;

  /** A provider, for the identities that have a login of it; '' for all identities. */
  @PrimaryColumn('text', { primaryKeyConstraintName: 'identity_counts__primary_key' })
  provider!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'identity_counts__primary_key' })
  shard!: number;

  /** Arrives as a string. */
  @Column('bigint')
  created!: string;

  /** Those that were deleted, merged into another, disabled, or lost their last login of the provider. */
  @Column('bigint')
  removed!: string;
}
