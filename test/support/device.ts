import { Refusal, type Listing, type Patch, type SyncCalls } from '../scenarios/door';

/** A record on a device. */
interface LocalRecord {
  /** Null when it was removed. */
  value: string | null;
  /** Of the server's record that the device saw last; 0 for one that the server never had. */
  syncCount: number;
  /** Changed here since. */
  isDirty: boolean;
}

/** Whose value stays when a record was changed here and elsewhere. */
export type ConflictPolicy = 'mine' | 'theirs';

const MAX_ROUNDS = 10;

/**
 * A device as a beginner's correct client would be: it keeps one dataset, changes it offline, and its `sync` pulls,
 * merges and pushes until the server takes the changes. Whatever breaks off a sync, the next one goes on.
 */
export class Device {
  readonly records = new Map<string, LocalRecord>();
  lastSyncCount = 0;
  private isDeletionDue = false;

  constructor(
    readonly name: string,
    readonly datasetName: string,
    private readonly policy: ConflictPolicy = 'mine',
    private readonly pageSize = 1024,
  ) {}

  /** What an app sees: the records that are there. */
  view(): Record<string, string> {
    const live = [...this.records].flatMap(([key, { value }]) => (value === null ? [] : [[key, value]]));
    return Object.fromEntries(live.sort(([a], [b]) => (a! < b! ? -1 : 1)));
  }

  isDirty(): boolean {
    return this.isDeletionDue || [...this.records.values()].some((record) => record.isDirty);
  }

  put(key: string, value: string): void {
    this.change(key, value);
  }

  remove(key: string): void {
    if (this.records.get(key)?.value != null) this.change(key, null);
  }

  /** Deletes the dataset with the next sync; what is put after that goes into a new one. */
  deleteDataset(): void {
    this.records.clear();
    this.lastSyncCount = 0;
    this.isDeletionDue = true;
  }

  private change(key: string, value: string | null): void {
    const syncCount = this.records.get(key)?.syncCount ?? 0;
    this.records.set(key, { value, syncCount, isDirty: true });
  }

  /** Brings device and server to the same state. @throws whatever the network throws. */
  async sync(server: SyncCalls): Promise<void> {
    if (this.isDeletionDue) await this.pushDeletion(server);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const syncSessionToken = await this.pull(server);
      if (await this.push(server, syncSessionToken)) return;
    }
    throw new Error(`${this.name} gave up after ${MAX_ROUNDS} rounds`);
  }

  private async pushDeletion(server: SyncCalls): Promise<void> {
    try {
      await server.deleteDataset({ datasetName: this.datasetName });
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'RESOURCE_NOT_FOUND')) throw error;
    }
    this.isDeletionDue = false;
  }

  private async pull(server: SyncCalls): Promise<string> {
    const { datasetName, lastSyncCount, pageSize: maxResults } = this;
    let page = await server.listRecords({ datasetName, lastSyncCount, maxResults });
    if (isDeleted(page, lastSyncCount)) this.forget(() => true);
    this.merge(page);
    const listed = new Set(page.records.map(({ key }) => key));
    while (page.nextToken !== null) {
      page = await server.listRecords({ datasetName, lastSyncCount, maxResults, nextToken: page.nextToken });
      if (isDeleted(page, lastSyncCount)) return this.pullAnew(server);
      this.merge(page);
      page.records.forEach(({ key }) => listed.add(key));
    }
    // A pull from 0 lists everything, and says nothing of a deletion: what it does not list is gone.
    if (lastSyncCount === 0) this.forget((key) => !listed.has(key));
    this.lastSyncCount = page.datasetSyncCount;
    return page.syncSessionToken;
  }

  /** The dataset was deleted between two pages. */
  private pullAnew(server: SyncCalls): Promise<string> {
    this.forget(() => true);
    this.lastSyncCount = 0;
    return this.pull(server);
  }

  /** The server has these no more: what was not changed here goes, what was becomes new. */
  private forget(isGone: (key: string) => boolean): void {
    for (const [key, record] of this.records) {
      if (!isGone(key)) continue;
      if (record.isDirty && record.value !== null) record.syncCount = 0;
      else this.records.delete(key);
    }
  }

  private merge({ records }: Listing): void {
    for (const { key, value, syncCount } of records) {
      const local = this.records.get(key);
      if (local && local.syncCount >= syncCount) continue;
      const isKept = local?.isDirty === true && local.value !== value && this.policy === 'mine';
      this.records.set(key, isKept ? { ...local, syncCount } : { value, syncCount, isDirty: false });
    }
  }

  /** Whether nothing is left to do; false when others were faster. */
  private async push(server: SyncCalls, syncSessionToken: string): Promise<boolean> {
    const recordPatches = this.patches();
    if (recordPatches.length === 0) return true;
    const { datasetName, name: deviceId } = this;
    try {
      const answer = await server.updateRecords({ datasetName, recordPatches, deviceId, syncSessionToken });
      for (const { key, value, syncCount } of answer.records)
        this.records.set(key, { value, syncCount, isDirty: false });
      if (answer.datasetSyncCount === this.lastSyncCount + 1) this.lastSyncCount = answer.datasetSyncCount;
      return true;
    } catch (error) {
      if (error instanceof Refusal && isTooLate(error)) return false;
      throw error;
    }
  }

  private patches(): Patch[] {
    return [...this.records].flatMap(([key, { value, syncCount, isDirty }]) => {
      if (!isDirty) return [];
      return [
        value === null ? { op: 'remove', key, syncCount } : { op: 'replace', key, value, syncCount },
      ] as Patch[];
    });
  }
}

/** Whether what a device knew is gone. */
const isDeleted = (page: Listing, lastSyncCount: number): boolean =>
  page.datasetDeletedAfterRequestedSyncCount || (lastSyncCount > 0 && !page.datasetExists);

/** Others wrote meanwhile, deleted the dataset, or this very call came through before. */
const isTooLate = ({ code, message }: Refusal): boolean =>
  code === 'RESOURCE_CONFLICT' ||
  (code === 'INVALID_PARAMETER' && /No such SyncCount|SyncSessionToken not valid/.test(message));
