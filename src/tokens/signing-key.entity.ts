import type { JWK } from 'jose';
import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Where a signing key is in its life: published but unused, in use, or only kept to verify what it signed. */
export type SigningKeyState = 'next' | 'current' | 'retired';

/** One key that open id tokens are signed with. At most one is `next` and one `current`; the index sees to it. */
@Entity('signing_keys')
@Check('signing_keys__known_state', `state IN ('next', 'current', 'retired')`)
@Index('signing_keys__one_current', ['state'], { unique: true, where: `state <> 'retired'` })
export class SigningKey {
  /** The `kid` of tokens and of the JWKS. */
  @PrimaryColumn('text', { name: 'key_id', primaryKeyConstraintName: 'signing_keys__primary_key' })
  id!: string;

  @Column('text')
  state!: SigningKeyState;

  /** A JWS algorithm: RS512 or RS256. */
  @Column('text')
  algorithm!: string;

  /** The members of a public JWK and nothing else. */
  @Column('json', { name: 'public_jwk' })
  publicJwk!: JWK;

  /** The private JWK as JSON, sealed for `signing-key`. */
  @Column('text', { name: 'sealed_private_jwk' })
  sealedPrivateJwk!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When it became `current`. */
  @Column('timestamptz', { name: 'activated_at', nullable: true })
  activatedAt!: Date | null;

  /** When it stopped being `current`. */
  @Column('timestamptz', { name: 'retired_at', nullable: true })
  retiredAt!: Date | null;
}
