import type { Context } from '../context';

/** Where a dataset stands, deleted ones included. */
export interface DatasetCount {
  datasetName: string;
  /** Of a deleted dataset the count that it was deleted at. */
  syncCount: number;
  isDeleted: boolean;
  lastModifiedBy: string;
}

/** An identity with all of its datasets, deleted ones included. */
export interface OwnerCounts {
  /** It was merged into another one (S19). */
  isDisabled: boolean;
  datasets: DatasetCount[];
}

interface CountRow {
  identity_id: string;
  is_disabled: boolean;
  dataset_name: string | null;
  sync_count: string;
  is_deleted: boolean;
  last_modified_by: string;
}

/**
 * Where all datasets of these identities stand, in one statement, however many there are. Identities that are not
 * there are left out. For work that has authorized itself; reads nobody's records.
 */
export const readCounts = async (ctx: Context, identityIds: string[]): Promise<Map<string, OwnerCounts>> => {
  const rows: CountRow[] = await ctx.db.query(
    `SELECT i.identity_id, i.disabled_at IS NOT NULL AS is_disabled,
            d.dataset_name, d.sync_count, d.is_deleted, d.last_modified_by
       FROM identities i LEFT JOIN datasets d ON d.identity_id = i.identity_id
      WHERE i.identity_id = ANY($1::text[])`,
    [identityIds],
  );
  const owners = new Map<string, OwnerCounts>();
  for (const row of rows) {
    const owner = owners.get(row.identity_id) ?? { isDisabled: row.is_disabled, datasets: [] };
    if (row.dataset_name !== null) owner.datasets.push(toCount(row, row.dataset_name));
    owners.set(row.identity_id, owner);
  }
  return owners;
};

const toCount = (row: CountRow, datasetName: string): DatasetCount => ({
  datasetName,
  syncCount: Number(row.sync_count),
  isDeleted: row.is_deleted,
  lastModifiedBy: row.last_modified_by,
});

/** One number for all datasets of an identity, which every write and every deletion changes. */
export interface OwnerTotal {
  isDisabled: boolean;
  total: string;
}

interface TotalRow {
  identity_id: string;
  is_disabled: boolean;
  total: string;
}

/**
 * The totals of these identities, in one statement, to see which have changed since. A write raises a dataset's sync
 * count and a deletion the count that it was deleted at (S21, S23), and neither ever goes down. Identities that are
 * not there are left out.
 */
export const readTotals = async (ctx: Context, identityIds: string[]): Promise<Map<string, OwnerTotal>> => {
  const rows: TotalRow[] = await ctx.db.query(
    `SELECT i.identity_id, i.disabled_at IS NOT NULL AS is_disabled, (
         SELECT coalesce(sum(d.sync_count + d.deleted_sync_count), 0)
           FROM datasets d WHERE d.identity_id = i.identity_id) AS total
       FROM identities i WHERE i.identity_id = ANY($1::text[])`,
    [identityIds],
  );
  return new Map(
    rows.map(({ identity_id, is_disabled, total }) => [identity_id, { isDisabled: is_disabled, total }]),
  );
};
