/** A socket or a stream that stays open. */
export interface OpenConnection {
  /** Ends it so that the client comes back, to another node or later. Resolves when it is closed. */
  goAway(): Promise<void>;
}

/** Milliseconds of the life of connections. Tests shorten them. */
export interface ConnectionTimings {
  /** Between two pings; a socket that has given no sign of life by the next one is cut. Default 6,000: a dead one is noticed within 12 s. */
  pingEvery: number;
  /** For the first message of a socket. Default 3,000. */
  initWithin: number;
  /** For a socket without a subscription whose credentials are those of no identity. Default 60,000. */
  idleFor: number;
  /** For 64 KiB to go out; a client that reads more slowly is cut. Default 10,000. */
  slowFor: number;
}

/** The defaults. */
export const CONNECTION_TIMINGS: ConnectionTimings = {
  pingEvery: 6_000,
  initWithin: 3_000,
  idleFor: 60_000,
  slowFor: 10_000,
};

/** Bytes that are sent at once, so that a slow client is told from one that does not read at all. */
export const PIECE = 64 * 1024;

/** The connections of a node that stay open. */
export class OpenConnections {
  private readonly open = new Set<OpenConnection>();
  private isLeaving = false;

  constructor(readonly maximum: number) {}

  /** How many there are. */
  get size(): number {
    return this.open.size;
  }

  /** Whether one more may be opened. */
  get hasRoom(): boolean {
    return this.open.size < this.maximum;
  }

  /** Counts a connection until the answer is called. One that was being opened when all were sent away is sent after them. */
  add(connection: OpenConnection): () => void {
    this.open.add(connection);
    if (this.isLeaving) setImmediate(() => void connection.goAway());
    return () => this.open.delete(connection);
  }

  /** Sends all clients away, as before the node ends. */
  async goAway(): Promise<void> {
    this.isLeaving = true;
    await Promise.all([...this.open].map((connection) => connection.goAway()));
  }
}
