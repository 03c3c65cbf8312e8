import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { MergeRuleSet } from '../protocol/merge-rules/merge-rule-sets';
import type { FoldStrategy } from './fold-strategy';
import type { SyncTrigger } from './trigger/sync-trigger';

/** Cognito's `PushSync`: what an administrator chose. Push keeps the pool's platform applications beside it. */
export interface PushSync {
  /** Push sync is on when this is not empty. */
  applicationArns: string[];
  /** Kept and given back; nothing is done with it here. */
  roleArn: string | null;
}

/** Cognito Streams of a pool, as it is stored. Sync asks whether it is `ENABLED`; streams knows the rest. */
export interface StoredStream {
  /** Cognito's name of the stream: 1 to 128 characters. */
  streamName: string;
  /** Kept and given back; nothing is done with it here. */
  roleArn: string | null;
  streamingStatus: 'ENABLED' | 'DISABLED';
  /** Where its events go, JSON sealed for `stream-secret`. */
  sealedTarget: string;
  /** When it was switched on last, ISO 8601. */
  enabledAt: string | null;
  /** Why the server switched it off: a clause without secrets. Null when an administrator did. */
  disabledReason: string | null;
  /** When it was switched off, ISO 8601; null while it is on. */
  disabledAt: string | null;
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
  mergeRules!: MergeRuleSet[];

  /** Days that earlier values are kept; 0: none are. */
  @Column('integer', { name: 'history_retention_days' })
  historyRetentionDays!: number;

  /** How datasets of merged identities are folded in at each merge; null: they are left to the app. */
  @Column('text', { name: 'fold_strategy', nullable: true })
  foldStrategy!: FoldStrategy | null;

  /** Cognito Events' SyncTrigger. */
  @Column('json', { name: 'sync_trigger', nullable: true })
  syncTrigger!: SyncTrigger | null;

  /** What push sync uses, and the platform applications of the pool with sealed credentials. */
  @Column('json', { name: 'push_sync', nullable: true })
  pushSync!: PushSync | null;

  /** Where changes are streamed to, with sealed credentials. */
  @Column('json', { nullable: true })
  stream!: StoredStream | null;

  @Column('timestamptz', { name: 'last_modified_at' })
  lastModifiedAt!: Date;
}
