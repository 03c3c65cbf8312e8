import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** How far a bulk publish is, in the words of Cognito Sync. A pool that never had one is `NOT_STARTED`. */
export type BulkPublishStatus = 'IN_PROGRESS' | 'FAILED' | 'SUCCEEDED';

/** The last publication of all datasets of a pool, and how far it is. */
@Entity('bulk_publishes')
export class BulkPublish {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'bulk_publishes__primary_key',
  })
  @ForeignKey('identity_pools', { name: 'bulk_publishes__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** The stream that it was begun for. */
  @Column('text', { name: 'stream_name' })
  streamName!: string;

  @Column('text')
  status!: BulkPublishStatus;

  @Column('timestamptz', { name: 'started_at' })
  startedAt!: Date;

  @Column('timestamptz', { name: 'completed_at', nullable: true })
  completedAt!: Date | null;

  /** Why it failed; while it goes on, why the last attempt did. */
  @Column('text', { name: 'failure_message', nullable: true })
  failureMessage!: string | null;

  /** Arrives as a string. */
  @Column('bigint', { name: 'published_datasets' })
  publishedDatasets!: string;

  /** The last dataset that was published; empty in the beginning. */
  @Column('text', { name: 'after_identity' })
  afterIdentity!: string;

  @Column('text', { name: 'after_dataset' })
  afterDataset!: string;

  /** When a dataset was published last. */
  @Column('timestamptz', { name: 'progressed_at' })
  progressedAt!: Date;

  /** In vain, since then. */
  @Column('integer')
  attempts!: number;

  /** Who has it in hand. */
  @Column('text', { nullable: true })
  publisher!: string | null;

  /** When it is due; while somebody has it in hand, when that one counts as lost. */
  @Column('timestamptz', { name: 'next_attempt_at' })
  nextAttemptAt!: Date;

  @Column('timestamptz', { name: 'last_succeeded_at', nullable: true })
  lastSucceededAt!: Date | null;
}
