import { targetFor } from '../../src/streams/targets/target-for';
import type { StreamPut, StreamTarget, TargetOptions } from '../../src/streams/targets/stream-target';
import type { KinesisSettings } from '../../src/streams/targets/target-settings';
import { answerWith, startReceiver, type Answer, type Receiver } from '../support/receiver';
import { authorizationOf, expectedSignature } from '../support/sigv4';
import { DELIVERED, putOf, targetOptions } from '../support/stream-puts';

const SECRET_KEY = 'a/secret+key/of/forty/characters/1234567';

let kinesis: Receiver;
const opened: StreamTarget[] = [];

const openTarget = (settings: Partial<KinesisSettings> = {}, options: Partial<TargetOptions> = {}) => {
  const target = targetFor(
    {
      type: 'kinesis',
      streamName: 'events',
      region: 'eu-central-1',
      accessKeyId: 'AKIAEXAMPLE',
      secretAccessKey: SECRET_KEY,
      endpoint: `http://127.0.0.1:${kinesis.port}`,
      ...settings,
    },
    targetOptions(options),
  );
  opened.push(target);
  return target;
};

interface SentRecord {
  Data: string;
  PartitionKey: string;
}

const recordsOf = (body: string): SentRecord[] => (JSON.parse(body) as { Records: SentRecord[] }).Records;

const eventOf = ({ Data }: SentRecord): unknown => JSON.parse(Buffer.from(Data, 'base64').toString());

const TYPE = { 'content-type': 'application/x-amz-json-1.1' };

/** Takes every record but those that `refuse` has an error for. */
const taking =
  (refuse: (record: SentRecord) => string | undefined = () => undefined): Answer =>
  (response, { body }) => {
    const Records = recordsOf(body).map((record, at) => {
      const ErrorCode = refuse(record);
      return ErrorCode
        ? { ErrorCode, ErrorMessage: 'a sentence' }
        : { SequenceNumber: String(at), ShardId: 's' };
    });
    const FailedRecordCount = Records.filter((record) => 'ErrorCode' in record).length;
    response.writeHead(200, TYPE).end(JSON.stringify({ FailedRecordCount, Records }));
  };

const failing = (status: number, type: string, headers: Record<string, string> = {}): Answer =>
  answerWith(status, { ...TYPE, ...headers }, JSON.stringify({ __type: type, message: 'a sentence' }));

beforeEach(async () => {
  kinesis = await startReceiver();
  kinesis.answer = taking();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((target) => target.close()));
  await kinesis.close();
});

test('Events are records of one request, with the identity as partition key', async () => {
  const puts = [putOf('a', 'evt_1'), putOf('b', 'evt_2')];

  expect(await openTarget().put(puts)).toEqual([DELIVERED, DELIVERED]);

  const [request] = kinesis.requests;
  expect(kinesis.requests).toHaveLength(1);
  expect(request!.headers['x-amz-target']).toBe('Kinesis_20131202.PutRecords');
  expect(request!.headers['content-type']).toBe('application/x-amz-json-1.1');
  expect(JSON.parse(request!.body)).toMatchObject({ StreamName: 'events' });
  expect(recordsOf(request!.body).map(({ PartitionKey }) => PartitionKey)).toEqual(['a', 'b']);
  expect(recordsOf(request!.body).map(eventOf)).toEqual(puts.map(({ event }) => event));
});

test('A request is signed with Signature Version 4 for the region', async () => {
  await openTarget({ sessionToken: 'a-session' }).put([putOf('a', 'evt_1')]);

  const [request] = kinesis.requests;
  const { accessKeyId, scope, signedHeaders, signature } = authorizationOf(request!.headers.authorization!);
  expect(accessKeyId).toBe('AKIAEXAMPLE');
  expect(scope).toMatch(/^\d{8}\/eu-central-1\/kinesis\/aws4_request$/);
  expect(signedHeaders.split(';')).toEqual(
    expect.arrayContaining(['host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target']),
  );
  expect(request!.headers['x-amz-security-token']).toBe('a-session');
  expect(signature).toBe(expectedSignature(request!, SECRET_KEY));
  expect(signature).not.toBe(expectedSignature(request!, 'another'));
  expect(signature).not.toBe(expectedSignature({ ...request!, body: '{}' }, SECRET_KEY));
});

test('Events of one identity are in requests one after the other', async () => {
  await openTarget().put([putOf('a', 'evt_1'), putOf('a', 'evt_2'), putOf('b', 'evt_3')]);

  const keys = kinesis.requests.map(({ body }) => recordsOf(body).map(({ PartitionKey }) => PartitionKey));
  expect(keys).toEqual([['a', 'b'], ['a']]);
});

test('A record that the stream has no room for is for later, and the others are delivered', async () => {
  kinesis.answer = taking(({ PartitionKey }) =>
    PartitionKey === 'b' ? 'ProvisionedThroughputExceededException' : undefined,
  );

  const outcomes = await openTarget().put([putOf('a', 'evt_1'), putOf('b', 'evt_2'), putOf('c', 'evt_3')]);

  expect(outcomes).toEqual([
    DELIVERED,
    {
      outcome: 'RETRY',
      reason: 'Kinesis did not take a record (ProvisionedThroughputExceededException)',
    },
    DELIVERED,
  ]);
  expect(kinesis.requests).toHaveLength(1);
});

test('A record without an answer is for later', async () => {
  kinesis.answer = answerWith(200, TYPE, '{"FailedRecordCount":0,"Records":[]}');

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Kinesis did not take a record (unknown error)' },
  ]);
});

test.each([
  'ResourceNotFoundException',
  'AccessDeniedException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'InvalidArgumentException',
  'ValidationException',
])('%s is broken', async (type) => {
  kinesis.answer = failing(400, type);

  const outcomes = await openTarget().put([putOf('a', 'evt_1'), putOf('b', 'evt_2')]);

  const outcome = { outcome: 'BROKEN', reason: `Kinesis answered with ${type}` };
  expect(outcomes).toEqual([outcome, outcome]);
});

test.each([
  [400, 'ProvisionedThroughputExceededException'],
  [400, 'LimitExceededException'],
  [400, 'ThrottlingException'],
  [400, 'KMSThrottlingException'],
  [400, 'ResourceInUseException'],
  [429, 'TooManyRequests'],
  [500, 'InternalFailure'],
  [503, 'ServiceUnavailable'],
])('Status %d with %s is for later', async (status, type) => {
  kinesis.answer = failing(status, type);

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: `Kinesis answered with ${type}` },
  ]);
});

test('A sentence in place of a code is not told', async () => {
  kinesis.answer = failing(400, 'a sentence with <b>markup</b> in it');

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'BROKEN', reason: 'Kinesis answered with unknown error' },
  ]);
});

test('A clock that is wrong is set by the answer, and the request sent again', async () => {
  const late = new Date(Date.now() + 3_600_000);
  const complaint = failing(400, 'RequestTimeTooSkewed', { date: late.toUTCString() });
  const take = taking();
  kinesis.answer = (response, request) => {
    const isFirst = kinesis.requests.length === 1;
    (isFirst ? complaint : take)(response, request);
  };

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);

  const dates = kinesis.requests.map(({ headers }) => headers['x-amz-date']);
  expect(dates).toHaveLength(2);
  expect(dates[1]!.toString() > dates[0]!.toString()).toBe(true);
});

test('A server that takes too long is for later', async () => {
  kinesis.answer = () => undefined;

  expect(await openTarget({}, { timeoutMs: 100 }).put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Kinesis failed: it did not answer within 0.1 seconds' },
  ]);
});

test('A connection that breaks is for later', async () => {
  kinesis.answer = (response) => void response.destroy();

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Kinesis failed: it cannot be reached (ECONNRESET)' },
  ]);
});

test('An answer without end is for later', async () => {
  kinesis.answer = answerWith(200, TYPE, ' '.repeat(1_048_577));

  expect(await openTarget().put([putOf('a', 'evt_1')])).toEqual([
    { outcome: 'RETRY', reason: 'Kinesis failed: its answer is larger than 1048576 bytes' },
  ]);
});

test('An answer that is no JSON is for later', async () => {
  kinesis.answer = answerWith(200, TYPE, '<html>');

  expect(await openTarget().put([putOf('a', 'evt_1')])).toMatchObject([{ outcome: 'RETRY' }]);
});

test('An endpoint at an address that is not allowed is broken, and gets nothing', async () => {
  const rules = { allowPrivateAddresses: false, allowPlaintext: true, resolve: async () => ['127.0.0.1'] };
  const endpoint = `http://kinesis.example:${kinesis.port}`;

  expect(await openTarget({ endpoint }, { rules }).put([putOf('a', 'evt_1')])).toEqual([
    {
      outcome: 'BROKEN',
      reason:
        'Kinesis was not called: its host has an address that is not on the public Internet, which this server does not allow',
    },
  ]);
  expect(kinesis.requests).toEqual([]);
});

test('An endpoint may have a path', async () => {
  const endpoint = `http://localhost:${kinesis.port}/kinesis`;

  expect(await openTarget({ endpoint }).put([putOf('a', 'evt_1')])).toEqual([DELIVERED]);
  expect(kinesis.requests[0]!.path).toBe('/kinesis/');
});

test('A request has at most 500 records and 5 MiB', async () => {
  const small = Array.from({ length: 501 }, (_, at) => putOf(`identity-${at}`, `evt_${at}`));
  const big = (at: number): StreamPut => {
    const put = putOf(`identity-${at}`, `evt_${at}`);
    const [record] = put.event.kinesisSyncRecords;
    return {
      ...put,
      event: { ...put.event, kinesisSyncRecords: [{ ...record!, value: 'x'.repeat(900_000) }] },
    };
  };
  const target = openTarget();

  expect(await target.put(small)).toEqual(Array(501).fill(DELIVERED));
  expect(await target.put(Array.from({ length: 11 }, (_, at) => big(at)))).toEqual(Array(11).fill(DELIVERED));

  const sizes = kinesis.requests.map(({ body }) => recordsOf(body).length);
  expect(sizes).toEqual([500, 1, 5, 5, 1]);
});
