import {
  inlineOrByReference,
  toStreamEvent,
  type StreamedChange,
  type StreamEvent,
} from '../../src/streams/stream-event';

const AT = new Date(1_424_801_824_343);

const change = (changes: Partial<StreamedChange> = {}): StreamedChange => ({
  identityPoolId: 'us-east-1:pool',
  identityId: 'us-east-1:identity',
  datasetName: 'settings',
  operation: 'replace',
  records: [
    {
      key: 'colour',
      value: 'grün',
      syncCount: 7,
      lastModifiedDate: AT,
      deviceLastModifiedDate: new Date(1_424_801_820_000),
    },
    {
      key: 'size',
      value: null,
      syncCount: 7,
      lastModifiedDate: AT,
      deviceLastModifiedDate: null,
    },
  ],
  lastModifiedDate: AT,
  syncCount: 7,
  ...changes,
});

test('The event of a sync is what consumers of Cognito Streams read', () => {
  expect(toStreamEvent(change())).toEqual({
    identityPoolId: 'us-east-1:pool',
    identityId: 'us-east-1:identity',
    dataSetName: 'settings',
    datasetName: 'settings',
    operation: 'replace',
    kinesisSyncRecords: [
      {
        key: 'colour',
        value: 'grün',
        syncCount: 7,
        lastModifiedDate: 1_424_801_824_343,
        deviceLastModifiedDate: 1_424_801_820_000,
        op: 'replace',
      },
      {
        key: 'size',
        value: null,
        syncCount: 7,
        lastModifiedDate: 1_424_801_824_343,
        deviceLastModifiedDate: null,
        op: 'remove',
      },
    ],
    lastModifiedDate: 1_424_801_824_343,
    kinesisSyncRecordsURL: null,
    payloadType: 'Inline',
    syncCount: 7,
  });
});

test('A record with an empty value was written, not removed', () => {
  const [record] = change().records;

  const event = toStreamEvent(change({ records: [{ ...record!, value: '' }] }));

  expect(event.kinesisSyncRecords[0]).toMatchObject({ value: '', op: 'replace' });
});

test('The deletion of a dataset has no records', () => {
  expect(toStreamEvent(change({ operation: 'remove', records: [] }))).toMatchObject({
    operation: 'remove',
    kinesisSyncRecords: [],
    payloadType: 'Inline',
  });
});

test('An event is inline up to the limit in bytes of UTF-8, and goes by reference beyond it', () => {
  const event = toStreamEvent(change());
  const bytes = Buffer.byteLength(JSON.stringify(event));
  const urlOf = jest.fn((given: StreamEvent) => `https://rockpool.example/${given.syncCount}`);

  expect(bytes).toBeGreaterThan(JSON.stringify(event).length);
  expect(inlineOrByReference(event, bytes, urlOf)).toEqual(event);
  expect(urlOf).not.toHaveBeenCalled();
  expect(inlineOrByReference(event, bytes - 1, urlOf)).toEqual({
    ...event,
    kinesisSyncRecords: [],
    kinesisSyncRecordsURL: 'https://rockpool.example/7',
    payloadType: 'S3Url',
  });
});
