import { connect, type Socket } from 'node:net';

/** One keep-alive connection that sends a request and waits for its answer, with as little work as possible. */
export interface Connection {
  /** `bearer` in place of the connection's own. */
  post(body: string, bearer?: string): Promise<string>;
  /** Any request: its first line and headers, each with its line end, and its body. */
  send(head: string, body: string): Promise<string>;
  close(): void;
}

/** Opens a raw HTTP/1.1 connection: the load must cost little beside the server that it measures. */
export const openConnection = async (url: string, bearer = ''): Promise<Connection> => {
  const { hostname, port } = new URL(url);
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opened = connect(Number(port), hostname, () => resolve(opened));
    opened.once('error', reject);
  });
  socket.setNoDelay(true);
  const head = `POST /graphql HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`;
  return {
    post: (body, as = bearer) =>
      exchange(
        socket,
        `${head}Authorization: Bearer ${as}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    send: (start, body) =>
      exchange(socket, `${start}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    close: () => socket.destroy(),
  };
};

const exchange = (socket: Socket, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    let answer = '';
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString('latin1');
      const body = completeBody(answer);
      if (body === undefined) return;
      socket.off('data', onData);
      socket.off('error', reject);
      resolve(body);
    };
    socket.on('data', onData);
    socket.once('error', reject);
    socket.write(request);
  });

const completeBody = (answer: string): string | undefined => {
  const end = answer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const length = Number(/content-length: (\d+)/i.exec(answer.slice(0, end))?.[1]);
  const body = answer.slice(end + 4);
  return body.length >= length ? body : undefined;
};

/** Runs every device's loop for `seconds` and answers the calls per second of all of them together. */
export const callsPerSecond = async (seconds: number, devices: (() => Promise<void>)[]): Promise<number> => {
  const start = process.hrtime.bigint();
  const end = start + BigInt(seconds * 1e9);
  let calls = 0;
  await Promise.all(
    devices.map(async (call) => {
      while (process.hrtime.bigint() < end) {
        await call();
        calls += 1;
      }
    }),
  );
  return calls / (Number(process.hrtime.bigint() - start) / 1e9);
};
