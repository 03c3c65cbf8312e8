import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction } from '../../../src/context';
import { Identity } from '../../../src/identities/identity.entity';
import { mergeInto } from '../../../src/identities/merge-identities';
import { startTestServer, type TestServer } from '../../support/server';
import { serviceContext } from '../../support/service-context';
import {
  CHANGES,
  TRANSPORTS,
  deleteDataset,
  listen,
  newCaller,
  until,
  untilOpen,
  write,
  type Heard,
} from './live-world';

/*
 * Devices of one identity that tell each other of their changes by way of the server.
 */

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ timings: { lookEvery: 3_600_000 } });
});
afterAll(() => server?.close());

const listening: Heard[] = [];
afterEach(async () => {
  listening.splice(0).forEach((heard) => heard.stop());
  await untilOpen(server, 0);
});

const hear = (...args: Parameters<typeof listen> extends [unknown, ...infer Rest] ? Rest : never): Heard => {
  const heard = listen(server, ...args);
  listening.push(heard);
  return heard;
};

/** Long enough for a notice within a node, which takes a millisecond. */
const AWHILE = 150;

describe.each(TRANSPORTS)('over a %s', (transport) => {
  test('another device is told of a change, the one that wrote it is not', async () => {
    const { token, identityId } = await newCaller(server);
    const phone = hear(token, { deviceId: 'phone' }, { transport });
    const tablet = hear(
      token,
      { deviceId: 'tablet' },
      { transport, selection: 'identityId datasetName syncCount deviceId isDeleted' },
    );
    await untilOpen(server, 2);

    await write(server, token, { deviceId: 'phone' });

    expect(await tablet.next()).toEqual({
      identityId,
      datasetName: 'd',
      syncCount: 1,
      deviceId: 'phone',
      isDeleted: false,
    });
    await sleep(AWHILE);
    expect(phone.reports).toEqual([]);
  });

  test('a report brings what changed since the one before, removals included', async () => {
    const { token } = await newCaller(server);
    await write(server, token, { key: 'old' });
    const tablet = hear(token, { datasetName: 'd' }, { transport, selection: CHANGES });
    await untilOpen(server, 1);

    await write(server, token, { key: 'a', value: '1' });
    const first = await tablet.next();
    await write(server, token, { key: 'old', value: null, syncCount: 1 });
    const second = await tablet.next();

    expect(first.changes.records).toEqual([{ key: 'a', value: '1', syncCount: 2 }]);
    expect(second).toMatchObject({ syncCount: 3, changes: { datasetSyncCount: 3, nextToken: null } });
    expect(second.changes.records).toEqual([{ key: 'old', value: null, syncCount: 3 }]);
  });

  test('a device with something to catch up on is told at once, then of what comes', async () => {
    const { token } = await newCaller(server);
    for (const key of ['a', 'b', 'c']) await write(server, token, { key });
    const since = [{ datasetName: 'd', syncCount: 1 }];

    const tablet = hear(token, { sinceSyncCounts: since }, { transport, selection: CHANGES });
    const missed = await tablet.next();
    await write(server, token, { key: 'd' });
    const next = await tablet.next();

    expect(missed.changes.records.map(({ key }: { key: string }) => key)).toEqual(['b', 'c']);
    expect(missed.syncCount).toBe(3);
    expect(next.changes.records.map(({ key }: { key: string }) => key)).toEqual(['d']);
  });

  test('a client that goes away leaves nothing behind', async () => {
    const { token } = await newCaller(server);
    const tablet = hear(token, {}, { transport });
    await untilOpen(server, 1);

    tablet.stop();

    await until(() => server.live().subscriptions + server.live().connections === 0);
  });
});

describe('a subscription', () => {
  test('to one dataset hears nothing of the others', async () => {
    const { token } = await newCaller(server);
    const tablet = hear(token, { datasetName: 'mine' });
    await untilOpen(server, 1);

    await write(server, token, { datasetName: 'other' });
    await write(server, token, { datasetName: 'mine' });

    expect(await tablet.next()).toMatchObject({ datasetName: 'mine' });
    await sleep(AWHILE);
    expect(tablet.reports).toHaveLength(1);
  });

  test('to all datasets hears of those that are made later, too', async () => {
    const { token } = await newCaller(server);
    await write(server, token, { datasetName: 'old' });
    const tablet = hear(token, {});
    await untilOpen(server, 1);

    await write(server, token, { datasetName: 'old', key: 'k2' });
    const first = await tablet.next();
    await write(server, token, { datasetName: 'new' });

    expect([first, await tablet.next()]).toMatchObject([
      { datasetName: 'old', syncCount: 2 },
      { datasetName: 'new', syncCount: 1 },
    ]);
  });

  test('hears of a deletion, then of the dataset that comes after it from its beginning', async () => {
    const { token } = await newCaller(server);
    await write(server, token, { key: 'old' });
    const tablet = hear(token, {}, { selection: CHANGES });
    await untilOpen(server, 1);

    await deleteDataset(server, token);
    const deletion = await tablet.next();
    await write(server, token, { key: 'new' });
    const again = await tablet.next();

    expect(deletion).toMatchObject({
      syncCount: 0,
      isDeleted: true,
      changes: { records: [], datasetExists: false, datasetDeletedAfterRequestedSyncCount: true },
    });
    expect(again).toMatchObject({ syncCount: 3, isDeleted: false });
    expect(again.changes.records).toEqual([{ key: 'new', value: 'v', syncCount: 3 }]);
  });

  test('hears of what others wrote between two writes of its own device', async () => {
    const { token } = await newCaller(server);
    const phone = hear(token, { deviceId: 'phone' }, { selection: CHANGES });
    await untilOpen(server, 1);

    await write(server, token, { deviceId: 'phone', key: 'a' });
    await write(server, token, { deviceId: 'tablet', key: 'b' });
    await write(server, token, { deviceId: 'phone', key: 'c' });
    await write(server, token, { deviceId: 'tablet', key: 'd' });
    await until(() => phone.reports.at(-1)?.syncCount === 4);

    const keys = phone.reports.flatMap(({ changes }) =>
      changes.records.map(({ key }: { key: string }) => key),
    );
    expect(keys.filter((key) => key !== 'c')).toEqual(['b', 'd']);
  });

  test('is told of an administrator’s write even when that names its device', async () => {
    const { token, identityId } = await newCaller(server);
    const phone = hear(token, { deviceId: 'phone' });
    await untilOpen(server, 1);

    await server.run(
      `mutation ($id: ID!) { updateRecords(input: { identityId: $id, datasetName: "d", deviceId: "phone",
        recordPatches: [{ op: REPLACE, key: "k", value: "v", syncCount: 0 }] }) { datasetSyncCount } }`,
      { id: identityId },
      server.admin,
    );

    expect(await phone.next()).toMatchObject({ syncCount: 1, deviceId: null });
  });

  test('is told of a dataset that a merge brought', async () => {
    const { token, identityId } = await newCaller(server);
    const tablet = hear(token, {}, { selection: CHANGES });
    await untilOpen(server, 1);
    const other = await newCaller(server);
    await write(server, other.token, { key: 'theirs' });

    await merge(identityId, other.identityId);

    const report = await tablet.next();
    expect(report).toMatchObject({ datasetName: `d.${other.identityId}`, syncCount: 1 });
    expect(report.changes.records).toMatchObject([{ key: 'theirs' }]);
  });

  test('gets a burst of changes as few reports, the last of which shows where the dataset stands', async () => {
    const { token } = await newCaller(server);
    const tablet = hear(token, {}, { selection: CHANGES });
    await untilOpen(server, 1);

    await Promise.all(Array.from({ length: 100 }, (_, at) => write(server, token, { key: `k${at}` })));
    await until(() => tablet.reports.at(-1)?.syncCount === 100);

    const keys = tablet.reports.flatMap(({ changes }) =>
      changes.records.map(({ key }: { key: string }) => key),
    );
    expect(new Set(keys).size).toBe(100);
    expect(keys).toHaveLength(100);
    expect(tablet.reports.length).toBeLessThan(100);
  });

  test('is told later of what the database was not to be had for', async () => {
    const { token } = await newCaller(server);
    const tablet = hear(token, {}, { selection: CHANGES });
    await untilOpen(server, 1);
    const { manager } = server.dataSource;
    const query = manager.query.bind(manager);
    let failures = 0;
    jest.spyOn(manager, 'query').mockImplementation((sql: string, parameters?: any) => {
      if (!sql.includes('list_records') || (failures += 1) > 1) return query(sql, parameters);
      return Promise.reject(Object.assign(new Error('canceled'), { code: '57014' }));
    });

    await write(server, token, { key: 'a' });
    const report = await tablet.next();
    jest.restoreAllMocks();

    expect(failures).toBe(2);
    expect(report.changes.records).toMatchObject([{ key: 'a' }]);
    expect(tablet.errors).toEqual([]);
  });

  test('that does not ask for the changes is told the counts alone', async () => {
    const { token } = await newCaller(server);
    const asked: string[] = [];
    const { manager } = server.dataSource;
    const query = manager.query.bind(manager);
    jest.spyOn(manager, 'query').mockImplementation((sql: string, parameters?: any) => {
      asked.push(sql);
      return query(sql, parameters);
    });
    const selection = 'syncCount ... @include(if: false) { changes { count } }';
    const tablet = hear(token, {}, { selection });
    await untilOpen(server, 1);

    await write(server, token);
    const report = await tablet.next();
    jest.restoreAllMocks();

    expect(report).toEqual({ syncCount: 1 });
    expect(asked.filter((sql) => sql.includes('list_records'))).toEqual([]);
  });
});

/** As a sign-in does that finds the other identity. */
const merge = async (survivorId: string, loserId: string): Promise<void> => {
  const { identityPoolId } = await server.dataSource.manager.findOneByOrFail(Identity, { id: survivorId });
  await inTransaction(serviceContext(server.dataSource), (tx) =>
    mergeInto(tx, identityPoolId, survivorId, [loserId]),
  );
};
