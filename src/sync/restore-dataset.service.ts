import { z } from 'zod';
import { authorize } from '../authorize';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { LIMITS } from '../protocol/limits';
import type { SyncRecord } from '../protocol/sync';
import { parse, text } from '../validate';
import { toRecord } from './apply-patches';
import {
  authorizedOwner,
  datasetNotFound,
  datasetResource,
  requireOwner,
  type DatasetAddress,
} from './dataset-owner';
import { mergeRecords, type RecordUpdate, type UpdatePatch } from './merge';
import { announceUpdate, newUpdate } from './record-update';
import { refusalOf } from './refusal';
import { liveRow, toDataset, type DatasetDescription, type DatasetRow } from './rows';
import { findSyncConfiguration } from './sync-configuration';
import { datasetInput, syncCount, type CountInput, type DatasetInput } from './sync.input';

/** How often it is looked anew when others write at the same time, before the call gives up. */
const MAX_ATTEMPTS = 8;

const input = datasetInput.extend({
  toSyncCount: syncCount,
  deviceId: text(1, LIMITS.deviceIdLength).nullish(),
  dryRun: z.boolean().nullish(),
});

/** What `restoreDataset` takes. */
export interface RestoreDatasetInput extends DatasetInput {
  /** The count whose state is wanted, from the dataset's `historySinceSyncCount` to its sync count. */
  toSyncCount: CountInput;
  /** 1 to 256 characters. */
  deviceId?: string | null;
  /** Whether to say only what would be written. Default false. */
  dryRun?: boolean | null;
}

/** What a restoration wrote, or would write. */
export interface RestoredDataset {
  /** By key, with the count that they were, or would be, written with; none when nothing is different. */
  records: SyncRecord[];
  /** After the call. */
  datasetSyncCount: number;
  /** After the call. */
  dataset: DatasetDescription;
  dryRun: boolean;
}

/**
 * Brings a dataset back to its state at an earlier count (S53), by one update that writes what is different: devices
 * pull it like any other change, and it can be taken back in the same way. What it writes counts as changed now, by the
 * server's clock, and is not shown to the sync trigger. Needs cognito-sync:UpdateRecords and cognito-sync:ListRecords.
 * @throws INVALID_PARAMETER with `historySinceSyncCount` and `datasetSyncCount` for a count whose state is not known;
 *   RESOURCE_NOT_FOUND when there is no such dataset; CONCURRENT_MODIFICATION; LIMIT_EXCEEDED; NOT_AUTHORIZED
 */
export const restoreDataset = async (
  ctx: Context,
  request: RestoreDatasetInput,
): Promise<RestoredDataset> => {
  const { toSyncCount, deviceId, dryRun, ...given } = parse(input, request);
  const owner = await authorizedOwner(ctx, 'cognito-sync:UpdateRecords', given, given.datasetName);
  const address = { ...owner, datasetName: given.datasetName };
  authorize(ctx, 'cognito-sync:ListRecords', datasetResource(ctx, owner, given.datasetName));
  const write = newUpdate(ctx, await findSyncConfiguration(ctx, owner.identityPoolId), address, deviceId);
  for (let attempt = 1; ; attempt += 1) {
    const seen = await readDifference(ctx, address, toSyncCount);
    const update = { ...write, patches: patchesOf(seen, write.now), expectedSyncCount: seen.row.sync_count };
    if (dryRun || update.patches.length === 0) return described(update, seen.row, dryRun ?? false);
    const result = await mergeRecords(ctx, update);
    announceUpdate(ctx, update, result);
    if (result.status === 'OK' && result.dataset) return restored(update, result.dataset);
    if (result.status === 'OK' || result.status === 'REPEATED')
      throw new Error('an update with patches and without a mutation was taken for another');
    if (result.status !== 'CHANGED' || attempt >= MAX_ATTEMPTS) throw refusalOf(ctx, result, update);
  }
};

/** A key whose record was another one at the earlier count. */
interface DifferenceRow {
  key: string;
  /** At the earlier count; null when it was removed, or not there. */
  value: string | null;
  /** The count of the record now; 0 when it is not there. */
  sync_count: number;
}

interface Difference {
  row: DatasetRow;
  differences: DifferenceRow[];
}

interface OwnerRow {
  is_disabled: boolean;
  dataset: DatasetRow | null;
  differences: DifferenceRow[] | null;
}

/**
 * What is different now, in one statement and so as of one moment. A value held from its count until before the count
 * that superseded it; a record that was not written since is the same, and a key without either was not there.
 */
const readDifference = async (
  ctx: Context,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
  toSyncCount: number,
): Promise<Difference> => {
  const rows: OwnerRow[] = await ctx.db.query(
    `SELECT i.disabled_at IS NOT NULL AS is_disabled,
       (SELECT row_to_json(d) FROM datasets d WHERE d.identity_id = $2 AND d.dataset_name = $3) AS dataset,
       (SELECT json_agg(different ORDER BY different.key) FROM (
          SELECT coalesce(now.record_key, earlier.record_key) AS key, earlier.value,
                 coalesce(now.sync_count, 0) AS sync_count
            FROM (SELECT * FROM records r
                   WHERE r.identity_id = $2 AND r.dataset_name = $3 AND r.sync_count > $4) now
            FULL JOIN (SELECT * FROM record_history h
                        WHERE h.identity_id = $2 AND h.dataset_name = $3
                          AND h.superseded_sync_count > $4 AND h.sync_count <= $4) earlier
              ON earlier.record_key = now.record_key
           WHERE now.value IS DISTINCT FROM earlier.value) different) AS differences
     FROM identities i WHERE i.identity_pool_id = $1 AND i.identity_id = $2`,
    [identityPoolId, identityId, datasetName, toSyncCount],
  );
  const owner = requireOwner(ctx, identityId, rows[0]);
  const row = liveRow(owner.dataset);
  if (!row) throw datasetNotFound(datasetName); // S22
  requireKnownState(row, toSyncCount);
  return { row, differences: owner.differences ?? [] };
};

/** S53. What is there now is always known. */
const requireKnownState = (row: DatasetRow, toSyncCount: number): void => {
  const { sync_count: datasetSyncCount, history_since_sync_count: historySinceSyncCount } = row;
  if (toSyncCount <= datasetSyncCount && toSyncCount >= (historySinceSyncCount ?? datasetSyncCount)) return;
  const known =
    historySinceSyncCount === null
      ? 'no earlier state is known'
      : `the states from ${historySinceSyncCount} to ${datasetSyncCount} are known`;
  throw invalidParameter(`The state of the dataset at SyncCount ${toSyncCount} is not known; ${known}.`, {
    field: 'toSyncCount',
    historySinceSyncCount,
    datasetSyncCount,
  });
};

const patchesOf = ({ differences }: Difference, now: Date): UpdatePatch[] =>
  differences.map(({ key, value, sync_count }) => ({
    op: value === null ? ('remove' as const) : ('replace' as const),
    key,
    ...(value === null ? {} : { value }),
    syncCount: sync_count,
    deviceLastModifiedDate: now,
  }));

const recordsOf = (update: RecordUpdate, datasetSyncCount: number): SyncRecord[] =>
  update.patches.map((patch) => toRecord(patch, datasetSyncCount, update));

/** The answer of a call that wrote nothing. */
const described = (update: RecordUpdate, row: DatasetRow, dryRun: boolean): RestoredDataset => ({
  records: recordsOf(update, row.sync_count + 1),
  datasetSyncCount: row.sync_count,
  dataset: toDataset(row),
  dryRun,
});

const restored = (update: RecordUpdate, row: DatasetRow): RestoredDataset => ({
  records: recordsOf(update, row.sync_count),
  datasetSyncCount: row.sync_count,
  dataset: toDataset(row),
  dryRun: false,
});
