import type { Context } from '../context';

/** Times and counts are as they are everywhere: ISO 8601 in UTC, numbers. */
interface ExportedValue {
  key: string;
  /** Null when it was removed. */
  value: string | null;
  syncCount: number;
  lastModifiedDate: string;
  lastModifiedBy: string;
  deviceLastModifiedDate: string | null;
}

/** A value that a record had before. */
export interface ExportedEarlierValue extends ExportedValue {
  datasetName: string;
  /** The count of the update that replaced or removed it. */
  supersededSyncCount: number;
  supersededDate: string;
}

/** Everything that is held about an identity, but for the history, which comes in pages. */
export interface ExportDocument {
  identity: Record<string, unknown>;
  logins: { provider: string; subject: string | null; linkedDate: string }[];
  /** Logins that it had where it was imported from, with what became of them here. */
  unprovenLogins: Record<string, unknown>[];
  /** When it and its datasets were imported, and how far; null when it was not. */
  imported: Record<string, unknown> | null;
  /** Those that were merged into it, also by way of others. */
  mergedIdentities: Record<string, unknown>[];
  /** Names of deleted ones too, which are remembered. */
  datasets: { name: string; records: ExportedValue[] }[];
  devices: Record<string, unknown>[];
  datasetSubscriptions: Record<string, unknown>[];
  mutations: Record<string, unknown>[];
  /** Changes that are still to be told to a stream or to devices, without their records, which are above. */
  pendingEvents: Record<string, unknown>[];
  /** Records of large changes, that streams fetch by address; kept for 7 days. */
  streamRecords: Record<string, unknown>[];
  /** Null for a caller that may not see them. */
  auditEvents: Record<string, unknown>[] | null;
}

/** Audit events at most: the newest. */
const MAX_AUDIT_EVENTS = 10_000;

const time = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** `json_build_object` of members and the SQL of their values. */
const object = (members: Record<string, string>): string =>
  `json_build_object(${Object.entries(members)
    .map(([name, sql]) => `'${name}', ${sql}`)
    .join(', ')})`;

const list = (members: Record<string, string>, from: string, order: string): string =>
  `coalesce((SELECT json_agg(${object(members)} ORDER BY ${order}) FROM ${from}), '[]'::json)`;

/** The members of a value, from a row `alias` of `records` or `record_history`. */
const valueOf = (alias: string): Record<string, string> => ({
  key: `${alias}.record_key`,
  value: `${alias}.value`,
  syncCount: `${alias}.sync_count`,
  lastModifiedDate: time(`${alias}.last_modified_at`),
  lastModifiedBy: `${alias}.last_modified_by`,
  deviceLastModifiedDate: time(`${alias}.device_last_modified_at`),
});

const DATASET = {
  name: 'd.dataset_name',
  syncCount: 'd.sync_count',
  isDeleted: 'd.is_deleted',
  deletedSyncCount: 'd.deleted_sync_count',
  creationDate: time('d.created_at'),
  lastModifiedDate: time('d.last_modified_at'),
  lastModifiedBy: 'd.last_modified_by',
  dataStorage: 'd.data_storage',
  numRecords: 'd.num_records',
  historySinceSyncCount: 'd.history_since_sync_count',
  records: list(
    valueOf('r'),
    'records r WHERE r.identity_id = d.identity_id AND r.dataset_name = d.dataset_name',
    'r.sync_count, r.record_key',
  ),
};

const AUDIT_EVENT = {
  occurredAt: time('a.occurred_at'),
  action: 'a.action',
  resourceArn: 'a.resource_arn',
  outcome: 'a.outcome',
  sourceIp: 'a.source_ip',
  userAgent: 'a.user_agent',
  requestId: 'a.request_id',
  details: 'a.details',
};

/** $1 the identity, $2 whether to show subjects, $3 whether to show audit events. One statement: all as of one moment. */
const EVERYTHING = `SELECT ${object({
  identity: object({
    identityId: 'i.identity_id',
    identityPoolId: 'i.identity_pool_id',
    isAuthenticated: 'i.is_authenticated',
    disabledDate: time('i.disabled_at'),
    mergedInto: 'i.merged_into',
    lastActiveDate: time('i.last_active_at'),
    creationDate: time('i.created_at'),
    lastModifiedDate: time('i.last_modified_at'),
  }),
  logins: list(
    { provider: 'l.provider', subject: 'CASE WHEN $2 THEN l.subject END', linkedDate: time('l.created_at') },
    'identity_logins l WHERE l.identity_id = $1',
    'l.created_at, l.provider, l.subject',
  ),
  unprovenLogins: list(
    {
      provider: 'n.provider',
      isClaimable: 'n.is_claimable',
      importedDate: time('n.created_at'),
      settledDate: time('n.settled_at'),
    },
    'unproven_logins n WHERE n.identity_id = $1',
    'n.provider',
  ),
  imported: `(SELECT ${object({
    importedDate: time('f.imported_at'),
    datasets: list(
      {
        name: 't.dataset_name',
        syncCount: 't.sync_count',
        isDeleted: 't.is_deleted',
        sourceCreationDate: time('t.source_created_at'),
        sourceLastModifiedDate: time('t.source_modified_at'),
        importedDate: time('t.imported_at'),
      },
      'imported_datasets t WHERE t.identity_id = $1',
      't.dataset_name',
    ),
  })} FROM imported_identities f WHERE f.identity_id = $1)`,
  mergedIdentities: list(
    {
      identityId: 'm.identity_id',
      mergedInto: 'm.merged_into',
      mergedDate: time('m.disabled_at'),
      creationDate: time('m.created_at'),
    },
    'merged m',
    'm.disabled_at, m.identity_id',
  ),
  datasets: list(DATASET, 'datasets d WHERE d.identity_id = $1', 'd.dataset_name'),
  devices: list(
    {
      deviceId: 'v.device_id',
      platform: 'v.platform',
      creationDate: time('v.created_at'),
      lastModifiedDate: time('v.last_modified_at'),
    },
    'devices v WHERE v.identity_id = $1',
    'v.device_id',
  ),
  datasetSubscriptions: list(
    { deviceId: 's.device_id', datasetName: 's.dataset_name', creationDate: time('s.created_at') },
    'dataset_subscriptions s WHERE s.identity_id = $1',
    's.dataset_name, s.device_id',
  ),
  mutations: list(
    { mutationId: 'u.mutation_id', datasetName: 'u.dataset_name', date: time('u.created_at') },
    'sync_mutations u WHERE u.identity_id = $1',
    'u.created_at, u.mutation_id',
  ),
  pendingEvents: list(
    {
      datasetName: 'e.dataset_name',
      syncCount: 'e.sync_count',
      consumer: 'e.consumer',
      operation: 'e.operation',
      deviceId: 'e.device_id',
      attempts: 'e.attempts',
      isDead: 'e.is_dead',
      creationDate: time('e.created_at'),
    },
    'sync_events e WHERE e.identity_id = $1',
    'e.dataset_name, e.consumer, e.sync_count',
  ),
  streamRecords: list(
    {
      datasetName: 'p.dataset_name',
      syncCount: 'p.sync_count',
      origin: 'p.origin',
      expirationDate: time('p.expires_at'),
      records: 'p.records::json',
    },
    'stream_payloads p WHERE p.identity_id = $1',
    'p.dataset_name, p.sync_count, p.origin',
  ),
  auditEvents: `CASE WHEN $3 THEN ${list(
    AUDIT_EVENT,
    `(SELECT * FROM audit_events WHERE actor_id = $1 ORDER BY event_id DESC LIMIT ${MAX_AUDIT_EVENTS}) a`,
    'a.event_id DESC',
  )} END`,
})} AS document FROM identities i WHERE i.identity_id = $1`;

const MERGED = `WITH RECURSIVE merged AS (
    SELECT * FROM identities WHERE merged_into = $1
    UNION SELECT i.* FROM identities i JOIN merged m ON i.merged_into = m.identity_id)`;

/** What the caller may see beside the data. */
export interface ExportScope {
  subjects: boolean;
  auditEvents: boolean;
}

/** Everything about an identity as of one moment; undefined when it is not there. */
export const readDocument = async (
  ctx: Context,
  identityId: string,
  { subjects, auditEvents }: ExportScope,
): Promise<ExportDocument | undefined> => {
  const rows: { document: ExportDocument }[] = await ctx.db.query(`${MERGED} ${EVERYTHING}`, [
    identityId,
    subjects,
    auditEvents,
  ]);
  return rows[0]?.document;
};

/** Bytes of what in the document can be large: keys and values, tombstones and streamed ones included, and ids of mutations. */
export const measureDocument = async (ctx: Context, identityId: string): Promise<number> => {
  const rows: { bytes: string }[] = await ctx.db.query(
    `SELECT (SELECT coalesce(sum(octet_length(record_key) + coalesce(octet_length(value), 0) + 200), 0)
               FROM records WHERE identity_id = $1)
          + (SELECT coalesce(sum(octet_length(mutation_id) + octet_length(dataset_name) + 100), 0)
               FROM sync_mutations WHERE identity_id = $1)
          + (SELECT coalesce(sum(octet_length(records) + 300), 0) FROM stream_payloads WHERE identity_id = $1)
          + (SELECT 300 * count(*) FROM sync_events WHERE identity_id = $1) AS bytes`,
    [identityId],
  );
  return Number(rows[0]?.bytes);
};

const EARLIER_VALUE = {
  datasetName: 'h.dataset_name',
  ...valueOf('h'),
  supersededSyncCount: 'h.superseded_sync_count',
  supersededDate: time('h.superseded_at'),
};

/** Where a page of the history goes on: behind this value. */
export type HistoryPosition = Pick<ExportedEarlierValue, 'datasetName' | 'key' | 'syncCount'>;

const VALUES_PER_PAGE = 1000;
const BYTES_PER_PAGE = 8 * 1024 * 1024;

/** Earlier values behind `after` by dataset, key and count: at most 1,000 with 8 MiB of values, and at least one. */
export const readHistory = async (
  ctx: Context,
  identityId: string,
  after: HistoryPosition | undefined,
): Promise<{ values: ExportedEarlierValue[]; hasMore: boolean }> => {
  const rows: { value: ExportedEarlierValue; found: string }[] = await ctx.db.query(
    `SELECT ${object(EARLIER_VALUE)} AS value, h.found
       FROM (SELECT p.*, sum(coalesce(octet_length(p.value), 0)) OVER w AS bytes, row_number() OVER w AS place,
                    count(*) OVER () AS found
               FROM (SELECT * FROM record_history
                      WHERE identity_id = $1 AND (dataset_name, record_key, sync_count) > ($2, $3, $4)
                      ORDER BY dataset_name, record_key, sync_count LIMIT ${VALUES_PER_PAGE + 1}) p
             WINDOW w AS (ORDER BY p.dataset_name, p.record_key, p.sync_count)) h
      WHERE h.place = 1 OR h.place <= ${VALUES_PER_PAGE} AND h.bytes <= ${BYTES_PER_PAGE}
      ORDER BY h.place`,
    [identityId, after?.datasetName ?? '', after?.key ?? '', after?.syncCount ?? 0],
  );
  return { values: rows.map(({ value }) => value), hasMore: Number(rows[0]?.found ?? 0) > rows.length };
};
