import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node.js left of a connection when a request asked for another protocol. */
interface Left {
  socket: Duplex;
  /** Bytes behind the request's head. */
  head: Buffer;
}

/**
 * Has a request answered as if it had not asked for another protocol, as HTTP wants it (RFC 9110, 7.8). Node.js does so
 * by itself only while a server takes no WebSockets; without this, clients that offer HTTP/2 with their first request,
 * as Java's do, would not be answered. The request is put back in front of the connection, without the offer.
 */
export const withoutUpgrade = (server: Server, request: IncomingMessage, { socket, head }: Left): void => {
  socket.unshift(Buffer.concat([Buffer.from(headOf(request), 'latin1'), head]));
  server.emit('connection', socket);
};

const OFFER = /^(upgrade|http2-settings)$/i;

const headOf = ({ method, url, httpVersion, rawHeaders }: IncomingMessage): string => {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (OFFER.test(name)) continue;
    lines.push(`${name}: ${/^connection$/i.test(name) ? withoutOffer(value) : value}`);
  }
  return `${lines.join('\r\n')}\r\n\r\n`;
};

const withoutOffer = (connection: string): string =>
  connection
    .split(',')
    .map((option) => option.trim())
    .filter((option) => !OFFER.test(option))
    .join(', ') || 'keep-alive';
