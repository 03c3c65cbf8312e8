import fc from 'fast-check';
import { inTransaction, type Context } from '../../src/context';
import type { MergeRuleSet } from '../../src/protocol/merge-rules/merge-rule-sets';
import { changeSyncConfiguration } from '../../src/sync/change-configuration';
import { deleteDataset } from '../../src/sync/datasets.service';
import { listRecords } from '../../src/sync/list-records.service';
import { CONFLICT_STRATEGIES } from '../../src/sync/synchronize.input';
import { synchronize } from '../../src/sync/synchronize.service';
import {
  SynchronizingDevice,
  type Behaviour,
  type SyncAnswer,
  type SyncCall,
  type Synchronize,
} from '../support/synchronizing-device';
import { refusal, startWorld, type SyncWorld } from './sync-world';

/*
 * Devices that change things offline, whose calls are lost, answered into the void, or sent twice, end alike: with every
 * strategy, with every merge rule, and with nothing counted twice.
 */

const RULES: MergeRuleSet[] = [
  {
    datasetPattern: '*',
    rules: [
      { keyPattern: 'max', rule: 'MAX' },
      { keyPattern: 'min', rule: 'MIN' },
      { keyPattern: 'sum', rule: 'SUM' },
      { keyPattern: 'union', rule: 'UNION' },
      { keyPattern: 'json', rule: 'JSON_MERGE' },
      { keyPattern: 'last', rule: 'LAST_WRITER' },
    ],
  },
];

let world: SyncWorld;

beforeAll(async () => {
  world = await startWorld();
  await inTransaction(world.administrator(), (tx) =>
    changeSyncConfiguration(tx, world.identityPoolId, () => ({ mergeRules: RULES })),
  );
});
afterAll(() => world?.stop());

/** What becomes of one call on its way. */
type Fate = 'arrives' | 'is lost' | 'answer is lost' | 'arrives twice';

class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

const throughServices =
  (ctx: Context): Synchronize =>
  async (call) => {
    const [dataset] = await synchronize(ctx, call);
    const { listing, applied, conflicts, merged } = dataset!;
    return { applied, conflicts, merged, changes: listing! };
  };

const overBadNetwork = (server: Synchronize, fates: Fate[]): Synchronize => {
  const meet = async (call: SyncCall): Promise<SyncAnswer> => {
    const fate = fates.shift() ?? 'arrives';
    if (fate === 'is lost') throw new NetworkError(fate);
    if (fate === 'arrives twice') return (await Promise.all([server(call), server(call)]))[1];
    const answer = await server(call);
    if (fate === 'answer is lost') throw new NetworkError(fate);
    return answer;
  };
  return meet;
};

type Edit =
  | { key: 'plain' | 'last'; value: number | null }
  | { key: 'max' | 'min'; value: number }
  | { key: 'sum'; add: number }
  | { key: 'union'; element: number }
  | { key: 'json'; member: string; value: number };

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ key: fc.constantFrom('plain' as const, 'last' as const), value: fc.option(fc.nat(9)) }),
  fc.record({ key: fc.constantFrom('max' as const, 'min' as const), value: fc.nat(1000) }),
  fc.record({ key: fc.constant('sum' as const), add: fc.integer({ min: -50, max: 50 }) }),
  fc.record({ key: fc.constant('union' as const), element: fc.nat(30) }),
  fc.record({ key: fc.constant('json' as const), member: fc.constantFrom('a', 'b'), value: fc.nat(9) }),
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>('arrives') },
  { weight: 1, arbitrary: fc.constant<Fate>('is lost') },
  { weight: 3, arbitrary: fc.constant<Fate>('answer is lost') },
  { weight: 2, arbitrary: fc.constant<Fate>('arrives twice') },
);

/** What one device does in a round: changes offline, then perhaps a sync. */
interface Turn {
  edits: Edit[];
  /** Undefined: stays offline. */
  fates: Fate[] | undefined;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  edits: fc.array(edit, { maxLength: 4 }),
  fates: fc.option(fc.array(fate, { maxLength: 3 }), { nil: undefined, freq: 4 }),
});

const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  strategy: fc.constantFrom(...CONFLICT_STRATEGIES),
  keepsMine: fc.boolean(),
  ruleSets: fc.constant(RULES),
});

const setup = fc.record({
  behaviours: fc.array(behaviour, { minLength: 2, maxLength: 4 }),
  rounds: fc.array(fc.array(turn, { minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
});

/** The value that an app makes of the one it sees. */
const valueAfter = (edit: Edit, before: string | null): string | null => {
  if (edit.key === 'sum') return String(Number(before ?? 0) + edit.add);
  if (edit.key === 'union')
    return JSON.stringify([...new Set([...(JSON.parse(before ?? '[]') as number[]), edit.element])]);
  if (edit.key === 'json')
    return JSON.stringify({ ...(JSON.parse(before ?? '{}') as object), [edit.member]: edit.value });
  if (edit.key === 'max') return String(Math.max(edit.value, Number(before ?? 0)));
  if (edit.key === 'min') return String(Math.min(edit.value, Number(before ?? 1000)));
  return edit.value === null ? null : String(edit.value);
};

const applyEdit = (device: SynchronizingDevice, each: Edit): void =>
  device.put(each.key, valueAfter(each, device.valueOf(each.key)));

const syncIfPossible = async (device: SynchronizingDevice, server: Synchronize): Promise<void> => {
  try {
    await device.sync(server);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
};

interface Run {
  ctx: Context;
  devices: SynchronizingDevice[];
  rounds: Turn[][];
  /** Between rounds. */
  disturb?: (round: number) => Promise<void>;
}

const play = async ({ ctx, devices, rounds, disturb }: Run): Promise<void> => {
  for (const [round, turns] of rounds.entries()) {
    await Promise.all(
      devices.map((device, at) => {
        const { edits, fates } = turns[at]!;
        edits.forEach((each) => applyEdit(device, each));
        return fates && syncIfPossible(device, overBadNetwork(throughServices(ctx), [...fates]));
      }),
    );
    await disturb?.(round);
  }
};

const settle = async (ctx: Context, devices: SynchronizingDevice[]): Promise<void> => {
  for (let time = 0; time < 2; time += 1)
    for (const device of devices) await device.sync(throughServices(ctx));
  expect(devices.map((device) => device.isDirty())).toEqual(devices.map(() => false));
};

const serverView = async (ctx: Context): Promise<[string, string][]> =>
  (await listRecords(ctx, { datasetName: 'd' })).records
    .flatMap(({ key, value }): [string, string][] => (value === null ? [] : [[key, value]]))
    .sort(([a], [b]) => (a < b ? -1 : 1));

const newDevices = (behaviours: Behaviour[]): SynchronizingDevice[] =>
  behaviours.map(
    (each, at) =>
      new SynchronizingDevice(`device ${at + 1}`, 'd', each, () => {
        world.clock.advance(1);
        return world.clock.now();
      }),
  );

/** What the rules promise of all that was ever edited, offline or not. */
const promisedBy = (edits: Edit[]): Record<string, unknown> => {
  const of = <K extends Edit['key']>(key: K) =>
    edits.filter((each) => each.key === key) as Extract<Edit, { key: K }>[];
  const values = (key: 'max' | 'min') => of(key).map(({ value }) => value as number);
  return {
    ...(of('max').length > 0 ? { max: Math.max(0, ...values('max')) } : {}),
    ...(of('min').length > 0 ? { min: Math.min(1000, ...values('min')) } : {}),
    ...(of('sum').length > 0 ? { sum: of('sum').reduce((total, { add }) => total + add, 0) } : {}),
    ...(of('union').length > 0
      ? { union: [...new Set(of('union').map(({ element }) => element))].sort((a, b) => a - b) }
      : {}),
  };
};

const asPromised = (view: [string, string][]): Record<string, unknown> =>
  Object.fromEntries(
    view
      .filter(([key]) => ['max', 'min', 'sum', 'union'].includes(key))
      .map(([key, value]) => {
        const parsed: unknown = JSON.parse(value);
        return [key, Array.isArray(parsed) ? (parsed as number[]).sort((a, b) => a - b) : parsed];
      }),
  );

test('devices end alike, and the rules have lost nothing and counted nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(setup, async ({ behaviours, rounds }) => {
      const ctx = await world.newIdentity();
      const devices = newDevices(behaviours);

      await play({ ctx, devices, rounds });
      await settle(ctx, devices);

      const atServer = await serverView(ctx);
      for (const device of devices) expect(device.view()).toEqual(atServer);
      const edits = rounds.flatMap((turns) => turns.slice(0, devices.length).flatMap((each) => each.edits));
      expect(asPromised(atServer)).toEqual(promisedBy(edits));
    }),
    { numRuns: 80, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
}, 90_000);

test('devices end alike when the dataset is deleted again and again meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      setup,
      fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      async ({ behaviours, rounds }, deletes) => {
        const ctx = await world.newIdentity();
        const devices = newDevices(behaviours);
        const disturb = async (round: number): Promise<void> => {
          if (!deletes[round]) return;
          const { datasetExists } = await listRecords(ctx, { datasetName: 'd' });
          if (datasetExists) await deleteDataset(ctx, { datasetName: 'd' });
          else
            expect((await refusal(deleteDataset(ctx, { datasetName: 'd' }))).code).toBe('RESOURCE_NOT_FOUND');
        };

        await play({ ctx, devices, rounds, disturb });
        await settle(ctx, devices);

        const atServer = await serverView(ctx);
        for (const device of devices) expect(device.view()).toEqual(atServer);
      },
    ),
    { numRuns: 60, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
  );
}, 90_000);
