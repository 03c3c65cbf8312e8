import type { Context } from '../../context';
import { toStreamEvent, type StreamEvent } from '../stream-event';

/** A dataset's place among those of its pool. */
export interface PlaceInPool {
  identityId: string;
  datasetName: string;
}

interface PlaceRow extends PlaceInPool {
  dataStorage: string;
}

/** How many datasets go together, and bytes of their records. */
const PAGE = { datasets: 100, bytes: 4_194_304 };

/** The live datasets of a pool behind `after`, by identity and name, as many as go together: at least one if there is any. */
export const nextDatasets = async (
  ctx: Context,
  identityPoolId: string,
  after: PlaceInPool,
): Promise<PlaceInPool[]> => {
  const rows: PlaceRow[] = await ctx.db.query(
    `SELECT d.identity_id AS "identityId", d.dataset_name AS "datasetName", d.data_storage AS "dataStorage"
       FROM identities i JOIN datasets d ON d.identity_id = i.identity_id
      WHERE i.identity_pool_id = $1 AND i.identity_id >= $2 AND (d.identity_id, d.dataset_name) > ($2, $3)
        AND NOT d.is_deleted
      ORDER BY d.identity_id, d.dataset_name LIMIT $4`,
    [identityPoolId, after.identityId, after.datasetName, PAGE.datasets],
  );
  let bytes = 0;
  return rows.filter(({ dataStorage }, at) => (bytes += Number(dataStorage)) <= PAGE.bytes || at === 0);
};

interface StateRow {
  syncCount: string;
  lastModifiedAt: Date;
  records:
    { key: string; value: string; syncCount: number; modifiedMs: number; deviceMs: number | null }[] | null;
}

/** The whole of a dataset at one moment, as an event with all of its live records; undefined when it is gone. */
export const stateEvent = async (
  ctx: Context,
  identityPoolId: string,
  { identityId, datasetName }: PlaceInPool,
): Promise<StreamEvent | undefined> => {
  const rows: StateRow[] = await ctx.db.query(
    `SELECT d.sync_count AS "syncCount", d.last_modified_at AS "lastModifiedAt", (
       SELECT json_agg(json_build_object(
           'key', r.record_key, 'value', r.value, 'syncCount', r.sync_count,
           'modifiedMs', (date_part('epoch', r.last_modified_at) * 1000)::bigint,
           'deviceMs', (date_part('epoch', r.device_last_modified_at) * 1000)::bigint) ORDER BY r.record_key)
         FROM records r WHERE r.identity_id = $1 AND r.dataset_name = $2 AND r.value IS NOT NULL) AS records
     FROM datasets d WHERE d.identity_id = $1 AND d.dataset_name = $2 AND NOT d.is_deleted`,
    [identityId, datasetName],
  );
  const [row] = rows;
  if (!row) return undefined;
  return toStreamEvent({
    identityPoolId,
    identityId,
    datasetName,
    operation: 'replace',
    records: (row.records ?? []).map(({ modifiedMs, deviceMs, ...record }) => ({
      ...record,
      lastModifiedDate: new Date(modifiedMs),
      deviceLastModifiedDate: deviceMs === null ? null : new Date(deviceMs),
    })),
    lastModifiedDate: row.lastModifiedAt,
    syncCount: Number(row.syncCount),
  });
};
