import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** What a pool's push sync uses. Push keeps its platform applications beside it; sync knows whether there are any. */
export interface ChosenPushSync {
  /** Push sync is on when this is not empty. */
  applicationArns: string[];
  roleArn: string | null;
}

/** How a pool's datasets are synchronized and who hears of it; a pool without a row has the defaults. */
@Entity('sync_configurations')
export class SyncConfiguration {
  @PrimaryColumn('text', {
    name: 'identity_pool_id',
    primaryKeyConstraintName: 'sync_configurations__primary_key',
  })
  @ForeignKey('identity_pools', { name: 'sync_configurations__of_a_pool', onDelete: 'CASCADE' })
  identityPoolId!: string;

  /** Rule sets, the first that fits a dataset's name counts. */
  @Column('json', { name: 'merge_rules' })
  mergeRules!: unknown[];

  /** Days that earlier values are kept; 0: none are. */
  @Column('integer', { name: 'history_retention_days' })
  historyRetentionDays!: number;

  /** How datasets of merged identities are folded in at each merge; null: they are left to the app. */
  @Column('text', { name: 'fold_strategy', nullable: true })
  foldStrategy!: string | null;

  /** Cognito Events' SyncTrigger. */
  @Column('json', { name: 'sync_trigger', nullable: true })
  syncTrigger!: object | null;

  /** Platform applications, with sealed credentials. */
  @Column('json', { name: 'push_sync', nullable: true })
  pushSync!: ChosenPushSync | null;

  /** Where changes are streamed to, with sealed credentials. */
  @Column('json', { nullable: true })
  stream!: object | null;

  /** The last bulk publish. */
  @Column('json', { name: 'bulk_publish', nullable: true })
  bulkPublish!: object | null;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
