import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { dataSourceOf, type Context } from '../../context';
import { identityDeleted, identityForbidden } from '../../errors';
import { hubOf } from '../../events/change-hub';
import { readCounts, readTotals } from '../../sync/dataset-counts';
import { liveSubscriptionsOf, type LiveSubscriptions } from './live-subscriptions';

/** Milliseconds. */
export interface CheckTimings {
  /** Between two looks whether callers may still have their subscriptions. Default 2,000. */
  reauthorizeEvery: number;
  /** Between two looks for identities that are gone and for changes whose notice was lost. Default 4,000. */
  lookEvery: number;
  /** For a notice that is still on its way, before what was found without it is told. Default 300. */
  grace: number;
}

const TIMINGS: CheckTimings = { reauthorizeEvery: 2_000, lookEvery: 4_000, grace: 300 };

/** Identities in one statement. */
const SLICE = 5_000;

/** Subscriptions that are looked at before others get a turn on the processor. */
const AT_ONCE = 100;

/**
 * Keeps the subscriptions of a node true, until it is stopped: what a notice was lost of is told within 5 seconds, and
 * who may no longer have a subscription has it for 5 seconds at most.
 */
export const startChecking = (
  ctx: Context,
  timings: Partial<CheckTimings> = {},
): { stop: () => Promise<void> } => {
  const { reauthorizeEvery, lookEvery, grace } = { ...TIMINGS, ...timings };
  const subscriptions = liveSubscriptionsOf(dataSourceOf(ctx));
  const reauthorize = repeat(ctx, reauthorizeEvery, () => recheckAll(subscriptions));
  const look = repeat(ctx, lookEvery, () => lookForNews(ctx, subscriptions, grace));
  const stopListening = hubOf(dataSourceOf(ctx)).onMissed(look.now);
  return {
    stop: async () => {
      stopListening();
      await Promise.all([reauthorize.stop(), look.stop()]);
    },
  };
};

/** Work that is done again and again, never twice at once; `now` has it done once more as soon as it can be. */
const repeat = (
  ctx: Context,
  every: number,
  work: () => Promise<void>,
): { now: () => void; stop: () => Promise<void> } => {
  let running: Promise<void> | undefined;
  let again = false;
  const run = (): void => {
    again = false;
    running = work()
      .catch((error: unknown) =>
        ctx.log.warn({ reason: String(error) }, 'live subscriptions were not checked'),
      )
      .finally(() => {
        running = undefined;
        if (again) run();
      });
  };
  const timer = setInterval(() => {
    if (!running) run();
  }, every).unref();
  return {
    now: () => (running ? (again = true) : run()),
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
};

const recheckAll = async (subscriptions: LiveSubscriptions): Promise<void> => {
  for (const [at, subscription] of subscriptions.all().entries()) {
    await subscription.recheck();
    if (at % AT_ONCE === AT_ONCE - 1) await nextTurn();
  }
};

const lookForNews = async (ctx: Context, subscriptions: LiveSubscriptions, grace: number): Promise<void> => {
  const ids = subscriptions.identityIds();
  for (let at = 0; at < ids.length; at += SLICE)
    await lookAt(ctx, subscriptions, ids.slice(at, at + SLICE), grace);
};

const lookAt = async (
  ctx: Context,
  subscriptions: LiveSubscriptions,
  ids: string[],
  grace: number,
): Promise<void> => {
  const totals = await readTotals(ctx, ids);
  for (const id of ids) {
    if (!totals.has(id)) subscriptions.endIdentity(id, identityDeleted(id));
    if (totals.get(id)?.isDisabled) subscriptions.endIdentity(id, identityForbidden(id));
  }
  const news = [...totals].filter(([id, { total }]) => subscriptions.isNews(id, total));
  if (news.length === 0) return;
  const counts = await readCounts(
    ctx,
    news.map(([id]) => id),
  );
  await sleep(grace);
  for (const [id, { total }] of news)
    subscriptions.markSeen(ctx, id, { total, datasets: counts.get(id)?.datasets ?? [] });
};
