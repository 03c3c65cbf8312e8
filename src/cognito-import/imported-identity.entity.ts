import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Identity } from '../identities/identity.entity';

/** An identity that was imported, and what its source said of it then. */
@Entity('imported_identities')
export class ImportedIdentity {
  @PrimaryColumn('text', {
    name: 'identity_id',
    primaryKeyConstraintName: 'imported_identities__primary_key',
  })
  @ForeignKey(() => Identity, { name: 'imported_identities__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  /** SHA-256 of all that was given: the same again means that nothing changed at the source. '' until all of it is done. */
  @Column('text', { name: 'source_hash' })
  sourceHash!: string;

  /** The greatest id of a run that came across it, changed or not; null where the importer gave none. */
  @Column('text', { name: 'run_id', nullable: true })
  runId!: string | null;

  /** When it was made here. Whatever it was used for since, an import does not undo. */
  @Column('timestamptz', { name: 'imported_at' })
  importedAt!: Date;
}
