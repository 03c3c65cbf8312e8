import { LIMITS } from '../../src/protocol/limits';
import { deleteDataset, describeDataset, listDatasets } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { STORAGE_LIMITS } from '../../src/sync/apply-patches';
import { mergeRecords } from '../../src/sync/merge';
import { updateRecords } from '../../src/sync/update-records.service';
import type { RecordPatch } from '../../src/protocol/sync';
import { disable, newRegionalId, refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** A dataset `d` with the record `k` at count 1 and the dataset at count 3. */
const datasetAtThree = async () => {
  const ctx = await world.newIdentity();
  await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'one')] });
  await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('other', 'two')] });
  await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('other', 'three', 2)] });
  return ctx;
};

describe('counting', () => {
  test('S1: a successful call raises the sync count by exactly 1, whatever the number of patches', async () => {
    const ctx = await world.newIdentity();
    const counts: number[] = [];
    for (const size of [1, 5, 100]) {
      const patches = Array.from({ length: size }, (_, at) => replace(`${size}-${at}`, 'v'));
      const { datasetSyncCount } = await updateRecords(ctx, { datasetName: 'd', recordPatches: patches });
      counts.push(datasetSyncCount);
    }
    expect(counts).toEqual([1, 2, 3]);
  });

  test('S2: every record that a call changed carries the new count, the others keep theirs', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('a', '1'), replace('b', '1')] });
    const { records } = await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('c', '2'), replace('b', '2', 1)],
    });
    expect(records.map((r) => [r.key, r.value, r.syncCount])).toEqual([
      ['b', '2', 2],
      ['c', '2', 2],
    ]);
    const all = await listRecords(ctx, { datasetName: 'd' });
    expect(all.records.map((r) => [r.key, r.syncCount])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 2],
    ]);
  });

  test('S3: the first successful call makes the dataset', async () => {
    const ctx = await world.newIdentity();
    const { dataset } = await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'é')] });
    expect(dataset).toEqual({
      identityId: ctx.actor.identityId,
      datasetName: 'd',
      syncCount: 1,
      creationDate: world.clock.now(),
      lastModifiedDate: world.clock.now(),
      lastModifiedBy: ctx.actor.identityId,
      dataStorage: 3,
      numRecords: 1,
      historySinceSyncCount: 0,
    });
    expect(await describeDataset(ctx, { datasetName: 'd' })).toEqual(dataset);
  });

  test('S4: writing the same value again is a change too', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v')] });
    const { records } = await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('k', 'v', 1)],
    });
    expect(records[0]?.syncCount).toBe(2);
  });

  test('S5: a removed record stays as a tombstone with a null value and the new count', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v')] });
    const removal = { ...remove('k', 1), value: 'ignored' };
    const { records, dataset } = await updateRecords(ctx, { datasetName: 'd', recordPatches: [removal] });
    expect(records.map((r) => [r.value, r.syncCount])).toEqual([[null, 2]]);
    expect(dataset).toMatchObject({ numRecords: 0, dataStorage: 0 });
    const { records: listed } = await listRecords(ctx, { datasetName: 'd', lastSyncCount: 1 });
    expect(listed.map((r) => [r.key, r.value, r.syncCount])).toEqual([['k', null, 2]]);
  });

  test('S5: removing a key that never was leaves a tombstone too', async () => {
    const ctx = await world.newIdentity();
    const call = { datasetName: 'd', recordPatches: [remove('ghost')] };
    const { records, datasetSyncCount } = await updateRecords(ctx, call);
    expect(records.map((r) => [r.key, r.value, r.syncCount])).toEqual([['ghost', null, 1]]);
    expect(datasetSyncCount).toBe(1);
    expect(await listRecords(ctx, { datasetName: 'd' })).toMatchObject({
      records: [{ key: 'ghost', value: null, syncCount: 1 }],
      datasetSyncCount: 1,
    });
    await expect(updateRecords(ctx, call)).rejects.toMatchObject({ code: 'RESOURCE_CONFLICT' });
  });

  test('S6: a call without patches changes nothing and makes no dataset', async () => {
    const ctx = await world.newIdentity();
    const nothing = await updateRecords(ctx, { datasetName: 'd' });
    expect(nothing).toEqual({ records: [], datasetSyncCount: 0, dataset: null, merged: [] });
    expect((await listDatasets(ctx, {})).nodes).toEqual([]);
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v')] });
    const again = await updateRecords(ctx, { datasetName: 'd', recordPatches: [] });
    expect(again).toMatchObject({ records: [], datasetSyncCount: 1, dataset: { syncCount: 1 } });
  });
});

describe('conflicts', () => {
  test('S7: one stale patch refuses the whole call and shows each conflicting record', async () => {
    const ctx = await datasetAtThree();
    const error = await refusal(
      updateRecords(ctx, {
        datasetName: 'd',
        recordPatches: [replace('new', 'x'), replace('other', 'mine', 2), replace('k', 'mine')],
      }),
    );
    expect(error.code).toBe('RESOURCE_CONFLICT');
    expect(error.message).toMatch(
      /^Current SyncCount for: k is: 1 not: 0; Current SyncCount for: other is: 3 not: 2\. Nothing was written\. Pull/,
    );
    const record = (key: string, value: string, syncCount: number) => ({
      key,
      value,
      syncCount,
      lastModifiedDate: world.clock.now(),
      lastModifiedBy: ctx.actor.identityId,
      deviceLastModifiedDate: null,
    });
    expect(error.fields).toEqual({
      conflicts: [
        { key: 'k', patchSyncCount: 0, record: record('k', 'one', 1) },
        { key: 'other', patchSyncCount: 2, record: record('other', 'three', 3) },
      ],
      datasetSyncCount: 3,
      pullFrom: 0,
    });
    const { records, datasetSyncCount } = await listRecords(ctx, { datasetName: 'd' });
    expect(datasetSyncCount).toBe(3);
    expect(records.map((r) => [r.key, r.value])).toEqual([
      ['k', 'one'],
      ['other', 'three'],
    ]);
  });

  test('S7: an equal value with a stale count is refused too', async () => {
    const ctx = await datasetAtThree();
    const error = await refusal(
      updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'one')] }),
    );
    expect(error.code).toBe('RESOURCE_CONFLICT');
  });

  test('S7: a tombstone defends its count like any record', async () => {
    const ctx = await datasetAtThree();
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [remove('k', 1)] });
    const error = await refusal(
      updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'back')] }),
    );
    expect(error.fields).toMatchObject({ conflicts: [{ key: 'k', record: { value: null, syncCount: 4 } }] });
  });

  test('S7: the message of a thousand conflicts stays short, the fields have them all', async () => {
    const ctx = await world.newIdentity();
    const patches = Array.from({ length: 1000 }, (_, at) => replace('x'.repeat(200) + at, 'v'));
    await updateRecords(ctx, { datasetName: 'd', recordPatches: patches });
    const error = await refusal(updateRecords(ctx, { datasetName: 'd', recordPatches: patches }));
    expect(error.message.length).toBeLessThan(1200);
    expect(error.message).toContain('; and 995 more.');
    expect(error.fields['conflicts']).toHaveLength(1000);
  });

  test('S8: a count beyond the dataset’s is no count of this server', async () => {
    const ctx = await datasetAtThree();
    const error = await refusal(
      updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k', 'v', 4)] }),
    );
    expect(error).toMatchObject({
      code: 'INVALID_PARAMETER',
      message: 'No such SyncCount: 4 exists for this Dataset',
      fields: { field: 'recordPatches', syncCount: 4, datasetSyncCount: 3 },
    });
    const onNew = await refusal(
      updateRecords(ctx, { datasetName: 'new', recordPatches: [replace('k', 'v', 1)] }),
    );
    expect(onNew.fields).toMatchObject({ syncCount: 1, datasetSyncCount: 0 });
  });

  test('S9: a count above the record’s and up to the dataset’s is accepted', async () => {
    const ctx = await datasetAtThree();
    const { records } = await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('k', 'forced', 3), replace('never seen', 'v', 2)],
    });
    expect(records.map((r) => [r.key, r.value, r.syncCount])).toEqual([
      ['k', 'forced', 4],
      ['never seen', 'v', 4],
    ]);
  });

  test('S10: the same key twice in one call is refused', async () => {
    const ctx = await world.newIdentity();
    const patches = [replace('a', '1'), replace('b', '1'), remove('a')];
    const error = await refusal(updateRecords(ctx, { datasetName: 'd', recordPatches: patches }));
    expect(error).toMatchObject({ code: 'INVALID_PARAMETER', fields: { field: 'recordPatches', key: 'a' } });
  });
});

describe('limits', () => {
  const MiB = 1_048_576;

  test('S11: the size of a dataset is that of the live keys and values in bytes of UTF-8', async () => {
    const ctx = await world.newIdentity();
    await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('ä', '😀'), replace('b', ''), replace('c', 'xyz'), remove('gone')],
    });
    const { dataset } = await updateRecords(ctx, { datasetName: 'd', recordPatches: [remove('c', 1)] });
    expect(dataset).toMatchObject({ numRecords: 2, dataStorage: 2 + 4 + 1 });
  });

  test('S12: 1,024 live records fit, one more does not; tombstones take no place', async () => {
    const ctx = await world.newIdentity();
    const full = Array.from({ length: LIMITS.recordsPerDataset }, (_, at) => replace(`k${at}`, ''));
    await updateRecords(ctx, { datasetName: 'd', recordPatches: full });
    const error = await refusal(
      updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('one more', '')] }),
    );
    expect(error).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'recordsPerDataset', maximum: 1024, value: 1025 },
    });
    const swap = [replace('one more', ''), remove('k7', 1), remove('ghost')];
    const { dataset } = await updateRecords(ctx, { datasetName: 'd', recordPatches: swap });
    expect(dataset?.numRecords).toBe(1024);
  });

  test('S13: one MiB of keys and values fits, one byte more does not', async () => {
    const ctx = await world.newIdentity();
    const full = replace('k', 'x'.repeat(MiB - 1));
    const { dataset } = await updateRecords(ctx, { datasetName: 'd', recordPatches: [full] });
    expect(dataset?.dataStorage).toBe(MiB);
    const error = await refusal(updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('b', '')] }));
    expect(error).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'datasetBytes', maximum: MiB, value: MiB + 1 },
    });
    expect((await describeDataset(ctx, { datasetName: 'd' })).dataStorage).toBe(MiB);
  });

  test('S14: an identity has at most 20 live datasets; deleted ones take no place', async () => {
    const ctx = await world.newIdentity();
    const create = (name: string) =>
      updateRecords(ctx, { datasetName: name, recordPatches: [replace('k', 'v')] });
    for (let at = 0; at < 20; at += 1) await create(`d${at}`);
    const error = await refusal(create('d20'));
    expect(error).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'datasetsPerIdentity', maximum: 20, value: 21 },
    });
    expect((await create('d3').catch((e) => e)).code).toBe('RESOURCE_CONFLICT');
    await deleteDataset(ctx, { datasetName: 'd0' });
    expect((await create('d20')).datasetSyncCount).toBe(1);
    expect((await refusal(create('d0'))).code).toBe('LIMIT_EXCEEDED');
  });

  test('S15: what takes no more room than before passes, even beyond a limit that was lowered since', async () => {
    const ctx = await datasetAtThree();
    const patch = (value: string): RecordPatch => ({ op: 'replace', key: 'k', value, syncCount: 3 });
    const merge = (patches: RecordPatch[]) =>
      mergeRecords(ctx, {
        address: { ...ctx.actor, datasetName: 'd' },
        patches,
        modifiedBy: 'me',
        now: world.clock.now(),
        sessionId: undefined,
        limits: { ...STORAGE_LIMITS, recordsPerDataset: 1, datasetBytes: 2 },
      });
    expect((await merge([patch('bigger')])).status).toBe('TOO_MANY_BYTES');
    expect((await merge([patch('eno')])).status).toBe('OK');
  });
});

describe('authors, times and owners', () => {
  test('S16: a change is by the device, else by the identity; an administrator’s by the account', async () => {
    const ctx = await world.newIdentity();
    const byDevice = await updateRecords(ctx, {
      datasetName: 'd',
      recordPatches: [replace('a', 'v')],
      deviceId: 'phone',
    });
    const byIdentity = await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('b', 'v')] });
    const byAccount = await updateRecords(world.administrator(), {
      ...ownerOf(ctx),
      datasetName: 'd',
      recordPatches: [replace('c', 'v')],
      deviceId: 'console',
    });
    const authors = [byDevice, byIdentity, byAccount].map(({ records, dataset }) => [
      records[0]?.lastModifiedBy,
      dataset?.lastModifiedBy,
    ]);
    expect(authors).toEqual([
      ['phone', 'phone'],
      [ctx.actor.identityId, ctx.actor.identityId],
      ['000000000000', '000000000000'],
    ]);
    const { records, lastModifiedBy } = await listRecords(ctx, { datasetName: 'd' });
    expect(records.map((r) => r.lastModifiedBy)).toEqual(['phone', ctx.actor.identityId, '000000000000']);
    expect(lastModifiedBy).toBe('000000000000');
  });

  test('S17: the server’s clock dates records, the device’s date is kept as it was sent', async () => {
    const ctx = await world.newIdentity();
    const dates = [
      new Date('2026-11-22T10:00:00.123Z'),
      new Date('1969-12-31T23:59:59.999Z'),
      new Date(-210_866_803_200_000),
      new Date(8_640_000_000_000_000),
      new Date('0044-03-15T12:00:00Z'),
    ];
    const patches = dates.map((deviceLastModifiedDate, at) => ({
      ...replace(`k${at}`, 'v'),
      deviceLastModifiedDate,
    }));
    const { records: answered } = await updateRecords(ctx, { datasetName: 'd', recordPatches: patches });
    const { records: listed } = await listRecords(ctx, { datasetName: 'd' });
    expect(listed).toEqual(answered);
    expect(listed.map((r) => r.deviceLastModifiedDate)).toEqual(dates);
    expect(new Set(listed.map((r) => r.lastModifiedDate.getTime()))).toEqual(
      new Set([world.clock.now().getTime()]),
    );
    await updateRecords(ctx, { datasetName: 'd', recordPatches: [replace('k0', 'w', 1)] });
    const { records: again } = await listRecords(ctx, { datasetName: 'd', lastSyncCount: 1 });
    expect(again.map((r) => r.deviceLastModifiedDate)).toEqual([null]);
  });

  test('S18: records are answered by key, in the order of code points', async () => {
    const ctx = await world.newIdentity();
    const keys = ['😀', 'b', '\uffee', 'a', 'ä', 'B', 'aa', '"', '\\'];
    const patches = keys.map((key) => replace(key, `"${key}\\ {},NULL`));
    const { records } = await updateRecords(ctx, { datasetName: 'd', recordPatches: patches });
    expect(records.map((r) => r.key)).toEqual(['"', 'B', '\\', 'a', 'aa', 'b', 'ä', '\uffee', '😀']);
    expect((await listRecords(ctx, { datasetName: 'd' })).records).toEqual(records);
  });

  test('S19: nothing is read or written for a caller that may not', async () => {
    const ctx = await world.newIdentity();
    const other = await world.newIdentity();
    let calls = 0;
    const db = {
      query: () => {
        calls += 1;
        throw new Error('no query was expected');
      },
    } as unknown as typeof ctx.db;
    const input = { datasetName: 'd', recordPatches: [replace('k', 'v')] };
    const anonymous = await refusal(updateRecords({ ...ctx, db, actor: { kind: 'anonymous' } }, input));
    const foreign = await refusal(updateRecords({ ...ctx, db }, { ...input, ...ownerOf(other) }));
    const foreignPool = await refusal(
      updateRecords({ ...ctx, db }, { ...input, identityPoolId: newRegionalId() }),
    );
    const policies = [] as typeof ctx.actor.policies;
    const powerless = await refusal(updateRecords({ ...ctx, db, actor: { ...ctx.actor, policies } }, input));
    expect([anonymous.code, foreign.code, foreignPool.code, powerless.code]).toEqual([
      'NOT_AUTHORIZED',
      'NOT_AUTHORIZED',
      'NOT_AUTHORIZED',
      'ACCESS_DENIED',
    ]);
    expect(foreign.message).toBe('mismatch between session identity id and request identity id');
    expect(calls).toBe(0);
  });

  test('S19: the role is asked about the dataset by its ARN', async () => {
    const ctx = await world.newIdentity();
    const resource = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${world.identityPoolId}/identity/${ctx.actor.identityId}/dataset/mine`;
    const admin = world.administrator('cognito-sync:UpdateRecords', resource);
    const input = { ...ownerOf(ctx), recordPatches: [replace('k', 'v')] };
    expect((await updateRecords(admin, { ...input, datasetName: 'mine' })).datasetSyncCount).toBe(1);
    expect((await refusal(updateRecords(admin, { ...input, datasetName: 'yours' }))).code).toBe(
      'ACCESS_DENIED',
    );
    expect((await refusal(listRecords(admin, { ...ownerOf(ctx), datasetName: 'mine' }))).code).toBe(
      'ACCESS_DENIED',
    );
  });

  test('S19: an administrator names the identity, and may leave out its pool', async () => {
    const ctx = await world.newIdentity();
    const admin = world.administrator(
      'cognito-sync:*',
      `arn:aws:cognito-sync:*:*:identitypool/${world.identityPoolId}/*`,
    );
    const input = { datasetName: 'd', recordPatches: [replace('k', 'v')] };
    const { identityId } = ctx.actor;
    expect((await updateRecords(admin, { ...input, identityId })).datasetSyncCount).toBe(1);
    expect(await refusal(updateRecords(admin, input))).toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field: 'identityId' },
    });
    // Who may only see one pool is not told which identities there are elsewhere.
    expect((await refusal(updateRecords(admin, { ...input, identityId: newRegionalId() }))).code).toBe(
      'ACCESS_DENIED',
    );
  });

  test('S19: an identity that is not there, or not in that pool, is not found', async () => {
    const ctx = await world.newIdentity();
    const admin = world.administrator();
    const input = { datasetName: 'd', recordPatches: [replace('k', 'v')] };
    const identityId = newRegionalId();
    const unknown = await refusal(updateRecords(admin, { ...input, identityId }));
    expect(unknown).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: `Identity '${identityId}' not found.`,
    });
    const wrongPool = { ...ownerOf(ctx), identityPoolId: newRegionalId() };
    expect((await refusal(updateRecords(admin, { ...input, ...wrongPool }))).code).toBe('RESOURCE_NOT_FOUND');
    await updateRecords(ctx, input);
    expect((await refusal(updateRecords(admin, { ...input, ...wrongPool }))).code).toBe('RESOURCE_NOT_FOUND');
  });

  test('S19: a merged identity is forbidden, with a dataset and without', async () => {
    const ctx = await datasetAtThree();
    await disable(world, ctx.actor.identityId);
    for (const datasetName of ['d', 'new']) {
      const error = await refusal(updateRecords(ctx, { datasetName, recordPatches: [replace('x', 'v')] }));
      expect(error).toMatchObject({
        code: 'NOT_AUTHORIZED',
        message: `Access to Identity '${ctx.actor.identityId}' is forbidden.`,
      });
    }
  });
});

const ownerOf = (ctx: { actor: { identityPoolId: string; identityId: string } }) => ({
  identityPoolId: ctx.actor.identityPoolId,
  identityId: ctx.actor.identityId,
});
