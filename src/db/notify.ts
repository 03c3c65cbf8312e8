import { Socket } from 'node:net';
import { Client } from 'pg';
import type { Logger } from 'pino';

/** Waits in milliseconds; the defaults notice a half-dead connection within 15 seconds. Tests shorten them. */
export interface ListenTimings {
  /** Between two questions whether the connection is alive. Default 5,000. */
  probeEvery: number;
  /** For an answer to such a question, and for a connection. Default 5,000. */
  patience: number;
  /** Before the first new attempt; doubles with each. Default 250. */
  firstBackOff: number;
  /** The longest wait between attempts. Default 5,000. */
  longestBackOff: number;
}

const TIMINGS: ListenTimings = {
  probeEvery: 5_000,
  patience: 5_000,
  firstBackOff: 250,
  longestBackOff: 5_000,
};

/** Where to listen, and what to do with what is heard. */
export interface ListenOptions {
  /** The database without a pooler: LISTEN does not pass a pooler that shares connections. */
  url: string;
  /** What to do with the payloads of each channel. An error in one is logged and goes no further. */
  handlers: Record<string, (payload: string) => void>;
  log: Logger;
  /** Called when listening starts again after a time without it: notices were missed, so forget what relies on them. */
  onReconnect: () => void;
  timings?: Partial<ListenTimings>;
}

/** A connection that listens until it is closed. */
export interface Listener {
  /** Whether notices arrive at this moment, as far as is known. */
  isListening(): boolean;
  /** Ends the connection and all attempts to make one. */
  close(): Promise<void>;
}

/**
 * Listens on the channels over one connection of its own and keeps at it: a lost or half-dead connection is made
 * again after 250 ms, doubling to 5 s, with jitter.
 *
 * Resolves after the first attempt, whether it succeeded or not: a node starts and serves without notices too, for
 * nothing relies on them to be correct. Never throws out of an event; never logs the URL.
 */
export const listen = async (options: ListenOptions): Promise<Listener> => {
  const listener = new ReconnectingListener(options, { ...TIMINGS, ...options.timings });
  await listener.attempt();
  return listener;
};

interface Connection {
  client: Client;
  socket: Socket;
  probe?: NodeJS.Timeout;
}

class ReconnectingListener implements Listener {
  private connection: Connection | undefined;
  private listening = false;
  private missed = false;
  private failures = 0;
  private retry: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: ListenOptions,
    private readonly timings: ListenTimings,
  ) {}

  isListening(): boolean {
    return this.listening;
  }

  async attempt(): Promise<void> {
    let connection: Connection | undefined;
    try {
      this.connection = connection = this.open();
      const deadline = this.deadline(connection);
      await this.begin(connection.client).finally(() => clearTimeout(deadline));
      if (this.connection === connection) this.started(connection);
    } catch (error) {
      this.lost(connection, error);
    }
  }

  private async begin(client: Client): Promise<void> {
    await client.connect();
    for (const channel of Object.keys(this.options.handlers))
      await client.query(`LISTEN ${client.escapeIdentifier(channel)}`);
  }

  private deadline(connection: Connection): NodeJS.Timeout {
    const giveUp = (): void => this.lost(connection, new Error('the connection does not answer'));
    return setTimeout(giveUp, this.timings.patience).unref();
  }

  async close(): Promise<void> {
    this.listening = false;
    clearTimeout(this.retry);
    const connection = this.connection;
    this.connection = undefined;
    if (!connection) return;
    clearTimeout(connection.probe);
    const giveUp = setTimeout(() => connection.socket.destroy(), this.timings.patience);
    await connection.client.end().catch(() => undefined);
    clearTimeout(giveUp);
    connection.socket.destroy();
  }

  private open(): Connection {
    const socket = new Socket();
    const client = new Client({
      connectionString: this.options.url,
      application_name: 'rockpool listen',
      connectionTimeoutMillis: this.timings.patience,
      keepAlive: true,
      keepAliveInitialDelayMillis: this.timings.probeEvery,
      stream: () => socket,
    });
    const connection = { client, socket };
    client.on('error', (error) => this.lost(connection, error));
    client.on('notification', ({ channel, payload }) => this.deliver(channel, payload ?? ''));
    return connection;
  }

  private started(connection: Connection): void {
    this.listening = true;
    this.failures = 0;
    this.probeLater(connection);
    if (this.missed) this.safely('onReconnect', () => this.options.onReconnect());
    this.missed = false;
  }

  private deliver(channel: string, payload: string): void {
    this.safely(channel, () => this.options.handlers[channel]?.(payload));
  }

  private safely(what: string, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.options.log.error({ err: error, what }, 'a handler of database notices failed');
    }
  }

  private probeLater(connection: Connection): void {
    connection.probe = setTimeout(() => this.probe(connection), this.timings.probeEvery).unref();
  }

  private probe(connection: Connection): void {
    const deadline = this.deadline(connection);
    connection.client
      .query('SELECT 1')
      .then(
        () => this.connection === connection && this.probeLater(connection),
        (error: unknown) => this.lost(connection, error),
      )
      .finally(() => clearTimeout(deadline));
  }

  /** One loss is reported more than once, by events and by failed questions; only the first report finds it in place. */
  private lost(connection: Connection | undefined, error: unknown): void {
    if (this.connection !== connection) return;
    this.connection = undefined;
    this.listening = false;
    this.missed = true;
    clearTimeout(connection?.probe);
    connection?.socket.destroy();
    const wait = this.backOff();
    // Not the error itself: that of a bad URL carries the URL, with its password.
    const { code, message } = error as { code?: string; message?: string };
    this.options.log.warn({ code, reason: message, retryInMs: wait }, 'not listening for database notices');
    this.retry = setTimeout(() => void this.attempt(), wait).unref();
  }

  /** Half the wait is random, so that the nodes of a cluster do not all come back at once. */
  private backOff(): number {
    const { firstBackOff, longestBackOff } = this.timings;
    const full = Math.min(longestBackOff, firstBackOff * 2 ** this.failures);
    this.failures += 1;
    return Math.round(full / 2 + (Math.random() * full) / 2);
  }
}
