import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestServer } from '../../support/server';
import { CHANGES, listen, newCaller, until, untilOpen, write, type Caller } from './live-world';
import { openRaw } from './raw-socket';

/*
 * The life of a socket: no client, dead, slow, silent, greedy or mad, takes more than its share of a node.
 */

const PATIENT = { lookEvery: 3_600_000, reauthorizeEvery: 3_600_000 };
const CONFIG = { publicUrl: 'http://localhost:4000' };

let server: TestServer;
let caller: Caller;
beforeAll(async () => {
  server = await startTestServer({ timings: PATIENT, config: CONFIG });
  caller = await newCaller(server);
});
afterAll(() => server?.close());

const untilNothingIsOpen = (of = server): Promise<void> =>
  until(() => of.live().connections + of.live().subscriptions === 0);
afterEach(() => untilNothingIsOpen());

describe('a dead socket', () => {
  test('is noticed within 15 seconds and leaves nothing behind', async () => {
    const socket = await openRaw(server);
    await socket.begin(caller.token);
    socket.subscribe('1', {});
    await untilOpen(server, 1);

    socket.pause();
    const start = Date.now();
    await untilNothingIsOpen();

    expect(Date.now() - start).toBeLessThan(15_000);
    socket.socket.terminate();
  });

  test('is not one that is quiet: whoever answers pings stays', async () => {
    const quick = await startTestServer({
      database: server.database,
      config: CONFIG,
      timings: { ...PATIENT, pingEvery: 50 },
    });
    const socket = await openRaw(quick);
    await socket.begin(caller.token);
    socket.subscribe('1', {});
    await untilOpen(quick, 1);

    await sleep(600);
    const { subscriptions } = quick.live();
    socket.socket.close();
    await untilNothingIsOpen(quick);
    await quick.close();

    expect(subscriptions).toBe(1);
  });
});

describe('a client that does not read', () => {
  /** Twenty reports of about 1 MiB: more than the two kernels take in. */
  const overfill = async (to: TestServer): Promise<void> => {
    const value = 'x'.repeat(1_000_000);
    for (let at = 0; at < 20; at += 1)
      await write(to, caller.token, { datasetName: 'big', value, syncCount: count() });
  };
  let written = 0;
  const count = (): number => written++;

  test('is cut though it sends signs of life, and the others of its identity are told on', async () => {
    const quick = await startTestServer({
      database: server.database,
      config: CONFIG,
      timings: { ...PATIENT, slowFor: 500 },
    });
    const slow = await openRaw(quick);
    await slow.begin(caller.token);
    slow.subscribe('1', { datasetName: 'big' }, CHANGES);
    const other = listen(quick, caller.token, { datasetName: 'big' }, { selection: CHANGES });
    await untilOpen(quick, 2);
    slow.pause();
    const alive = setInterval(() => slow.socket.pong(), 100);

    await overfill(quick);
    await until(() => quick.live().connections === 1);
    await until(() => other.reports.at(-1)?.syncCount === written);
    clearInterval(alive);
    slow.socket.terminate();
    other.stop();
    await untilNothingIsOpen(quick);
    await quick.close();

    expect(other.closeCode).toBeUndefined();
  }, 60_000);

  test('and goes on after a while is told the latest, not all that it slept through', async () => {
    const sleepy = await openRaw(server);
    await sleepy.begin(caller.token);
    sleepy.subscribe('1', { datasetName: 'big' }, CHANGES);
    await untilOpen(server, 1);
    sleepy.pause();

    await overfill(server);
    sleepy.resume();
    await until(() => sleepy.messages.at(-1)?.payload?.data?.datasetChanged.syncCount === written);

    expect(sleepy.messages.filter(({ type }) => type === 'next').length).toBeLessThan(20);
    sleepy.socket.close();
  }, 60_000);

  test('and asks without end gets no end of answers', async () => {
    const greedy = await openRaw(server);
    await greedy.begin(caller.token);
    greedy.pause();
    const start = Date.now();

    const ping = { type: 'ping', payload: { text: 'x'.repeat(100_000) } };
    for (let at = 0; at < 400 && !greedy.isClosed(); at += 1) {
      greedy.send(ping);
      await sleep(1);
    }
    await untilNothingIsOpen();
    greedy.socket.terminate();

    // Not because it seems dead, which takes longer.
    expect(Date.now() - start).toBeLessThan(5000);
  });
});

describe('a socket', () => {
  test('that does not begin within 3 seconds is closed', async () => {
    const socket = await openRaw(server);
    const start = Date.now();

    expect((await socket.closed).code).toBe(4408);
    expect(Date.now() - start).toBeLessThan(5000);
  });

  test('that begins may also bring its credentials with the request that opens it', async () => {
    const socket = await openRaw(server, { headers: { authorization: `Bearer ${caller.token}` } });
    await socket.begin(undefined);
    socket.subscribe('1', { sinceSyncCounts: [{ datasetName: 'x', syncCount: 7 }] });

    expect((await socket.next('error')).payload[0].extensions).toMatchObject({ code: 'INVALID_PARAMETER' });
    socket.socket.close();
  });

  test('of a caller without credentials that hold is told why and closed so that it may come back with others', async () => {
    const socket = await openRaw(server);
    await socket.begin('no token at all');
    socket.subscribe('1', {});

    expect((await socket.next('error')).payload[0].extensions).toEqual({
      code: 'NOT_AUTHORIZED',
      reason: 'INVALID',
    });
    expect((await socket.closed).code).toBe(4403);
  });

  test('that nobody uses and nobody vouches for is closed', async () => {
    const quick = await startTestServer({
      database: server.database,
      config: CONFIG,
      timings: { ...PATIENT, pingEvery: 50, idleFor: 200 },
    });
    const [ofNobody, ofSomebody] = await Promise.all([openRaw(quick), openRaw(quick)]);
    await ofNobody.begin(undefined);
    await ofSomebody.begin(caller.token);

    expect((await ofNobody.closed).code).toBe(1000);
    await sleep(200);
    expect(ofSomebody.isClosed()).toBe(false);
    ofSomebody.socket.close();
    await untilNothingIsOpen(quick);
    await quick.close();
  });

  test.each([
    ['no JSON', '{', 4400],
    ['a message of no known type', '{"type":"x"}', 4400],
    ['a message that only servers send', '{"type":"next","id":"1","payload":{}}', 4400],
    ['deep JSON', `{"type":"ping","payload":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`, 4400],
    ['more than 512 KiB', JSON.stringify({ type: 'ping', payload: { a: 'x'.repeat(524_288) } }), 1009],
    ['a second beginning', '{"type":"connection_init"}', 4429],
  ])('that sends %s does no harm', async (_what, message, code) => {
    const socket = await openRaw(server);
    await socket.begin(caller.token);

    socket.send(message);

    expect((await socket.closed).code).toBe(code);
    socket.socket.terminate();
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test('that subscribes before it begins, or twice under one id, is closed', async () => {
    const early = await openRaw(server);
    early.subscribe('1', {});
    const twice = await openRaw(server);
    await twice.begin(caller.token);
    twice.subscribe('1', {});
    twice.subscribe('1', {});

    expect((await early.closed).code).toBe(4401);
    expect((await twice.closed).code).toBe(4409);
  });

  test('that speaks another protocol is closed', async () => {
    const socket = await openRaw(server, { protocol: 'graphql-ws' });

    expect([4406, 1006]).toContain((await socket.closed).code);
  });

  test('may complete a subscription and begin another under the same id', async () => {
    const socket = await openRaw(server);
    await socket.begin(caller.token);
    socket.subscribe('1', {});
    await untilOpen(server, 1);
    socket.send({ id: '1', type: 'complete' });
    await untilOpen(server, 0);

    socket.subscribe('1', {});
    await untilOpen(server, 1);
    expect(socket.isClosed()).toBe(false);
    socket.socket.close();
  });
});

describe('too many', () => {
  test('subscriptions on one socket are refused, the others stay', async () => {
    const socket = await openRaw(server);
    await socket.begin(caller.token);
    for (let at = 1; at <= 33; at += 1) socket.subscribe(String(at), {});

    const { id, payload } = await socket.next('error');
    await untilOpen(server, 32);

    expect(id).toBe('33');
    expect(payload[0].extensions).toEqual({
      code: 'LIMIT_EXCEEDED',
      limit: 'subscriptionsPerSocket',
      maximum: 32,
      value: 33,
    });
    socket.socket.close();
  });

  test('subscriptions of one identity are refused on whatever socket, and there is room again when one ends', async () => {
    const sockets = await Promise.all([1, 2, 3, 4].map(() => openRaw(server)));
    for (const socket of sockets) {
      await socket.begin(caller.token);
      for (let at = 0; at < 25; at += 1) socket.subscribe(String(at), {});
    }
    await untilOpen(server, 100);

    sockets[0]!.subscribe('more', {});
    const refused = await sockets[0]!.next('error');
    sockets[1]!.socket.close();
    await untilOpen(server, 75);
    sockets[0]!.subscribe('more', {});
    await untilOpen(server, 76);

    expect(refused.payload[0].extensions).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'subscriptionsPerIdentity',
      maximum: 100,
    });
    sockets.forEach(({ socket }) => socket.close());
  });

  test('subscriptions and connections of one node are refused', async () => {
    const small = await startTestServer({
      database: server.database,
      timings: PATIENT,
      config: { ...CONFIG, liveSubscriptions: 2 },
    });
    const socket = await openRaw(small);
    await socket.begin(caller.token);
    for (const id of ['1', '2', '3']) socket.subscribe(id, {});
    const refused = await socket.next('error');
    const second = await openRaw(small);

    const third = await fetch(`${small.url}/graphql/stream?query=x`, {
      headers: { accept: 'text/event-stream' },
    });
    const fourth = await openRaw(small);

    expect(refused.payload[0].extensions).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'subscriptionsPerNode',
      maximum: 2,
    });
    expect(third.status).toBe(503);
    expect(await third.json()).toMatchObject({
      errors: [{ extensions: { code: 'TOO_MANY_REQUESTS', limit: 'liveConnections', retryAfterSeconds: 5 } }],
    });
    expect((await fourth.closed).code).toBe(1006);
    socket.socket.close();
    second.socket.close();
    await untilNothingIsOpen(small);
    await small.close();
  });
});

describe('a node that goes down', () => {
  test('sends its clients away, so that they come back, and does not wait for those who do not move', async () => {
    const leaving = await startTestServer({ database: server.database, config: CONFIG, timings: PATIENT });
    const phone = listen(leaving, caller.token, {});
    const stream = listen(leaving, caller.token, {}, { transport: 'event stream' });
    const stuck = await openRaw(leaving);
    await stuck.begin(caller.token);
    await untilOpen(leaving, 2);
    stuck.pause();

    const start = Date.now();
    await leaving.close();

    await Promise.all([phone.ended, stream.ended]);
    expect(Date.now() - start).toBeLessThan(5000);
    expect(phone.closeCode).toBe(1012);
    // Not completed: the client takes it for a broken line, and would come back.
    expect(stream.errors).toEqual([]);
    stuck.socket.terminate();
  });
});

/** What a raw HTTP request is answered, in full. */
const exchange = async (request: string): Promise<string> => {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (data) => (answer += data));
  socket.write(request);
  await once(socket, 'close');
  return answer;
};

describe('a request that asks for another protocol', () => {
  const BODY = JSON.stringify({ query: '{ __typename }' });
  const POST = `POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n`;

  test('but HTTP/2, as Java’s clients do with each first one, is answered as it is', async () => {
    const answer = await exchange(
      `${POST}Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA\r\n\r\n${BODY}`,
    );

    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toContain('{"data":{"__typename":"Query"}}');
  });

  const UPGRADE = 'Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n';

  test('again and again on one connection is answered each time', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const statuses: string[] = [];
    for (let at = 0; at < 3; at += 1) {
      socket.write(`${POST}${UPGRADE}${BODY}`);
      const [answer] = await once(socket, 'data');
      statuses.push(String(answer).slice(0, 12));
    }
    socket.destroy();

    expect(statuses).toEqual(Array(3).fill('HTTP/1.1 200'));
  });

  test('without waiting for an answer does no harm to anybody else', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.write(`${POST}${UPGRADE}${BODY}`.repeat(5));
    await sleep(300);
    socket.destroy();

    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  const HANDSHAKE =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n';

  test.each([
    [
      'elsewhere',
      'GET /elsewhere HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      404,
    ],
    [
      'where nothing speaks it',
      'GET /healthz HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      200,
    ],
    [
      'with a bad Host',
      'GET /graphql HTTP/1.1\r\nHost: a b\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
      400,
    ],
    ['without a key', 'GET /graphql HTTP/1.1\r\nHost: a\r\n', 400],
  ])('%s is answered in HTTP and ended', async (_where, head, status) => {
    const answer = await exchange(`${head}${HANDSHAKE}\r\n`);

    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  });
});
