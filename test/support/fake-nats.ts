import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { inMessages, startSocketServer, type SocketServer } from './socket-server';
import type { TlsCertificate } from './tls-certificate';

/** A message that a client published. */
export interface NatsMessage {
  subject: string;
  /** The header `Nats-Msg-Id`. */
  id: string | undefined;
  body: string;
}

/** What becomes of a message: JSON for its sender, nobody to take it, an error of the protocol, or nothing at all. */
export type NatsReply = object | 'NO_RESPONDERS' | `-ERR ${string}` | undefined;

/** As much of a NATS server as a publisher to JetStream sees. */
export interface FakeNats extends SocketServer {
  /** Messages without those to JetStream's API. */
  messages: NatsMessage[];
  /** The options that clients connected with. */
  options: Record<string, unknown>[];
  /** Added to what the server says about itself. */
  info: object;
  /** An error in place of the welcome. */
  refusal: string | undefined;
  /** By default an acknowledgement. */
  reply: (message: NatsMessage) => NatsReply;
}

const LINE_END = '\r\n';

/** A line, with the payload whose size is its last word. */
const sizeOfMessage = (buffer: Buffer): number => {
  const end = buffer.indexOf(LINE_END);
  if (end < 0) return 0;
  const line = buffer.subarray(0, end).toString();
  const payload = /^H?PUB /.test(line) ? Number(line.split(' ').at(-1)) + LINE_END.length : 0;
  return end + LINE_END.length + payload;
};

const replyFrame = (inbox: string, sid: string, reply: NatsReply): string => {
  if (typeof reply === 'string' && reply.startsWith('-ERR')) return `${reply}${LINE_END}`;
  if (reply === 'NO_RESPONDERS') return `HMSG ${inbox} ${sid} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`;
  const json = JSON.stringify(reply);
  return `MSG ${inbox} ${sid} ${Buffer.byteLength(json)}\r\n${json}\r\n`;
};

const parseMessage = (line: string[], payload: string): NatsMessage & { inbox: string } => {
  const headerSize = line[0] === 'HPUB' ? Number(line[3]) : 0;
  const id = /Nats-Msg-Id: ?(\S+)/.exec(payload.slice(0, headerSize))?.[1];
  return { subject: line[1]!, inbox: line[2]!, id, body: payload.slice(headerSize, -LINE_END.length) };
};

/** Says what it is in plaintext, as NATS does, and goes on with TLS when there is a certificate. */
const welcome = (fake: FakeNats, socket: Socket, certificate: TlsCertificate | undefined): Socket => {
  const info = {
    tls_required: certificate !== undefined,
    server_id: 'FAKE',
    version: '2.10.0',
    proto: 1,
    headers: true,
    max_payload: 1_048_576,
  };
  socket.write(`INFO ${JSON.stringify({ ...info, ...fake.info })}${LINE_END}`);
  if (!certificate) return socket;
  return new TLSSocket(socket, { isServer: true, ...certificate }).on('error', () => undefined);
};

const serve = (fake: FakeNats, socket: Socket): void => {
  let sid = '';
  inMessages(socket, sizeOfMessage, (bytes) => {
    const text = bytes.toString();
    const line = text.slice(0, text.indexOf(LINE_END)).split(' ');
    if (line[0] === 'CONNECT') fake.options.push(JSON.parse(line.slice(1).join(' ')));
    if (line[0] === 'SUB') sid = line.at(-1)!;
    if (line[0] === 'PING') socket.write(fake.refusal ? `-ERR '${fake.refusal}'\r\n` : 'PONG\r\n');
    if (line[0] !== 'PUB' && line[0] !== 'HPUB') return;
    const { inbox, ...message } = parseMessage(line, text.slice(text.indexOf(LINE_END) + LINE_END.length));
    if (!message.subject.startsWith('$JS.')) fake.messages.push(message);
    const reply = fake.reply(message);
    if (reply !== undefined) socket.write(replyFrame(inbox, sid, reply));
  });
};

/** Starts it; close it after the test. With a certificate it wants TLS. */
export const startFakeNats = async (certificate?: TlsCertificate): Promise<FakeNats> => {
  const server = await startSocketServer((socket) => serve(fake, welcome(fake, socket, certificate)));
  const fake: FakeNats = {
    ...server,
    messages: [],
    options: [],
    info: {},
    refusal: undefined,
    reply: () => ({ stream: 'EVENTS', seq: 1 }),
  };
  return fake;
};
