import { listRecords } from '../../src/sync/list-records.service';
import { sweepUsedSyncSessions } from '../../src/sync/sweep-sessions';
import { updateRecords } from '../../src/sync/update-records.service';
import { refusal, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

type Ctx = Awaited<ReturnType<SyncWorld['newIdentity']>>;

const tokenFor = async (ctx: Ctx, syncSessionToken?: string) =>
  (await listRecords(ctx, { datasetName: 'd', syncSessionToken })).syncSessionToken;

const write = (ctx: Ctx, syncSessionToken: string | undefined, key = 'k', syncCount = 0) =>
  updateRecords(ctx, { datasetName: 'd', recordPatches: [replace(key, 'v', syncCount)], syncSessionToken });

const NOT_VALID = 'SyncSessionToken not valid for these inputs';

test('S33: every listRecords gives out a token, and one sent in keeps its session', async () => {
  const ctx = await world.newIdentity();
  const first = await tokenFor(ctx);
  const second = await tokenFor(ctx, first);
  const stranger = await tokenFor(ctx);
  await write(ctx, second);
  expect((await refusal(write(ctx, first, 'x'))).fields).toMatchObject({ reason: 'USED' });
  expect((await write(ctx, stranger, 'x')).datasetSyncCount).toBe(2);
});

test('S33: a token that goes on with a session holds for an hour of its own', async () => {
  const ctx = await world.newIdentity();
  const first = await tokenFor(ctx);
  world.clock.advance(3599);
  const second = await tokenFor(ctx, first);
  world.clock.advance(3599);
  expect((await refusal(write(ctx, first))).fields).toMatchObject({ reason: 'EXPIRED' });
  expect((await write(ctx, second)).datasetSyncCount).toBe(1);
});

test('S34: a token writes once; then it neither writes nor lists', async () => {
  const ctx = await world.newIdentity();
  const token = await tokenFor(ctx);
  await write(ctx, token);
  for (const call of [write(ctx, token, 'x'), tokenFor(ctx, token)])
    expect(await refusal(call)).toMatchObject({
      code: 'INVALID_PARAMETER',
      message: NOT_VALID,
      fields: { field: 'syncSessionToken', reason: 'USED' },
    });
  expect((await listRecords(ctx, { datasetName: 'd' })).records.map((r) => r.key)).toEqual(['k']);
});

test('S34: a refused update and one without patches do not use the token up', async () => {
  const ctx = await world.newIdentity();
  await write(ctx, undefined);
  const token = await tokenFor(ctx);
  expect((await refusal(write(ctx, token))).code).toBe('RESOURCE_CONFLICT');
  await updateRecords(ctx, { datasetName: 'd', syncSessionToken: token });
  const again = await tokenFor(ctx, token);
  expect((await write(ctx, again, 'k', 1)).datasetSyncCount).toBe(2);
});

test('S34: of several updates at once with one token, one succeeds', async () => {
  const ctx = await world.newIdentity();
  const token = await tokenFor(ctx);
  const results = await Promise.allSettled(Array.from({ length: 8 }, (_, at) => write(ctx, token, `k${at}`)));
  expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1);
  expect((await listRecords(ctx, { datasetName: 'd' })).records).toHaveLength(1);
});

test('S34: a used session is remembered for as long as any of its tokens could hold, then swept', async () => {
  const ctx = await world.newIdentity();
  const first = await tokenFor(ctx);
  world.clock.advance(3599);
  const last = await tokenFor(ctx, first);
  await write(ctx, first);
  world.clock.advance(3599);
  await sweepUsedSyncSessions(ctx);
  expect((await refusal(write(ctx, last, 'x'))).fields).toMatchObject({ reason: 'USED' });
  world.clock.advance(3602);
  expect(await sweepUsedSyncSessions(ctx)).toBeGreaterThanOrEqual(1);
  expect((await refusal(write(ctx, last, 'x'))).fields).toMatchObject({ reason: 'EXPIRED' });
});

test('S34: a listing under way while the session is used gives out a token that is used, too', async () => {
  const ctx = await world.newIdentity();
  const token = await tokenFor(ctx);
  const db = {
    query: async (sql: string, parameters: unknown[]) => {
      const rows = await ctx.db.query(sql, parameters);
      await write(ctx, token);
      world.clock.advance(10);
      return rows;
    },
  } as unknown as typeof ctx.db;
  const late = await tokenFor({ ...ctx, db }, token);
  world.clock.advance(3595);
  await sweepUsedSyncSessions(ctx);
  expect((await refusal(write(ctx, late, 'x'))).fields).toMatchObject({ reason: 'USED' });
});

test('S35: a token holds for its own identity and dataset, for an hour, and unchanged', async () => {
  const ctx = await world.newIdentity();
  const other = await world.newIdentity();
  const token = await tokenFor(ctx);
  const recordPatches = [replace('k', 'v')];
  const reasons = [
    await refusal(updateRecords(ctx, { datasetName: 'e', recordPatches, syncSessionToken: token })),
    await refusal(listRecords(ctx, { datasetName: 'e', syncSessionToken: token })),
    await refusal(write(other, token)),
    await refusal(write(ctx, `${token.slice(0, 40)}!!${token.slice(42)}`)),
    await refusal(write(ctx, 'nonsense')),
  ].map((error) => [error.code, error.message, error.fields['reason']]);
  const refused = (reason: string) => ['INVALID_PARAMETER', NOT_VALID, reason];
  expect(reasons).toEqual(
    ['OTHER_DATASET', 'OTHER_DATASET', 'OTHER_DATASET', 'UNKNOWN', 'UNKNOWN'].map(refused),
  );
  world.clock.advance(3600);
  expect((await refusal(write(ctx, token))).fields).toMatchObject({ reason: 'EXPIRED' });
});

test('S36: a token is not needed', async () => {
  const ctx = await world.newIdentity();
  expect((await write(ctx, undefined)).datasetSyncCount).toBe(1);
});
