import type { PolicyDocument } from '../policy/document';

const SERVICES = [
  'cloudwatch',
  'logs',
  'dynamodb',
  'kinesis',
  'mobileanalytics',
  's3',
  'ses',
  'sns',
  'sqs',
  'lambda',
  'machinelearning',
  'execute-api',
  'iot',
  'gamelift',
  'cognito-identity',
  'cognito-idp',
  'cognito-sync',
  'lex',
  'polly',
  'comprehend',
  'translate',
  'transcribe',
  'rekognition',
  'mobiletargeting',
  'firehose',
  'appsync',
  'personalize',
  'sdb',
  'codewhisperer',
];

const SINGLE_ACTIONS = [
  'sagemaker:InvokeEndpoint',
  'textract:DetectDocumentText',
  'textract:AnalyzeDocument',
];

/**
 * What guests of the enhanced flow may do at most, whatever their role allows: AWS's inline session policy for
 * unauthenticated identities (Cognito developer guide, "Services that unauthenticated identities can access").
 */
export const GUEST_SESSION_POLICY: PolicyDocument = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Action: [...SERVICES.map((service) => `${service}:*`), ...SINGLE_ACTIONS],
      Resource: '*',
    },
  ],
};
