import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../../context';
import { isUnavailable } from '../../db/constraints';
import { isAfter, joined, type DatasetChange } from '../../events/dataset-change';
import { unknownSyncCount } from '../../sync/refusal';
import type { DatasetCount } from '../../sync/dataset-counts';
import { changeOf } from './change-of';
import type { LiveContext } from './live-connection';
import { NOTHING_TOLD, isWorthTelling, positionAt, type Position } from './position';
import { reportOn, requireAllowed, type DatasetReport, type Watch } from './report';

/** Milliseconds before a report is tried again that the database was not to be had for. */
const RETRY_AFTER = 1000;

/**
 * One client's subscription to a dataset, or to all of an identity: reports, one after the other, of what changed since
 * the report before. Of each dataset at most one change waits, the latest, however slowly the client reads.
 *
 * It ends with an error as soon as the caller may no longer have it: `recheck` looks.
 */
export class LiveSubscription implements AsyncIterableIterator<DatasetReport> {
  private readonly positions = new Map<string, Position>();
  private readonly waiting = new Map<string, DatasetChange>();
  private wake: (() => void) | undefined;
  private turnEnds: (() => void) | undefined;
  private expiry: NodeJS.Timeout | undefined;
  private ending: { error?: unknown } | undefined;

  constructor(
    private readonly ctx: LiveContext,
    readonly watch: Watch,
    private readonly onEnd: () => void,
  ) {
    this.awaitExpiry();
  }

  /**
   * Takes the subscription from what the device knows to where its datasets stand. Changes offered before are not lost.
   * @throws INVALID_PARAMETER when the device claims to know more than there ever was
   */
  begin(counts: DatasetCount[]): void {
    const { since, datasetName } = this.watch;
    const known = new Map(counts.map((count) => [count.datasetName, count]));
    for (const [name, count] of since ?? []) {
      const highest = known.get(name)?.syncCount ?? 0;
      if (count > highest) throw unknownSyncCount(count, highest, 'sinceSyncCounts');
    }
    for (const count of counts) {
      if (datasetName !== null && datasetName !== count.datasetName) continue;
      this.positions.set(count.datasetName, positionAt(since ? knownTo(since, count) : count));
      this.offer(changeOf(this.ctx, this.watch.owner, count));
    }
  }

  /** Takes notice of a change, in any order and as often as it comes. */
  offer(change: DatasetChange): void {
    const { datasetName } = this.watch;
    if (this.ending || (datasetName !== null && datasetName !== change.datasetName)) return;
    if (!isAfter(change, this.positionOf(change))) return;
    const other = this.waiting.get(change.datasetName);
    this.waiting.set(change.datasetName, other ? joined(other, change) : change);
    this.wake?.();
  }

  private positionOf({ datasetName }: DatasetChange): Position {
    return this.positions.get(datasetName) ?? NOTHING_TOLD;
  }

  async next(): Promise<IteratorResult<DatasetReport, undefined>> {
    this.endTurn(); // What was answered before has been sent.
    for (;;) {
      if (this.ending) return this.finished(this.ending);
      const change = this.take();
      const report = change ? await this.deliver(change) : await this.news();
      if (report) return { value: report, done: false };
    }
  }

  private news(): Promise<undefined> {
    return new Promise((resolve) => (this.wake = () => resolve(undefined)));
  }

  /** The next change that is worth a report; the others are noted down as known. */
  private take(): DatasetChange | undefined {
    for (const [name, change] of this.waiting) {
      this.waiting.delete(name);
      const position = this.positionOf(change);
      if (isWorthTelling(change, position, this.watch.deviceId)) return change;
      if (isAfter(change, position)) this.positions.set(name, positionAt(change));
    }
    return undefined;
  }

  private async deliver(change: DatasetChange): Promise<DatasetReport | undefined> {
    this.turnEnds = await this.ctx.connection.turn();
    if (this.ending) return this.endTurn();
    try {
      const ctx = await this.authorized();
      const { report, position } = await reportOn(ctx, this.watch, this.positionOf(change), change);
      this.positions.set(change.datasetName, position);
      return this.ending ? this.endTurn() : report;
    } catch (error) {
      this.endTurn();
      if (isUnavailable(error)) await this.tryLater(change);
      else this.end(error);
      return undefined;
    }
  }

  private async tryLater(change: DatasetChange): Promise<void> {
    await sleep(RETRY_AFTER, undefined, { ref: false });
    this.offer(change);
  }

  private endTurn(): undefined {
    this.turnEnds?.();
    this.turnEnds = undefined;
  }

  /** The context with the caller of this moment. @throws why the caller may no longer have the subscription */
  private async authorized(): Promise<Context> {
    const ctx = { ...this.ctx, actor: await this.ctx.connection.authenticate() };
    requireAllowed(ctx, this.watch);
    return ctx;
  }

  /** Ends the subscription if the caller may no longer have it; not while nobody knows. Never throws. */
  async recheck(): Promise<void> {
    try {
      await this.authorized();
    } catch (error) {
      if (!isUnavailable(error)) this.end(error);
    }
  }

  private awaitExpiry(): void {
    const { actor } = this.ctx;
    if (actor.kind !== 'identity') return;
    const left = Math.max(1, actor.expiresAt.getTime() - this.ctx.now().getTime());
    this.expiry = setTimeout(() => void this.expired(), left).unref();
  }

  private async expired(): Promise<void> {
    await this.recheck();
    if (!this.ending) this.awaitExpiry();
  }

  /** Ends it, with an error for the client if there is one. What has not been reported is not any more. */
  end(error?: unknown): void {
    if (this.ending) return;
    this.ending = { error };
    clearTimeout(this.expiry);
    this.waiting.clear();
    this.endTurn();
    this.onEnd();
    this.wake?.();
  }

  private finished(ending: { error?: unknown }): IteratorReturnResult<undefined> {
    const { error } = ending;
    this.ending = {};
    if (error !== undefined) throw error;
    return { value: undefined, done: true };
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.end();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** A dataset that the device did not name is one that it does not know. */
const knownTo = (
  since: ReadonlyMap<string, number>,
  { datasetName }: DatasetCount,
): { syncCount: number } => ({
  syncCount: since.get(datasetName) ?? 0,
});
