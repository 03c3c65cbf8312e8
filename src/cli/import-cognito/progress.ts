import { Presets, SingleBar } from 'cli-progress';
import { printable } from './printable';
import type { ReportData } from './report';

/** How far a run is, for who waits. */
export interface Progress {
  /** A step with a name has begun. */
  step(name: string): void;
  /** Something was counted. */
  tick(report: ReportData): void;
  stop(): void;
}

/** Where progress is written to. */
export interface Output {
  isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const LINE_EVERY_MS = 10_000;

/** A bar in a terminal; elsewhere a line for each step and every ten seconds. */
export const progressOn = (output: NodeJS.WriteStream | Output, now: () => number = Date.now): Progress =>
  output.isTTY === true ? bar(output as NodeJS.WriteStream) : lines(output, now);

const sentence = ({ counts }: ReportData): string =>
  `${counts.identities.read} identities, ${counts.datasets.read} datasets, ${counts.records.read} records`;

/** How many identities there are Cognito tells nobody, so the bar moves without an end. */
const bar = (stream: NodeJS.WriteStream): Progress => {
  const single = new SingleBar(
    {
      stream,
      format: '{step}  {identities} identities  {datasets} datasets  {records} records  {duration_formatted}',
      hideCursor: true,
      stopOnComplete: false,
    },
    Presets.shades_classic,
  );
  const payload = { step: '', identities: 0, datasets: 0, records: 0 };
  single.start(1, 0, payload);
  return {
    step: (name) => single.update({ ...payload, step: printable(name) }),
    tick: ({ counts }) =>
      single.update({
        identities: counts.identities.read,
        datasets: counts.datasets.read,
        records: counts.records.read,
      }),
    stop: () => single.stop(),
  };
};

const lines = (output: Output, now: () => number): Progress => {
  let next = now() + LINE_EVERY_MS;
  return {
    step: (name) => {
      output.write(`${printable(name)}\n`);
    },
    tick: (report) => {
      if (now() < next) return;
      next = now() + LINE_EVERY_MS;
      output.write(`  ${sentence(report)}\n`);
    },
    stop: () => undefined,
  };
};
