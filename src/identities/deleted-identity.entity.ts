import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** That there was an identity, of which nothing else is left. */
@Entity('deleted_identities')
@Index('deleted_identities__by_time', ['deletedAt'])
export class DeletedIdentity {
  /** SHA-256 of its id: whoever has the id can be told, and nobody can read the ids here. */
  @PrimaryColumn('text', {
    name: 'identity_key',
    primaryKeyConstraintName: 'deleted_identities__primary_key',
  })
  key!: string;

  @Column('timestamptz', { name: 'deleted_at' })
  deletedAt!: Date;
}
