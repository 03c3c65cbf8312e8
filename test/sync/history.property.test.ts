import fc from 'fast-check';
import { inTransaction, type Context } from '../../src/context';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { deleteDataset, describeDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { moveDatasets } from '../../src/sync/move-datasets';
import { restoreDataset } from '../../src/sync/restore-dataset.service';
import { sweepHistory } from '../../src/sync/sweep-history';
import { updateRecords } from '../../src/sync/update-records.service';
import { refusal, remove, replace, startWorld, type SyncWorld } from './sync-world';

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const DAY = 86_400;
const KEYS = ['a', 'b', 'c'];

type Records = Record<string, string>;

/** A dataset, and what it held at each count that it had since its last deletion. */
interface Watched {
  ctx: Awaited<ReturnType<SyncWorld['newIdentity']>>;
  datasetName: string;
  isLive: boolean;
  count: number;
  states: Map<number, Records>;
}

const system = (): Context => world.administrator('*');

const setRetention = (historyRetentionDays: number): Promise<unknown> =>
  inTransaction(system(), (tx) =>
    changeSyncConfiguration(tx, world.identityPoolId, () => ({ historyRetentionDays })),
  );

const stateOf = async ({ ctx, datasetName }: Watched): Promise<Records> => {
  const { records } = await listRecords(ctx, { datasetName });
  return Object.fromEntries(records.flatMap(({ key, value }) => (value === null ? [] : [[key, value]])));
};

/** What the update with that count left; one that made the dataset again came two counts after the one before. */
const note = async (watched: Watched, syncCount: number): Promise<void> => {
  if (syncCount === watched.count + 2) watched.states.set(syncCount - 1, {});
  Object.assign(watched, { count: syncCount, isLive: true });
  watched.states.set(syncCount, await stateOf(watched));
};

const knownSince = async ({ ctx, datasetName, count }: Watched): Promise<number> =>
  (await describeDataset(ctx, { datasetName })).historySinceSyncCount ?? count;

const write = async (watched: Watched, patches: Record<string, string | null>): Promise<void> => {
  const { ctx, datasetName, count } = watched;
  const recordPatches = Object.entries(patches).map(([key, value]) =>
    value === null ? remove(key, count) : replace(key, value, count),
  );
  await note(watched, (await updateRecords(ctx, { datasetName, recordPatches })).datasetSyncCount);
};

const goBack = async (watched: Watched, by: number): Promise<void> => {
  if (!watched.isLive) return;
  const { ctx, datasetName, count, states } = watched;
  const toSyncCount = Math.max(await knownSince(watched), count - by);
  const { datasetSyncCount } = await restoreDataset(ctx, { datasetName, toSyncCount });
  expect(await stateOf(watched)).toEqual(states.get(toSyncCount));
  if (datasetSyncCount > count) await note(watched, datasetSyncCount);
};

/** Not a merged one, which could not be made again (S45). */
const deleteIt = async (watched: Watched): Promise<void> => {
  const { ctx, datasetName, isLive } = watched;
  if (!isLive || datasetName !== 'd') return;
  await deleteDataset(ctx, { datasetName });
  watched.isLive = false;
};

const mergeOwner = async (watched: Watched): Promise<void> => {
  if (!watched.isLive || watched.datasetName !== 'd') return;
  const survivor = await world.newIdentity();
  const loserId = watched.ctx.actor.identityId;
  await inTransaction(system(), (tx) => moveDatasets(tx, loserId, survivor.actor.identityId));
  Object.assign(watched, { ctx: survivor, datasetName: `d.${loserId}` });
};

type Step = (watched: Watched) => Promise<unknown>;

const patches = fc.dictionary(fc.constantFrom(...KEYS), fc.option(fc.constantFrom('1', '2', '3')), {
  minKeys: 1,
});

/** What may happen, each named for the report of a failure. */
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: patches.map(
      (given): Step =>
        (watched) =>
          write(watched, given),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(4).map(
      (by): Step =>
        (watched) =>
          goBack(watched, by),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(20).map(
      (days): Step =>
        async () =>
          world.clock.advance(days * DAY),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Step>(() => sweepHistory(system())) },
  fc.constantFrom(0, 10, 30).map(
    (days): Step =>
      () =>
        setRetention(days),
  ),
  fc.constant<Step>(deleteIt),
  fc.constant<Step>(mergeOwner),
);

/** What a dry run would make of the dataset; the code of its refusal where it is refused. */
const wouldBe = async ({ ctx, datasetName }: Watched, now: Records, toSyncCount: number) => {
  const { records } = await restoreDataset(ctx, { datasetName, toSyncCount, dryRun: true });
  const changed = new Map<string, string | null>(Object.entries(now));
  for (const { key, value } of records) changed.set(key, value);
  return Object.fromEntries([...changed].filter(([, value]) => value !== null));
};

const checkEveryCount = async (watched: Watched): Promise<void> => {
  const [since, now] = [await knownSince(watched), await stateOf(watched)];
  for (let at = 0; at < since; at += 1)
    expect((await refusal(wouldBe(watched, now, at))).code).toBe('INVALID_PARAMETER');
  for (let at = since; at <= watched.count; at += 1)
    expect([at, await wouldBe(watched, now, at)]).toEqual([at, watched.states.get(at)]);
};

test('S53: after anything that may happen, every known count leads back to exactly the state that there was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 25 }), async (steps) => {
      await setRetention(30);
      const watched: Watched = {
        ctx: await world.newIdentity(),
        datasetName: 'd',
        isLive: false,
        count: 0,
        states: new Map([[0, {}]]),
      };
      for (const happen of steps) {
        world.clock.advance(1);
        await happen(watched);
      }
      if (watched.isLive) await checkEveryCount(watched);
    }),
    { numRuns: 60 },
  );
}, 120_000);
