import { createHash, createHmac } from 'node:crypto';
import { CognitoIdentityClient, DescribeIdentityCommand } from '@aws-sdk/client-cognito-identity';
import {
  CognitoSyncClient,
  DescribeDatasetCommand,
  ListRecordsCommand,
  UpdateRecordsCommand,
} from '@aws-sdk/client-cognito-sync';
import CognitoIdentity from 'aws-sdk/clients/cognitoidentity';
import CognitoSync from 'aws-sdk/clients/cognitosync';
import type { SignedRequest } from '../../../src/aws/sigv4/signed-request';
import { answerWith, startReceiver, type ReceivedRequest, type Receiver } from '../../support/receiver';
import { BOTOCORE_REQUESTS } from './botocore-requests';
import { EXAMPLE_KEY, MISMATCH, verdictOn } from './verdict';

// Version 2 announces its end on the console of whoever loads it.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const PAIR = { ...EXAMPLE_KEY, sessionToken: 'c2Vzc2lvbg/+token==' };
const POOL = 'us-east-1:00000000-0000-4000-8000-000000000001';
const IDENTITY = 'us-east-1:00000000-0000-4000-8000-000000000002';
const DATASET = 'my:data.set-1';

const dataset = { IdentityPoolId: POOL, IdentityId: IDENTITY, DatasetName: DATASET };
const list = { ...dataset, LastSyncCount: 7, NextToken: 'a b&c=d', SyncSessionToken: "+/==*'()!~" };
const update = {
  ...dataset,
  SyncSessionToken: 'ab+/cd==',
  ClientContext: ' a   b ',
  RecordPatches: [{ Op: 'replace' as const, Key: 'Grüße', Value: '日本 😀 \u2028', SyncCount: 0 }],
};

let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  receiver.answer = answerWith(200, { 'content-type': 'application/json' }, '{}');
});
afterAll(() => receiver?.close());

const settings = () => ({
  region: 'eu-central-1',
  endpoint: `http://127.0.0.1:${receiver.port}`,
  credentials: PAIR,
});

/** The one request that a client sends, as it came over HTTP. */
const sentBy = async (call: () => Promise<unknown>): Promise<SignedRequest> => {
  const before = receiver.requests.length;
  await call();
  expect(receiver.requests).toHaveLength(before + 1);
  return asSigned(receiver.requests[before]!);
};

const asSigned = ({ method, path, headers, body }: ReceivedRequest): SignedRequest => {
  const [rawPath = '', rawQuery = ''] = path.split('?');
  return { method, rawPath, rawQuery, headers, body: Buffer.from(body) };
};

/** Accepted as it is, and refused with the least change to what it is about. */
const expectGenuine = (request: SignedRequest, service: string, at = new Date()): void => {
  expect(verdictOn(request, { service, at })).toBe('accepted');
  expect(verdictOn({ ...request, rawPath: `${request.rawPath}x` }, { service, at })).toBe(MISMATCH);
  expect(verdictOn(request, { service, at, secret: 'another' })).toBe(MISMATCH);
};

const syncV3 = () => new CognitoSyncClient(settings());

test.each([
  ['DescribeDataset', () => syncV3().send(new DescribeDatasetCommand(dataset))],
  ['ListRecords', () => syncV3().send(new ListRecordsCommand(list))],
  ['UpdateRecords', () => syncV3().send(new UpdateRecordsCommand(update))],
])('The AWS SDK for JavaScript v3 signs %s', async (_operation, call) => {
  const request = await sentBy(call);

  expect(request.rawPath).toContain('my%3Adata.set-1');
  expect(request.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
  expectGenuine(request, 'cognito-sync');
});

test('The AWS SDK for JavaScript v3 signs an operation of Cognito Identity', async () => {
  const client = new CognitoIdentityClient(settings());

  const request = await sentBy(() => client.send(new DescribeIdentityCommand({ IdentityId: IDENTITY })));

  expectGenuine(request, 'cognito-identity');
});

const syncV2 = () => new CognitoSync({ ...settings(), maxRetries: 0 });

test.each([
  ['DescribeDataset', () => syncV2().describeDataset(dataset).promise()],
  ['ListRecords', () => syncV2().listRecords(list).promise()],
  ['UpdateRecords', () => syncV2().updateRecords(update).promise()],
])('The AWS SDK for JavaScript v2 signs %s', async (_operation, call) => {
  const request = await sentBy(call);

  expect(request.rawPath).toContain('my%3Adata.set-1');
  expectGenuine(request, 'cognito-sync');
});

test('The AWS SDK for JavaScript v2 signs an operation of Cognito Identity', async () => {
  const client = new CognitoIdentity({ ...settings(), maxRetries: 0 });

  const request = await sentBy(() => client.describeIdentity({ IdentityId: IDENTITY }).promise());

  expectGenuine(request, 'cognito-identity');
});

test.each(BOTOCORE_REQUESTS)('botocore, which the AWS CLI has too, signed $operation', (captured) => {
  const { method, target, headers, body, service } = captured;
  const [rawPath = '', rawQuery = ''] = target.split('?');
  const request = { method, rawPath, rawQuery, headers, body: Buffer.from(body) };

  expectGenuine(request, service, new Date('2026-01-01T00:00:00Z'));
});

describe('The AWS SDK for Android', () => {
  const body =
    '{"SyncSessionToken":"ab+/cd==","RecordPatches":[{"Key":"Gr\\u00fc\\u00dfe","Value":"日本 😀"}]}';
  const path = '/identitypools/us-east-1%3A1/identities/us-east-1%3A2/datasets/my%3Adata.set-1';

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

  /** Written by hand: it signs three headers, sends no hash of the body, and one client leaves the spaces out. */
  const signature = (): string => {
    const canonical = `POST
/identitypools/us-east-1%253A1/identities/us-east-1%253A2/datasets/my%253Adata.set-1

host:sync.example:8443
x-amz-date:20260101T000000Z
x-amz-security-token:c2Vzc2lvbg/+token==

host;x-amz-date;x-amz-security-token
${sha256(body)}`;
    const toSign = `AWS4-HMAC-SHA256
20260101T000000Z
20260101/us-east-1/cognito-sync/aws4_request
${sha256(canonical)}`;
    let key: string | Buffer = `AWS4${EXAMPLE_KEY.secretAccessKey}`;
    for (const part of ['20260101', 'us-east-1', 'cognito-sync', 'aws4_request'])
      key = createHmac('sha256', key).update(part).digest();
    return createHmac('sha256', key).update(toSign).digest('hex');
  };

  const requestWith = (authorization: string): SignedRequest => ({
    method: 'POST',
    rawPath: path,
    rawQuery: '',
    headers: {
      host: 'sync.example:8443',
      'x-amz-date': '20260101T000000Z',
      'x-amz-security-token': PAIR.sessionToken,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AWSCognitoSyncService.UpdateRecords',
      'user-agent': 'aws-sdk-android/2.6.0 Linux/3.10 Dalvik/2.1.0/0 en_US',
      authorization,
    },
    body: Buffer.from(body),
  });

  const credential = 'Credential=AKIDEXAMPLE/20260101/us-east-1/cognito-sync/aws4_request';
  const names = 'SignedHeaders=host;x-amz-date;x-amz-security-token';

  test.each([
    ['spaces after the commas', () => `${credential}, ${names}, Signature=${signature()}`],
    ['no spaces', () => `${credential},${names},Signature=${signature()}`],
    ['another order and spaces all over', () => `  Signature=${signature()} ,${credential} , ${names} `],
  ])('signs with %s', (_how, parameters) => {
    const request = requestWith(`AWS4-HMAC-SHA256 ${parameters()}`);

    expectGenuine(request, 'cognito-sync', new Date('2026-01-01T00:00:00Z'));
  });
});
