import { CognitoIdentity } from '@aws-sdk/client-cognito-identity';
import { STS } from '@aws-sdk/client-sts';
import { TEST_ADMIN } from '../../support/server';
import { smithySigner } from '../sigv4/signed-by';

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
export const identityClient = (server: { url: string }, keys: Keys = ADMIN_KEYS): CognitoIdentity =>
  new CognitoIdentity({ ...settingsOf(server), credentials: keys });

/** AWS's own client for STS. */
export const stsClient = (server: { url: string }): STS => new STS(settingsOf(server));

/** What a call came to, as bytes have it. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** The body, when it is JSON. */
  json: any;
}

/** A call of Cognito Identity with exactly this body; unsigned when no keys are given. */
export const callRaw = async (
  { url }: { url: string },
  operation: string,
  body: string,
  keys?: Keys,
): Promise<RawAnswer> => {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `AWSCognitoIdentityService.${operation}`,
  };
  const signed = keys ? await signedHeaders(url, { headers, body, keys }) : headers;
  const response = await fetch(url, { method: 'POST', headers: signed, body });
  const text = await response.text();
  const json = text.startsWith('{') ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
};

const signedHeaders = async (
  url: string,
  { headers, body, keys }: { headers: Record<string, string>; body: string; keys: Keys },
): Promise<Record<string, string>> => {
  const { host, hostname } = new URL(url);
  const signer = smithySigner({ key: keys, service: 'cognito-identity' });
  const request = { method: 'POST', protocol: 'http:', hostname, path: '/', query: {}, body };
  const signed = await signer.sign({ ...request, headers: { ...headers, host } });
  return signed.headers;
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
  const answer = { ...(await call) } as T & { $metadata?: unknown };
  delete answer.$metadata;
  return answer;
};
