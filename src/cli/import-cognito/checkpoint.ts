import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { KINDS, emptyReport, type ReportData } from './report';

const count = z.object({
  read: z.number(),
  written: z.number(),
  unchanged: z.number(),
  diverged: z.number(),
  failed: z.number(),
});

/** First the identities that are in use, then those that were disabled, then nothing. */
const place = z.object({
  pass: z.enum(['enabled', 'disabled', 'done']),
  nextToken: z.string().nullable(),
  /** Identities that did not come over in the first pass, and are therefore not disabled ones of the second. */
  failed: z.array(z.string()),
});

const stateShape = z.object({
  version: z.literal(1),
  runId: z.string().min(1),
  /** What is imported from where to where: another import has another file. */
  subject: z.string(),
  startedAt: z.iso.datetime(),
  pools: z.record(z.string(), place),
  report: z.object({
    counts: z.object(Object.fromEntries(KINDS.map((kind) => [kind, count]))),
    problems: z.array(z.object({ what: z.string(), reason: z.string() })),
    moreProblems: z.number(),
    left: z.array(z.object({ identityPoolId: z.string(), what: z.string(), mutation: z.string() })),
  }),
});

type State = z.infer<typeof stateShape>;

/** How far a pool's identities are. */
export type Place = z.infer<typeof place>;

/** How far a run is, in a file or in memory alone. */
export interface Checkpoint {
  runId: string;
  startedAt: Date;
  report: ReportData;
  /** Where to go on with a pool. */
  placeOf(identityPoolId: string): Place;
  /** Writes down how far it is. */
  reached(identityPoolId: string, place: Place): void;
  /** Whether every pool that was begun is done. */
  isDone(): boolean;
  /** A finished run leaves nothing to go on with. */
  finish(): void;
}

/** A file that is none of this import's. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** What a new run is known by. */
export interface NewRun {
  /** Greater than those of runs that began before. */
  runId: string;
  startedAt: Date;
  /** What is imported from where to where. */
  subject: string;
}

const START: Place = { pass: 'enabled', nextToken: null, failed: [] };

/**
 * The checkpoint in `file`, or a new one; without a file it lives as long as the process. A write replaces the file whole,
 * so that a process that dies leaves an old one or a new one.
 * @throws CheckpointError for a file of another import, or that is no checkpoint.
 */
export const openCheckpoint = (file: string | undefined, run: NewRun): Checkpoint => {
  const known = file !== undefined && existsSync(file) ? readState(file, run.subject) : undefined;
  const state: State = known ?? {
    version: 1,
    runId: run.runId,
    subject: run.subject,
    startedAt: run.startedAt.toISOString(),
    pools: {},
    report: emptyReport(),
  };
  return {
    runId: state.runId,
    startedAt: new Date(state.startedAt),
    report: state.report as ReportData,
    placeOf: (identityPoolId) => state.pools[identityPoolId] ?? START,
    reached: (identityPoolId, reached) => {
      state.pools[identityPoolId] = reached;
      if (file !== undefined) replaceFile(file, JSON.stringify(state));
    },
    isDone: () => Object.values(state.pools).every(({ pass }) => pass === 'done'),
    finish: () => {
      if (file !== undefined) rmSync(file, { force: true });
    },
  };
};

const readState = (file: string, subject: string): State => {
  const state = stateShape.safeParse(parseJson(readFileSync(file, 'utf8')));
  if (!state.success)
    throw new CheckpointError(`${file} is no state of an import: remove it, or name another file.`);
  if (state.data.subject === subject) return state.data;
  throw new CheckpointError(
    `${file} is the state of another import (${state.data.subject}): name another file.`,
  );
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const replaceFile = (file: string, text: string): void => {
  // Made anew, so that it is nobody else's: a link that somebody put there would lead anywhere.
  rmSync(`${file}.new`, { force: true });
  writeFileSync(`${file}.new`, text, { mode: 0o600, flag: 'wx' });
  renameSync(`${file}.new`, file);
};
