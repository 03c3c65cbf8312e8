import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { IdentityPool } from '../identity-pools/identity-pool.entity';

/** One person, or one guest's install, in a pool. */
@Entity('identities')
@Index('identities__by_pool', ['identityPoolId', 'id'])
@Index('identities__by_survivor', ['mergedInto'], { where: 'merged_into IS NOT NULL' })
@Index('identities__guests_by_activity', ['identityPoolId', 'lastActiveAt'], {
  where: 'NOT is_authenticated',
})
export class Identity {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'identities__primary_key' })
  id!: string;

  @Column('text', { name: 'identity_pool_id' })
  @ForeignKey(() => IdentityPool, { name: 'identities__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** Set by the first login and never cleared: unlinking the last login does not make a guest again. */
  @Column('boolean', { name: 'is_authenticated' })
  isAuthenticated!: boolean;

  @Column('timestamptz', { name: 'disabled_at', nullable: true })
  disabledAt!: Date | null;

  /** The identity that this one was merged into, when that is why it is disabled. */
  @Column('text', { name: 'merged_into', nullable: true })
  mergedInto!: string | null;

  /** When it got credentials last, to the hour. */
  @Column('timestamptz', { name: 'last_active_at' })
  lastActiveAt!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
