import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to the database, or to Redis, that a test can break. */
export interface Wire {
  /** The database, by this way. */
  url: string;
  /** The database still does what it is told next, but the answer never arrives: the connection breaks. */
  loseNextAnswer(): void;
  /** The same for the next statement with this text in it. */
  loseAnswerTo(text: string): void;
  /** Puts bytes of a test's own behind the next word of the database that it is ready, to arrive with it. */
  addToNextReady(bytes: Buffer): void;
  /** Breaks all connections and takes no more. */
  cut(): Promise<void>;
  /** Takes connections and lets nothing through, in either direction. */
  stall(): void;
  /** Works again after `cut` or `stall`; what was sent in between is lost. */
  mend(): Promise<void>;
  /** How many connections are open. */
  connections(): number;
}

/** ReadyForQuery, outside a transaction, of PostgreSQL's protocol. */
const READY_FOR_QUERY = Buffer.from('Z\0\0\0\x05I', 'latin1');

export const tap = async (databaseUrl: string): Promise<Wire> => {
  const { hostname, port } = new URL(databaseUrl);
  const sockets: Socket[] = [];
  let stalled = false;
  let losesAnswer = false;
  let doomed: string | undefined;
  let added: Buffer | undefined;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    const end = () => {
      near.destroy();
      far.destroy();
    };
    near
      .on('data', (data) => {
        if (stalled) return;
        if (doomed !== undefined && data.includes(doomed)) {
          doomed = undefined;
          losesAnswer = true;
        }
        far.write(data);
      })
      .on('close', end)
      .on('error', end);
    far.on('close', end).on('error', end);
    far.on('data', (data) => {
      if (stalled) return;
      const isReady = data.subarray(-6).equals(READY_FOR_QUERY);
      if (losesAnswer) {
        losesAnswer = false;
        end();
      } else if (isReady && added) {
        near.write(Buffer.concat([data, added]));
        added = undefined;
      } else near.write(data);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = (server.address() as AddressInfo).port;
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${near}`;
  return {
    url: url.href,
    loseNextAnswer: () => void (losesAnswer = true),
    loseAnswerTo: (text) => void (doomed = text),
    addToNextReady: (bytes) => void (added = bytes),
    cut: async () => {
      if (!server.listening) return;
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, 'close');
    },
    stall: () => void (stalled = true),
    mend: async () => {
      stalled = false;
      if (server.listening) return;
      server.listen(near, '127.0.0.1');
      await once(server, 'listening');
    },
    connections: () => sockets.filter((socket) => !socket.destroyed).length / 2,
  };
};
