import type { WebSocket } from 'ws';
import { PIECE } from './open-connections';

/** Bytes that may wait behind a message that is going out; more are waiting only when the client does not read. */
const MOST_WAITING = 1024 * 1024;

/**
 * What goes out on a socket: one message after the other, large ones in pieces of 64 KiB. A client that takes longer
 * than `slowFor` ms for a piece, or lets more than 1 MiB wait behind it, is cut.
 */
export class Outbox {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** @param onProgress called when a piece is out */
  constructor(
    private readonly socket: WebSocket,
    private readonly slowFor: number,
    private readonly onProgress: () => void,
  ) {}

  /** Resolves when the message is out, or never will be. */
  send(message: string): Promise<void> {
    const bytes = Buffer.from(message);
    if (this.waiting > 0 && this.waiting + bytes.length > MOST_WAITING) this.socket.terminate();
    this.waiting += bytes.length;
    const sent = this.last.then(() => {
      this.waiting -= bytes.length;
      return this.sendPieces(bytes);
    });
    this.last = sent;
    return sent;
  }

  private async sendPieces(bytes: Buffer): Promise<void> {
    let at = 0;
    do {
      const end = at + PIECE;
      await this.sendPiece(bytes.subarray(at, end), end >= bytes.length);
      at = end;
    } while (at < bytes.length);
  }

  /** An error is one of the socket's, which closes. */
  private sendPiece(piece: Buffer, fin: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (this.socket.readyState !== this.socket.OPEN) return resolve();
      const cut = setTimeout(() => this.socket.terminate(), this.slowFor).unref();
      this.socket.send(piece, { binary: false, fin }, () => {
        clearTimeout(cut);
        this.onProgress();
        resolve();
      });
    });
  }
}
