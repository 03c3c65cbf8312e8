import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Dataset } from './dataset.entity';

/** What came of a mutation, so that the same one sent again is answered and not applied (S46). */
@Entity('sync_mutations')
@Index('sync_mutations__by_time', ['createdAt'])
@ForeignKey(() => Dataset, ['identityId', 'datasetName'], ['identityId', 'name'], {
  name: 'sync_mutations__of_a_dataset',
  onDelete: 'CASCADE',
})
export class SyncMutation {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'sync_mutations__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', { name: 'mutation_id', primaryKeyConstraintName: 'sync_mutations__primary_key' })
  mutationId!: string;

  @Column({ type: 'text', name: 'dataset_name', collation: 'C' })
  datasetName!: string;

  /** SHA-256 of what was sent: the same id with something else is refused. */
  @Column('text', { name: 'body_hash' })
  bodyHash!: string;

  @Column('json')
  result!: unknown;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
