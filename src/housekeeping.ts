import { sweepAuditEvents } from './audit/audit-event.service';
import type { Context } from './context';
import { foldIdentityCounts } from './identities/count-identities';
import { sweepDeletedIdentities } from './identities/deleted-identities';
import { purgeDeletedPools } from './identities/delete-identity-pool.service';
import { sweepUsedSamlAssertions } from './logins/use-assertion';
import { sweepCounters } from './rate-limits/sweep-counters';
import { sweepHistory } from './sync/sweep-history';
import { sweepMutations } from './sync/sweep-mutations';
import { sweepStreamPayloads } from './streams/stream-payloads';
import { sweepSyncEvents } from './sync/sweep-events';
import { sweepUsedSyncSessions } from './sync/sweep-sessions';
import { foldSyncSessions } from './sync/sync-sessions';
import { rotateAgedKey } from './tokens/signing-key.service';

const EVERY_MS = 60_000;

/** Work that nobody waits for, once a minute on every node; each piece may run on several at once. */
export const startHousekeeping = (ctx: Context): { stop: () => Promise<void> } => {
  let running: Promise<void> | undefined;
  const run = (): void => {
    running ??= sweep(ctx).finally(() => (running = undefined));
  };
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  run();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};

const CHORES = {
  purgeDeletedPools,
  foldIdentityCounts,
  foldSyncSessions,
  sweepUsedSyncSessions,
  sweepHistory,
  sweepMutations,
  sweepAuditEvents,
  rotateAgedKey,
  sweepUsedSamlAssertions,
  sweepCounters,
  sweepDeletedIdentities,
  sweepSyncEvents,
  sweepStreamPayloads,
};

/** One chore that fails does not keep the others from being done. */
const sweep = async (ctx: Context): Promise<void> => {
  for (const [chore, work] of Object.entries(CHORES))
    await work(ctx).catch((error: unknown) => ctx.log.warn({ err: error, chore }, 'housekeeping failed'));
};
