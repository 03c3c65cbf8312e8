import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { RoleMapping } from '../roles/role-mapping';

/** A tag of a pool: key 1 to 128 characters, value 0 to 256. */
export interface Tag {
  key: string;
  value: string;
}

/** An app of a social provider: name 1 to 128 characters, app id 1 to 128. */
export interface SupportedLoginProvider {
  /** Such as `accounts.google.com`. */
  provider: string;
  appId: string;
}

/** A user pool and one of its clients. */
export interface CognitoIdentityProvider {
  /** `cognito-idp.REGION.amazonaws.com/USERPOOLID` */
  providerName: string;
  clientId: string;
  /** Whether the user pool is asked that the user exists, is enabled and has not signed out globally. */
  serverSideTokenCheck: boolean;
}

/** Which claims of one provider become principal tags. */
export interface PrincipalTagAttributeMap {
  identityProviderName: string;
  useDefaults: boolean;
  /** Tag key to claim name; at most 50. */
  principalTags: Tag[];
}

/** A list of providers of a pool. */
export type ProviderList =
  'openIdConnectProviderArns' | 'samlProviderArns' | 'supportedLoginProviders' | 'cognitoIdentityProviders';

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

  @Column('json', { name: 'supported_login_providers' })
  supportedLoginProviders!: SupportedLoginProvider[];

  @Column('json', { name: 'cognito_identity_providers' })
  cognitoIdentityProviders!: CognitoIdentityProvider[];

  @Column('json', { name: 'saml_provider_arns' })
  samlProviderArns!: string[];

  /** The lists that were given as empty ones: AWS answers those with what was given, and leaves out the ones never given. */
  @Column('json', { name: 'empty_lists' })
  emptyLists!: ProviderList[];

  /** What a developer's own back end vouches under. Once set it cannot be changed. */
  @Column('text', { name: 'developer_provider_name', nullable: true })
  developerProviderName!: string | null;

  @Column('json', { name: 'role_mappings' })
  roleMappings!: RoleMapping[];

  @Column('json', { name: 'principal_tag_attribute_maps' })
  principalTagAttributeMaps!: PrincipalTagAttributeMap[];

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
