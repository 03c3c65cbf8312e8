import { CognitoIdentityClient } from '@aws-sdk/client-cognito-identity';
import { STSClient } from '@aws-sdk/client-sts';
import { TEST_ADMIN, type TestServer } from '../../support/server';

/** Keys as the SDK's clients take them. */
export interface Keys {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** The keys of an administrator who may do everything. */
export const ADMIN_KEYS: Keys = TEST_ADMIN;

const settingsOf = ({ url }: { url: string }) => ({ endpoint: url, region: 'us-east-1', maxAttempts: 1 });

/** AWS's own client for identity pools, with the keys of an administrator unless others are given. */
export const identityClient = (server: { url: string }, keys: Keys = ADMIN_KEYS): CognitoIdentityClient =>
  new CognitoIdentityClient({ ...settingsOf(server), credentials: keys });

/** AWS's own client for STS. */
export const stsClient = (server: { url: string }): STSClient => new STSClient(settingsOf(server));

/** What a call came to, as bytes have it. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The body, when it is JSON. */
  json: any;
}

/** An unsigned call of Cognito Identity with exactly this body. */
export const callRaw = async (
  { url }: Pick<TestServer, 'url'>,
  operation: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<RawAnswer> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AWSCognitoIdentityService.${operation}`,
      ...headers,
    },
    body,
  });
  const text = await response.text();
  const json = text.startsWith('{') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
};

/** The error of a call that must fail, as the SDK reads it: `Name status: message`. */
export const refusal = async (call: Promise<unknown>): Promise<string> => {
  const error: any = await call.then(
    (answer) => {
      throw new Error(`Not refused: ${JSON.stringify(answer)}`);
    },
    (reason) => reason,
  );
  if (!error.$metadata?.httpStatusCode) throw error;
  return `${error.name} ${error.$metadata.httpStatusCode}: ${error.message}`;
};

/** An answer without what the SDK adds to it. */
export const answerOf = async <T extends object>(call: Promise<T>): Promise<Omit<T, '$metadata'>> => {
  const { $metadata: _metadata, ...answer } = (await call) as T & { $metadata: unknown };
  return answer;
};
