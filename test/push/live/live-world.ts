import { createClient as createSocketClient, type Client } from 'graphql-ws';
import { createClient as createStreamClient } from 'graphql-sse';
import WebSocket from 'ws';
import { createPool, getCredentials, getId, type Data } from '../../support/factories';
import type { GraphqlAnswer, TestServer } from '../../support/server';

/** An identity with its access token. */
export interface Caller {
  identityId: string;
  token: string;
}

/** A guest of a pool, of a new one when none is named. */
export const newCaller = async (server: TestServer, identityPoolId?: string): Promise<Caller> => {
  const pool = identityPoolId ?? (await createPool(server)).id;
  const { id: identityId } = await getId(server, pool);
  const { accessToken: token } = await getCredentials(server, identityId);
  return { identityId, token };
};

/** One write of one record. */
export interface Write {
  datasetName?: string;
  deviceId?: string;
  key?: string;
  value?: string | null;
  syncCount?: number;
}

/** Writes a record; answers the dataset's count. */
export const write = async (
  server: TestServer,
  token: string,
  { datasetName = 'd', deviceId, key = 'k', value = 'v', syncCount = 0 }: Write = {},
): Promise<number> => {
  const op = value === null ? 'REMOVE' : 'REPLACE';
  const input = { datasetName, deviceId, recordPatches: [{ op, key, value, syncCount }] };
  const { updateRecords } = await server.run(
    'mutation ($input: UpdateRecordsInput!) { updateRecords(input: $input) { datasetSyncCount } }',
    { input },
    token,
  );
  return updateRecords.datasetSyncCount;
};

export const deleteDataset = (server: TestServer, token: string, datasetName = 'd'): Promise<Data> =>
  server.run(
    'mutation ($input: DeleteDatasetInput!) { deleteDataset(input: $input) { dataset { syncCount } } }',
    { input: { datasetName } },
    token,
  );

/** What a subscription is asked. */
export interface Listening {
  datasetName?: string;
  deviceId?: string;
  sinceSyncCounts?: { datasetName: string; syncCount: number }[];
}

export const COUNTS = 'datasetName syncCount deviceId isDeleted';
export const CHANGES = `${COUNTS} changes { records { key value syncCount } datasetSyncCount datasetExists datasetDeletedAfterRequestedSyncCount nextToken }`;

export const documentOf = (selection: string): string =>
  `subscription ($input: DatasetChangedInput!) { datasetChanged(input: $input) { ${selection} } }`;

/** What came over a subscription so far, and how it ended. */
export interface Heard {
  /** In the order in which they came. */
  reports: Data[];
  /** Of answers with errors, and of the end. */
  errors: GraphqlAnswer['errors'] & object;
  /** The code of a socket's close, when that ended it. */
  closeCode: number | undefined;
  isOver: boolean;
  /** The next report that was not taken yet. The test's own time limit ends it. */
  next(): Promise<Data>;
  /** When it has ended, by whomever. */
  ended: Promise<void>;
  /** Ends it from this side. */
  stop(): void;
}

/** How subscriptions travel. */
export type Transport = 'WebSocket' | 'event stream';
export const TRANSPORTS: Transport[] = ['WebSocket', 'event stream'];

export interface ListenOptions {
  selection?: string;
  transport?: Transport;
  /** Another document. */
  query?: string;
  /** A socket that others are on. */
  client?: Client;
}

export const socketUrl = (server: { url: string }): string => `${server.url.replace('http', 'ws')}/graphql`;

export const socketClient = (server: { url: string }, token: string | undefined): Client =>
  createSocketClient({
    url: socketUrl(server),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(token === undefined ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
  });

/** Listens as an app does, with the reference client of the transport. */
export const listen = (
  server: { url: string },
  token: string | undefined,
  input: Listening,
  { selection = COUNTS, transport = 'WebSocket', query, client }: ListenOptions = {},
): Heard => {
  const request = { query: query ?? documentOf(selection), variables: { input } };
  const { heard, sink } = newHeard();
  if (transport === 'WebSocket') {
    const socket = client ?? socketClient(server, token);
    const unsubscribe = socket.subscribe(request, sink);
    heard.stop = () => {
      unsubscribe();
      if (!client) void socket.dispose();
    };
  } else {
    const stream = createStreamClient({
      url: `${server.url}/graphql/stream`,
      retryAttempts: 0,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    });
    heard.stop = stream.subscribe(request, sink as never);
  }
  return heard;
};

interface Taken {
  at: number;
  waiting: (() => void)[];
}

const newHeard = () => {
  const taken: Taken = { at: 0, waiting: [] };
  let end: () => void = () => undefined;
  const heard: Heard = {
    reports: [],
    errors: [],
    closeCode: undefined,
    isOver: false,
    ended: new Promise((resolve) => (end = resolve)),
    stop: () => undefined,
    next: async () => {
      while (heard.reports.length <= taken.at)
        await new Promise<void>((resolve) => taken.waiting.push(resolve));
      return heard.reports[taken.at++];
    },
  };
  const over = (): void => {
    heard.isOver = true;
    end();
  };
  const sink = {
    next: ({ data, errors }: { data?: Data; errors?: readonly unknown[] | undefined }) => {
      heard.errors.push(...((errors ?? []) as typeof heard.errors));
      if (data?.datasetChanged) heard.reports.push(data.datasetChanged);
      taken.waiting.splice(0).forEach((wake) => wake());
    },
    error: (error: unknown) => {
      if (Array.isArray(error)) heard.errors.push(...error);
      else heard.closeCode = (error as { code?: number }).code;
      over();
    },
    complete: over,
  };
  return { heard, sink };
};

/** Waits until so many subscriptions are open on a node. */
export const untilOpen = (server: TestServer, subscriptions: number): Promise<void> =>
  until(() => server.live().subscriptions === subscriptions);

/** Waits for something; the test's own time limit ends it. */
export const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};
