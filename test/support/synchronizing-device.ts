import { mergeValue } from '../../src/protocol/merge-rules/merge-value';
import { ruleFor, type MergeRuleSet } from '../../src/protocol/merge-rules/merge-rule-sets';
import type { MergeSide } from '../../src/protocol/merge-rules/merge-side';
import type { ConflictStrategy } from '../../src/sync/synchronize.input';

/** A change as `synchronize` takes it, whatever the door. */
export interface Change {
  op: 'replace' | 'remove';
  key: string;
  value?: string;
  syncCount: number;
  deviceLastModifiedDate: Date;
}

/** What one call of `synchronize` sends. */
export interface SyncCall {
  datasetName: string;
  lastSyncCount: number;
  deviceId: string;
  onConflict: ConflictStrategy;
  mutationId?: string;
  recordPatches: Change[];
}

/** What it is answered. */
export interface SyncAnswer {
  applied: string[];
  conflicts: { key: string }[];
  merged: { key: string }[];
  changes: {
    records: { key: string; value: string | null; syncCount: number }[];
    datasetSyncCount: number;
    datasetExists: boolean;
    datasetDeletedAfterRequestedSyncCount: boolean;
  };
}

/** A way to the server. @throws whatever the network throws */
export type Synchronize = (call: SyncCall) => Promise<SyncAnswer>;

interface ServerRecord {
  value: string | null;
  syncCount: number;
}

interface LocalRecord {
  value: string | null;
  /** The count of the server's record that `value` was made from. */
  basedOn: number;
  changedAt: Date;
  isDirty: boolean;
  /** The server's record as it was seen last. */
  server: ServerRecord;
}

const NOTHING: ServerRecord = { value: null, syncCount: 0 };

/** How a device treats what it and others changed. */
export interface Behaviour {
  strategy: ConflictStrategy;
  /** Where the server leaves the decision to the device: whether its own value stays. */
  keepsMine: boolean;
  /** The pool's merge rules, which it knows. */
  ruleSets: readonly MergeRuleSet[];
}

const MAX_ROUNDS = 20;

/**
 * A device whose client knows `synchronize`: what it pushes keeps one `mutationId` until the server has answered, however
 * often it has to be sent and whatever is changed meanwhile.
 */
export class SynchronizingDevice {
  readonly records = new Map<string, LocalRecord>();
  lastSyncCount = 0;
  private pending: SyncCall | undefined;
  private calls = 0;

  constructor(
    readonly name: string,
    readonly datasetName: string,
    private readonly behaviour: Behaviour,
    private readonly now: () => Date,
  ) {}

  isDirty(): boolean {
    return this.pending !== undefined || [...this.records.values()].some(({ isDirty }) => isDirty);
  }

  valueOf(key: string): string | null {
    return this.records.get(key)?.value ?? null;
  }

  put(key: string, value: string | null): void {
    const { basedOn, server } = this.records.get(key) ?? { basedOn: 0, server: NOTHING };
    this.records.set(key, { value, basedOn, server, changedAt: this.now(), isDirty: true });
  }

  /** What an app sees: the records that are there. */
  view(): [string, string][] {
    return [...this.records]
      .flatMap(([key, { value }]): [string, string][] => (value === null ? [] : [[key, value]]))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Pushes and pulls until nothing is left to say. */
  async sync(synchronize: Synchronize): Promise<void> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const push = (this.pending ??= this.nextPush());
      const answer = await synchronize(push ?? this.call([]));
      this.pending = undefined;
      this.take(answer, push);
      if (!this.isDirty()) return;
    }
    throw new Error(`${this.name} gave up after ${MAX_ROUNDS} rounds`);
  }

  private nextPush(): SyncCall | undefined {
    const dirty = [...this.records].filter(([, { isDirty }]) => isDirty);
    if (dirty.length === 0) return undefined;
    const patches = dirty.map(([key, { value, basedOn, changedAt }]): Change => {
      const common = { key, syncCount: basedOn, deviceLastModifiedDate: changedAt };
      return value === null ? { op: 'remove', ...common } : { op: 'replace', value, ...common };
    });
    return { ...this.call(patches), mutationId: `${this.name}-${(this.calls += 1)}` };
  }

  private call(recordPatches: Change[]): SyncCall {
    const { datasetName, lastSyncCount, name: deviceId } = this;
    return { datasetName, lastSyncCount, deviceId, onConflict: this.behaviour.strategy, recordPatches };
  }

  private take(answer: SyncAnswer, push: SyncCall | undefined): void {
    const { changes } = answer;
    if (changes.datasetDeletedAfterRequestedSyncCount || (this.lastSyncCount > 0 && !changes.datasetExists))
      this.forget(push);
    this.lastSyncCount = changes.datasetSyncCount;
    for (const { key, value, syncCount } of changes.records) this.see(key, { value, syncCount });
    const done = new Set([...answer.applied, ...answer.merged.map(({ key }) => key)]);
    const refused = new Set(answer.conflicts.map(({ key }) => key));
    for (const patch of push?.recordPatches ?? []) {
      const local = this.records.get(patch.key);
      if (!local) continue;
      if (done.has(patch.key)) this.settle(patch, local);
      else if (refused.has(patch.key)) this.decide(patch.key, local);
    }
  }

  /** The server has nothing of what was known any more; what was changed here is new. */
  private forget(push: SyncCall | undefined): void {
    const sent = new Set(push?.recordPatches.map(({ key }) => key));
    for (const [key, record] of this.records) {
      if (record.isDirty && (record.value !== null || sent.has(key)))
        Object.assign(record, { basedOn: 0, server: NOTHING });
      else this.records.delete(key);
    }
  }

  private see(key: string, server: ServerRecord): void {
    const local = this.records.get(key);
    if (local?.isDirty) local.server = server;
    else this.accept(key, server);
  }

  private accept(key: string, server: ServerRecord): void {
    this.records.set(key, {
      value: server.value,
      basedOn: server.syncCount,
      changedAt: this.now(),
      isDirty: false,
      server,
    });
  }

  /** The server took what was sent. */
  private settle(sent: Change, local: LocalRecord): void {
    if (local.changedAt === sent.deviceLastModifiedDate) this.accept(sent.key, local.server);
    else this.rebase(sent, local);
  }

  /** What was changed while an answer was awaited was made from what had been sent, not from a record of the server's. */
  private rebase(sent: Change, local: LocalRecord): void {
    const sentValue = sent.op === 'remove' ? null : (sent.value ?? null);
    const rule = ruleFor(this.behaviour.ruleSets, this.datasetName, sent.key);
    const side = (value: string | null, deviceLastModifiedDate: Date | null): MergeSide => ({
      value,
      deviceLastModifiedDate,
      writer: this.name,
    });
    const merged =
      rule &&
      mergeValue(rule, {
        base: side(sentValue, null),
        server: side(local.server.value, sent.deviceLastModifiedDate),
        patch: side(local.value, local.changedAt),
      });
    if (merged?.outcome === 'MERGED') {
      if (merged.isServers) return this.accept(sent.key, local.server);
      Object.assign(local, { value: merged.value, basedOn: local.server.syncCount });
    } else if (local.server.value === sentValue) local.basedOn = local.server.syncCount;
  }

  /** Somebody else was faster. */
  private decide(key: string, local: LocalRecord): void {
    const isAsked = ['REPORT', 'REJECT'].includes(this.behaviour.strategy);
    if (isAsked && this.behaviour.keepsMine) local.basedOn = local.server.syncCount;
    else this.accept(key, local.server);
  }
}
