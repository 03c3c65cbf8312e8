import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Who is to hear of a change. */
export type SyncEventConsumer = 'stream' | 'push';

/**
 * A change on its way out (S54): written in the transaction of the change, taken away when it was delivered. Of one
 * dataset and consumer the events are delivered in the order of their counts.
 */
@Entity('sync_events')
@Index('sync_events__due', ['consumer', 'nextAttemptAt'], { where: 'NOT is_dead' })
@Index('sync_events__dead', ['nextAttemptAt'], { where: 'is_dead' })
@Index('sync_events__by_pool', ['identityPoolId', 'consumer', 'isDead', 'nextAttemptAt'])
export class SyncEvent {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'sync_events__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'sync_events__primary_key',
  })
  datasetName!: string;

  @PrimaryColumn('text', { primaryKeyConstraintName: 'sync_events__primary_key' })
  consumer!: SyncEventConsumer;

  /** Of the dataset after the change. Arrives as a string. */
  @PrimaryColumn('bigint', { name: 'sync_count', primaryKeyConstraintName: 'sync_events__primary_key' })
  syncCount!: string;

  @Column('text', { name: 'identity_pool_id' })
  identityPoolId!: string;

  /** `remove` when the dataset was deleted. */
  @Column('text')
  operation!: 'replace' | 'remove';

  /** The device that wrote, which is not told. */
  @Column('text', { name: 'device_id', nullable: true })
  deviceId!: string | null;

  /** For streams: the records that the change wrote. */
  @Column('json', { nullable: true })
  payload!: { key: string; value: string | null; deviceLastModifiedDate: number | null }[] | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** When it is due; while somebody delivers it, when that one counts as lost; when it was given up. */
  @Column('timestamptz', { name: 'next_attempt_at' })
  nextAttemptAt!: Date;

  @Column('integer')
  attempts!: number;

  /** Why the last attempt failed. */
  @Column('text', { nullable: true })
  failure!: string | null;

  /** Given up; kept for an administrator to look at. */
  @Column('boolean', { name: 'is_dead' })
  isDead!: boolean;

  /** When an administrator put it back in line; its time to be delivered in begins anew then. */
  @Column('timestamptz', { name: 'retried_at', nullable: true })
  retriedAt!: Date | null;
}
