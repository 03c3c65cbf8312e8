import type { JWK } from 'jose';
import type { DataSource, EntityManager } from 'typeorm';
import { inTransaction } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { dropReference } from '../../src/db/reference-cache';
import { RETIRED_KEY_LIFE, jwks, rotate, signingKey, verificationKeys } from '../../src/tokens/key-ring';
import { SigningKey } from '../../src/tokens/signing-key.entity';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { fakeClock, serviceContext } from '../support/service-context';

let database: TestDatabase;
let node: DataSource;
let otherNode: DataSource;
/** A current and a next key, made once: making one takes longer than most tests. */
let firstKeys: SigningKey[];

beforeAll(async () => {
  database = await createTestDatabase();
  node = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
  otherNode = await createDataSource({ url: database.url, poolSize: 1 }).initialize();
  await signingKey(serviceContext(node));
  firstKeys = await node.manager.find(SigningKey);
});

const startWith = async (keys: SigningKey[]) => {
  await node.manager.deleteAll(SigningKey);
  await node.manager.insert(SigningKey, keys as object[]);
  dropReference(node, 'all');
  dropReference(otherNode, 'all');
};

beforeEach(() => startWith(firstKeys));

afterAll(async () => {
  await node.destroy();
  await otherNode.destroy();
  await database.drop();
});

const kidsByState = async () => {
  const rows = await node.manager.find(SigningKey, { order: { createdAt: 'ASC' } });
  return (state: string) => rows.filter((row) => row.state === state).map((row) => row.id);
};

const kidsOf = (set: { keys: JWK[] }) => set.keys.map((key) => key.kid).sort();

test('The first use makes a current and a next key, and the second uses them', async () => {
  await startWith([]);
  const ctx = serviceContext(node);

  const first = await signingKey(ctx);
  dropReference(node, 'all');
  const second = await signingKey(ctx);
  const kids = await kidsByState();

  expect(second.kid).toBe(first.kid);
  expect(first).toMatchObject({ kid: expect.stringMatching(/^us-east-1-[0-9a-f]{10}$/), algorithm: 'RS512' });
  expect([kids('current'), kids('next').length, kids('retired')]).toEqual([[first.kid], 1, []]);
});

test('Two nodes that start at once on one database agree on the key', async () => {
  await startWith([]);
  const keys = await Promise.all([
    signingKey(serviceContext(node)),
    signingKey(serviceContext(otherNode)),
    verificationKeys(serviceContext(node)),
    verificationKeys(serviceContext(otherNode)),
  ]);

  expect(keys[0].kid).toBe(keys[1].kid);
  expect(keys[2].map((key) => key.kid)).toEqual(keys[3].map((key) => key.kid));
  expect(await node.manager.count(SigningKey)).toBe(2);
});

/** The manager, with a step of somebody else's right after its first look at the table. */
const overtakenAfterFirstRead = (manager: EntityManager, overtake: () => Promise<unknown>): EntityManager => {
  let reads = 0;
  const find: EntityManager['find'] = async (...args) => {
    const rows = await manager.find(...args);
    if ((reads += 1) === 1) await overtake();
    return rows;
  };
  return new Proxy(manager, {
    get: (target, member) => (member === 'find' ? find : (Reflect.get(target, member) as unknown)),
  });
};

test('A first use that loses the race inside a transaction goes on with that transaction', async () => {
  await startWith([]);
  const [kid, alive] = await inTransaction(serviceContext(node), async (tx) => {
    const db = overtakenAfterFirstRead(tx.db, () => signingKey(serviceContext(otherNode)));
    const key = await signingKey({ ...tx, db });
    return [key.kid, await tx.db.query('SELECT 1 AS alive')];
  });

  expect(kid).toBe((await signingKey(serviceContext(otherNode))).kid);
  expect(alive).toEqual([{ alive: 1 }]);
});

test('A missing next key is made', async () => {
  const ctx = serviceContext(node);
  await startWith(firstKeys.filter((key) => key.state === 'current'));

  const keys = await verificationKeys(ctx);

  expect(keys.map((key) => key.state).sort()).toEqual(['current', 'next']);
});

test('No private member is published, nor in the table in clear', async () => {
  const ctx = serviceContext(node);
  await signingKey(ctx);

  const published = await jwks(ctx);
  const rows = await node.query('SELECT * FROM signing_keys');
  const table = JSON.stringify(rows);

  expect(published.keys.map((key) => Object.keys(key).sort())).toEqual([
    ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ['alg', 'e', 'kid', 'kty', 'n', 'use'],
  ]);
  expect(table).not.toMatch(/"(d|p|q|dp|dq|qi)"|PRIVATE|\\"kty/);
  for (const row of rows) expect(Object.keys(row.public_jwk).sort()).toEqual(['e', 'kty', 'n']);
});

test('Private members that got into the table by mistake are still not published', async () => {
  const ctx = serviceContext(node);
  await signingKey(ctx);
  await node.query(`UPDATE signing_keys SET public_jwk = (public_jwk::jsonb || '{"d":"secret"}')::json`);
  dropReference(node, 'all');

  expect(JSON.stringify(await jwks(ctx))).not.toContain('secret');
});

test('Keys sealed under another master secret are refused for signing and still verify', async () => {
  const ctx = serviceContext(node);
  const { kid } = await signingKey(ctx);
  const stranger = serviceContext(otherNode, {
    config: { ...ctx.config, secret: 'quite another secret of the tests' },
  });

  await expect(signingKey(stranger)).rejects.toThrow(
    `signing key ${kid} was sealed under another master secret`,
  );
  expect((await verificationKeys(stranger)).map((key) => key.kid)).toContain(kid);
});

describe('rotation', () => {
  test('Next becomes current, current retires and stays published, and a new next is made', async () => {
    const ctx = serviceContext(node);
    const before = await signingKey(ctx);
    const next = (await kidsByState())('next');

    await rotate(ctx);
    const kids = await kidsByState();
    const after = await signingKey(ctx);

    expect([kids('retired'), kids('current')]).toEqual([[before.kid], next]);
    expect(after.kid).toBe(next[0]);
    expect(kidsOf(await jwks(ctx))).toEqual([before.kid, next[0], kids('next')[0]].sort());
  });

  test('A retired key leaves the key set when the longest token is over, and the table with the next rotation', async () => {
    const clock = fakeClock();
    const ctx = serviceContext(node, { now: clock.now });
    const { kid } = await signingKey(ctx);
    await rotate(ctx);

    clock.advance(RETIRED_KEY_LIFE - 1);
    const late = kidsOf(await jwks(ctx));
    clock.advance(1);
    const tooLate = kidsOf(await jwks(ctx));
    clock.advance(1);
    await rotate(ctx);

    expect(RETIRED_KEY_LIFE).toBe(24 * 3600 + 300);
    expect(late).toContain(kid);
    expect(tooLate).not.toContain(kid);
    expect(await node.manager.countBy(SigningKey, { id: kid })).toBe(0);
    expect(await node.manager.count(SigningKey)).toBe(3);
  });

  const untilSomebodyWaits = async (): Promise<void> => {
    const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    while ((await node.query(waiting)).length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  test('Rotations at the same time come one after the other', async () => {
    const ctx = serviceContext(node);
    await signingKey(ctx);
    let second: Promise<unknown> | undefined;

    await inTransaction(ctx, async (tx) => {
      await rotate(tx);
      second = rotate(serviceContext(otherNode));
      await untilSomebodyWaits();
    });
    await second;
    const kids = await kidsByState();

    expect([kids('current').length, kids('next').length, kids('retired').length]).toEqual([1, 1, 2]);
  });

  test('A rotation that is rolled back changes nothing', async () => {
    const ctx = serviceContext(node);
    const before = await signingKey(ctx);

    const attempt = inTransaction(ctx, async (tx) => {
      await rotate(tx);
      throw new Error('no');
    });

    await expect(attempt).rejects.toThrow('no');
    expect((await signingKey(ctx)).kid).toBe(before.kid);
    expect(await node.manager.count(SigningKey)).toBe(2);
  });

  test('A rotation on a database without keys leaves a current and a next key on first use', async () => {
    await startWith([]);
    const ctx = serviceContext(node);

    await rotate(ctx);
    await signingKey(ctx);
    const kids = await kidsByState();

    expect([kids('current').length, kids('next').length, kids('retired').length]).toEqual([1, 1, 0]);
  });
});
