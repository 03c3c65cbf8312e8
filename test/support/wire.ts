import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to the database that a test can break. */
export interface Wire {
  /** The database, by this way. */
  url: string;
  /** The database still does what it is told next, but the answer never arrives: the connection breaks. */
  loseNextAnswer(): void;
  /** Breaks all connections and takes no more. */
  cut(): Promise<void>;
}

export const tap = async (databaseUrl: string): Promise<Wire> => {
  const { hostname, port } = new URL(databaseUrl);
  const sockets: Socket[] = [];
  let losesAnswer = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    const end = () => {
      near.destroy();
      far.destroy();
    };
    near
      .on('data', (data) => far.write(data))
      .on('close', end)
      .on('error', end);
    far.on('close', end).on('error', end);
    far.on('data', (data) => {
      if (!losesAnswer) return void near.write(data);
      losesAnswer = false;
      end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    loseNextAnswer: () => void (losesAnswer = true),
    cut: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, 'close');
    },
  };
};
