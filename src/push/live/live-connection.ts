import type { Actor } from '../../actor';
import type { Context } from '../../context';

/** A client's connection that stays: a socket with its subscriptions, or the stream of one. */
export class LiveConnection {
  private lastTurn: Promise<void> = Promise.resolve();

  /** @param authenticate who is calling as of now: an anonymous caller with a `problem` when the credentials hold no more */
  constructor(readonly authenticate: () => Promise<Actor>) {}

  /**
   * Waits until nothing is on its way to the client; call the answer when what was made in this turn has been sent, or
   * will not be. A client that reads slowly thereby holds the records of one change in memory, not those of all of
   * its subscriptions.
   */
  async turn(): Promise<() => void> {
    const before = this.lastTurn;
    let end: () => void = () => undefined;
    this.lastTurn = new Promise((resolve) => (end = resolve));
    await before;
    return end;
  }
}

/** What a call over a connection that stays is given; its `actor` is the caller when it began. */
export interface LiveContext extends Context {
  connection: LiveConnection;
}
