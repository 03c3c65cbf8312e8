import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Identity } from './identity.entity';

/**
 * A login that an imported identity had where it came from, of which only the provider's name is known: Cognito tells no
 * more. The row stays when it is settled, so that no later import makes it unproven again.
 */
@Entity('unproven_logins')
export class UnprovenLogin {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'unproven_logins__primary_key' })
  @ForeignKey(() => Identity, { name: 'unproven_logins__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'unproven_logins__primary_key' })
  provider!: string;

  /** Whether the first valid login of the provider that comes with the identity's id may take its place. */
  @Column('boolean', { name: 'is_claimable' })
  isClaimable!: boolean;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When a login took its place, or it was unlinked; null while it is unproven. */
  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
