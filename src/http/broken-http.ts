import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from './error-body';

const SENTENCES: Record<number, string> = {
  400: 'The request is not valid HTTP.',
  408: 'The request did not arrive in time.',
  431: 'The headers of the request are too large.',
};

const STATUSES: Record<string, number> = { ERR_HTTP_REQUEST_TIMEOUT: 408, HPE_HEADER_OVERFLOW: 431 };

/**
 * Answers what cannot be read as HTTP, and ends the connection. Nobody can tell for which door it was meant, so the one
 * body has what the clients of each look for.
 */
export const answerBrokenHttp = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = STATUSES[error.code ?? ''] ?? 400;
  if (socket.writable) socket.write(answer(status, SENTENCES[status] ?? ''));
  socket.destroy(error);
};

const answer = (status: number, message: string): string => {
  const body = JSON.stringify({
    __type: 'SerializationException',
    message,
    ...errorBody('INVALID_PARAMETER', message),
  });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `Date: ${new Date().toUTCString()}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    'x-amzn-ErrorType: SerializationException',
    `x-amzn-RequestId: ${randomUUID()}`,
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
};
