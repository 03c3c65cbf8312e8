import type { Context } from '../context';
import type { DatasetOwner } from '../sync/dataset-owner';
import type { Platform } from './send/platform-credentials';

/** A device as callers see it: without its token. */
export interface DeviceDescription {
  id: string;
  platform: Platform;
  /** The datasets that it hears of, by name. */
  datasetNames: string[];
  creationDate: Date;
  /** When it was registered last. */
  lastModifiedDate: Date;
}

interface DeviceRow {
  device_id: string;
  platform: Platform;
  dataset_names: string[];
  created_at: Date;
  last_modified_at: Date;
}

/** The devices of an identity, or the one of that id; those that were registered last first. */
export const describeDevices = async (
  ctx: Context,
  { identityId, identityPoolId }: DatasetOwner,
  id: string | null = null,
): Promise<DeviceDescription[]> => {
  const rows: DeviceRow[] = await ctx.db.query(
    `SELECT d.device_id, d.platform, d.created_at, d.last_modified_at, ARRAY(
         SELECT s.dataset_name FROM dataset_subscriptions s
           WHERE s.identity_id = d.identity_id AND s.device_id = d.device_id ORDER BY s.dataset_name) AS dataset_names
       FROM devices d
       WHERE d.identity_id = $1 AND d.identity_pool_id = $2 AND ($3::text IS NULL OR d.device_id = $3)
       ORDER BY d.last_modified_at DESC, d.device_id`,
    [identityId, identityPoolId, id],
  );
  return rows.map((row) => ({
    id: row.device_id,
    platform: row.platform,
    datasetNames: row.dataset_names,
    creationDate: row.created_at,
    lastModifiedDate: row.last_modified_at,
  }));
};
