import type { Context } from '../context';
import { LIMITS } from '../protocol/limits';
import { isAhead, splitMergedName, wasDeletedSince, type SyncRecord } from '../protocol/sync';
import { parse } from '../validate';
import { callFunction } from './call-function';
import { authorizedOwner, requireOwner, type DatasetAddress } from './dataset-owner';
import { issueNextToken, openNextToken, type PagePosition } from './next-token';
import { unknownSyncCount } from './refusal';
import { knownRow, liveRow, toSyncRecord, type DatasetRow, type RecordRow } from './rows';
import { issueSessionToken, openSessionToken, sessionNotValid } from './session-token';
import { listRecordsInput, type ListRecordsInput } from './sync.input';
import { countSyncSession } from './sync-sessions';

/** What `listRecords` answers. */
export interface RecordListing {
  /** By sync count, then key; removed ones with a null value. */
  records: SyncRecord[];
  /** Records in this page. */
  count: number;
  /** The count to pull from next time; 0 while the dataset does not exist. On all pages that of the first one. */
  datasetSyncCount: number;
  datasetExists: boolean;
  /** What the caller knows up to `lastSyncCount` must be dropped: it is gone, or removals since were forgotten (S42). */
  datasetDeletedAfterRequestedSyncCount: boolean;
  /** Null while the dataset does not exist. */
  lastModifiedBy: string | null;
  /** `NAME.REGION:UUID` of each dataset that came from a merged identity and was not deleted since. */
  mergedDatasetNames: string[];
  /** Null on the last page. */
  nextToken: string | null;
  /** For `updateRecords`; holds for one hour. */
  syncSessionToken: string;
}

/** One call of listRecords, checked. */
export interface Pull {
  address: DatasetAddress;
  lastSyncCount: number;
  position: PagePosition | undefined;
  sessionId: string | undefined;
  pageSize: number;
}

/** What the database function `list_records` answers; null for an unknown identity. */
export interface ListingRow {
  /** Removals were forgotten, so this page is the first of all records (S42). */
  starts_over: boolean;
  is_disabled: boolean;
  session_is_used: boolean;
  dataset: DatasetRow | null;
  dotted_names: string[] | null;
  records: RecordRow[] | null;
}

/**
 * The records that changed after `lastSyncCount`, one page of them: cognito-sync:ListRecords. A dataset that does not
 * exist is no error.
 * @throws INVALID_PARAMETER also for a `lastSyncCount` that this server never reached and for tokens that do not fit;
 *   RESOURCE_NOT_FOUND or NOT_AUTHORIZED when the identity is gone or was merged into another one
 */
export const listRecords = async (ctx: Context, input: ListRecordsInput): Promise<RecordListing> => {
  const given = parse(listRecordsInput, input);
  const { datasetName } = given;
  const lastSyncCount = given.lastSyncCount ?? 0;
  const owner = await authorizedOwner(ctx, 'cognito-sync:ListRecords', given, datasetName);
  const address = { ...owner, datasetName };
  const pull: Pull = {
    address,
    lastSyncCount,
    position: openNextToken(ctx, address, lastSyncCount, given.nextToken),
    sessionId: openSessionToken(ctx, address, given.syncSessionToken),
    pageSize: given.maxResults ?? LIMITS.recordsPerPage,
  };
  const row = readableRow(ctx, pull, await readPage(ctx, pull));
  // S33. A later page goes on with the listing of the first, which was counted.
  if (!pull.sessionId && !pull.position) countSyncSession(ctx, owner.identityPoolId);
  return toListing(ctx, pull, row);
};

/** One more than the page is read, to see whether there is another one. */
const readPage = (ctx: Context, pull: Pull): Promise<ListingRow | null> =>
  callFunction(ctx, 'list_records', [
    pull.address.identityPoolId,
    pull.address.identityId,
    pull.address.datasetName,
    pull.sessionId ?? null,
    startOf(pull),
    pull.position?.afterSyncCount ?? pull.lastSyncCount,
    pull.position?.afterKey ?? null,
    pull.position?.snapshot ?? null,
    pull.pageSize + 1,
  ]);

/** The count that the listing began behind: `lastSyncCount`, or 0 when it started over. */
const startOf = ({ position, lastSyncCount }: Pull): number => position?.startedAt ?? lastSyncCount;

/** What `list_records` answered, where it may be shown. @throws S19, S28, S34 */
export const readableRow = (
  ctx: Context,
  { address, lastSyncCount }: Pull,
  row: ListingRow | null,
): ListingRow => {
  const owner = requireOwner(ctx, address.identityId, row); // S19
  if (owner.session_is_used) throw sessionNotValid('USED'); // S34
  const highest = knownRow(owner.dataset)?.sync_count ?? 0;
  if (isAhead(lastSyncCount, highest)) throw unknownSyncCount(lastSyncCount, highest, 'lastSyncCount'); // S28
  return owner;
};

/** The listing that a row of `list_records` is. */
export const toListing = (ctx: Context, given: Pull, row: ListingRow): RecordListing => {
  const pull: Pull = row.starts_over ? { ...given, position: undefined } : given;
  const { address } = pull;
  const startedAt = row.starts_over ? 0 : startOf(pull);
  const dataset = liveRow(row.dataset);
  const snapshot = pull.position?.snapshot ?? dataset?.sync_count ?? 0; // S29
  const found = (row.records ?? []).map(toSyncRecord);
  const records = found.slice(0, pull.pageSize);
  return {
    records,
    count: records.length,
    datasetSyncCount: snapshot,
    datasetExists: dataset !== undefined, // S27
    datasetDeletedAfterRequestedSyncCount: mustDrop(pull, startedAt, row.dataset),
    lastModifiedBy: dataset?.last_modified_by ?? null,
    mergedDatasetNames: (row.dotted_names ?? []).filter(isMergedInto(address.datasetName)),
    nextToken:
      found.length > records.length ? nextTokenAfter(ctx, pull, records, { startedAt, snapshot }) : null,
    syncSessionToken: issueSessionToken(ctx, address, pull.sessionId),
  };
};

/** S42, S25 */
const mustDrop = (pull: Pull, startedAt: number, row: DatasetRow | null): boolean =>
  startedAt < pull.lastSyncCount || isDeletedSince(pull, row);

/** S25; on later pages also a deletion since the first one (S29). */
const isDeletedSince = ({ lastSyncCount, position }: Pull, row: DatasetRow | null): boolean => {
  const deletedSyncCount = knownRow(row)?.deleted_sync_count ?? 0;
  return [lastSyncCount, position?.snapshot ?? 0].some((count) => wasDeletedSince(count, deletedSyncCount));
};

/** S31 */
const isMergedInto =
  (datasetName: string) =>
  (name: string): boolean =>
    splitMergedName(name)?.datasetName === datasetName;

const nextTokenAfter = (
  ctx: Context,
  pull: Pull,
  page: SyncRecord[],
  listing: Pick<PagePosition, 'startedAt' | 'snapshot'>,
): string | null => {
  const last = page.at(-1);
  if (!last) return null;
  const position = { afterSyncCount: last.syncCount, afterKey: last.key, ...listing };
  return issueNextToken(ctx, pull.address, pull.lastSyncCount, position);
};
