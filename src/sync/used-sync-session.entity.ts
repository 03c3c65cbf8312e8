import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Dataset } from './dataset.entity';

/** A sync session that wrote, so that its tokens write no second time (S34). */
@Entity('used_sync_sessions')
@Index('used_sync_sessions__by_expiry', ['expiresAt'])
@ForeignKey(() => Dataset, ['identityId', 'datasetName'], ['identityId', 'name'], {
  name: 'used_sync_sessions__of_a_dataset',
  onDelete: 'CASCADE',
})
export class UsedSyncSession {
  @PrimaryColumn('text', { name: 'identity_id', primaryKeyConstraintName: 'used_sync_sessions__primary_key' })
  identityId!: string;

  @PrimaryColumn('text', { name: 'session_id', primaryKeyConstraintName: 'used_sync_sessions__primary_key' })
  sessionId!: string;

  @Column({ type: 'text', name: 'dataset_name', collation: 'C' })
  datasetName!: string;

  @Column('timestamptz', { name: 'used_at' })
  usedAt!: Date;

  /** When no token of the session can be valid any more and the row may go. */
  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;
}
