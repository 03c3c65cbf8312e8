import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** How many sync sessions a pool had on a day, spread over rows. */
@Entity('sync_session_counts')
@Index('sync_session_counts__to_fold', ['day'], { where: 'shard <> 0' })
export class SyncSessionCount {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'sync_session_counts__primary_key',
  })
  @ForeignKey('identity_pools', { name: 'sync_session_counts__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** `YYYY-MM-DD`, in UTC. */
  @PrimaryColumn('text', { collation: 'C', primaryKeyConstraintName: 'sync_session_counts__primary_key' })
  day!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'sync_session_counts__primary_key' })
  shard!: number;

  /** Arrives as a string. */
  @Column('bigint')
  sessions!: string;
}
