import { execFile } from 'node:child_process';
import type { Account } from './account';

/** No variable of ours reaches PostgreSQL's programs, where PGPORT or a locale could change what they do. */
export const PROGRAM_ENVIRONMENT = { LC_ALL: 'C', TZ: 'UTC' };

/** How a program ended: the error when it did not start or did not succeed, and all that it wrote. */
export interface Outcome {
  error: Error | undefined;
  output: string;
}

/** Runs one of PostgreSQL's short-lived programs to its end. Never throws. */
export const run = (program: string, args: string[], account: Account): Promise<Outcome> =>
  new Promise((resolve) => {
    // The working directory of the node may be out of the account's reach.
    const options = { ...account, cwd: '/', env: PROGRAM_ENVIRONMENT, windowsHide: true };
    try {
      execFile(program, args, options, (error, stdout, stderr) =>
        resolve({ error: error ?? undefined, output: `${stdout}${stderr}`.trim() }),
      );
    } catch (error) {
      resolve({ error: error as Error, output: '' });
    }
  });
