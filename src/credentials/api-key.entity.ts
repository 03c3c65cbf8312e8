import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { NamedPolicy } from '../roles/role.entity';
import type { ManagedPolicyName } from './managed-policies';

/** A long-lived key of an administrator. The secret is sealed, because SigV4 needs it back. */
@Entity('api_keys')
export class ApiKey {
  @PrimaryColumn('text', { name: 'access_key_id', primaryKeyConstraintName: 'api_keys__primary_key' })
  accessKeyId!: string;

  @Column('text')
  name!: string;

  @Column('text', { name: 'sealed_secret' })
  sealedSecret!: string;

  @Column('json', { name: 'managed_policies' })
  managedPolicies!: ManagedPolicyName[];

  @Column('json', { name: 'inline_policies' })
  inlinePolicies!: NamedPolicy[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
