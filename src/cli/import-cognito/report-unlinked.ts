import type { Run } from './run';

/** Identities that ListImportedIdentities takes in a call. */
const AT_ONCE = 60;

/**
 * Reports what a file of logins names for nothing: identities of none of these pools, such as those of a pool that was not
 * chosen, or with a slip of the pen.
 */
export const reportUnlinked = async ({ logins, target, report }: Run, poolIds: string[]): Promise<void> => {
  const missing = new Set(logins.keys());
  for (const poolId of poolIds) {
    const ids = [...missing];
    for (let from = 0; from < ids.length; from += AT_ONCE)
      for (const { identityId } of await target.known(poolId, ids.slice(from, from + AT_ONCE)))
        missing.delete(identityId);
  }
  for (const id of missing)
    report.problem(id, 'no identity of this id came over, so that its login in --logins was not linked.');
};
