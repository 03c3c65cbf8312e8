import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { COUNTS, documentOf, socketUrl, type Listening } from './live-world';

/** A message of the protocol, of whatever form. */
export type Message = Record<string, any>;

/** A WebSocket without a client library on it, which can do what no honest client does. */
export interface RawSocket {
  /** All that came so far. */
  messages: Message[];
  socket: WebSocket;
  send(message: unknown): void;
  /** Begins the connection with the token and waits for the answer. */
  begin(token: string | undefined): Promise<void>;
  subscribe(id: string, input: Listening, selection?: string): void;
  /** The next message of that type that was not waited for yet. */
  next(type: string): Promise<Message>;
  /** Stops or goes on to read, as a phone does that was put to sleep: nothing is answered either. */
  pause(): void;
  resume(): void;
  /** The code and reason that the server closed it with. */
  closed: Promise<{ code: number; reason: string }>;
  isClosed(): boolean;
}

/** Opens one. The protocol is that of the server unless a test says otherwise. */
export const openRaw = async (
  server: { url: string },
  {
    headers = {},
    protocol = 'graphql-transport-ws',
  }: { headers?: Record<string, string>; protocol?: string } = {},
): Promise<RawSocket> => {
  const socket = new WebSocket(socketUrl(server), protocol, { headers });
  const messages: Message[] = [];
  const taken = new Set<Message>();
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.on('error', () => undefined);
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  await Promise.race([new Promise((resolve) => socket.on('open', resolve)), closed]);
  const send = (message: unknown): void =>
    socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  const next = async (type: string): Promise<Message> => {
    for (;;) {
      const found = messages.find((message) => message.type === type && !taken.has(message));
      if (found) return taken.add(found) && found;
      await sleep(10);
    }
  };
  const wire = (): Socket => (socket as unknown as { _socket: Socket })._socket;
  return {
    messages,
    socket,
    send,
    next,
    closed,
    begin: async (token) => {
      send({ type: 'connection_init', ...(token ? { payload: { authorization: `Bearer ${token}` } } : {}) });
      await next('connection_ack');
    },
    subscribe: (id, input, selection = COUNTS) =>
      send({ id, type: 'subscribe', payload: { query: documentOf(selection), variables: { input } } }),
    pause: () => wire().pause(),
    resume: () => wire().resume(),
    isClosed: () => socket.readyState === socket.CLOSED,
  };
};
