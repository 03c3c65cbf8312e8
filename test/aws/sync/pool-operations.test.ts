import {
  BulkPublishCommand,
  GetBulkPublishDetailsCommand,
  GetCognitoEventsCommand,
  GetIdentityPoolConfigurationCommand,
  RegisterDeviceCommand,
  SetCognitoEventsCommand,
  SetIdentityPoolConfigurationCommand,
  SubscribeToDatasetCommand,
  UnsubscribeFromDatasetCommand,
  type RegisterDeviceCommandInput,
  type SetIdentityPoolConfigurationCommandInput,
} from '@aws-sdk/client-cognito-sync';
import { applicationsOf, createPushPool, startPushServices, type PushServices } from '../../push/push-world';
import { configure } from '../../streams/stream-world';
import { allow, countOf, createKey, createPool, eventually } from '../../support/factories';
import { answerWith, startReceiver, type Receiver } from '../../support/receiver';
import { fakeClock } from '../../support/service-context';
import { MODEL, NAMES, VALID, requestFor, strayMembers, validBody } from './model';
import {
  callerWith,
  outputOf,
  push,
  refused,
  replace,
  startSyncApi,
  tokenFor,
  type GuestCaller,
  type SyncApi,
} from './sync-api';

/** Stands still at about the time that the SDK signs with. */
const clock = fakeClock(new Date());
const ROLE = 'arn:aws:iam::000000000000:role/for-sync';

let api: SyncApi;
let services: PushServices;
let receiver: Receiver;

beforeAll(async () => {
  services = await startPushServices();
  receiver = await startReceiver();
  const outgoing = { ...services.config.outgoing, allowPrivateAddresses: true, allowPlaintext: true };
  api = await startSyncApi({
    now: clock.now,
    config: { ...services.config, outgoing },
    timings: { streamLookEvery: 20 },
  });
});

afterAll(async () => {
  await api.stop();
  await services.close();
  await receiver.close();
});

const newPool = async (): Promise<string> => (await createPool(api.server)).id;
const newPushPool = (): Promise<string> => createPushPool(api.server, ['GCM', 'APNS']);
const addressOf = (id: string): string => `http://127.0.0.1:${receiver.port}/${id}`;
const giveStream = (id: string, streamingStatus = 'ENABLED') =>
  configure(api.server, id, {
    cognitoStreams: { streamName: 'changes', streamingStatus, target: { webhook: { url: addressOf(id) } } },
  });

const admin = () => api.admin.client;
const set = async (input: SetIdentityPoolConfigurationCommandInput) =>
  outputOf(await admin().send(new SetIdentityPoolConfigurationCommand(input)));
const get = async (IdentityPoolId: string) =>
  outputOf(await admin().send(new GetIdentityPoolConfigurationCommand({ IdentityPoolId })));

describe('the configuration of a pool', () => {
  it('is null at first', async () => {
    const id = await newPool();

    const { body } = await api.admin.send(requestFor('GetIdentityPoolConfiguration', { IdentityPoolId: id }));

    expect(body).toEqual({ IdentityPoolId: id, PushSync: null, CognitoStreams: null });
  });

  it('chooses platform applications and a role for push sync, and {} clears it', async () => {
    const id = await newPushPool();
    const ApplicationArns = (await applicationsOf(api.server, id)).map((each) => each.platformApplicationArn);
    const PushSync = { ApplicationArns: ApplicationArns.slice(0, 1), RoleArn: ROLE };

    expect(ApplicationArns[0]).toMatch(/^arn:aws:sns:us-east-1:000000000000:app\/\w+\/notes$/);
    expect(await set({ IdentityPoolId: id, PushSync })).toEqual({ IdentityPoolId: id, PushSync });
    expect(await get(id)).toEqual({ IdentityPoolId: id, PushSync });
    expect(await set({ IdentityPoolId: id })).toEqual({ IdentityPoolId: id, PushSync });
    expect(await set({ IdentityPoolId: id, PushSync: {} })).toEqual({ IdentityPoolId: id });
    expect(await get(id)).toEqual({ IdentityPoolId: id });
  });

  it('refuses an application that nobody made', async () => {
    const id = await newPool();
    const ApplicationArns = ['arn:aws:sns:us-east-1:000000000000:app/GCM/none'];

    expect(await refused(set({ IdentityPoolId: id, PushSync: { ApplicationArns } }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message:
        'pushSync.applicationArns must name applications of the pool, made by createPlatformApplication',
    });
  });

  it('switches a stream off and on whose target is known, and {} takes it away', async () => {
    const id = await newPool();
    await giveStream(id);
    const stream = { StreamName: 'changes', StreamingStatus: 'ENABLED' as const };
    const off = { ...stream, StreamingStatus: 'DISABLED' as const };

    expect(await get(id)).toEqual({ IdentityPoolId: id, CognitoStreams: stream });
    expect(await set({ IdentityPoolId: id, CognitoStreams: off })).toEqual({
      IdentityPoolId: id,
      CognitoStreams: off,
    });
    const CognitoStreams = { ...stream, RoleArn: ROLE };
    expect(await set({ IdentityPoolId: id, CognitoStreams })).toEqual({ IdentityPoolId: id, CognitoStreams });
    expect(await set({ IdentityPoolId: id, CognitoStreams: {} })).toEqual({ IdentityPoolId: id });
  });

  it('says where the target of a stream is given, which AWS has not', async () => {
    const id = await newPool();

    const refusal = await refused(set({ IdentityPoolId: id, CognitoStreams: { StreamName: 'unknown' } }));

    expect(refusal).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message:
        'cognitoStreams.target is required: no target is known for this streamName. Give one of webhook, nats, ' +
        'redis and kinesis to setIdentityPoolConfiguration of GraphQL; AWS has no such member.',
    });
    expect(await get(id)).toEqual({ IdentityPoolId: id });
  });

  it('needs the right to pass a role', async () => {
    const id = await newPool();
    const policies = [
      { policyName: 'own', policyDocument: allow('cognito-sync:SetIdentityPoolConfiguration') },
    ];
    const { apiKey, secretAccessKey } = await createKey(api.server, { policies });
    const { client } = callerWith(api.server, { accessKeyId: apiKey.accessKeyId, secretAccessKey });

    const call = client.send(
      new SetIdentityPoolConfigurationCommand({ IdentityPoolId: id, PushSync: { RoleArn: ROLE } }),
    );

    expect(await refused(call)).toMatchObject({
      name: 'AccessDeniedException',
      status: 403,
      message: expect.stringContaining('is not authorized to perform: iam:PassRole'),
    });
  });
});

describe('the events of a pool', () => {
  const setTrigger = (IdentityPoolId: string, Events: Record<string, string>) =>
    admin().send(new SetCognitoEventsCommand({ IdentityPoolId, Events }));
  const eventsOf = async (IdentityPoolId: string) =>
    (await admin().send(new GetCognitoEventsCommand({ IdentityPoolId }))).Events;

  it('are none at first, one that is set, and none when it is empty', async () => {
    const id = await newPool();
    const SyncTrigger = addressOf(id);

    expect(await eventsOf(id)).toEqual({});
    expect(outputOf(await setTrigger(id, { SyncTrigger }))).toEqual({});
    expect(await eventsOf(id)).toEqual({ SyncTrigger });
    await setTrigger(id, {});
    expect(await eventsOf(id)).toEqual({ SyncTrigger });
    await setTrigger(id, { SyncTrigger: '' });
    expect(await eventsOf(id)).toEqual({});
  });

  it('take no Lambda function and no other event', async () => {
    const id = await newPool();
    const lambda = 'arn:aws:lambda:us-east-1:000000000000:function:mine';

    expect(await refused(setTrigger(id, { SyncTrigger: lambda }))).toMatchObject({
      name: 'InvalidParameterException',
      status: 400,
      message: expect.stringContaining(
        'must be the address of an HTTP endpoint: this server calls no Lambda',
      ),
    });
    expect(await refused(setTrigger(id, { Other: '' }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'events[0].key must be "SyncTrigger"',
    });
    expect(await eventsOf(id)).toEqual({});
  });

  it('change what identities write, and refuse it by the names of AWS', async () => {
    const id = await newPool();
    await setTrigger(id, { SyncTrigger: addressOf(id) });
    const guest = await api.guest(id);
    const write = () => push(guest, { ...guest.owner, DatasetName: 'd' }, [replace('a', '1')]);

    receiver.answer = answerWith(200, {}, 'no JSON');
    expect(await refused(write())).toMatchObject({
      name: 'InvalidLambdaFunctionOutputException',
      status: 400,
    });
    receiver.answer = answerWith(429);
    expect(await refused(write())).toMatchObject({ name: 'LambdaThrottledException', status: 429 });
    receiver.answer = (response, { body }) => {
      const event = JSON.parse(body);
      event.datasetRecords.added = { newValue: 'by the trigger', op: 'replace' };
      response.writeHead(200).end(JSON.stringify(event));
    };

    expect((await write()).Records).toMatchObject([
      { Key: 'a', Value: '1', SyncCount: 1 },
      { Key: 'added', Value: 'by the trigger', SyncCount: 1 },
    ]);
    receiver.answer = answerWith(204);
  });
});

describe('a device', () => {
  const subscription = (guest: GuestCaller, DeviceId: string) => ({
    ...guest.owner,
    DatasetName: 'd',
    DeviceId,
  });
  const register = async (guest: GuestCaller, Token: string, more: object = {}): Promise<string> => {
    const input = { ...guest.owner, Platform: 'GCM', Token, ...more } as RegisterDeviceCommandInput;
    return (await guest.client.send(new RegisterDeviceCommand(input))).DeviceId!;
  };

  it('is registered, subscribed and told of what others write', async () => {
    const guest = await api.guest(await newPushPool());
    await push(guest, { ...guest.owner, DatasetName: 'd' }, [replace('a', '1')]);
    const [mine, other] = [await register(guest, 'token-1'), await register(guest, 'token-2')];

    const answers = [
      await guest.client.send(new SubscribeToDatasetCommand(subscription(guest, mine))),
      await guest.client.send(new SubscribeToDatasetCommand(subscription(guest, other))),
    ];
    await push(guest, { ...guest.owner, DatasetName: 'd' }, [replace('a', '2', 1)], { DeviceId: mine });

    expect(mine).toMatch(/^[0-9a-f-]{36}$/);
    expect(await register(guest, 'token-1')).toBe(mine);
    expect(answers.map(outputOf)).toEqual([{}, {}]);
    const sent = await eventually(
      async () => services.sent.filter(({ body }) => JSON.stringify(body).includes(guest.owner.IdentityId)),
      ({ length }) => length > 0,
    );
    expect(sent).toMatchObject([{ platform: 'GCM', token: 'token-2' }]);
  });

  it('is unsubscribed, more than once too', async () => {
    const guest = await api.guest(await newPushPool());
    await push(guest, { ...guest.owner, DatasetName: 'd' }, [replace('a', '1')]);
    const DeviceId = await register(guest, 'token-3');
    await guest.client.send(new SubscribeToDatasetCommand(subscription(guest, DeviceId)));
    const unsubscribe = () =>
      guest.client.send(new UnsubscribeFromDatasetCommand(subscription(guest, DeviceId)));

    expect([outputOf(await unsubscribe()), outputOf(await unsubscribe())]).toEqual([{}, {}]);
    expect(await countOf(api.server, 'dataset_subscriptions', 'device_id', DeviceId)).toBe(0);
  });

  it('needs a dataset that exists, and a device that does', async () => {
    const guest = await api.guest(await newPushPool());
    const DeviceId = await register(guest, 'token-4');
    const subscribe = (id: string) =>
      guest.client.send(new SubscribeToDatasetCommand(subscription(guest, id)));

    expect(await refused(subscribe(DeviceId))).toEqual({
      name: 'ResourceNotFoundException',
      status: 404,
      message: "Dataset 'd' not found.",
    });
    await push(guest, { ...guest.owner, DatasetName: 'd' }, [replace('a', '1')]);
    expect(await refused(subscribe('none'))).toEqual({
      name: 'ResourceNotFoundException',
      status: 404,
      message: "Device 'none' not found.",
    });
  });

  it('needs push sync for its platform', async () => {
    const without = await api.guest(await newPool());
    const guest = await api.guest(await newPushPool());

    expect(await refused(register(without, 'token-5'))).toMatchObject({
      name: 'InvalidConfigurationException',
      status: 400,
    });
    expect(await refused(register(guest, 'token-5', { Platform: 'ADM' }))).toMatchObject({
      name: 'InvalidConfigurationException',
      status: 400,
      message: expect.stringContaining('has no platform application for ADM'),
    });
    expect(
      await refused(without.client.send(new SubscribeToDatasetCommand(subscription(without, 'any')))),
    ).toMatchObject({ name: 'InvalidConfigurationException', status: 400 });
    expect(await refused(register(guest, 'not hexadecimal', { Platform: 'APNS' }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'token must be hexadecimal digits',
    });
  });
});

describe('publishing in bulk', () => {
  const publish = (IdentityPoolId: string) => admin().send(new BulkPublishCommand({ IdentityPoolId }));
  const detailsOf = async (IdentityPoolId: string) =>
    outputOf(await admin().send(new GetBulkPublishDetailsCommand({ IdentityPoolId })));

  it('needs a stream that is on', async () => {
    const id = await newPool();
    await giveStream(id, 'DISABLED');

    expect(await refused(publish(id))).toMatchObject({ name: 'InvalidParameterException', status: 400 });
    expect(await detailsOf(id)).toEqual({ IdentityPoolId: id, BulkPublishStatus: 'NOT_STARTED' });
  });

  it('goes on once at a time, and succeeds once a day', async () => {
    const id = await newPool();
    await giveStream(id);
    const started = clock.now();

    expect(outputOf(await publish(id))).toEqual({ IdentityPoolId: id });
    expect(await refused(publish(id))).toMatchObject({ name: 'DuplicateRequestException', status: 400 });
    expect(await detailsOf(id)).toEqual({
      IdentityPoolId: id,
      BulkPublishStatus: 'IN_PROGRESS',
      BulkPublishStartTime: started,
    });
    clock.advance(3);
    const done = await eventually(
      () => detailsOf(id),
      ({ BulkPublishStatus }) => BulkPublishStatus !== 'IN_PROGRESS',
    );
    expect(done).toEqual({
      IdentityPoolId: id,
      BulkPublishStatus: 'SUCCEEDED',
      BulkPublishStartTime: started,
      BulkPublishCompleteTime: clock.now(),
    });
    expect(await refused(publish(id))).toMatchObject({ name: 'AlreadyStreamedException', status: 400 });
  });
});

describe('the answer of every operation', () => {
  /** In an order in which each has what it needs. */
  const WALK = [
    ...['ListRecords', 'UpdateRecords', 'ListDatasets', 'DescribeDataset', 'DescribeIdentityUsage'],
    ...['RegisterDevice', 'SubscribeToDataset', 'UnsubscribeFromDataset', 'DeleteDataset'],
    ...[
      'SetIdentityPoolConfiguration',
      'GetIdentityPoolConfiguration',
      'SetCognitoEvents',
      'GetCognitoEvents',
    ],
    ...['BulkPublish', 'GetBulkPublishDetails', 'DescribeIdentityPoolUsage', 'ListIdentityPoolUsage'],
  ];

  it('has the members of the model, and no others', async () => {
    const id = await newPushPool();
    await giveStream(id);
    const guest = await api.guest(id);
    const dataset = { ...guest.owner, DatasetName: String(VALID.DatasetName) };
    const answers: Record<string, unknown> = {};
    const of = { ...guest.owner, DeviceId: '' };
    for (const name of WALK) {
      const isOfPool = !MODEL.operations[name]!.input.members?.IdentityId;
      const RecordPatches = [{ Op: 'replace', Key: 'a', Value: '1', SyncCount: 0 }];
      const more =
        name === 'UpdateRecords' ? { RecordPatches, SyncSessionToken: await tokenFor(guest, dataset) } : {};
      const { body = '', ...request } = requestFor(name, of);
      const { status, body: answer } = await (isOfPool ? api.admin : guest).send({
        ...request,
        ...(body === '' ? {} : { body: JSON.stringify({ ...validBody(name), ...more }) }),
      });
      expect([name, status]).toEqual([name, 200]);
      answers[name] = answer;
      of.DeviceId = name === 'RegisterDevice' ? answer.DeviceId : of.DeviceId;
    }

    expect(Object.keys(answers).sort()).toEqual([...NAMES].sort());
    for (const name of NAMES)
      expect([name, strayMembers(answers[name], MODEL.operations[name]!.output ?? {})]).toEqual([name, []]);
    expect(answers.SetCognitoEvents).toBeUndefined();
  });
});
