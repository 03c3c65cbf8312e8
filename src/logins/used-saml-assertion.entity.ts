import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** An assertion that was used, remembered until it expires, so that nobody else uses it. */
@Entity('used_saml_assertions')
@Index('used_saml_assertions__by_expiry', ['expiresAt'])
export class UsedSamlAssertion {
  /** SHA-256 of the provider's ARN and the assertion's ID. */
  @PrimaryColumn('text', {
    name: 'assertion_key',
    primaryKeyConstraintName: 'used_saml_assertions__primary_key',
  })
  key!: string;

  /** SHA-256 of the pool and the subject of its first use: it is good for these alone. */
  @Column('text', { name: 'bound_to' })
  boundTo!: string;

  /** From then on it does not hold any more. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
