import { eventually, createPool, getId, type Data } from '../support/factories';
import { startReceiver, type Answer, type ReceivedRequest, type Receiver } from '../support/receiver';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server';
import { fakeClock, type FakeClock } from '../support/service-context';

/** Targets of tests are on this machine. */
export const OUTGOING = { outgoing: { allowPrivateAddresses: true, allowPlaintext: true } };

/** A node with a clock of its own and somebody who receives what it streams. */
export interface StreamWorld {
  server: TestServer;
  receiver: Receiver;
  clock: FakeClock;
  stop(): Promise<void>;
}

/** Starts it; it looks for events all the time. */
export const startStreamWorld = async (options: TestServerOptions = {}): Promise<StreamWorld> => {
  const clock = fakeClock(new Date());
  const receiver = await startReceiver();
  const server = await startTestServer({
    now: clock.now,
    ...options,
    config: { ...OUTGOING, ...options.config },
    timings: { streamLookEvery: 20, ...options.timings },
  });
  return {
    server,
    receiver,
    clock,
    stop: async () => {
      await server.close();
      await receiver.close();
    },
  };
};

const CONFIGURE = `mutation ($input: SetIdentityPoolConfigurationInput!) { setIdentityPoolConfiguration(input: $input) {
  identityPoolId pushSync { applicationArns roleArn } webhookSecret
  cognitoStreams { streamName roleArn streamingStatus target disabledReason disabledAt pendingCount } } }`;

/** SetIdentityPoolConfiguration as an answer. */
export const tryConfigure = (
  server: TestServer,
  identityPoolId: string,
  members: object,
  bearer = server.admin,
) => server.graphql(CONFIGURE, { input: { identityPoolId, ...members } }, bearer);

/** SetIdentityPoolConfiguration. */
export const configure = async (server: TestServer, identityPoolId: string, members: object): Promise<Data> =>
  (await server.run(CONFIGURE, { input: { identityPoolId, ...members } }, server.admin))
    .setIdentityPoolConfiguration;

/** The stream of a pool. */
export const streamOf = async (server: TestServer, identityPoolId: string): Promise<Data> =>
  (
    await server.run(
      `query ($id: ID!) { identityPool(id: $id) { streams {
         streamName roleArn streamingStatus target disabledReason disabledAt pendingCount
         deadLetters { nodes { identityId datasetName syncCount operation failure attempts createdAt buriedAt } } } } }`,
      { id: identityPoolId },
      server.admin,
    )
  ).identityPool.streams;

/** A pool whose changes go to the receiver, and the secret that they are signed with. */
export const newStreamingPool = async (
  { server, receiver }: StreamWorld,
  settings: object = {},
): Promise<Data> => {
  const { id } = await createPool(server);
  const target = { webhook: { url: `http://127.0.0.1:${receiver.port}/${id}`, ...settings } };
  const { webhookSecret } = await configure(server, id, {
    cognitoStreams: { streamName: 'changes', target },
  });
  return { id, webhookSecret };
};

/** A guest whose datasets are written by an administrator, whose key never expires. */
export const newWriter = async (server: TestServer, identityPoolId: string) => {
  const { id } = await getId(server, identityPoolId);
  const mutate = async (name: string, input: object, selection: string): Promise<Data> => {
    const type = `${name[0]!.toUpperCase()}${name.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
    const owner = { identityPoolId, identityId: id };
    return (await server.run(document, { input: { ...owner, ...input } }, server.admin))[name];
  };
  let written = 0;
  return {
    identityId: id as string,
    /** Writes a record of its own; answers the sync count. */
    write: async (datasetName: string, value = 'v'): Promise<number> => {
      const recordPatches = [{ op: 'REPLACE', key: `key-${(written += 1)}`, value, syncCount: 0 }];
      return (await mutate('updateRecords', { datasetName, recordPatches }, 'datasetSyncCount'))
        .datasetSyncCount;
    },
    remove: (datasetName: string) => mutate('deleteDataset', { datasetName }, 'dataset { id }'),
  };
};

/** The events among the requests, in the order in which they came. */
export const eventsIn = (requests: ReceivedRequest[], identityPoolId?: string): Data[] =>
  requests
    .map(({ body }) => JSON.parse(body) as Data)
    .filter((event) => identityPoolId === undefined || event.identityPoolId === identityPoolId);

/** Waits until the receiver has had so many events of a pool. */
export const untilReceived = (receiver: Receiver, identityPoolId: string, count: number): Promise<Data[]> =>
  eventually(
    async () => eventsIn(receiver.requests, identityPoolId),
    (events) => events.length >= count,
  );

/** Answers by the pool that a request is of; 204 for others. */
export const answerFor =
  (identityPoolId: string, answer: Answer): Answer =>
  (response, request) =>
    request.path.includes(identityPoolId) ? answer(response, request) : void response.writeHead(204).end();
