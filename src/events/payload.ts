import type { DatasetChange } from './dataset-change';

/** Bytes of UTF-8: PostgreSQL takes less than 8,000 in a notice. */
const MAX_BYTES = 7_499;

/** A change as nodes write it to each other; short, because a busy installation sends many. */
type Wire = [
  identityPoolId: string,
  identityId: string,
  datasetName: string,
  syncCount: number,
  firstSyncCount: number,
  deviceId: string | null,
  isDeleted: 0 | 1,
];

const toWire = (change: DatasetChange): Wire => [
  change.identityPoolId,
  change.identityId,
  change.datasetName,
  change.syncCount,
  change.firstSyncCount ?? change.syncCount,
  change.deviceId,
  change.isDeleted ? 1 : 0,
];

const fromWire = (wire: Wire): DatasetChange => {
  const [identityPoolId, identityId, datasetName, syncCount, firstSyncCount, deviceId, isDeleted] = wire;
  return {
    identityPoolId,
    identityId,
    datasetName,
    syncCount,
    firstSyncCount,
    deviceId,
    isDeleted: isDeleted === 1,
  };
};

const textOf = (nodeId: string, items: string[]): string =>
  `{"node":${JSON.stringify(nodeId)},"changes":[${items.join(',')}]}`;

/** The changes as payloads of less than 7,500 bytes, as few as they fit in. */
export const toPayloads = (nodeId: string, changes: DatasetChange[]): string[] => {
  const room = MAX_BYTES - Buffer.byteLength(textOf(nodeId, []));
  const payloads: string[][] = [];
  let left = -1;
  for (const change of changes) {
    const item = JSON.stringify(toWire(change));
    const size = Buffer.byteLength(item) + 1;
    if (size > left) {
      payloads.push([]);
      left = room;
    }
    payloads.at(-1)?.push(item);
    left -= size;
  }
  return payloads.map((items) => textOf(nodeId, items));
};

/** What another node wrote. */
export interface Payload {
  node: string;
  changes: DatasetChange[];
}

/** Reads a payload; undefined when it cannot be read, as from a newer node. */
export const fromPayload = (text: string): Payload | undefined => {
  try {
    const { node, changes } = JSON.parse(text) as { node: string; changes: Wire[] };
    return changes.every(isWire) ? { node, changes: changes.map(fromWire) } : undefined;
  } catch {
    return undefined;
  }
};

const isWire = (item: unknown): boolean =>
  Array.isArray(item) &&
  typeof item[1] === 'string' &&
  typeof item[2] === 'string' &&
  typeof item[3] === 'number';
