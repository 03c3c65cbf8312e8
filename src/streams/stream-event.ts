import { byteLength, type PatchOperation, type SyncRecord } from '../protocol/sync';

/** One record in an event. Times are milliseconds since 1970. */
export interface StreamRecord {
  key: string;
  /** Null when it was removed. */
  value: string | null;
  syncCount: number;
  lastModifiedDate: number;
  deviceLastModifiedDate: number | null;
  op: PatchOperation;
}

/** What consumers of Cognito Streams read, member by member (Amazon Cognito developer guide, "Amazon Cognito Streams"). */
export interface StreamEvent {
  identityPoolId: string;
  identityId: string;
  /** As the guide spells it. */
  dataSetName: string;
  /** The same again, as AWS's own consumer reads it. */
  datasetName: string;
  /** `remove` when the dataset was deleted. */
  operation: PatchOperation;
  /** Empty when they are at the URL: consumers go through it without a look at `payloadType`. */
  kinesisSyncRecords: StreamRecord[];
  /** Milliseconds since 1970. */
  lastModifiedDate: number;
  /** Where the records are as a JSON list, when they are not here. */
  kinesisSyncRecordsURL: string | null;
  payloadType: 'Inline' | 'S3Url';
  /** The dataset's, after the change. */
  syncCount: number;
}

/** A record as far as events tell of it. */
export type ChangedRecord = Omit<SyncRecord, 'lastModifiedBy'>;

/** One successful sync, or the deletion of a dataset. */
export interface StreamedChange {
  identityPoolId: string;
  identityId: string;
  datasetName: string;
  operation: PatchOperation;
  /** The records that changed; none when the dataset was deleted. */
  records: ChangedRecord[];
  lastModifiedDate: Date;
  /** The dataset's, after the change. */
  syncCount: number;
}

/** The event of a change, with its records in it. */
export const toStreamEvent = (change: StreamedChange): StreamEvent => ({
  identityPoolId: change.identityPoolId,
  identityId: change.identityId,
  dataSetName: change.datasetName,
  datasetName: change.datasetName,
  operation: change.operation,
  kinesisSyncRecords: change.records.map(toStreamRecord),
  lastModifiedDate: change.lastModifiedDate.getTime(),
  kinesisSyncRecordsURL: null,
  payloadType: 'Inline',
  syncCount: change.syncCount,
});

/** A record as it stands in events, and in the list behind their URL. */
export const toStreamRecord = (record: ChangedRecord): StreamRecord => ({
  key: record.key,
  value: record.value,
  syncCount: record.syncCount,
  lastModifiedDate: record.lastModifiedDate.getTime(),
  deviceLastModifiedDate: record.deviceLastModifiedDate?.getTime() ?? null,
  op: record.value === null ? 'remove' : 'replace',
});

/**
 * The event as a target takes it: as it is when its JSON has at most `maxBytes` bytes of UTF-8, otherwise without the
 * records and with the URL where they are. `urlOf` is called in that case only.
 */
export const inlineOrByReference = (
  event: StreamEvent,
  maxBytes: number,
  urlOf: (event: StreamEvent) => string,
): StreamEvent =>
  byteLength(JSON.stringify(event)) <= maxBytes
    ? event
    : { ...event, kinesisSyncRecords: [], kinesisSyncRecordsURL: urlOf(event), payloadType: 'S3Url' };
