import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import {
  createSecureServer,
  createServer as createHttp2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { PushMessage } from '../../src/push/send/sender';
import type { TlsCertificate } from './tls-certificate';

/** One request as a push service got it. */
export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** What a push service does: it answers, says nothing, breaks the connection, or never ends its answer. */
export type Reply =
  { status: number; headers?: Record<string, string>; body?: unknown } | 'silence' | 'break' | 'flood';

/** A server on this machine that stands in for a push service. */
export interface PushStandIn {
  url: string;
  /** Every request, oldest first. */
  asked: Asked[];
  /** Connections that were opened. */
  connections: () => number;
  /** Says goodbye (GOAWAY) on every HTTP/2 connection. */
  sayGoodbye: () => void;
  /** Bytes that were written in floods. */
  flooded: () => number;
  close(): Promise<void>;
}

/** What a stand-in is. */
export interface StandInOptions {
  http2?: boolean;
  /** With `http2` only; who speaks HTTP/1.1 over it is understood too. */
  tls?: TlsCertificate;
}

/** A message, and what Android and ADM get of it. */
export const MESSAGE: PushMessage = {
  source: 'cognito-sync',
  identityPoolId: 'us-east-1:0a0a0a0a-1111-4111-8111-aaaaaaaaaaaa',
  identityId: 'us-east-1:0b0b0b0b-2222-4222-8222-bbbbbbbbbbbb',
  datasetName: 'settings',
  syncCount: 7,
};
export const EXTRAS = { ...MESSAGE, syncCount: '7' };

class StandIn {
  readonly asked: Asked[] = [];
  readonly sockets = new Set<Socket>();
  readonly sessions = new Set<ServerHttp2Session>();
  connections = 0;
  flooded = 0;

  constructor(private readonly reply: (asked: Asked) => Reply | Promise<Reply>) {}

  async answer(request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method, url: path, headers } = request;
    const asked = { method, path, headers, body: Buffer.concat(chunks) };
    this.asked.push(asked);
    const reply = await this.reply(asked);
    if (reply === 'silence') return;
    if (reply === 'break') return this.break();
    if (reply === 'flood') return this.flood(response);
    response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
    response.end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body ?? {}));
  }

  break(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private flood(response: Http2ServerResponse): void {
    response.writeHead(200);
    const more = (): void => {
      this.flooded += 1024;
      response.write('x'.repeat(1024), (error?: Error | null) => error ?? setImmediate(more));
    };
    more();
  }
}

/** Starts a stand-in that replies as it is told; close it in `afterEach`. */
export const startPushStandIn = async (
  reply: (asked: Asked) => Reply | Promise<Reply>,
  { http2 = false, tls }: StandInOptions = {},
): Promise<PushStandIn> => {
  const standIn = new StandIn(reply);
  const listener = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    response.on('error', () => undefined);
    standIn.answer(request, response).catch(() => undefined);
  };
  const server = (
    !http2
      ? createServer(listener as never)
      : tls
        ? createSecureServer({ ...tls, allowHTTP1: true }, listener)
        : createHttp2Server(listener)
  ) as Server;
  server.on('connection', (socket: Socket) => {
    standIn.connections += 1;
    standIn.sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('session', (session: ServerHttp2Session) => {
    standIn.sessions.add(session);
    session.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `${tls ? 'https://localhost' : 'http://127.0.0.1'}:${(server.address() as AddressInfo).port}`,
    asked: standIn.asked,
    connections: () => standIn.connections,
    sayGoodbye: () => standIn.sessions.forEach((session) => session.goaway()),
    flooded: () => standIn.flooded,
    close: async () => {
      server.close();
      standIn.break();
      await once(server, 'close');
    },
  };
};
