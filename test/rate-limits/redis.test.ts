import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import type { RateLimits } from '../../src/config';
import { networkOf } from '../../src/rate-limits/network';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { createPool, refusalOf, rowsOf, type Data } from '../support/factories';
import { freePort } from '../support/node-process';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server';
import { tap, type Wire } from '../support/wire';
import { OK, PROXIED, REFUSED, askForGuest, repeat } from './callers';

/*
 * Nodes that count in Redis. Most of it needs one: name it in TEST_REDIS_URL. It may hold other things; what these
 * tests leave in it ends by itself within a minute.
 */

const LIMITS: RateLimits = {
  enabled: true,
  windowSeconds: 60,
  guestsPerIp: 4,
  guestsPerPool: 1000,
  callsPerIp: 1000,
  identitiesPerPool: 1000,
  credentialsPerPool: 1000,
};

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const startNode = (redisUrl: string, options: TestServerOptions = {}): Promise<TestServer> =>
  startTestServer({ ...options, database, config: { ...PROXIED, rateLimits: LIMITS, redisUrl } });

/** An address that nobody has called from yet, in any run. */
const newAddress = (): string => `2001:db8:${randomBytes(4).toString('hex').replace(/^..../, '$&:')}::1`;

const readyz = async (node: TestServer): Promise<number> => (await fetch(`${node.url}/readyz`)).status;

describe('While Redis is away', () => {
  const lines: { level: number; msg: string; reason?: string }[] = [];
  const log = pino({}, { write: (line) => void lines.push(JSON.parse(line)) });
  let node: TestServer;
  let otherNode: TestServer;
  let pool: Data;

  beforeAll(async () => {
    const url = `redis://rockpool:tiger@127.0.0.1:${await freePort()}`;
    node = await startNode(url, { log });
    otherNode = await startNode(url);
    pool = await createPool(node);
  });
  afterAll(async () => {
    await otherNode?.close();
    await node?.close();
  });

  test('nodes start and are ready, and each counts for itself', async () => {
    const from = newAddress();

    const codes = await repeat(6, () => askForGuest(node, pool, from));
    const refusal = refusalOf(await askForGuest(node, pool, from));
    const otherCodes = await repeat(6, () => askForGuest(otherNode, pool, from));

    expect(await readyz(node)).toBe(200);
    expect(codes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ limit: 'guestsPerIp', maximum: 4 });
    expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(otherCodes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(await rowsOf(node, 'SELECT key FROM rate_limits')).toEqual([]);
  });

  test('the log says so, not with every call and never with the address', async () => {
    const before = lines.length;
    const begin = Date.now();
    await repeat(20, () => askForGuest(node, pool, newAddress()));
    const pauses = 1 + Math.floor((Date.now() - begin) / 1000);
    const counted = lines.slice(before).filter(({ msg }) => /counted on this node alone/.test(msg));

    expect(lines).toContainEqual(
      expect.objectContaining({ level: 40, msg: 'not connected to Redis', reason: 'ECONNREFUSED' }),
    );
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 40,
        msg: 'calls are counted on this node alone: Redis is away',
      }),
    );
    expect(counted.length).toBeLessThanOrEqual(pauses);
    expect(JSON.stringify(lines)).not.toMatch(/tiger|redis:\/\//);
  });
});

const REDIS_URL = process.env.TEST_REDIS_URL;
const withRedis = REDIS_URL ? describe : describe.skip;

withRedis('Nodes with one Redis, which is skipped when TEST_REDIS_URL names none,', () => {
  let redis: Redis;
  let wire: Wire;
  /** Reaches Redis by a wire that a test can cut. */
  let node: TestServer;
  let otherNode: TestServer;
  let pool: Data;

  beforeAll(async () => {
    const url = new URL(REDIS_URL ?? '');
    url.port ||= '6379';
    redis = new Redis(url.href);
    wire = await tap(url.href);
    node = await startNode(wire.url);
    otherNode = await startNode(url.href);
    pool = await createPool(node);
  });
  afterAll(async () => {
    await otherNode?.close();
    await node?.close();
    await wire?.cut();
    redis?.disconnect();
  });

  const keyOf = (address: string): string => `rockpool:rl:guestsPerIp:${networkOf(address)}`;

  const untilCounted = async (at: TestServer): Promise<void> => {
    for (;;) {
      const from = newAddress();
      await askForGuest(at, pool, from);
      if ((await redis.exists(keyOf(from))) === 1) return;
      await sleep(50);
    }
  };

  test('count together, and not in PostgreSQL', async () => {
    const from = newAddress();

    const codes = await repeat(6, (n) => askForGuest(n % 2 === 0 ? node : otherNode, pool, from));
    const refusal = refusalOf(await askForGuest(otherNode, pool, from));

    expect(codes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(refusal).toMatchObject({ code: 'TOO_MANY_REQUESTS', limit: 'guestsPerIp', maximum: 4 });
    expect(refusal.retryAfterSeconds).toBeGreaterThanOrEqual(1);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);
    expect(await rowsOf(node, 'SELECT key FROM rate_limits')).toEqual([]);
  });

  test('leave nothing in it for longer than a window', async () => {
    const from = newAddress();
    await repeat(2, () => askForGuest(node, pool, from));

    expect(await redis.get(keyOf(from))).toBe('2');
    expect(await redis.pttl(keyOf(from))).toBeGreaterThan(0);
    expect(await redis.pttl(keyOf(from))).toBeLessThanOrEqual(60_000);
    expect(await redis.pttl(`rockpool:rl:guestsPerPool:${pool.id}`)).toBeGreaterThan(0);
  });

  test('refuse a flood from memory, without a word to Redis', async () => {
    const from = newAddress();
    await repeat(4, () => askForGuest(node, pool, from));

    const codes = await repeat(20, () => askForGuest(node, pool, from));

    expect(codes).toEqual(REFUSED(20));
    expect(await redis.get(keyOf(from))).toBe('4');
  });

  test('count together again, by themselves, after a connection was cut', async () => {
    const from = newAddress();
    const meanwhile = newAddress();
    await repeat(2, () => askForGuest(node, pool, from));

    await wire.cut();
    const alone = await repeat(6, () => askForGuest(node, pool, meanwhile));
    await wire.mend();
    await untilCounted(node);
    const codes = await repeat(4, (n) => askForGuest(n % 2 === 0 ? otherNode : node, pool, from));

    expect(alone).toEqual([...OK(4), ...REFUSED(2)]);
    expect(await redis.exists(keyOf(meanwhile))).toBe(0);
    expect(codes).toEqual([...OK(2), ...REFUSED(2)]);
  });

  test('answer also while it takes what they say and says nothing, and find back by themselves', async () => {
    const from = newAddress();
    wire.stall();

    const codes = await repeat(6, () => askForGuest(node, pool, from));
    const ready = await readyz(node);
    await wire.mend();
    await untilCounted(node);

    expect(codes).toEqual([...OK(4), ...REFUSED(2)]);
    expect(ready).toBe(200);
  });

  test('have two connections each, one of which listens, and close them when they stop', async () => {
    expect(wire.connections()).toBe(2);

    const third = await startNode(wire.url);
    expect(wire.connections()).toBe(4);
    await third.close();

    while (wire.connections() > 2) await sleep(20);
    expect(wire.connections()).toBe(2);
  });
});
