import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A named collection of records that one identity owns. The row outlives the deletion of the dataset (S21). */
@Entity('datasets')
@Index('datasets__by_oldest_history', ['identityPoolId', 'oldestHistoryAt'], {
  where: 'oldest_history_at IS NOT NULL',
})
export class Dataset {
  // By the table's name: sync knows no identities, an owner is an id.
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'datasets__primary_key' })
  @ForeignKey('identities', { name: 'datasets__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'datasets__primary_key',
  })
  name!: string;

  @Column('text', { name: 'identity_pool_id' })
  identityPoolId!: string;

  /** How many times it was written, its earlier lives included. Arrives as a string. */
  @Column('bigint', { name: 'sync_count' })
  syncCount!: string;

  /** The sync count at its last deletion; 0 when it was never deleted. */
  @Column('bigint', { name: 'deleted_sync_count' })
  deletedSyncCount!: string;

  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;

  /** Live records; removed ones do not count. */
  @Column('integer', { name: 'num_records' })
  numRecords!: number;

  /** Removed records that are remembered (S42). */
  @Column('integer', { name: 'num_tombstones' })
  numTombstones!: number;

  /** The highest sync count of a removal that was forgotten; 0 when none was (S42). */
  @Column('bigint', { name: 'purged_sync_count' })
  purgedSyncCount!: string;

  /** Bytes of UTF-8 in the keys and values of live records. */
  @Column('bigint', { name: 'data_storage' })
  dataStorage!: string;

  /** The oldest count that it can be brought back to (S53); null while no history is kept. Arrives as a string. */
  @Column('bigint', { name: 'history_since_sync_count', nullable: true })
  historySinceSyncCount!: string | null;

  /** When its oldest remembered value was replaced, or before; null when none is remembered. */
  @Column('timestamptz', { name: 'oldest_history_at', nullable: true })
  oldestHistoryAt!: Date | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;

  @Column('text', { name: 'last_modified_by' })
  lastModifiedBy!: string;
}
