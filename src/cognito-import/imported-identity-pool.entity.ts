import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { IdentityPool } from '../identity-pools/identity-pool.entity';

/** A pool that was imported, and how it was then. */
@Entity('imported_identity_pools')
export class ImportedIdentityPool {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'imported_identity_pools__primary_key',
  })
  @ForeignKey(() => IdentityPool, { name: 'imported_identity_pools__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** SHA-256 of its settings after the import: another one now means that they were changed here. */
  @Column('text', { name: 'settings_hash' })
  settingsHash!: string;

  @Column('timestamptz', { name: 'imported_at' })
  importedAt!: Date;
}
