import { CognitoSyncClient, ListRecordsCommand, UpdateRecordsCommand } from '@aws-sdk/client-cognito-sync';
import type { RecordPatch, UpdateRecordsCommandOutput } from '@aws-sdk/client-cognito-sync';
import { createPool, getCredentials, getId, type Data } from '../../support/factories';
import { TEST_ADMIN, startTestServer, type TestServer, type TestServerOptions } from '../../support/server';
import { smithySigner, type KeyPair } from '../sigv4/signed-by';

/** An answer as it came over HTTP. */
export interface RawAnswer {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed; undefined when the body is empty. */
  body: Data;
}

/** A request before it is signed. */
export interface RawRequest {
  method: string;
  /** Percent-encoded. */
  path: string;
  /** Decoded. */
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string;
}

/** Somebody with credentials. */
export interface Caller {
  client: CognitoSyncClient;
  /** Sends a request of one's own making, signed. */
  send(request: RawRequest): Promise<RawAnswer>;
}

/** A guest with credentials. */
export interface GuestCaller extends Caller {
  owner: { IdentityPoolId: string; IdentityId: string };
}

/** A node with a pool for guests. */
export interface SyncApi {
  server: TestServer;
  poolId: string;
  admin: Caller;
  /** A new identity of the pool, or of another one. */
  guest(poolId?: string): Promise<GuestCaller>;
  stop(): Promise<void>;
}

/** Starts it; stop it in `afterAll`. */
export const startSyncApi = async (options: TestServerOptions = {}, pool: object = {}): Promise<SyncApi> => {
  const server = await startTestServer(options);
  const { id } = await createPool(server, pool);
  return {
    server,
    poolId: id,
    admin: callerWith(server, TEST_ADMIN),
    guest: (poolId = id) => guestOf(server, poolId),
    stop: async () => {
      for (const client of clients.splice(0)) client.destroy();
      await server.close();
    },
  };
};

const guestOf = async (server: TestServer, poolId: string): Promise<GuestCaller> => {
  const { id } = await getId(server, poolId);
  const key = keyOf(await getCredentials(server, id));
  return { ...callerWith(server, key), owner: { IdentityPoolId: poolId, IdentityId: id } };
};

/** The key pair in the credentials of an identity. */
export const keyOf = ({ accessKeyId, secretKey, sessionToken }: Data): KeyPair => ({
  accessKeyId,
  secretAccessKey: secretKey,
  sessionToken,
});

/** Clients that keep connections open. */
const clients: CognitoSyncClient[] = [];

const clientWith = (server: TestServer, credentials: KeyPair): CognitoSyncClient => {
  const { url: endpoint } = server;
  const client = new CognitoSyncClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
};

/** Whoever has these keys. */
export const callerWith = (server: TestServer, key: KeyPair): Caller => ({
  client: clientWith(server, key),
  send: async (request) => sendRaw(server, request, await signatureOf(server, request, key)),
});

const signatureOf = async (
  server: TestServer,
  { method, path, query = {}, headers = {}, body = '' }: RawRequest,
  key: KeyPair,
): Promise<Record<string, string>> => {
  const { host, hostname } = new URL(server.url);
  const signed = await smithySigner({ key }).sign({
    method,
    protocol: 'http:',
    hostname,
    path,
    query,
    headers: { host, ...headers },
    body,
  });
  return Object.fromEntries(Object.entries(signed.headers).filter(([name]) => name !== 'host'));
};

/** Sends a request as it is. */
export const sendRaw = async (
  server: TestServer,
  { method, path, query = {}, headers = {}, body }: RawRequest,
  signature: Record<string, string> = {},
): Promise<RawAnswer> => {
  const url = new URL(server.url + path);
  url.search = Object.entries(query)
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .join('&');
  const init = { method, headers: { ...headers, ...signature }, ...(body === undefined ? {} : { body }) };
  const response = await fetch(url, init);
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: text === '' ? undefined : JSON.parse(text),
  };
};

/** An error as the SDK throws it. */
export interface AwsRefusal {
  name: string;
  status: number;
  message: string;
}

/** What a call of the SDK that must fail was refused with. */
export const refused = async (call: Promise<unknown>): Promise<AwsRefusal> => {
  const error = await call.then(
    (answer) => {
      throw new Error(`Not refused: ${JSON.stringify(answer)}`);
    },
    (thrown: Error & { $metadata?: { httpStatusCode: number } }) => thrown,
  );
  if (!error.$metadata) throw error;
  return { name: error.name, status: error.$metadata.httpStatusCode, message: error.message };
};

/** What an answer of `send` was refused with. */
export const refusalIn = ({ status, headers, body }: RawAnswer): AwsRefusal => ({
  name: headers.get('x-amzn-errortype') ?? '',
  status,
  message: body?.message,
});

/** An answer without what the SDK says of its way. */
export const outputOf = <T extends { $metadata: unknown }>({
  $metadata,
  ...output
}: T): Omit<T, '$metadata'> => {
  void $metadata;
  return output;
};

/** A patch that sets a value. */
export const replace = (Key: string, Value: string, SyncCount = 0): RecordPatch => ({
  Op: 'replace',
  Key,
  Value,
  SyncCount,
});

/** A patch that removes a record. */
export const remove = (Key: string, SyncCount: number): RecordPatch => ({ Op: 'remove', Key, SyncCount });

/** The address of one dataset of an identity's. */
export type Dataset = GuestCaller['owner'] & { DatasetName: string };

/** A token for the dataset, from ListRecords. */
export const tokenFor = async ({ client }: Caller, dataset: Dataset): Promise<string> =>
  (await client.send(new ListRecordsCommand(dataset))).SyncSessionToken!;

/** ListRecords for a token and UpdateRecords with it. */
export const push = async (
  caller: Caller,
  dataset: Dataset,
  patches: RecordPatch[],
  more: object = {},
): Promise<UpdateRecordsCommandOutput> => {
  const SyncSessionToken = await tokenFor(caller, dataset);
  return caller.client.send(
    new UpdateRecordsCommand({ ...dataset, SyncSessionToken, RecordPatches: patches, ...more }),
  );
};
