import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Dataset } from '../sync/dataset.entity';

/** A dataset that was imported: how far, and how it was here right afterwards. */
@Entity('imported_datasets')
@ForeignKey(() => Dataset, ['identityId', 'datasetName'], ['identityId', 'name'], {
  name: 'imported_datasets__of_a_dataset',
  onDelete: 'CASCADE',
})
export class ImportedDataset {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'imported_datasets__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'imported_datasets__primary_key',
  })
  datasetName!: string;

  /** The sync count at the source and, as long as nobody writes it, here. Arrives as a string. */
  @Column('bigint', { name: 'sync_count' })
  syncCount!: string;

  /** Whether it was gone at the source and deleted here for that. */
  @Column('boolean', { name: 'is_deleted' })
  isDeleted!: boolean;

  /** Another creation date at the source means that it was deleted there and made again. */
  @Column('timestamptz', { name: 'source_created_at' })
  sourceCreatedAt!: Date;

  @Column('timestamptz', { name: 'source_modified_at' })
  sourceModifiedAt!: Date;

  @Column('timestamptz', { name: 'imported_at' })
  importedAt!: Date;
}
