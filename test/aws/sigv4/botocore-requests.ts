/** What a client sent, as it was sent. */
export interface CapturedRequest {
  operation: string;
  service: string;
  method: string;
  target: string;
  headers: Record<string, string>;
  body: string;
}

/** Signed by botocore 1.43.11 at the beginning of 2026 with the key pair of AWS's documentation, and captured. */
export const BOTOCORE_REQUESTS: CapturedRequest[] = [
  {
    operation: 'ListRecords',
    service: 'cognito-sync',
    method: 'GET',
    target:
      '/identitypools/us-east-1%3A00000000-0000-4000-8000-000000000001/identities/us-east-1%3A00000000-0000-4000-8000-000000000002/datasets/my%3Adata.set-1/records?lastSyncCount=7&syncSessionToken=ab%2B%2Fcd%3D%3D&nextToken=a%20b%26c%3Dd',
    headers: {
      host: 'localhost:4000',
      'user-agent': 'Botocore/1.43.11',
      'x-amz-date': '20260101T000000Z',
      'x-amz-security-token': 'c2Vzc2lvbg/+token==',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/cognito-sync/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=b6054a3927202fd49a4cbe56bd4cd4e2ae9dbfdcb44ee09e43290ebaee3eea59',
      'amz-sdk-request': 'attempt=1',
    },
    body: '',
  },
  {
    operation: 'UpdateRecords',
    service: 'cognito-sync',
    method: 'POST',
    target:
      '/identitypools/us-east-1%3A00000000-0000-4000-8000-000000000001/identities/us-east-1%3A00000000-0000-4000-8000-000000000002/datasets/my%3Adata.set-1',
    headers: {
      host: 'localhost:4000',
      'x-amz-client-context': 'a  b',
      'content-type': 'application/json',
      'user-agent': 'Botocore/1.43.11',
      'x-amz-date': '20260101T000000Z',
      'x-amz-security-token': 'c2Vzc2lvbg/+token==',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/cognito-sync/aws4_request, SignedHeaders=content-type;host;x-amz-client-context;x-amz-date;x-amz-security-token, Signature=b758cec10936a72dee8f382c7357abc88f5b55fb059d6278d43c902033194568',
      'amz-sdk-request': 'attempt=1',
      'content-length': '150',
    },
    body: '{"SyncSessionToken": "ab+/cd==", "RecordPatches": [{"Op": "replace", "Key": "Gr\\u00fc\\u00dfe", "Value": "\\u65e5\\u672c \\ud83d\\ude00", "SyncCount": 0}]}',
  },
  {
    operation: 'DescribeIdentity',
    service: 'cognito-identity',
    method: 'POST',
    target: '/',
    headers: {
      host: 'localhost:4000',
      'x-amz-target': 'AWSCognitoIdentityService.DescribeIdentity',
      'content-type': 'application/x-amz-json-1.1',
      'user-agent': 'Botocore/1.43.11',
      'x-amz-date': '20260101T000000Z',
      'x-amz-security-token': 'c2Vzc2lvbg/+token==',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-central-1/cognito-identity/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=f24c5d18bfc88117751dcd3ddfe8dc37b017c7e646f948b7d521721a70f7a88d',
      'amz-sdk-request': 'attempt=1',
      'content-length': '64',
    },
    body: '{"IdentityId": "us-east-1:00000000-0000-4000-8000-000000000002"}',
  },
];
