import type { ImportDatasetInput } from '../../cognito-import/import-dataset.service';

/** A dataset with the records that are to come over. */
export type DatasetSource = NonNullable<ImportDatasetInput['source']>;
type Record = DatasetSource['records'][number];

/** Bytes of JSON in one call; a record of 1 MiB may take six. */
const PART_BYTES = 4 * 1024 * 1024;
const PART_RECORDS = 5000;

const sizeOf = (record: Record): number => Buffer.byteLength(JSON.stringify(record));

/**
 * A dataset in calls that a server takes: nearly always one. A larger one comes in the order of its counts, and each part
 * is the dataset up to a count, so that a device that pulls in between misses nothing. Records of one count stay together.
 */
export const partsOf = (source: DatasetSource, limit = PART_BYTES): DatasetSource[] => {
  const groups = byCount(newest(source.records));
  const parts: Record[][] = [[]];
  let bytes = 0;
  for (const group of groups) {
    const size = group.reduce((sum, record) => sum + sizeOf(record), 0);
    const part = parts.at(-1) ?? [];
    const isFull = bytes + size > limit || part.length + group.length > PART_RECORDS;
    if (isFull && part.length > 0) parts.push([...group]);
    else part.push(...group);
    bytes = isFull ? size : bytes + size;
  }
  return parts.map((records, at) => partOf(source, parts, at, records));
};

const partOf = (source: DatasetSource, parts: Record[][], at: number, records: Record[]): DatasetSource => {
  const highestOf = (part: Record[] | undefined): number => Number(part?.at(-1)?.syncCount ?? 0);
  return {
    ...source,
    records,
    lastSyncCount: at === 0 ? (source.lastSyncCount ?? 0) : highestOf(parts[at - 1]),
    ...(at === parts.length - 1 ? {} : unfinished(source, highestOf(records))),
  };
};

/** Not at the date of the whole, by which the next import would take it for that. */
const unfinished = ({ lastModifiedDate }: DatasetSource, syncCount: number): Partial<DatasetSource> => ({
  syncCount,
  lastModifiedDate: new Date(lastModifiedDate.getTime() - 1),
});

/** A key stands on two pages when it was written in between; the later one is what it is now. */
const newest = (records: Record[]): Record[] => {
  const byKey = new Map<string, Record>();
  for (const record of records) {
    const known = byKey.get(record.key);
    if (!known || Number(known.syncCount) < Number(record.syncCount)) byKey.set(record.key, record);
  }
  return [...byKey.values()].sort((a, b) => Number(a.syncCount) - Number(b.syncCount));
};

const byCount = (sorted: Record[]): Record[][] => {
  const groups: Record[][] = [];
  for (const record of sorted) {
    const group = groups.at(-1);
    if (group?.[0]?.syncCount === record.syncCount) group.push(record);
    else groups.push([record]);
  }
  return groups;
};
