import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TlsCertificate } from './tls-certificate';

/** A server for protocols below HTTP, on 127.0.0.1. */
export interface SocketServer {
  port: number;
  /** How many connections there were. */
  connections(): number;
  /** Ends all connections that there are. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts it on a free port; with a certificate it speaks TLS from the beginning. */
export const startSocketServer = async (
  onConnection: (socket: Socket) => void,
  certificate?: TlsCertificate,
): Promise<SocketServer> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  const accept = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    onConnection(socket);
  };
  const server: Server = certificate ? createTlsServer(certificate, accept) : createServer(accept);
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    cut,
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
};

/**
 * Hands over what arrives in messages: `take` answers how many bytes at the beginning of what is there make one up, or 0
 * when it is not complete yet.
 */
export const inMessages = (
  socket: Socket,
  take: (buffer: Buffer) => number,
  onMessage: (message: Buffer) => void,
): void => {
  let buffer: Buffer = Buffer.alloc(0);
  socket.on('data', (data: Buffer) => {
    buffer = Buffer.concat([buffer, data]);
    for (let size = take(buffer); size > 0 && size <= buffer.length; size = take(buffer)) {
      const message = buffer.subarray(0, size);
      buffer = buffer.subarray(size);
      onMessage(message);
    }
  });
};
