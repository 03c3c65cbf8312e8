import { PIECE } from './open-connections';

/** How the pieces of a stream are handed on. */
export interface PiecesOptions {
  /** Whether nothing more is to be sent. */
  isOver: () => boolean;
  /** Called when an answer has gone out in full. */
  onEvent: () => void;
  /** Called when a piece has not gone out for `slowFor` ms. */
  onSlow: () => void;
  slowFor: number;
}

/** The events of a stream in pieces of at most 64 KiB, each when the one before has gone out. */
export async function* piecesOf(
  events: AsyncIterable<string>,
  { isOver, onEvent, onSlow, slowFor }: PiecesOptions,
): AsyncGenerator<Buffer, void> {
  for await (const event of events) {
    if (isOver()) return;
    const bytes = Buffer.from(event);
    for (let at = 0; at < bytes.length; at += PIECE) {
      const slow = setTimeout(onSlow, slowFor).unref();
      try {
        yield bytes.subarray(at, at + PIECE);
      } finally {
        clearTimeout(slow);
      }
    }
    if (event.startsWith('event: next')) onEvent();
  }
}
