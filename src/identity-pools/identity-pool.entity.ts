import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A tag of a pool: key 1 to 128 characters, value 0 to 256. */
export interface Tag {
  key: string;
  value: string;
}

/** One identity pool. Small reference data: cached in each node. */
@Entity('identity_pools')
export class IdentityPool {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'identity_pools__primary_key',
  })
  id!: string;

  @Column('text')
  name!: string;

  @Column('boolean', { name: 'allow_unauthenticated_identities' })
  allowUnauthenticatedIdentities!: boolean;

  /** Null when it was never set, as in AWS, where the classic flow is then allowed. */
  @Column('boolean', { name: 'allow_classic_flow', nullable: true })
  allowClassicFlow!: boolean | null;

  @Column('json', { name: 'open_id_connect_provider_arns' })
  openIdConnectProviderArns!: string[];

  @Column('json')
  tags!: Tag[];

  @Column('text', { name: 'authenticated_role_arn', nullable: true })
  authenticatedRoleArn!: string | null;

  @Column('text', { name: 'unauthenticated_role_arn', nullable: true })
  unauthenticatedRoleArn!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;

  /** Set when the pool is being deleted: it is gone for everybody while its identities are removed in small steps. */
  @Column('timestamptz', { name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}
