import { once } from 'node:events';
import { CloseCode, type Server, type WebSocket as ProtocolSocket } from 'graphql-ws';
import type { Logger } from 'pino';
import type { RawData, WebSocket } from 'ws';
import type { ConnectionTimings, OpenConnection } from './open-connections';
import { Outbox } from './outbox';
import type { SocketState } from './socket-protocol';

/** Come back, the server restarts (RFC 6455's registry). */
const SERVICE_RESTART = 1012;

/** Nobody uses it. */
const NORMAL_CLOSURE = 1000;

/** Bytes of pongs that may wait for a client that pings and does not read. */
const MOST_BUFFERED = 1024 * 1024;

/** What a socket works with. */
export interface SocketSetting {
  protocol: Server<SocketState>;
  state: SocketState;
  timings: ConnectionTimings;
  log: Logger;
}

/** A WebSocket with the protocol on it, from its first message to its close. */
export class LiveSocket implements OpenConnection {
  private readonly outbox: Outbox;
  private readonly pinger: NodeJS.Timeout;
  private isAlive = true;
  private lastUsed = Date.now();

  constructor(
    private readonly socket: WebSocket,
    private readonly setting: SocketSetting,
    onClosed: () => void,
  ) {
    const { timings, protocol, state, log } = setting;
    this.outbox = new Outbox(socket, timings.slowFor, () => (this.isAlive = true));
    this.pinger = setInterval(() => this.ping(), timings.pingEvery).unref();
    const closed = protocol.opened(this.asProtocolSocket(), state);
    socket.on('pong', () => (this.isAlive = true));
    socket.on('ping', (data) => this.pong(data));
    socket.on('error', (error) => log.debug({ reason: String(error) }, 'a live socket failed'));
    socket.on('close', (code, reason) => {
      clearInterval(this.pinger);
      onClosed();
      void closed(code, String(reason));
    });
  }

  private asProtocolSocket(): ProtocolSocket {
    const { socket } = this;
    return {
      protocol: socket.protocol,
      send: (message) => this.outbox.send(message),
      close: (code, reason) => socket.close(code, reason),
      onMessage: (take) => void socket.on('message', (message) => void this.receive(message, take)),
    };
  }

  private async receive(message: RawData, take: (message: string) => Promise<void>): Promise<void> {
    this.isAlive = true;
    try {
      await take(String(message)); // Until the subscription ends that it began.
    } catch (error) {
      this.setting.log.debug({ reason: String(error) }, 'a message of a live socket was not understood');
      this.socket.close(CloseCode.BadRequest, 'Invalid message received');
    }
    if (!this.setting.state.hasBegun) return;
    this.setting.state.hasBegun = false;
    this.lastUsed = Date.now();
    await this.closeIfUseless(CloseCode.Forbidden, 'No subscription is open to these credentials');
  }

  /** Nothing is on the socket, and nothing can come of its credentials. */
  private async closeIfUseless(code: number, reason: string): Promise<void> {
    const { state } = this.setting;
    if (state.countOpen() > 0 || this.socket.readyState !== this.socket.OPEN) return;
    if (await state.isOfNobody()) this.socket.close(code, reason);
  }

  private ping(): void {
    if (!this.isAlive) return this.socket.terminate();
    this.isAlive = false;
    this.socket.ping();
    if (Date.now() - this.lastUsed > this.setting.timings.idleFor)
      void this.closeIfUseless(NORMAL_CLOSURE, 'Nobody has used it for a while');
  }

  private pong(data: Buffer): void {
    if (this.socket.bufferedAmount > MOST_BUFFERED) this.socket.terminate();
    else this.socket.pong(data);
  }

  async goAway(): Promise<void> {
    if (this.socket.readyState === this.socket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.close(SERVICE_RESTART, 'The server is going down. Connect again: another node will answer.');
    await closed;
  }
}
