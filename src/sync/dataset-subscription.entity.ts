import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Device } from './device.entity';

/** That a device wants to hear of changes of a dataset, and of which one it is to be told next. */
@Entity('dataset_subscriptions')
@Index('dataset_subscriptions__due', ['nextAttemptAt'], { where: 'pending_sync_count IS NOT NULL' })
@ForeignKey(() => Device, ['identityId', 'deviceId'], ['identityId', 'id'], {
  name: 'dataset_subscriptions__of_a_device',
  onDelete: 'CASCADE',
})
export class DatasetSubscription {
  @PrimaryColumn('text', {
    name: 'identity_id',
    primaryKeyConstraintName: 'dataset_subscriptions__primary_key',
  })
  identityId!: string;

  @PrimaryColumn('text', {
    name: 'dataset_name',
    collation: 'C',
    primaryKeyConstraintName: 'dataset_subscriptions__primary_key',
  })
  datasetName!: string;

  @PrimaryColumn('text', {
    name: 'device_id',
    primaryKeyConstraintName: 'dataset_subscriptions__primary_key',
  })
  deviceId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  /** The dataset's count that the device is to be told of; null when it was told of all. Arrives as a string. */
  @Column('bigint', { name: 'pending_sync_count', nullable: true })
  pendingSyncCount!: string | null;

  /** When the dataset got to that count. */
  @Column('timestamptz', { name: 'pending_since', nullable: true })
  pendingSince!: Date | null;

  /** When it is to be told; while a node does it, when that one counts as lost. */
  @Column('timestamptz', { name: 'next_attempt_at', nullable: true })
  nextAttemptAt!: Date | null;

  /** How often it was tried to tell it of the pending count or of one before, in vain. */
  @Column('integer')
  attempts!: number;
}
