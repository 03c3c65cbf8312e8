import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A SAML 2.0 identity provider that an administrator registered. Small reference data: cached in each node. */
@Entity('saml_providers')
export class SamlProvider {
  @PrimaryColumn('text', { name: 'provider_arn', primaryKeyConstraintName: 'saml_providers__primary_key' })
  arn!: string;

  @Column('text')
  name!: string;

  /** The provider's metadata as it was given: XML. */
  @Column('text', { name: 'metadata_document' })
  metadataDocument!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
