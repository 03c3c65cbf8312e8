import type { Socket } from 'node:net';
import { inMessages, startSocketServer, type SocketServer } from './socket-server';
import type { TlsCertificate } from './tls-certificate';

/** A server that speaks Redis's protocol and answers as a test wants it to. */
export interface FakeRedis extends SocketServer {
  /** Every command, in words. */
  commands: string[][];
  /** A line of RESP without its end, such as `+OK`; undefined for no answer. `+OK` to everything by default. */
  reply: (command: string[]) => string | undefined;
}

/** `*2\r\n$3\r\nGET\r\n$1\r\nk\r\n` */
const parseCommand = (buffer: Buffer): { size: number; words: string[] } | undefined => {
  const text = buffer.toString('latin1');
  const count = /^\*(\d+)\r\n/.exec(text);
  if (!count) return undefined;
  let at = count[0].length;
  const words: string[] = [];
  for (let word = 0; word < Number(count[1]); word += 1) {
    const length = /^\$(\d+)\r\n/.exec(text.slice(at));
    if (!length) return undefined;
    const begin = at + length[0].length;
    at = begin + Number(length[1]) + 2;
    if (at > buffer.length) return undefined;
    words.push(buffer.subarray(begin, at - 2).toString());
  }
  return { size: at, words };
};

const serve = (fake: FakeRedis, socket: Socket): void =>
  inMessages(
    socket,
    (buffer) => parseCommand(buffer)?.size ?? 0,
    (message) => {
      const { words } = parseCommand(message)!;
      fake.commands.push(words);
      const reply = fake.reply(words);
      if (reply !== undefined) socket.write(`${reply}\r\n`);
    },
  );

/** Starts it; close it after the test. */
export const startFakeRedis = async (certificate?: TlsCertificate): Promise<FakeRedis> => {
  const server = await startSocketServer((socket) => serve(fake, socket), certificate);
  const fake: FakeRedis = { ...server, commands: [], reply: () => '+OK' };
  return fake;
};
