import type { Logger } from 'pino';
import { joined, type DatasetChange } from './dataset-change';
import { toPayloads } from './payload';

/** How changes reach the other nodes. At most once, in any order; nothing may rely on it to be correct. */
export interface ChangeCarrier {
  /** Takes it along, soon. Never throws and never waits. */
  send(change: DatasetChange): void;
  /** Sends what is left and ends. */
  close(): Promise<void>;
}

/** What a carrier needs to know. */
export interface CarrierOptions {
  /** Sends payloads of less than 7,500 bytes to all nodes. */
  publish: (payloads: string[]) => Promise<unknown>;
  /** Marks what this node sent, so that it takes no notice of it. */
  nodeId: string;
  log: Logger;
}

/** Milliseconds in which changes come together before they are sent. */
const GATHER = 3;

/**
 * Milliseconds from a sending of several changes to the next: under load few and full ones go out. One that had a single
 * change says that there is no load.
 */
const REST = 20;

/** Datasets whose changes wait. Beyond it they are dropped: something is wrong, and they are looked for anyway. */
const MOST_WAITING = 50_000;

/**
 * Gathers changes of a few milliseconds into one sending, the changes of one dataset into one. One sending is under way
 * at a time. One that fails is not repeated.
 */
export class GatheringCarrier implements ChangeCarrier {
  private waiting = new Map<string, DatasetChange>();
  private timer: NodeJS.Timeout | undefined;
  private sending: Promise<void> | undefined;
  /** Not before this moment. */
  private nextAt = 0;
  /** So that the log tells of it once. */
  private isFailing = false;

  constructor(private readonly options: CarrierOptions) {}

  send(change: DatasetChange): void {
    const name = `${change.identityId}/${change.datasetName}`;
    const other = this.waiting.get(name);
    if (!other && this.waiting.size >= MOST_WAITING) return;
    this.waiting.set(name, other ? joined(other, change) : change);
    this.schedule();
  }

  private schedule(): void {
    if (this.timer || this.sending) return;
    const delay = Math.max(GATHER, this.nextAt - performance.now());
    this.timer = setTimeout(() => this.flush(), delay).unref();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const changes = [...this.waiting.values()];
    this.waiting = new Map();
    if (changes.length === 0) return;
    this.sending = this.publish(changes).finally(() => {
      this.sending = undefined;
      this.nextAt = performance.now() + (changes.length > 1 ? REST : 0);
      if (this.waiting.size > 0) this.schedule();
    });
  }

  private async publish(changes: DatasetChange[]): Promise<void> {
    const { publish, nodeId, log } = this.options;
    try {
      await publish(toPayloads(nodeId, changes));
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) log.warn({ reason: String(error) }, 'other nodes are not told of changes');
      this.isFailing = true;
    }
  }

  async close(): Promise<void> {
    await this.sending;
    this.flush();
    await this.sending;
    clearTimeout(this.timer);
  }
}
