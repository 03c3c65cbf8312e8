import { Column, Entity, PrimaryColumn } from 'typeorm';

/** An issuer of OpenID Connect tokens that an administrator trusts. Small reference data: cached in each node. */
@Entity('open_id_connect_providers')
export class OpenIdConnectProvider {
  /** `arn:aws:iam::ACCOUNT:oidc-provider/HOST[/PATH]` */
  @PrimaryColumn('text', {
    name: 'provider_arn',
    primaryKeyConstraintName: 'open_id_connect_providers__primary_key',
  })
  arn!: string;

  /** The issuer's address with its scheme, as it stands in the `iss` of its tokens; at most 255 characters. */
  @Column('text')
  url!: string;

  /** The audiences that are accepted: 1 to 255 characters each, at most 100. */
  @Column('json', { name: 'client_ids' })
  clientIds!: string[];

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
