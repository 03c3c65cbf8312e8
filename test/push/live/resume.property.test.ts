import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { startTestServer, type TestServer } from '../../support/server';
import {
  CHANGES,
  deleteDataset,
  listen,
  newCaller,
  until,
  write,
  type Heard,
  type Transport,
} from './live-world';

/*
 * A tablet that loses its connection again and again, at any moment, and resumes from the counts of what it was told:
 * it ends with what the phone wrote, and no write is told to it twice.
 */

let server: TestServer;
beforeAll(async () => {
  // Nothing is made good by looking: what is told is told by notices and by resuming.
  server = await startTestServer({ timings: { lookEvery: 3_600_000 } });
});
afterAll(() => server?.close());

interface Told {
  datasetName: string;
  key: string;
  syncCount: number;
}

/** A device that listens. It keeps what it was told and knows where to resume. */
class Tablet {
  readonly values = new Map<string, string>();
  readonly told: Told[] = [];
  private readonly counts = new Map<string, number>();
  private heard: Heard | undefined;
  private taken = 0;

  constructor(
    private readonly token: string,
    private readonly transport: Transport,
  ) {}

  connect(): void {
    const sinceSyncCounts = [...this.counts].map(([datasetName, syncCount]) => ({ datasetName, syncCount }));
    this.taken = 0;
    const input = { deviceId: 'tablet', sinceSyncCounts };
    this.heard = listen(server, this.token, input, { selection: CHANGES, transport: this.transport });
  }

  /** Whatever arrives after it was cut is lost, as on a broken line. */
  cut(): void {
    this.take();
    this.heard?.stop();
    this.heard = undefined;
  }

  take(): void {
    const reports = this.heard?.reports ?? [];
    for (; this.taken < reports.length; this.taken += 1) this.apply(reports[this.taken]);
  }

  private apply({ datasetName, syncCount, changes }: Heard['reports'][number]): void {
    if (changes.datasetDeletedAfterRequestedSyncCount)
      for (const name of this.values.keys()) if (name.startsWith(`${datasetName}/`)) this.values.delete(name);
    for (const { key, value, syncCount: count } of changes.records) {
      this.told.push({ datasetName, key, syncCount: count });
      if (value === null) this.values.delete(`${datasetName}/${key}`);
      else this.values.set(`${datasetName}/${key}`, value);
    }
    this.counts.set(datasetName, syncCount);
  }
}

type Step =
  | { kind: 'write'; dataset: string; key: string; value: string | null }
  | { kind: 'delete'; dataset: string }
  | { kind: 'cut' | 'connect' | 'wait'; ms: number };

const DATASETS = ['a', 'b'];
const dataset = fc.constantFrom(...DATASETS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      dataset,
      key: fc.constantFrom('x', 'y', 'z'),
      value: fc.option(fc.integer({ min: 0, max: 99 }).map(String)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), dataset }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('cut', 'connect', 'wait'), ms: fc.nat({ max: 15 }) }),
  },
);

/** What the server has. */
const stored = async (token: string): Promise<Record<string, string>> => {
  const pulls = await Promise.all(
    DATASETS.map((datasetName) =>
      server.run(
        'query ($input: ListRecordsInput!) { listRecords(input: $input) { records { key value } } }',
        { input: { datasetName } },
        token,
      ),
    ),
  );
  return Object.fromEntries(
    pulls.flatMap(({ listRecords }, at) =>
      listRecords.records
        .filter(({ value }: { value: string | null }) => value !== null)
        .map(({ key, value }: { key: string; value: string }) => [`${DATASETS[at]}/${key}`, value]),
    ),
  );
};

/** Plays the steps, the writes one after the other, the cuts and connections beside them. */
const play = async (token: string, tablet: Tablet, steps: Step[]): Promise<void> => {
  const counts = new Map<string, number>();
  let writing: Promise<unknown> = Promise.resolve();
  for (const each of steps) {
    if (each.kind === 'write')
      writing = writing.then(async () => {
        const syncCount = counts.get(each.dataset) ?? 0;
        const patch = {
          datasetName: each.dataset,
          key: each.key,
          value: each.value,
          syncCount,
          deviceId: 'phone',
        };
        counts.set(each.dataset, await write(server, token, patch));
      });
    else if (each.kind === 'delete')
      writing = writing.then(() => deleteDataset(server, token, each.dataset).catch(() => undefined));
    else {
      await sleep(each.ms);
      if (each.kind === 'cut') tablet.cut();
      if (each.kind === 'connect') {
        tablet.cut();
        tablet.connect();
      }
    }
  }
  await writing;
};

test.each(['WebSocket', 'event stream'] as const)(
  'over a %s that breaks at any moment nothing is lost and nothing comes twice',
  async (transport) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const { token } = await newCaller(server);
        const tablet = new Tablet(token, transport);
        tablet.connect();

        await play(token, tablet, steps);
        tablet.cut();
        tablet.connect();
        const wanted = await stored(token);
        await until(() => {
          tablet.take();
          return (
            JSON.stringify(Object.fromEntries([...tablet.values].sort())) ===
            JSON.stringify(Object.fromEntries(Object.entries(wanted).sort()))
          );
        });
        await sleep(50);
        tablet.cut();

        const names = tablet.told.map(
          ({ datasetName, key, syncCount }) => `${datasetName}/${key}@${syncCount}`,
        );
        expect(names).toEqual([...new Set(names)]);
        expect(Object.fromEntries(tablet.values)).toEqual(wanted);
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // Nor is anything left of clients that went before they were answered.
    await until(() => server.live().connections + server.live().subscriptions === 0);
  },
  120_000,
);
