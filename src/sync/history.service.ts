import { z } from 'zod';
import type { Context } from '../context';
import { invalidParameter } from '../errors';
import { decodeCursor, pageRequest, toPage, type Page } from '../page';
import { LIMITS } from '../protocol/limits';
import type { SyncRecord } from '../protocol/sync';
import { parse, text } from '../validate';
import { authorizedOwner, visibleOwner, type DatasetAddress } from './dataset-owner';
import { toSyncRecord, type RecordRow } from './rows';
import { datasetInput, type DatasetInput } from './sync.input';

/** A record as it was before it was written again or removed (S52); a null value when it was removed then. */
export interface EarlierValue extends SyncRecord {
  /** The count of the update that replaced it: it held from `syncCount` until before this. */
  supersededSyncCount: number;
  /** When it was replaced, by the server's clock. */
  supersededDate: Date;
}

const input = datasetInput.extend({
  key: text(1, LIMITS.recordKeyLength).nullish(),
  ...pageRequest.shape,
});

/** Which dataset's history, of one key or of all, and which page of it. */
export interface ListHistoryInput extends DatasetInput, z.input<typeof pageRequest> {
  key?: string | null;
}

/**
 * What the updates of a dataset replaced or removed (S52), the last first, of one update by key:
 * cognito-sync:ListRecords. Empty where nothing is remembered, as of a dataset that was deleted.
 * @throws RESOURCE_NOT_FOUND or NOT_AUTHORIZED when the identity is gone or was merged into another one
 */
export const listHistory = async (ctx: Context, request: ListHistoryInput): Promise<Page<EarlierValue>> => {
  const { first, after, key, ...given } = parse(input, request);
  const owner = await authorizedOwner(ctx, 'cognito-sync:ListRecords', given, given.datasetName);
  const position = positionOf(decodeCursor(after));
  const address = { ...owner, datasetName: given.datasetName };
  const rows = await readHistory(ctx, address, { key: key ?? null, limit: first + 1, after: position });
  return toPage(rows.map(toEarlierValue), fitting(rows, first), ({ supersededSyncCount, key: at }) =>
    [supersededSyncCount, at].join('/'),
  );
};

/** How many of the rows make a page: the last one that was read may be one too large for it. */
const fitting = (rows: HistoryRow[], first: number): number =>
  Math.min(first, Math.max(1, rows.filter(({ fits }) => fits).length));

interface Position {
  count: number;
  key: string;
}

const START: Position = { count: Number.MAX_SAFE_INTEGER, key: '' };

/** The place that a cursor's key names: the count of the replacing update, a slash, the record's key. */
const positionOf = (cursorKey: string): Position => {
  if (cursorKey === '') return START;
  const [, count, key] = /^(\d{1,15})\/([^]+)$/.exec(cursorKey) ?? [];
  if (count !== undefined && key !== undefined) return { count: Number(count), key };
  throw invalidParameter('after must come from an earlier page of this list', { field: 'after' });
};

interface HistoryRow extends RecordRow {
  superseded_sync_count: number;
  superseded_ms: number;
  /** Whether the page has room for it. */
  fits: boolean;
}

interface OwnerRow {
  is_disabled: boolean;
  history: HistoryRow[] | null;
}

/** Bytes of keys and values in a page, as in one of records: sixty values may have 60 MiB. */
const PAGE_BYTES = LIMITS.datasetBytes;

const readHistory = async (
  ctx: Context,
  { identityPoolId, identityId, datasetName }: DatasetAddress,
  { key, limit, after }: { key: string | null; limit: number; after: Position },
): Promise<HistoryRow[]> => {
  const rows: OwnerRow[] = await ctx.db.query(
    `SELECT i.disabled_at IS NOT NULL AS is_disabled, (
       SELECT json_agg(found) FROM (
         SELECT h.record_key AS key, CASE WHEN h.place = 1 OR h.bytes <= ${PAGE_BYTES} THEN h.value END AS value,
                h.bytes <= ${PAGE_BYTES} AS fits, h.sync_count, h.superseded_sync_count,
                (date_part('epoch', h.last_modified_at) * 1000)::bigint AS modified_ms,
                h.last_modified_by AS modified_by,
                (date_part('epoch', h.device_last_modified_at) * 1000)::bigint AS device_ms,
                (date_part('epoch', h.superseded_at) * 1000)::bigint AS superseded_ms
           FROM (SELECT p.*, row_number() OVER w AS place,
                        sum(octet_length(p.record_key) + coalesce(octet_length(p.value), 0)) OVER w AS bytes
                   FROM (SELECT * FROM record_history v
                          WHERE v.identity_id = $2 AND v.dataset_name = $3 AND ($4::text IS NULL OR v.record_key = $4)
                            AND v.superseded_sync_count <= $5 AND (v.superseded_sync_count < $5 OR v.record_key > $6)
                          ORDER BY v.superseded_sync_count DESC, v.record_key LIMIT $7) p
                 WINDOW w AS (ORDER BY p.superseded_sync_count DESC, p.record_key)) h
          ORDER BY h.place) found) AS history
     FROM identities i WHERE i.identity_pool_id = $1 AND i.identity_id = $2`,
    [identityPoolId, identityId, datasetName, key, after.count, after.key, limit],
  );
  return visibleOwner(ctx, identityId, rows[0]).history ?? [];
};

const toEarlierValue = (row: HistoryRow): EarlierValue => ({
  ...toSyncRecord(row),
  supersededSyncCount: row.superseded_sync_count,
  supersededDate: new Date(row.superseded_ms),
});
