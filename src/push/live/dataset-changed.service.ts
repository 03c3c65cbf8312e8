import { z } from 'zod';
import { dataSourceOf } from '../../context';
import { invalidParameter, notAuthorized } from '../../errors';
import { LIMITS } from '../../protocol/limits';
import { authorizedOwner } from '../../sync/dataset-owner';
import { datasetName, syncCount, type CountInput } from '../../sync/sync.input';
import { parse, text } from '../../validate';
import type { LiveSubscription } from './live-subscription';
import type { LiveContext } from './live-connection';
import { liveSubscriptionsOf } from './live-subscriptions';
import { actionOf } from './report';

/** What a device knows of a dataset. */
export interface KnownSyncCount {
  datasetName: string;
  /** Of its last pull or report; 0 for a dataset that is not there. */
  syncCount: CountInput;
}

/** What `datasetChanged` takes. */
export interface WatchInput {
  /** All datasets of the caller when left out. */
  datasetName?: string | null;
  /** 1 to 256 characters. Changes that this device wrote are not told. */
  deviceId?: string | null;
  /** At most 1,000, each dataset once. Without it, only what comes from now on is told. */
  sinceSyncCounts?: KnownSyncCount[] | null;
}

const watchInput = z.object({
  datasetName: datasetName.nullish(),
  deviceId: text(1, LIMITS.deviceIdLength).nullish(),
  sinceSyncCounts: z.array(z.object({ datasetName, syncCount })).max(LIMITS.sinceSyncCounts).nullish(),
});

/**
 * Reports, from now on or from what the device knows, each change of the caller's dataset, or of all of its datasets:
 * cognito-sync:ListRecords on the dataset, or cognito-sync:ListDatasets for all. Nothing that is committed is left out,
 * and nothing is reported twice; a burst of changes comes as one report.
 *
 * The subscription ends with the reason when the credentials expire, and within 5 seconds when the caller may no
 * longer have it. Whoever stops to listen must `return()` it.
 * @throws NOT_AUTHORIZED also for administrators, who have no datasets of their own; ACCESS_DENIED; INVALID_PARAMETER
 *   also for counts that this server never reached; LIMIT_EXCEEDED for too many subscriptions; IDENTITY_DELETED
 */
export const watchDatasets = async (
  ctx: LiveContext,
  input: WatchInput,
  withChanges: boolean,
): Promise<LiveSubscription> => {
  const given = parse(watchInput, input);
  if (ctx.actor.kind === 'administrator')
    throw notAuthorized('Only identities subscribe, each to its own datasets: use its access token.');
  const name = given.datasetName ?? null;
  return liveSubscriptionsOf(dataSourceOf(ctx)).subscribe(ctx, {
    owner: await authorizedOwner(ctx, actionOf(name), {}, name),
    datasetName: name,
    deviceId: given.deviceId ?? null,
    since: given.sinceSyncCounts ? toMap(given.sinceSyncCounts) : undefined,
    withChanges,
  });
};

const toMap = (known: { datasetName: string; syncCount: number }[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const each of known) {
    if (counts.has(each.datasetName))
      throw invalidParameter(`sinceSyncCounts must not have the same dataset twice: ${each.datasetName}`, {
        field: 'sinceSyncCounts',
      });
    counts.set(each.datasetName, each.syncCount);
  }
  return counts;
};
