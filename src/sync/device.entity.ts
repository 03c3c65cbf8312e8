import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/**
 * A device of an identity that push messages can be sent to. Sync has the table, because what is written, merged or
 * deleted asks it in the same transaction; push registers devices and sends to them
 * (docs/decisions/0007-devices.md).
 */
@Entity('devices')
@Unique('devices__each_token_once', ['identityId', 'platform', 'tokenHash'])
export class Device {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'devices__primary_key' })
  @ForeignKey('identities', { name: 'devices__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  @PrimaryColumn('text', { name: 'device_id', primaryKeyConstraintName: 'devices__primary_key' })
  id!: string;

  @Column('text', { name: 'identity_pool_id' })
  identityPoolId!: string;

  @Column('text')
  platform!: string;

  /** SHA-256 of pool, platform and token, so that the same token registers the same device (`tokenHashOf`). */
  @Column('text', { name: 'token_hash' })
  tokenHash!: string;

  /** The token that the platform knows the device by, sealed. */
  @Column('text', { name: 'sealed_token' })
  sealedToken!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When it was registered last. */
  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
