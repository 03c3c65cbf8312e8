import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Identity } from './identity.entity';

/** The reverse of `Login`: the logins of an identity, stored beside it. */
@Entity('identity_logins')
export class IdentityLogin {
  @PrimaryColumn('text', {
    name: 'identity_id',
    primaryKeyConstraintName: 'identity_logins__primary_key',
  })
  @ForeignKey(() => Identity, { name: 'identity_logins__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'identity_logins__primary_key' })
  provider!: string;

  @PrimaryColumn('text', { name: 'login_key', primaryKeyConstraintName: 'identity_logins__primary_key' })
  loginKey!: string;

  @Column('text')
  subject!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
