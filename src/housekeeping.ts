import { sweepAuditEvents } from './audit/audit-event.service';
import type { Context } from './context';
import { foldIdentityCounts } from './identities/count-identities';
import { purgeDeletedPools } from './identities/delete-identity-pool.service';
import { sweepUsedSamlAssertions } from './logins/use-assertion';
import { sweepCounters } from './rate-limits/sweep-counters';
import { sweepUsedSyncSessions } from './sync/sweep-sessions';
import { rotateAgedKey } from './tokens/signing-key.service';

const EVERY_MS = 60_000;

/** Work that nobody waits for, once a minute on every node; each piece may run on several at once. */
export const startHousekeeping = (ctx: Context): { stop: () => Promise<void> } => {
  let running = Promise.resolve();
  const run = (): void => {
    running = sweep(ctx).catch((error: unknown) => ctx.log.warn({ err: error }, 'housekeeping failed'));
  };
  const timer = setInterval(run, EVERY_MS);
  timer.unref();
  run();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
};

const sweep = async (ctx: Context): Promise<void> => {
  await purgeDeletedPools(ctx);
  await foldIdentityCounts(ctx);
  await sweepUsedSyncSessions(ctx);
  await sweepAuditEvents(ctx);
  await sweepCounters(ctx);
  await rotateAgedKey(ctx);
  await sweepUsedSamlAssertions(ctx);
};
