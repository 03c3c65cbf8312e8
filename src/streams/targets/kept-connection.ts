/** How a connection is made and told apart from a dead one. */
export interface Connecting<T> {
  open(): Promise<T>;
  isOpen(connection: T): boolean;
  close(connection: T): Promise<void> | void;
}

/** One connection that is made when it is needed, and anew when it is gone. */
export interface KeptConnection<T> {
  /** The connection; everyone who asks while it is being made waits for the same one. Rejects as `open` does. */
  get(): Promise<T>;
  /** Closes one that does not answer any more, so that the next `get` makes another. */
  drop(connection: T): Promise<void>;
  /** Closes it for good: `get` rejects from here on. */
  close(): Promise<void>;
}

/**
 * Connects again at the next use, not in the background: the names of a target are resolved and checked anew each time,
 * and a server that is gone costs nothing while there is nothing to put.
 */
export const keepConnection = <T>({ open, isOpen, close }: Connecting<T>): KeptConnection<T> => {
  let current: Promise<T> | undefined;
  let isClosed = false;
  const settled = (): Promise<T | undefined> => Promise.resolve(current).catch(() => undefined);
  return {
    get: async () => {
      const seen = current;
      const held = await settled();
      if (isClosed) throw new Error('The target is closed');
      if (held !== undefined && isOpen(held)) return held;
      // Somebody else may have begun to connect while this one looked.
      if (current === undefined || current === seen) current = open();
      return current;
    },
    drop: async (connection) => {
      if ((await settled()) === connection) current = undefined;
      await close(connection);
    },
    close: async () => {
      isClosed = true;
      const held = await settled();
      if (held !== undefined) await close(held);
    },
  };
};

/** What the first of several places answers that does not reject; when all do, it rejects as the last one. */
export const firstToAnswer = async <P, T>(places: P[], ask: (place: P) => Promise<T>): Promise<T> => {
  let failure: unknown;
  for (const place of places) {
    try {
      return await ask(place);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
};
