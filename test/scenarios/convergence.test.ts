import fc from 'fast-check';
import { Device, type ConflictPolicy } from '../support/device';
import { Refusal, type Door, type Record, type SyncCalls, type Update } from './door';
import { awsDoor } from './doors/aws';
import { graphqlDoor } from './doors/graphql';
import { openStage, type Guest, type Stage } from './stage';

/*
 * Devices that change things offline and sync over a bad network end alike, and nothing that the server acknowledged
 * is lost on the way.
 */

let stage: Stage;
let identityPoolId: string;

/** What the network does to one request. */
type Fate = 'arrives' | 'is lost' | 'answer is lost' | 'arrives twice';

class NetworkError extends Error {
  override readonly name = 'NetworkError';
}

/** A patch that the server took, as the referee of a run sees it. */
interface Write {
  key: string;
  value: string | null;
  /** The count that it got. */
  syncCount: number;
  /** The count of the record that its device had seen. */
  sawSyncCount: number;
}

/** All that happened at the server, lost answers included. */
class Log {
  readonly writes: Write[] = [];
  readonly counts: number[] = [];
  readonly deletions: number[] = [];

  wrote(update: Update, records: Record[], datasetSyncCount: number): void {
    this.counts.push(datasetSyncCount);
    for (const { key, value, syncCount } of records) {
      const patch = update.recordPatches.find((candidate) => candidate.key === key);
      this.writes.push({ key, value, syncCount, sawSyncCount: patch?.syncCount ?? -1 });
    }
  }
}

/** The server as seen over a network on which each request meets the next of `fates`. */
const overBadNetwork = (server: SyncCalls, log: Log, fates: Fate[]): SyncCalls => {
  const send = async <T>(execute: () => Promise<T>): Promise<T> => {
    const fate = fates.shift() ?? 'arrives';
    if (fate === 'is lost') throw new NetworkError(fate);
    if (fate === 'arrives twice') {
      const [, answer] = await Promise.allSettled([execute(), execute()]);
      if (answer.status === 'rejected') throw answer.reason;
      return answer.value;
    }
    const answer = await execute();
    if (fate === 'answer is lost') throw new NetworkError(fate);
    return answer;
  };
  return {
    listRecords: (input) => send(() => server.listRecords(input)),
    updateRecords: (input) =>
      send(async () => {
        const answer = await server.updateRecords(input);
        log.wrote(input, answer.records, answer.datasetSyncCount);
        return answer;
      }),
    deleteDataset: (input) =>
      send(async () => {
        const answer = await server.deleteDataset(input);
        log.deletions.push(answer.syncCount);
        return answer;
      }),
  };
};

type Change = { do: 'put'; key: string } | { do: 'remove'; key: string } | { do: 'delete' };

/** What one device does in one round: changes offline, then perhaps a sync. */
interface Turn {
  changes: Change[];
  /** Undefined: stays offline. */
  fates: Fate[] | undefined;
}

const KEYS = ['a', 'b', 'c', 'd'];

const edit: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), key: fc.constantFrom(...KEYS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key: fc.constantFrom(...KEYS) }) },
);

const editOrDeletion: fc.Arbitrary<Change> = fc.oneof(
  { weight: 11, arbitrary: edit },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const) }) },
);

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>('arrives') },
  { weight: 1, arbitrary: fc.constant<Fate>('is lost') },
  { weight: 2, arbitrary: fc.constant<Fate>('answer is lost') },
  { weight: 2, arbitrary: fc.constant<Fate>('arrives twice') },
);

const turnOf = (change: fc.Arbitrary<Change>): fc.Arbitrary<Turn> =>
  fc.record({
    changes: fc.array(change, { maxLength: 3 }),
    fates: fc.option(fc.array(fate, { maxLength: 4 }), { nil: undefined, freq: 4 }),
  });

const setupOf = (change: fc.Arbitrary<Change>) =>
  fc.record({
    policies: fc.array(fc.constantFrom<ConflictPolicy>('mine', 'theirs'), { minLength: 2, maxLength: 4 }),
    pageSize: fc.constantFrom(2, 1024),
    rounds: fc.array(fc.array(turnOf(change), { minLength: 4, maxLength: 4 }), {
      minLength: 1,
      maxLength: 8,
    }),
  });

const applyChange = (device: Device, change: Change, value: string): void => {
  if (change.do === 'put') device.put(change.key, value);
  else if (change.do === 'remove') device.remove(change.key);
  else device.deleteDataset();
};

/** A network that gave way ends this sync; the device tries again in a later round. */
const syncIfPossible = async (device: Device, server: SyncCalls): Promise<void> => {
  try {
    await device.sync(server);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
  }
};

const play = async (devices: Device[], rounds: Turn[][], guest: Guest, log: Log): Promise<void> => {
  for (const [round, turns] of rounds.entries()) {
    await Promise.all(
      devices.map((device, at) => {
        const { changes, fates } = turns[at]!;
        changes.forEach((change, nth) =>
          applyChange(device, change, `${device.name} ${round + 1}.${nth + 1}`),
        );
        return fates && syncIfPossible(device, overBadNetwork(guest.sync, log, [...fates]));
      }),
    );
  }
};

/** Everybody syncs over a good network until nobody has anything left to say. */
const settle = async (devices: Device[], guest: Guest, log: Log): Promise<void> => {
  const server = overBadNetwork(guest.sync, log, []);
  for (const device of devices) await device.sync(server);
  for (const device of devices) await device.sync(server);
  expect(devices.map((device) => device.isDirty())).toEqual(devices.map(() => false));
};

const serverView = async (guest: Guest): Promise<[string, string, number][]> => {
  const { records } = await guest.sync.listRecords({ datasetName: 'd', lastSyncCount: 0 });
  return records
    .flatMap(({ key, value, syncCount }): [string, string, number][] =>
      value === null ? [] : [[key, value, syncCount]],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
};

const viewOf = (device: Device): [string, string, number][] =>
  [...device.records]
    .flatMap(([key, { value, syncCount }]): [string, string, number][] =>
      value === null ? [] : [[key, value, syncCount]],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The values that must be there: the last write of each key, unless the dataset was deleted since. */
const expectedView = ({ writes, deletions }: Log): [string, string, number][] => {
  const lastDeletion = Math.max(0, ...deletions);
  const last = new Map<string, Write>();
  for (const write of [...writes].sort((a, b) => a.syncCount - b.syncCount))
    if (write.syncCount > lastDeletion) last.set(write.key, write);
  return [...last.values()]
    .flatMap(({ key, value, syncCount }): [string, string, number][] =>
      value === null ? [] : [[key, value, syncCount]],
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
};

/** Writes that replaced one that they had not seen: each is an update lost in silence. */
const blindWrites = ({ writes, deletions }: Log): Write[][] => {
  const sorted = [...writes].sort((a, b) => a.syncCount - b.syncCount);
  return sorted.flatMap((write, at) => {
    const before = sorted.slice(0, at).findLast(({ key }) => key === write.key);
    const isGone = before && deletions.some((count) => count >= before.syncCount && count < write.syncCount);
    return before && !isGone && write.sawSyncCount < before.syncCount ? [[before, write]] : [];
  });
};

/** Counts that no write got, up to the highest one. */
const missingCounts = ({ counts }: Log): number[] => {
  const all = Array.from({ length: Math.max(0, ...counts) }, (_, at) => at + 1);
  return all.filter((count) => !counts.includes(count));
};

/** Counts that the dataset leaves out where it comes back after a deletion. */
const countsLeftOut = ({ counts, deletions }: Log): number[] =>
  deletions
    .map((count) => count + 1)
    .filter((count) => count < Math.max(0, ...counts))
    .sort((a, b) => a - b);

/** AWS does not say which count a dataset had when it was deleted, so its door deletes in other tests. */
const DOORS: [name: string, to: (url: string) => Door, change: fc.Arbitrary<Change>, numRuns: number][] = [
  ['GraphQL', graphqlDoor, editOrDeletion, 40],
  ['AWS', awsDoor, edit, 15],
];

describe.each(DOORS)('through the %s door', (_name, doorTo, change, numRuns) => {
  beforeAll(async () => {
    stage = await openStage(doorTo);
    identityPoolId = await stage.newPool();
  });
  afterAll(() => stage?.close());

  test('devices with offline edits, lost answers and retries end alike, and nothing acknowledged is lost', async () => {
    await fc.assert(
      fc.asyncProperty(setupOf(change), async ({ policies, pageSize, rounds }) => {
        const guest = await stage.newGuest(identityPoolId);
        const log = new Log();
        const devices = policies.map((policy, at) => new Device(`device ${at + 1}`, 'd', policy, pageSize));

        await play(devices, rounds, guest, log);
        await settle(devices, guest, log);

        const atServer = await serverView(guest);
        for (const device of devices) expect(viewOf(device)).toEqual(atServer);
        expect(atServer).toEqual(expectedView(log));
        expect(blindWrites(log)).toEqual([]);
        expect(new Set(log.counts).size).toBe(log.counts.length);
        expect(missingCounts(log)).toEqual(countsLeftOut(log));
      }),
      { numRuns, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false },
    );
  }, 60_000);

  test('8 devices that all write at once get through and end alike', async () => {
    const guest = await stage.newGuest(identityPoolId);
    const log = new Log();
    const devices = Array.from({ length: 8 }, (_, at) => new Device(`device ${at + 1}`, 'd'));

    for (let round = 1; round <= 3; round += 1) {
      devices.forEach((device) => {
        device.put('shared', `${device.name} ${round}`);
        device.put(device.name, `${round}`);
      });
      await Promise.all(devices.map((device) => device.sync(overBadNetwork(guest.sync, log, []))));
    }
    await settle(devices, guest, log);

    const atServer = await serverView(guest);
    for (const device of devices) expect(viewOf(device)).toEqual(atServer);
    expect(atServer.slice(0, 8)).toEqual(devices.map(({ name }) => [name, '3', expect.any(Number)]));
    expect(blindWrites(log)).toEqual([]);
    expect(log.counts.sort((a, b) => a - b)).toEqual(log.counts.map((_, at) => at + 1));
  });

  test('a client without sync session tokens learns from the conflict that its own write came through', async () => {
    const { sync } = await stage.newGuest(identityPoolId);
    const write = () =>
      sync.updateRecords({
        datasetName: 'd',
        recordPatches: [{ op: 'replace', key: 'a', value: '1', syncCount: 0 }],
      });

    await write(); // its answer is lost
    const again = await write().catch((error: unknown) => error as Refusal);

    expect(again).toBeInstanceOf(Refusal);
    expect((again as Refusal).sentence).toMatch(/^Current SyncCount for: a is: 1 not: 0/);
    if (!stage.door.errorsHaveFields) return;
    expect((again as Refusal).fields.conflicts).toEqual([
      expect.objectContaining({ key: 'a', record: expect.objectContaining({ value: '1', syncCount: 1 }) }),
    ]);
  });
});
