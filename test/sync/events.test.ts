import type { Context } from '../../src/context';
import {
  claimRuns,
  completeEvents,
  postponeEvents,
  renewLeases,
  type RunClaim,
} from '../../src/sync/event-runs';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { inTransaction } from '../../src/context';
import { deleteDataset } from '../../src/sync/datasets.service';
import { findSyncConfiguration } from '../../src/sync/sync-configuration';
import type { StoredStream } from '../../src/sync/sync-configuration.entity';
import { sweepSyncEvents } from '../../src/sync/sweep-events';
import { updateRecords } from '../../src/sync/update-records.service';
import { STREAM, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());
beforeEach(() => world.dataSource.query('DELETE FROM sync_events'));

const LEASE = 30_000;

const configure = (change: {
  stream?: StoredStream | null;
  applicationArns?: string[];
}): Promise<unknown> => {
  const { stream, applicationArns } = change;
  return inTransaction(world.administrator(), (tx) =>
    changeSyncConfiguration(tx, world.identityPoolId, () => ({
      ...(stream === undefined ? {} : { stream }),
      ...(applicationArns ? { pushSync: { applicationArns, roleArn: null } } : {}),
    })),
  );
};

const events = (consumer: string): Promise<any[]> =>
  world.dataSource.query(
    `SELECT identity_id, dataset_name, sync_count::integer, operation, device_id, payload FROM sync_events
      WHERE consumer = $1 ORDER BY identity_id, dataset_name, sync_count`,
    [consumer],
  );

const write = (ctx: Context, key: string, syncCount = 0, more: object = {}) =>
  updateRecords(ctx, { datasetName: 'd', recordPatches: [replace(key, 'v', syncCount)], ...more });

describe('events for the stream', () => {
  beforeEach(() => configure({ stream: STREAM }));

  test('S54: an update leaves one with its count and what it wrote, removals too', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'a');
    await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [
        { ...replace('b', 'grün'), deviceLastModifiedDate: new Date('2027-02-03T04:05:06.789Z') },
        remove('a', 1),
      ],
    });

    const row = {
      identity_id: ctx.actor.identityId,
      dataset_name: 'd',
      operation: 'replace',
      device_id: null,
    };
    expect(await events('stream')).toEqual([
      { ...row, sync_count: 1, payload: [{ key: 'a', value: 'v', deviceLastModifiedDate: null }] },
      {
        ...row,
        sync_count: 2,
        payload: [
          { key: 'a', value: null, deviceLastModifiedDate: null },
          { key: 'b', value: 'grün', deviceLastModifiedDate: Date.UTC(2027, 1, 3, 4, 5, 6, 789) },
        ],
      },
    ]);
  });

  test('S54: a deletion is one with the count that it leaves out', async () => {
    const ctx = await world.newIdentity();
    await write(ctx, 'a');
    await deleteDataset(ctx, { datasetName: 'd' });
    await write(ctx, 'a');

    const told = (await events('stream')).map(({ sync_count, operation }) => [sync_count, operation]);
    expect(told).toEqual([
      [1, 'replace'],
      [2, 'remove'],
      [3, 'replace'],
    ]);
  });

  test('S54: it is written in the transaction of the update: with a refused or undone one there is none', async () => {
    const ctx = await world.newIdentity();
    await refusal(write(ctx, 'a', 7));
    const undone = inTransaction(ctx, async (tx) => {
      await write({ ...ctx, db: tx.db }, 'a');
      throw new Error('undone');
    });

    await expect(undone).rejects.toThrow('undone');
    expect(await events('stream')).toEqual([]);
  });

  test('S54: a node with an old copy of the configuration writes events as soon as streaming is on, and none when it is off', async () => {
    const ctx = await world.newIdentity();
    const staleCopy = async (stream: StoredStream | null): Promise<void> => {
      await world.dataSource.query('UPDATE sync_configurations SET stream = $1', [JSON.stringify(stream)]);
      expect((await findSyncConfiguration(ctx, world.identityPoolId)).stream).not.toEqual(stream);
    };
    await findSyncConfiguration(ctx, world.identityPoolId);
    await staleCopy({ ...STREAM, streamingStatus: 'DISABLED' });
    await write(ctx, 'a');
    await deleteDataset(ctx, { datasetName: 'd' });
    const whileOff = await events('stream');
    await configure({ stream: null });
    await findSyncConfiguration(ctx, world.identityPoolId);
    await staleCopy(STREAM);
    await write(ctx, 'b');

    expect(whileOff).toEqual([]);
    expect((await events('stream')).map((event) => event.sync_count)).toEqual([3]);
  });
});

describe('events for devices', () => {
  const subscribe = async (identityId: string, deviceId: string): Promise<void> => {
    await world.dataSource.query(
      `INSERT INTO devices (identity_id, device_id, identity_pool_id, platform, token_hash, sealed_token, created_at,
         last_modified_at) VALUES ($1, $2, $3, 'GCM', $2, 's', $4, $4)`,
      [identityId, deviceId, world.identityPoolId, world.clock.now()],
    );
    await world.dataSource.query(
      `INSERT INTO dataset_subscriptions (identity_id, dataset_name, device_id, created_at, attempts)
         VALUES ($1, 'd', $2, $3, 0)`,
      [identityId, deviceId, world.clock.now()],
    );
  };

  test('S54: one is written when another device than the writing one is subscribed, without the data', async () => {
    await configure({ stream: null, applicationArns: ['arn'] });
    const ctx = await world.newIdentity();
    await write(ctx, 'a', 0, { deviceId: 'phone' });
    await subscribe(ctx.actor.identityId, 'phone');
    await write(ctx, 'b', 0, { deviceId: 'phone' });
    await subscribe(ctx.actor.identityId, 'tablet');
    await write(ctx, 'c', 0, { deviceId: 'phone' });

    const told = await events('push');
    expect(told).toMatchObject([{ sync_count: 3, device_id: 'phone', payload: null }]);
    await configure({ applicationArns: [] });
    await write(ctx, 'e', 0, { deviceId: 'phone' });
    expect(await events('push')).toHaveLength(1);
  });
});

describe('claiming runs of events', () => {
  beforeEach(() => configure({ stream: STREAM }));

  const claim = (change: Partial<RunClaim> = {}) =>
    claimRuns(world.administrator(), {
      consumer: 'stream',
      identityPoolId: world.identityPoolId,
      leaseMs: LEASE,
      datasets: 10,
      eventsPerDataset: 10,
      maxBytes: 1_000_000,
      ...change,
    });

  const writeTimes = async (times: number, ctx?: Context & { actor: object }) => {
    const writer = ctx ?? (await world.newIdentity());
    for (let nth = 0; nth < times; nth += 1) await write(writer, `key-${nth}-${Math.random()}`);
    return writer;
  };

  const countsOf = (claimed: { syncCount: number }[]): number[] => claimed.map(({ syncCount }) => syncCount);

  test('S54: it takes the next ones of a dataset in order, and nobody else gets those behind them', async () => {
    await writeTimes(5);

    const first = await claim({ eventsPerDataset: 2 });
    const meanwhile = await claim();
    await completeEvents(world.administrator(), first);
    const second = await claim();

    expect(countsOf(first)).toEqual([1, 2]);
    expect(meanwhile).toEqual([]);
    expect(countsOf(second)).toEqual([3, 4, 5]);
  });

  test('S54: two who claim at once get different datasets', async () => {
    for (let nth = 0; nth < 10; nth += 1) await writeTimes(2);

    const claims = await Promise.all(Array.from({ length: 4 }, () => claim({ datasets: 3 })));

    const owners = claims.map((claimed) => [...new Set(claimed.map(({ identityId }) => identityId))]);
    expect(new Set(owners.flat()).size).toBe(owners.flat().length);
    expect(owners.flat().length).toBeGreaterThan(5);
    for (const claimed of claims) expect(countsOf(claimed)).toEqual(claimed.map((_, at) => (at % 2) + 1));
  });

  test('S54: what somebody held who is gone is claimed again when the lease ends, not before, and a renewed one later', async () => {
    await writeTimes(1);
    const held = await claim();
    world.clock.advance(20);
    await renewLeases(world.administrator(), held, LEASE);
    world.clock.advance(20);
    const early = await claim();
    world.clock.advance(11);
    const late = await claim();
    await renewLeases(world.administrator(), held, 1_000_000);
    await postponeEvents(
      world.administrator(),
      held.map((event) => ({ event, at: world.clock.now(), failure: 'too late' })),
    );

    expect(early).toEqual([]);
    expect(countsOf(late)).toEqual([1]);
    expect(late[0]).toMatchObject({ attempts: 2 });
    // The first one, who has lost it, changes nothing of it any more.
    expect(await claim()).toEqual([]);
    world.clock.advance(31);
    expect(await claim()).toMatchObject([{ attempts: 3 }]);
  });

  test('S54: one that is postponed keeps those behind it back, and those of other datasets go on', async () => {
    const stuck = await writeTimes(2);
    await writeTimes(1);
    const claimed = await claim();
    const [event] = claimed.filter(({ identityId }) => identityId === (stuck.actor as any).identityId);
    const others = claimed.filter(({ identityId }) => identityId !== (stuck.actor as any).identityId);
    await completeEvents(world.administrator(), others);
    const at = new Date(world.clock.now().getTime() + 60_000);
    await postponeEvents(world.administrator(), [{ event: event!, at, failure: 'it said no' }]);

    world.clock.advance(59);
    expect(await claim()).toEqual([]);
    world.clock.advance(1);
    expect(countsOf(await claim())).toEqual([1, 2]);
  });

  test('S54: it reads no more bytes than told, but one event, and what it did not read is free', async () => {
    const big = async () =>
      updateRecords(await world.newIdentity(), {
        datasetName: 'd',
        recordPatches: [replace('k', 'x'.repeat(5000))],
      });
    await big();
    await big();

    const one = await claim({ maxBytes: 1000 });
    const other = await claim({ maxBytes: 1000 });

    expect([one.length, other.length]).toEqual([1, 1]);
    expect(one[0]!.identityId).not.toBe(other[0]!.identityId);
    expect(other[0]).toMatchObject({ attempts: 1 });
  });
});

describe('sweeping', () => {
  test('S54: dead letters go after 14 days, and so does what waits for a stream that is off; what is to be delivered stays', async () => {
    await configure({ stream: STREAM });
    const ctx = await world.newIdentity();
    await write(ctx, 'a');
    await world.dataSource.query('UPDATE sync_events SET is_dead = true');
    await write(ctx, 'b');
    world.clock.advance(14 * 86_400 + 1);
    const swept = [await sweepSyncEvents(ctx)];
    const left = await events('stream');
    await configure({ stream: { ...STREAM, streamingStatus: 'DISABLED' } });
    swept.push(await sweepSyncEvents(ctx));

    expect(swept).toEqual([1, 1]);
    expect(left.map((event) => event.sync_count)).toEqual([2]);
    expect(await events('stream')).toEqual([]);
  });
});
