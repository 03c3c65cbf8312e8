import type { KinesisClient, PutRecordsResultEntry } from '@aws-sdk/client-kinesis';
import type { AddressRules } from '../../webhooks/address-rules';
import { kinesisHttp, NoAnswerError } from './kinesis-http';
import { putInOrder } from './put-in-order';
import {
  broken,
  DELIVERED,
  retry,
  wordOf,
  type PutOutcome,
  type StreamPut,
  type StreamTarget,
  type TargetOptions,
} from './stream-target';
import type { KinesisSettings } from './target-settings';

/** Limits of PutRecords (Amazon Kinesis Data Streams API reference): records, and bytes of data and keys. */
const MAX_RECORDS = 500;
const MAX_REQUEST_BYTES = 5 * 1_048_576;

/** 1 MiB for data and partition key together, with room for the key. */
const MAX_BYTES = 1_000_000;

/** The second is for the clock: the client sets it by what the first one answered. */
const ATTEMPTS = 2;

/**
 * Puts records to a stream of Amazon Kinesis, or of a server that speaks its protocol. A stream that is gone, and
 * credentials or a key that may not be used, are broken; throughput is for later, record by record.
 */
export const kinesisTarget = (settings: KinesisSettings, options: TargetOptions): StreamTarget => {
  let client: Promise<KinesisClient> | undefined;
  const putTogether = async (events: StreamPut[]): Promise<PutOutcome[]> => {
    client ??= newClient(settings, options);
    const outcomes: PutOutcome[][] = [];
    for (const part of parts(events)) outcomes.push(await putRecords(client, settings, part));
    return outcomes.flat();
  };
  return {
    maxBytes: MAX_BYTES,
    put: (events) => putInOrder(events, MAX_RECORDS, putTogether),
    close: async () => (await client)?.destroy(),
  };
};

const newClient = async (settings: KinesisSettings, options: TargetOptions): Promise<KinesisClient> => {
  const { KinesisClient } = await import('@aws-sdk/client-kinesis');
  const { region, endpoint, accessKeyId, secretAccessKey, sessionToken } = settings;
  return new KinesisClient({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    maxAttempts: ATTEMPTS,
    requestHandler: kinesisHttp(options.timeoutMs, rulesFor(settings, options.rules)),
  });
};

/** AWS's own endpoint is nobody's choice, and may have a private address (AWS PrivateLink). */
const rulesFor = ({ endpoint }: KinesisSettings, rules: AddressRules): AddressRules =>
  endpoint === undefined ? { allowPrivateAddresses: true, allowPlaintext: false } : rules;

interface KinesisRecord {
  Data: Uint8Array;
  PartitionKey: string;
}

/** Records for one request each. */
const parts = (events: StreamPut[]): KinesisRecord[][] => {
  const found: KinesisRecord[][] = [[]];
  let size = 0;
  for (const { event, partitionKey } of events) {
    const record = { Data: Buffer.from(JSON.stringify(event)), PartitionKey: partitionKey };
    const bytes = record.Data.length + Buffer.byteLength(partitionKey);
    if (size + bytes > MAX_REQUEST_BYTES) found.push([]);
    size = size + bytes > MAX_REQUEST_BYTES ? bytes : size + bytes;
    found.at(-1)!.push(record);
  }
  return found;
};

const putRecords = async (
  client: Promise<KinesisClient>,
  { streamName }: KinesisSettings,
  records: KinesisRecord[],
): Promise<PutOutcome[]> => {
  try {
    const { PutRecordsCommand } = await import('@aws-sdk/client-kinesis');
    const command = new PutRecordsCommand({ StreamName: streamName, Records: records });
    const answer = await (await client).send(command);
    return records.map((_, at) => outcomeOfRecord(answer.Records?.[at]));
  } catch (error) {
    return records.map(() => outcomeOf(error));
  }
};

const outcomeOfRecord = (entry: PutRecordsResultEntry | undefined): PutOutcome =>
  entry?.SequenceNumber !== undefined
    ? DELIVERED
    : retry(`Kinesis did not take a record (${wordOf(entry?.ErrorCode ?? '')})`);

/** Beside what the SDK itself tries again. */
const PASSING = [
  'LimitExceededException',
  'ResourceInUseException',
  'KMSThrottlingException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
];

interface AwsError {
  name: string;
  $metadata?: { httpStatusCode?: number };
}

const outcomeOf = (error: unknown): PutOutcome => {
  if (error instanceof NoAnswerError)
    return error.isRefused
      ? broken(`Kinesis was not called: ${error.message}`)
      : retry(`Kinesis failed: ${error.message}`);
  const { name, $metadata } = error as AwsError;
  const { httpStatusCode: status } = $metadata ?? {};
  const reason = `Kinesis answered with ${wordOf(name)}`;
  const isForGood = status !== undefined && status >= 400 && status < 500 && status !== 429;
  return isForGood && !PASSING.includes(name) ? broken(reason) : retry(reason);
};
