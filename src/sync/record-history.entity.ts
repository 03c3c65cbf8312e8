import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Dataset } from './dataset.entity';

/** A record as it was before it was written again or removed (S52). */
@Entity('record_history')
@Index('record_history__by_count', ['identityId', 'datasetName', 'supersededSyncCount'])
@ForeignKey(() => Dataset, ['identityId', 'datasetName'], ['identityId', 'name'], {
  name: 'record_history__of_a_dataset',
  onDelete: 'CASCADE',
})
export class RecordHistory {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'record_history__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'record_history__primary_key',
  })
  datasetName!: string;

  @PrimaryColumn('text', {
    name: 'record_key',
    collation: 'C',
    primaryKeyConstraintName: 'record_history__primary_key',
  })
  key!: string;

  /** The count that it was written with. Arrives as a string. */
  @PrimaryColumn('bigint', { name: 'sync_count', primaryKeyConstraintName: 'record_history__primary_key' })
  syncCount!: string;

  /** The count of the update that replaced it. */
  @Column('bigint', { name: 'superseded_sync_count' })
  supersededSyncCount!: string;

  /** Null when it was a removal. */
  @Column('text', { nullable: true })
  value!: string | null;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;

  @Column('text', { name: 'last_modified_by' })
  lastModifiedBy!: string;

  @Column('timestamptz', { name: 'device_last_modified_at', nullable: true })
  deviceLastModifiedAt!: Date | null;

  @Column('timestamptz', { name: 'superseded_at' })
  supersededAt!: Date;
}
