import { printable } from './printable';

/** What is counted. */
export const KINDS = [
  'roles',
  'providers',
  'pools',
  'identities',
  'datasets',
  'records',
  'tombstones',
] as const;
/** One of `KINDS`. */
export type Kind = (typeof KINDS)[number];

/** What became of things of one kind. */
export interface Count {
  read: number;
  written: number;
  unchanged: number;
  diverged: number;
  failed: number;
}

/** What did not come over, and why; or came over otherwise than it was. */
export interface Problem {
  what: string;
  reason: string;
}

/** What cannot be brought over, and how it is made anew. */
export interface Left {
  identityPoolId: string;
  what: string;
  mutation: string;
}

/** A report as it is printed and kept. */
export interface ReportData {
  counts: Record<Kind, Count>;
  problems: Problem[];
  /** Beyond those that are listed. */
  moreProblems: number;
  left: Left[];
}

/** Problems that are listed; more are only counted, so that a broken source does not fill the memory. */
const LISTED = 10_000;

const noCount = (): Count => ({ read: 0, written: 0, unchanged: 0, diverged: 0, failed: 0 });

/** An empty report. */
export const emptyReport = (): ReportData => ({
  counts: Object.fromEntries(KINDS.map((kind) => [kind, noCount()])) as Record<Kind, Count>,
  problems: [],
  moreProblems: 0,
  left: [],
});

/** What a run came to so far. */
export class Report {
  private readonly said: Set<string>;

  constructor(readonly data: ReportData = emptyReport()) {
    this.said = new Set(data.problems.map(({ what, reason }) => `${what}: ${reason}`));
  }

  count(kind: Kind, outcome: keyof Count, by = 1): void {
    this.data.counts[kind][outcome] += by;
  }

  /** Something did not come over, or not as it was. A run that goes on says it once, as far as it is listed. */
  problem(what: string, reason: string): void {
    const problem = { what: printable(what), reason: printable(reason) };
    const sentence = `${problem.what}: ${problem.reason}`;
    if (this.said.has(sentence)) return;
    if (this.data.problems.length >= LISTED) {
      this.data.moreProblems += 1;
      return;
    }
    this.said.add(sentence);
    this.data.problems.push(problem);
  }

  /** Something that nobody can bring over. A run that goes on says it once. */
  leave(identityPoolId: string, what: string, mutation: string): void {
    const given = { identityPoolId: printable(identityPoolId), what: printable(what), mutation };
    const isKnown = this.data.left.some(
      (left) => left.identityPoolId === given.identityPoolId && left.what === given.what,
    );
    if (!isKnown && this.data.left.length < LISTED) this.data.left.push(given);
  }

  /** What a run that goes on looks at from the beginning is counted from the beginning. */
  forget(kinds: Kind[]): void {
    for (const kind of kinds) this.data.counts[kind] = noCount();
  }

  /** Whether nothing was looked at yet. */
  get isEmpty(): boolean {
    return KINDS.every((kind) => COLUMNS.every((column) => this.data.counts[kind][column] === 0));
  }

  /** Whether everything came over. */
  get isComplete(): boolean {
    return this.data.problems.length === 0 && this.data.left.length === 0;
  }
}

const COLUMNS = ['read', 'written', 'unchanged', 'diverged', 'failed'] as const;

/** The report for people. */
export const reportText = ({ counts, problems, moreProblems, left }: ReportData): string => {
  const rows = KINDS.map((kind) => [kind, ...COLUMNS.map((column) => String(counts[kind][column]))]);
  const lines = [['', ...COLUMNS], ...rows].map(([name, ...cells]) =>
    `  ${name?.padEnd(12)}${cells.map((cell) => cell.padStart(11)).join('')}`.trimEnd(),
  );
  return [
    ...lines,
    ...section('Not brought over, or not as it was', [
      ...problems.map(({ what, reason }) => `${what}: ${reason}`),
      ...(moreProblems > 0 ? [`and ${moreProblems} more`] : []),
    ]),
    ...section(
      'Left for you',
      left.map(
        ({ identityPoolId, what, mutation }) => `${identityPoolId}: ${what}. Make it with ${mutation}.`,
      ),
    ),
    '',
  ].join('\n');
};

const section = (title: string, lines: string[]): string[] =>
  lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  - ${line}`)];
