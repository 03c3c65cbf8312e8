import type { Context } from '../../context';
import { deliverMessage } from './deliver-message';
import { KeptSenders } from './kept-senders';
import { claimMessages, handOver, type ClaimedMessage } from './push-queue';

/** Waits and bounds of the delivery. Tests shorten the waits. */
export interface DeliveryTimings {
  /** Milliseconds between two looks while there is nothing to do. */
  pollEvery: number;
  /** Milliseconds after which another node sends what a node took: longer than the slowest send. */
  leaseMs: number;
}

/**
 * A message takes 40 seconds at most: for an access token, to ask, and both again when the token was refused. Looking
 * twice a second takes one probe of an empty index each, also finds what was postponed or left by a node that died, and
 * costs those who write nothing; a notice by LISTEN would save the looks of an idle node and need them all the same.
 */
export const DELIVERY_TIMINGS: DeliveryTimings = { pollEvery: 500, leaseMs: 60_000 };

/** Messages that a node sends at once. */
const MOST_AT_ONCE = 100;

/**
 * Messages of one pool that are taken at once, and under way when no more of it are: devices choose where Web Push
 * messages go, and some that never answer must leave room for those of other pools.
 */
const MOST_OF_A_POOL = 25;

/** Sends push messages until it is stopped. Several nodes at once share the work. */
export const startDelivery = (
  ctx: Context,
  timings: Partial<DeliveryTimings> = {},
): { stop: () => Promise<void> } => {
  const delivery = new PushDelivery(ctx, { ...DELIVERY_TIMINGS, ...timings });
  const running = delivery.run();
  return {
    stop: async () => {
      delivery.end();
      await running;
    },
  };
};

class PushDelivery {
  readonly #senders: KeptSenders;
  readonly #sending = new Set<Promise<void>>();
  /** How many of each pool are under way. */
  readonly #ofPool = new Map<string, number>();
  #isOver = false;
  #wake: () => void = () => undefined;
  /** So that the log tells of it once. */
  #isFailing = false;

  constructor(
    private readonly ctx: Context,
    private readonly timings: DeliveryTimings,
  ) {
    this.#senders = new KeptSenders(ctx);
  }

  async run(): Promise<void> {
    while (!this.#isOver) {
      const found = await this.#look().catch((error: unknown) => this.#failed(error));
      if (found === 0 && !this.#isOver) await this.#pause();
    }
    // What is under way is cut short and due again: a stopping server does not wait for a slow platform.
    this.#senders.close();
    await Promise.all(this.#sending);
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  /** Takes what there is and has room for; answers how much it was. */
  async #look(): Promise<number> {
    const events = await handOver(this.ctx);
    const limit = Math.min(MOST_OF_A_POOL, MOST_AT_ONCE - this.#sending.size);
    const exceptPools = [...this.#ofPool]
      .filter(([, count]) => count >= MOST_OF_A_POOL)
      .map(([pool]) => pool);
    const { leaseMs } = this.timings;
    const messages = limit === 0 ? [] : await claimMessages(this.ctx, { limit, leaseMs, exceptPools });
    for (const message of messages) this.#send(message);
    this.#isFailing = false;
    return events + messages.length;
  }

  #count(pool: string, by: 1 | -1): void {
    const count = (this.#ofPool.get(pool) ?? 0) + by;
    if (count > 0) this.#ofPool.set(pool, count);
    else this.#ofPool.delete(pool);
    if (by < 0 && count === MOST_OF_A_POOL - 1) this.#wake();
  }

  #send(message: ClaimedMessage): void {
    this.#count(message.identityPoolId, 1);
    const sending = deliverMessage(this.ctx, this.#senders, message)
      .catch((error: unknown) => {
        this.ctx.log.warn({ err: error }, 'a push message was not sent, and is tried again');
      })
      .finally(() => {
        this.#sending.delete(sending);
        this.#count(message.identityPoolId, -1);
        if (this.#sending.size === MOST_AT_ONCE - 1) this.#wake();
      });
    this.#sending.add(sending);
  }

  #failed(error: unknown): number {
    if (!this.#isFailing) this.ctx.log.warn({ err: error }, 'push messages cannot be looked for');
    this.#isFailing = true;
    return 0;
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.timings.pollEvery);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
