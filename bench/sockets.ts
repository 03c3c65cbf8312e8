import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import WebSocket from 'ws';

/** A device that listens, with as little work as possible. */
export interface Listener {
  /** Of the last report; 0 before the first. */
  syncCount: number;
  /** The next report. */
  next(): Promise<void>;
  close(): void;
}

/** Opens a socket with one subscription to all datasets of the token's identity. */
export const openListener = async (url: string, token: string, selection: string): Promise<Listener> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  const send = (message: object): void => socket.send(JSON.stringify(message));
  let wake: (() => void) | undefined;
  const listener: Listener = {
    syncCount: 0,
    next: () => new Promise((resolve) => (wake = resolve)),
    close: () => socket.terminate(),
  };
  const query = `subscription ($input: DatasetChangedInput!) { datasetChanged(input: $input) { ${selection} } }`;
  const variables = { input: { deviceId: 'tablet', sinceSyncCounts: [] } };
  socket.on('message', (data) => {
    const text = String(data);
    if (text.includes('"connection_ack"'))
      return send({ id: '1', type: 'subscribe', payload: { query, variables } });
    const syncCount = /"syncCount":(\d+)/.exec(text)?.[1];
    if (syncCount === undefined) throw new Error(text);
    listener.syncCount = Number(syncCount);
    wake?.();
  });
  send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  return listener;
};

const ECHO = `
  const { WebSocketServer } = require('ws');
  const { workerData, parentPort } = require('node:worker_threads');
  const server = new WebSocketServer({ port: workerData, host: '127.0.0.1', perMessageDeflate: false }, () => parentPort.postMessage('ready'));
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
`;

/** A WebSocket server with nothing on it, on a thread of its own. */
export const echoServer = async (port: number): Promise<Worker> => {
  const worker = new Worker(ECHO, { eval: true, workerData: port });
  await once(worker, 'message');
  return worker;
};

/** Sends a text there and answers what comes back. */
export const echoSocket = async (port: number): Promise<(text: string) => Promise<string>> => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(socket, 'open');
  return async (text) => {
    socket.send(text);
    const [data] = await once(socket, 'message');
    return String(data);
  };
};
