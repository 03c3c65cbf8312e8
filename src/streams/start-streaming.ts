import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context';
import { buryOverdue } from '../sync/event-runs';
import { publishNext } from './bulk/publish-next';
import { deliverRound, type Round } from './delivery/deliver-pool';
import { poolsWithEventsDue, type PoolDue } from './delivery/enabled-streams';
import { KeptTargets } from './delivery/kept-targets';
import { Pauses } from './delivery/pauses';
import { overdueSince } from './delivery/settle';

/** Milliseconds. */
export interface StreamTimings {
  /** Between two looks for events. Default 500. */
  streamLookEvery: number;
  /** After which another node goes on with what one that died had in hand. Default 30,000. */
  streamLease: number;
}

/**
 * Looked for rather than told by NOTIFY: a notice in the transaction of every write would make commits wait for each
 * other (PostgreSQL hands them out under one lock), and could be lost.
 */
const TIMINGS: StreamTimings = { streamLookEvery: 500, streamLease: 30_000 };

/** Pools that a node delivers for at the same time. */
const POOLS_AT_ONCE = 8;

/** Milliseconds after which a pool gives its place to another one. */
const TURN_MS = 10_000;

/** Milliseconds that stopping waits for what is being put. What does not arrive in time is put again by another node. */
const PATIENCE_MS = 5_000;

/** Rounds of which a target has taken nothing, before old events are given up for it that were not tried one by one. */
const FAILURES_TO_BURY = 3;

const MOST_BURIED = 5000;

/** Delivers the events of all pools and publishes in bulk, on every node, until it is stopped. */
export const startStreaming = (
  ctx: Context,
  timings: Partial<StreamTimings> = {},
): { stop: () => Promise<void> } => {
  const worker = new StreamWorker(ctx, { ...TIMINGS, ...timings });
  worker.start();
  return { stop: () => worker.stop() };
};

class StreamWorker {
  private readonly targets: KeptTargets;
  private readonly pauses = new Pauses();
  /** What is under way, by pool. */
  private readonly delivering = new Map<string, Promise<void>>();
  private publishing: Promise<void> | undefined;
  private looking: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly ctx: Context,
    private readonly timings: StreamTimings,
  ) {
    this.targets = new KeptTargets(ctx);
  }

  start(): void {
    this.timer = setInterval(() => {
      this.looking ??= this.look().finally(() => (this.looking = undefined));
    }, this.timings.streamLookEvery).unref();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.timer);
    const work = [this.looking, this.publishing, ...this.delivering.values()];
    await Promise.race([Promise.all(work), sleep(PATIENCE_MS, undefined, { ref: false })]);
    await this.targets.close();
  }

  private async look(): Promise<void> {
    await this.safely('events were not looked for', async () => {
      this.publishing ??= this.publish().finally(() => (this.publishing = undefined));
      await this.targets.closeIdle();
      if (this.delivering.size >= POOLS_AT_ONCE) return;
      const due = (await poolsWithEventsDue(this.ctx)).filter((pool) => this.isFree(pool));
      if (this.isStopped) return;
      for (const { identityPoolId } of shuffled(due).slice(0, POOLS_AT_ONCE - this.delivering.size)) {
        const work = this.deliver(identityPoolId).finally(() => this.delivering.delete(identityPoolId));
        this.delivering.set(identityPoolId, work);
      }
    });
  }

  private isFree({ identityPoolId, sealedTarget }: PoolDue): boolean {
    return (
      !this.delivering.has(identityPoolId) && !this.pauses.holds(identityPoolId, sealedTarget, this.ctx.now())
    );
  }

  /** One pool, until there is nothing to do or its turn is over. */
  private deliver(identityPoolId: string): Promise<void> {
    return this.safely('events were not delivered', async () => {
      const turn = Date.now() + TURN_MS;
      while (!this.isStopped && Date.now() < turn) {
        const round = await deliverRound(this.ctx, identityPoolId, this.means());
        if (!round || !(await this.goesOn(identityPoolId, round))) return;
      }
    });
  }

  private async goesOn(identityPoolId: string, round: Round): Promise<boolean> {
    const { stream, delivered, refusedBy, brokenBy } = round;
    if (delivered.length > 0) this.pauses.end(identityPoolId);
    if (!refusedBy) return brokenBy === undefined;
    const { reason: failure, retryAfterSeconds } = refusedBy;
    const now = this.ctx.now();
    const failures = this.pauses.add(identityPoolId, stream.sealedTarget, now, retryAfterSeconds);
    if (failures < FAILURES_TO_BURY) return false;
    const overdue = { consumer: 'stream' as const, since: overdueSince(now), limit: MOST_BURIED };
    await buryOverdue(this.ctx, { ...overdue, identityPoolId, failure });
    return false;
  }

  private publish(): Promise<void> {
    return this.safely('datasets were not published in bulk', async () => {
      while (!this.isStopped && (await publishNext(this.ctx, this.means(), () => this.isStopped)));
    });
  }

  private means() {
    return { targets: this.targets, leaseMs: this.timings.streamLease };
  }

  private async safely(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.isStopped) this.ctx.log.warn({ err: error }, what);
    }
  }
}

/** So that no pool is always the last one. */
const shuffled = <T>(items: T[]): T[] =>
  items
    .map((item) => ({ item, place: Math.random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
