import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Dataset } from './dataset.entity';

/** A key and its value in a dataset; without a value it is what remains of a removed record. */
@Entity('records')
@Index('records__by_sync_count', ['identityId', 'datasetName', 'syncCount'])
@ForeignKey(() => Dataset, ['identityId', 'datasetName'], ['identityId', 'name'], {
  name: 'records__of_a_dataset',
  onDelete: 'CASCADE',
})
export class SyncRecord {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'records__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'records__primary_key',
  })
  datasetName!: string;

  @PrimaryColumn('text', {
    name: 'record_key',
    collation: 'C',
    primaryKeyConstraintName: 'records__primary_key',
  })
  key!: string;

  @Column('text', { nullable: true })
  value!: string | null;

  /** The dataset's sync count after the call that wrote it last. Arrives as a string. */
  @Column('bigint', { name: 'sync_count' })
  syncCount!: string;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;

  @Column('text', { name: 'last_modified_by' })
  lastModifiedBy!: string;

  /** By the clock of the device, as it was sent. */
  @Column('timestamptz', { name: 'device_last_modified_at', nullable: true })
  deviceLastModifiedAt!: Date | null;
}
