import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { handleProtocols, type Server } from 'graphql-ws';
import { WebSocketServer } from 'ws';
import type { NodeContext } from '../../context';
import { originOf } from '../../request-origin';
import { tooManyConnections } from '../error-body';
import { LiveSocket } from './live-socket';
import type { ConnectionTimings, OpenConnections } from './open-connections';
import { SocketState } from './socket-protocol';
import { withoutUpgrade } from './without-upgrade';

/** Bytes of one message: a subscription with 1,000 counts to resume from, and some room. */
const MAX_MESSAGE = 512 * 1024;

/** Milliseconds for a client to answer a close before its socket is cut. */
const CLOSE_WITHIN = 1_000;

const OPTIONS = {
  noServer: true,
  clientTracking: false,
  maxPayload: MAX_MESSAGE,
  // Each socket would hold hundreds of KiB for it.
  perMessageDeflate: false,
  autoPong: false,
  closeTimeout: CLOSE_WITHIN,
  handleProtocols,
};

interface Upgrade {
  socket: Duplex;
  head: Buffer;
}

/** What the sockets of a node share. */
export interface SocketsSetting {
  protocol: Server<SocketState>;
  open: OpenConnections;
  timings: ConnectionTimings;
}

/** A way from requests to WebSockets, for the handler of the path that they come to. */
export interface WebSockets {
  /** Whether the request asks for a WebSocket. */
  isWanted(request: FastifyRequest): boolean;
  /** Opens it; nothing else may be answered then. */
  open(request: FastifyRequest, reply: FastifyReply): FastifyReply;
}

/**
 * Takes WebSockets on the HTTP server. A request for one goes through the hooks and routes as any other, so that it
 * has the same address, id and refusals, and its handler opens the socket.
 */
export const takeWebSockets = (
  app: FastifyInstance,
  node: NodeContext,
  setting: SocketsSetting,
): WebSockets => {
  const upgrades = new WeakMap<IncomingMessage, Upgrade>();
  const sockets = new WebSocketServer(OPTIONS);
  app.server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() !== 'websocket')
      return withoutUpgrade(app.server, request, { socket, head });
    upgrades.set(request, { socket, head });
    app.routing(request, responseOn(request, socket as Socket));
  });
  return {
    isWanted: (request) => upgrades.has(request.raw),
    open: (request, reply) => {
      const upgrade = upgrades.get(request.raw);
      if (!setting.open.hasRoom || !upgrade)
        return reply.code(503).send(tooManyConnections(setting.open.maximum));
      const state = new SocketState(originOf(node, request), request.headers.authorization);
      reply.hijack();
      reply.raw.detachSocket(upgrade.socket as Socket);
      sockets.handleUpgrade(request.raw, upgrade.socket, upgrade.head, (socket) => {
        const live = new LiveSocket(socket, { ...setting, state, log: state.origin.log }, () => close());
        const close = setting.open.add(live);
      });
      return reply;
    },
  };
};

/** For an answer other than a WebSocket, after which the connection ends. */
const responseOn = (request: IncomingMessage, socket: Socket): ServerResponse => {
  const response = new ServerResponse(request);
  socket.on('error', () => socket.destroy());
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.on('finish', () => socket.end());
  return response;
};
