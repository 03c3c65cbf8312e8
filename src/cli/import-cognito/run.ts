import type { Checkpoint } from './checkpoint';
import type { KnownLogin } from './logins-file';
import type { Progress } from './progress';
import type { Report } from './report';
import type { Source } from './source';
import type { Target } from './target';

/** Where roles come from: IAM, the default ones under the same ARNs, or nowhere. */
export const ROLE_MODES = ['iam', 'default', 'none'] as const;
/** One of `ROLE_MODES`. */
export type RoleMode = (typeof ROLE_MODES)[number];

/** What an operator chose. */
export interface Choices {
  /** Empty: all. */
  pools: string[];
  /** Identities whose datasets are brought at the same time, 1 to 64. */
  concurrency: number;
  roles: RoleMode;
  claimLogins: boolean;
  /** Whether datasets that are gone at the source are deleted here. */
  deletes: boolean;
  /** Whether settings of pools that were changed here are replaced. */
  overwrite: boolean;
}

/** One run: what everything in it is given first. */
export interface Run {
  /** Of two runs, that of the one which began later is greater. */
  id: string;
  choices: Choices;
  source: Source;
  target: Target;
  report: Report;
  progress: Progress;
  checkpoint: Checkpoint;
  /** Logins whose users the operator knows, by identity. */
  logins: ReadonlyMap<string, KnownLogin[]>;
  /** Set when the run is to end after what it has in hand. */
  signal: AbortSignal;
}

/** Ends the run between two steps. @throws Interrupted */
export const requireGoingOn = ({ signal }: Run): void => {
  if (signal.aborted) throw new Interrupted();
};

/** The operator ended the run; its checkpoint says where it goes on. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('The import was interrupted.');
  }
}
