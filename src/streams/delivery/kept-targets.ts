import type { Context } from '../../context';
import type { StoredStream } from '../../sync/sync-configuration.entity';
import { openTarget } from '../stream-settings';
import type { StreamTarget, TargetOptions } from '../targets/stream-target';
import { targetFor } from '../targets/target-for';

/** Milliseconds that one attempt of a target may take. */
const TIMEOUT_MS = 10_000;

/** Milliseconds after which a target that is not used is given up. */
const IDLE_MS = 300_000;

interface Kept {
  target: StreamTarget;
  settings: string;
  users: number;
  usedAt: number;
}

/** The targets of a node's pools, one for each pool, with their connections, as long as their settings stay. */
export class KeptTargets {
  private readonly kept = new Map<string, Kept>();
  private readonly options: TargetOptions;

  constructor(private readonly ctx: Context) {
    this.options = { rules: ctx.config.outgoing, timeoutMs: TIMEOUT_MS, now: ctx.now };
  }

  /** Lets `work` use the target of a pool. @throws TargetUnreadableError */
  async use<T>(
    identityPoolId: string,
    stream: StoredStream,
    work: (target: StreamTarget) => Promise<T>,
  ): Promise<T> {
    const kept = this.find(identityPoolId, stream);
    kept.users += 1;
    try {
      return await work(kept.target);
    } finally {
      kept.users -= 1;
      kept.usedAt = Date.now();
      // Its settings were replaced while it was used.
      if (this.kept.get(identityPoolId) !== kept && kept.users === 0) await this.end(kept);
    }
  }

  private find(identityPoolId: string, { sealedTarget: settings }: StoredStream): Kept {
    const known = this.kept.get(identityPoolId);
    if (known?.settings === settings) return known;
    const opened = openTarget(this.ctx.config.secret, { sealedTarget: settings });
    if (!opened) throw new TargetUnreadableError();
    const kept = { target: targetFor(opened, this.options), settings, users: 0, usedAt: Date.now() };
    this.kept.set(identityPoolId, kept);
    if (known?.users === 0) void this.end(known);
    return kept;
  }

  /** Gives up connections that nobody used for 5 minutes. */
  async closeIdle(): Promise<void> {
    for (const [identityPoolId, kept] of this.kept) {
      if (kept.users > 0 || Date.now() - kept.usedAt < IDLE_MS) continue;
      this.kept.delete(identityPoolId);
      await this.end(kept);
    }
  }

  /** Gives up all connections. */
  async close(): Promise<void> {
    const all = [...this.kept.values()];
    this.kept.clear();
    await Promise.all(all.map((kept) => this.end(kept)));
  }

  private async end({ target }: Kept): Promise<void> {
    await target.close().catch((error: unknown) => {
      this.ctx.log.warn({ reason: String(error) }, 'a stream target did not close');
    });
  }
}

/** A target was sealed under another master secret than this node's. */
export class TargetUnreadableError extends Error {
  override readonly name = 'TargetUnreadableError';

  constructor() {
    super('its target cannot be read under this master secret');
  }
}
