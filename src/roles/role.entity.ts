import { Column, Entity, PrimaryColumn, Unique } from 'typeorm';
import type { PolicyDocument, TrustPolicyDocument } from '../policy/document';

/** A permission policy under its name, as IAM's inline policies are. */
export interface NamedPolicy {
  name: string;
  document: PolicyDocument;
}

/** A role that credentials of an identity can be made for. Small reference data: cached in each node. */
@Entity('roles')
@Unique('roles__unique_name', ['name'])
export class Role {
  @PrimaryColumn('text', { name: 'role_arn', primaryKeyConstraintName: 'roles__primary_key' })
  arn!: string;

  @Column('text', { name: 'role_name' })
  name!: string;

  @Column('text', { nullable: true })
  description!: string | null;

  @Column('json', { name: 'trust_policy' })
  trustPolicy!: TrustPolicyDocument;

  @Column('json', { name: 'permission_policies' })
  permissionPolicies!: NamedPolicy[];

  /** Seconds, 3,600 to 43,200: the longest session of the classic flow. */
  @Column('integer', { name: 'max_session_duration' })
  maxSessionDuration!: number;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
