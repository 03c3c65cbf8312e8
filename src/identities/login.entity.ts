import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * Which identity a login belongs to. Its key is the SHA-256 of pool, provider and subject, so that the primary key
 * alone keeps a login unique in its pool on every kind of cluster.
 */
@Entity('logins')
@Index('logins__by_pool', ['identityPoolId'])
export class Login {
  @PrimaryColumn('text', { name: 'login_key', primaryKeyConstraintName: 'logins__primary_key' })
  key!: string;

  @Column('text', { name: 'identity_pool_id' })
  identityPoolId!: string;

  @Column('text')
  provider!: string;

  @Column('text')
  subject!: string;

  @Column('text', { name: 'identity_id' })
  identityId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
