import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { Device } from './device.entity';

/** That a device wants to hear of changes of a dataset. */
@Entity('dataset_subscriptions')
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
}
