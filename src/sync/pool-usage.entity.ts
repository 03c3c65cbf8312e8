import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** What a pool's datasets hold (S55), spread over rows so that its identities do not wait for each other. */
@Entity('pool_usage')
export class PoolUsage {
  @PrimaryColumn('text', { name: 'identity_pool_id', primaryKeyConstraintName: 'pool_usage__primary_key' })
  @ForeignKey('identity_pools', { name: 'pool_usage__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  @PrimaryColumn('integer', { primaryKeyConstraintName: 'pool_usage__primary_key' })
  shard!: number;

  /** A share of the sum; single rows may be negative. Arrives as a string. */
  @Column('bigint', { name: 'data_storage' })
  dataStorage!: string;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
