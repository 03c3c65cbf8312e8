import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Which event the records are of: a change's, or that of a bulk publish. */
export type PayloadOrigin = 'change' | 'bulk';

/** The records of an event that was too large to hold them. */
@Entity('stream_payloads')
@Index('stream_payloads__by_expiry', ['expiresAt'])
export class StreamPayload {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'stream_payloads__primary_key' })
  @ForeignKey('identities', { name: 'stream_payloads__of_an_identity', onDelete: 'CASCADE' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'stream_payloads__primary_key',
  })
  datasetName!: string;

  /** Of the event. Arrives as a string. */
  @PrimaryColumn('bigint', { name: 'sync_count', primaryKeyConstraintName: 'stream_payloads__primary_key' })
  syncCount!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'stream_payloads__primary_key' })
  origin!: PayloadOrigin;

  /** A JSON list of `StreamRecord`. */
  @Column('text')
  records!: string;

  /** When its address stops to hold. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
