import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * Whose device a token is: within a pool, one identity's at a time, that of the last who registered it. Unique across
 * identities, so its key is the token's; like a login it has no foreign key to its identity.
 */
@Entity('device_tokens')
@Index('device_tokens__by_pool', ['identityPoolId'])
export class DeviceToken {
  /** SHA-256 of pool, platform and token. */
  @PrimaryColumn('text', { name: 'token_hash', primaryKeyConstraintName: 'device_tokens__primary_key' })
  tokenHash!: string;

  @Column('text', { name: 'identity_pool_id' })
  @ForeignKey('identity_pools', { name: 'device_tokens__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  @Column('text', { name: 'identity_id' })
  identityId!: string;
}
