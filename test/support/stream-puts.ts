import { toStreamEvent } from '../../src/streams/stream-event';
import type { StreamPut, TargetOptions } from '../../src/streams/targets/stream-target';

export const POOL = 'us-east-1:11111111-2222-3333-4444-555555555555';

const SYNCED = new Date('2026-03-01T12:00:00.000Z');

/** The event of a sync, on its way; `identity` is what events are kept in order by. */
export const putOf = (identity: string, id: string): StreamPut => {
  const event = toStreamEvent({
    identityPoolId: POOL,
    identityId: identity,
    datasetName: 'settings',
    operation: 'replace',
    records: [
      {
        key: 'colour',
        value: 'grün',
        syncCount: 3,
        lastModifiedDate: SYNCED,
        deviceLastModifiedDate: null,
      },
    ],
    lastModifiedDate: SYNCED,
    syncCount: 3,
  });
  return { event, partitionKey: identity, id };
};

/** Options of a target in a test: everything is on this machine. */
export const targetOptions = (changes: Partial<TargetOptions> = {}): TargetOptions => ({
  rules: { allowPrivateAddresses: true, allowPlaintext: true },
  timeoutMs: 10_000,
  now: () => new Date(),
  ...changes,
});

export const DELIVERED = { outcome: 'DELIVERED' };
