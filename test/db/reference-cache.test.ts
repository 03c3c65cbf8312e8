import type { DataSource } from 'typeorm';
import { inTransaction, isInTransaction, type Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { listen, type Listener } from '../../src/db/notify';
import {
  REFERENCE_CHANNEL,
  REFERENCE_TTL,
  cached,
  changed,
  dropReference,
  onReferenceNotice,
} from '../../src/db/reference-cache';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { fakeClock, serviceContext } from '../support/service-context';

let database: TestDatabase;
let node: DataSource;
let otherNode: DataSource;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
  otherNode = await createDataSource({ url: database.url, poolSize: 1 }).initialize();
});

beforeEach(() => {
  dropReference(node, 'all');
  dropReference(otherNode, 'all');
});

afterAll(async () => {
  await node.destroy();
  await otherNode.destroy();
  await database.drop();
});

/** A load whose answer comes when the test says so. */
const heldLoad = () => {
  const waiting: { resolve: (value: string) => void; reject: (error: Error) => void }[] = [];
  const load = jest.fn(() => new Promise<string>((resolve, reject) => waiting.push({ resolve, reject })));
  /** The load that was begun as the nth, once it was begun. */
  const nth = async (index: number) => {
    while (waiting.length <= index) await new Promise(setImmediate);
    return waiting[index]!;
  };
  return { load, nth };
};

const versions = () => {
  let version = 0;
  return jest.fn(async () => `version ${(version += 1)}`);
};

describe('reading', () => {
  test('A second read within three seconds takes the copy', async () => {
    const clock = fakeClock();
    const ctx = serviceContext(node, { now: clock.now });
    const load = versions();

    await cached(ctx, 'role', 'arn:a', load);
    clock.advance((REFERENCE_TTL - 1) / 1000);
    const second = await cached(ctx, 'role', 'arn:a', load);

    expect(second).toBe('version 1');
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('A read after three seconds loads again, and so does one after the clock was set back', async () => {
    const clock = fakeClock();
    const ctx = serviceContext(node, { now: clock.now });
    const load = versions();

    await cached(ctx, 'role', 'arn:a', load);
    clock.advance(REFERENCE_TTL / 1000);
    const late = await cached(ctx, 'role', 'arn:a', load);
    clock.advance(-1);
    const early = await cached(ctx, 'role', 'arn:a', load);

    expect([late, early]).toEqual(['version 2', 'version 3']);
  });

  test('The age of a copy counts from the begin of its load, since it may have read then', async () => {
    const clock = fakeClock();
    const ctx = serviceContext(node, { now: clock.now });
    const { load, nth } = heldLoad();

    const slow = cached(ctx, 'role', 'arn:a', load);
    const held = await nth(0);
    clock.advance(REFERENCE_TTL / 1000);
    held.resolve('old');
    await slow;
    const next = cached(ctx, 'role', 'arn:a', load);
    (await nth(1)).resolve('new');

    expect(await next).toBe('new');
  });

  test('Kinds, keys and data sources do not share copies', async () => {
    const load = versions();

    const values = [
      await cached(serviceContext(node), 'role', 'a', load),
      await cached(serviceContext(node), 'role', 'b', load),
      await cached(serviceContext(node), 'api-key', 'a', load),
      await cached(serviceContext(otherNode), 'role', 'a', load),
    ];

    expect(values).toEqual(['version 1', 'version 2', 'version 3', 'version 4']);
  });

  test('Readers at the same time share one load', async () => {
    const { load, nth } = heldLoad();
    const ctx = serviceContext(node);

    const reads = Array.from({ length: 20 }, () => cached(ctx, 'role', 'arn:a', load));
    (await nth(0)).resolve('shared');

    expect(new Set(await Promise.all(reads))).toEqual(new Set(['shared']));
    expect(load).toHaveBeenCalledTimes(1);
  });

  test('A failed load fails its readers and is not kept', async () => {
    const { load, nth } = heldLoad();
    const ctx = serviceContext(node);

    const reads = [cached(ctx, 'role', 'arn:a', load), cached(ctx, 'role', 'arn:a', load)];
    (await nth(0)).reject(new Error('no connection'));
    const outcomes = await Promise.allSettled(reads);
    const next = cached(ctx, 'role', 'arn:a', load);
    (await nth(1)).resolve('back');

    expect(outcomes.map((o) => o.status)).toEqual(['rejected', 'rejected']);
    expect(await next).toBe('back');
  });

  test.each([undefined, null])('That there is nothing (%s) is not kept', async (nothing) => {
    const answers = [nothing, 'created meanwhile'];
    const load = async () => answers.shift();
    const ctx = serviceContext(node);

    await cached(ctx, 'role', 'arn:a', load);

    expect(await cached(ctx, 'role', 'arn:a', load)).toBe('created meanwhile');
  });
});

describe('transactions', () => {
  const currentPool = (ctx: Context) =>
    ctx.db.query('SELECT pg_backend_pid() AS pid').then((rows: { pid: number }[]) => rows[0]!.pid);

  test('Inside a transaction the load runs on its own connection, and neither takes nor leaves a copy', async () => {
    const ctx = serviceContext(otherNode);
    await cached(ctx, 'role', 'arn:a', async () => 'copy');

    const [inside, own] = await inTransaction(ctx, async (tx) => [
      await cached(tx, 'role', 'arn:a', async (inner) => {
        expect(isInTransaction(inner)).toBe(true);
        return currentPool(inner);
      }),
      await currentPool(tx),
    ]);

    expect(inside).toBe(own);
    expect(await cached(ctx, 'role', 'arn:a', versions())).toBe('copy');
  });

  test('A change is forgotten on commit and not before', async () => {
    const ctx = serviceContext(node);
    const load = versions();
    await cached(ctx, 'role', 'arn:a', load);

    const during = await inTransaction(ctx, async (tx) => {
      await changed(tx, 'role', 'arn:a');
      return cached(ctx, 'role', 'arn:a', load);
    });

    expect(during).toBe('version 1');
    expect(await cached(ctx, 'role', 'arn:a', load)).toBe('version 2');
  });

  test('A change that is rolled back leaves the copy', async () => {
    const ctx = serviceContext(node);
    const load = versions();
    await cached(ctx, 'role', 'arn:a', load);

    const attempt = inTransaction(ctx, async (tx) => {
      await changed(tx, 'role', 'arn:a');
      throw new Error('no');
    });

    await expect(attempt).rejects.toThrow('no');
    expect(await cached(ctx, 'role', 'arn:a', load)).toBe('version 1');
  });
});

describe('invalidation', () => {
  const invalidations: [string, () => void][] = [
    ['of its key', () => dropReference(node, 'role', 'arn:a')],
    ['of its kind', () => dropReference(node, 'role')],
    ['of everything', () => dropReference(node, 'all')],
    ['by a notice', () => onReferenceNotice(node, 'role:arn:a')],
    ['by a notice nobody understands', () => onReferenceNotice(node, 'planet:mars')],
    ['by an empty notice', () => onReferenceNotice(node, '')],
  ];

  test.each(invalidations)('An invalidation %s forgets the copy', async (_, invalidate) => {
    const ctx = serviceContext(node);
    const load = versions();
    await cached(ctx, 'role', 'arn:a', load);

    invalidate();

    expect(await cached(ctx, 'role', 'arn:a', load)).toBe('version 2');
  });

  test.each(invalidations)(
    'An invalidation %s during a load keeps its old value out, and a later reader from sharing it',
    async (_, invalidate) => {
      const { load, nth } = heldLoad();
      const ctx = serviceContext(node);

      const before = cached(ctx, 'role', 'arn:a', load);
      const first = await nth(0);
      invalidate();
      const after = cached(ctx, 'role', 'arn:a', load);
      (await nth(1)).resolve('new');
      expect(await after).toBe('new');
      first.resolve('old');

      expect(await before).toBe('old');
      expect(await cached(ctx, 'role', 'arn:a', load)).toBe('new');
    },
  );

  test.each([
    ['another key', () => dropReference(node, 'role', 'arn:ab')],
    ['another kind', () => dropReference(node, 'api-key')],
    ['another kind by a notice', () => onReferenceNotice(node, 'api-key:arn:a')],
    ['another data source', () => dropReference(otherNode, 'all')],
  ])('An invalidation of %s leaves the copy', async (_, invalidate) => {
    const ctx = serviceContext(node);
    const load = versions();
    await cached(ctx, 'role', 'arn:a', load);

    invalidate();

    expect(await cached(ctx, 'role', 'arn:a', load)).toBe('version 1');
  });

  test('A change on one node is forgotten on the other, for a key with colons too', async () => {
    const key = 'arn:aws:iam::000000000000:role/A';
    const heard: string[] = [];
    const load = versions();
    const ctx = serviceContext(otherNode);
    const listener: Listener = await listen({
      url: database.url,
      log: ctx.log,
      onReconnect: () => undefined,
      handlers: {
        [REFERENCE_CHANNEL]: (payload) => {
          onReferenceNotice(otherNode, payload);
          heard.push(payload);
        },
      },
    });
    await cached(ctx, 'role', key, load);

    await inTransaction(serviceContext(node), (tx) => changed(tx, 'role', key));
    while (heard.length === 0) await new Promise(setImmediate);
    const after = await cached(ctx, 'role', key, load);
    await listener.close();

    expect(heard).toEqual([`role:${key}`]);
    expect(after).toBe('version 2');
  });
});
