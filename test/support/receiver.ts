import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TlsCertificate } from './tls-certificate';

/** One request as it came over the wire. */
export interface ReceivedRequest {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** What a receiver does with a request that has arrived in full. */
export type Answer = (response: ServerResponse, request: ReceivedRequest) => void;

/** A server of somebody else, on 127.0.0.1. */
export interface Receiver {
  port: number;
  requests: ReceivedRequest[];
  /** How it answers from now on; 204 in the beginning. */
  answer: Answer;
  close(): Promise<void>;
}

/** Starts it on a free port, or on one that was free before; with a certificate it speaks TLS. */
export const startReceiver = async (certificate?: TlsCertificate, port = 0): Promise<Receiver> => {
  const listener: RequestListener = (request, response) =>
    void text(request).then(
      (body) => {
        const { method = '', url: path = '', headers } = request;
        const received = { method, path, headers, body };
        receiver.requests.push(received);
        receiver.answer(response, received);
      },
      () => undefined, // The caller gave up.
    );
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const receiver: Receiver = {
    port: (server.address() as AddressInfo).port,
    requests: [],
    answer: (response) => void response.writeHead(204).end(),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return receiver;
};

/** Answers with a status and, if wanted, headers. */
export const answerWith =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    void response.writeHead(status, headers).end(body);
