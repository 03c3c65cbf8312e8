import { Webhook } from 'standardwebhooks';
import { OUTGOING, configure, eventsIn } from '../streams/stream-world';
import { CHANGES, listen, untilOpen } from '../push/live/live-world';
import {
  createPushPool,
  register,
  startPushServices,
  subscribe,
  type PushServices,
} from '../push/push-world';
import {
  allow,
  bearerWith,
  createPool,
  eventually,
  getCredentials,
  getId,
  mutate,
  refusalOf,
  rowsOf,
  type Data,
} from '../support/factories';
import { answerWith, startReceiver, type Receiver } from '../support/receiver';
import { startTestServer, type TestServer } from '../support/server';

/*
 * Stories of what sync does beside Cognito's listRecords and updateRecords, as an app, a back end and an administrator
 * live through them over HTTP.
 */

let server: TestServer;
let otherNode: TestServer;
let services: PushServices;
let backend: Receiver;

beforeAll(async () => {
  services = await startPushServices();
  backend = await startReceiver();
  const options = {
    config: { ...services.config, ...OUTGOING, publicUrl: 'https://sync.example.com' },
    timings: { streamLookEvery: 20, pollEvery: 20, lookEvery: 3_600_000 },
  };
  server = await startTestServer(options);
  otherNode = await startTestServer({ ...options, database: server.database });
});
beforeEach(() => {
  backend.requests.length = 0;
  backend.answer = answerWith(204);
});
afterAll(async () => {
  await otherNode?.close();
  await server?.close();
  await backend?.close();
  await services?.close();
});

/** Somebody with access to their own data. */
interface Person {
  identityId: string;
  token: string;
}

const newPerson = async (identityPoolId: string): Promise<Person> => {
  const { id: identityId } = await getId(server, identityPoolId);
  const { accessToken: token } = await getCredentials(server, identityId);
  return { identityId, token };
};

const administer = async (call: string, input: object): Promise<Data> => {
  const { data, errors } = await mutate(server, call, input, server.admin);
  if (errors) throw new Error(JSON.stringify(errors));
  return Object.values(data)[0] as Data;
};

const call = async (person: Person, call: string, input: object, at = server): Promise<Data> => {
  const { data, errors } = await mutate(at, call, input, person.token);
  if (errors) throw new Error(JSON.stringify(errors));
  return Object.values(data)[0] as Data;
};

const replace = (key: string, value: string, syncCount = 0) => ({ op: 'REPLACE', key, value, syncCount });

const SYNCHRONIZE =
  'synchronize { datasets { applied conflicts { key record { value } } merged { key rule value } isRepeated changes { records { key value syncCount } datasetSyncCount } } }';

const sync = async (person: Person, input: object, at = server): Promise<Data> =>
  (await call(person, SYNCHRONIZE, { datasetName: 'game', ...input }, at)).datasets[0];

const values = ({ changes }: Data): Record<string, string> =>
  Object.fromEntries(changes.records.map(({ key, value }: Data) => [key, value]));

test('1, 2: phone and tablet play offline, push and pull in one call, lose an answer, and no coin is lost or counted twice', async () => {
  const { id: identityPoolId } = await createPool(server);
  await administer('setSyncConfiguration { syncConfiguration { historyRetentionDays } }', {
    identityPoolId,
    mergeRules: [
      {
        datasetPattern: 'game',
        rules: [
          { keyPattern: 'highScore', rule: 'MAX' },
          { keyPattern: 'coins', rule: 'SUM' },
        ],
      },
    ],
  });
  const ann = await newPerson(identityPoolId);
  await sync(ann, {
    deviceId: 'phone',
    recordPatches: [replace('coins', '100'), replace('highScore', '10')],
  });
  const tablet = {
    deviceId: 'tablet',
    mutationId: 'tablet-1',
    recordPatches: [replace('coins', '70', 1), replace('highScore', '25', 1)],
  };
  const phone = {
    deviceId: 'phone',
    recordPatches: [replace('coins', '120', 1), replace('highScore', '20', 1)],
  };

  await sync(ann, tablet);
  const again = await sync(ann, tablet, otherNode);
  const merged = await sync(ann, { ...phone, lastSyncCount: 1 });
  const updated = await call(ann, 'updateRecords { merged { key rule value } records { key value } }', {
    datasetName: 'game',
    recordPatches: [replace('highScore', '30', 1)],
  });

  expect(again).toMatchObject({ isRepeated: true, applied: ['coins', 'highScore'] });
  expect(merged.merged).toEqual([
    { key: 'coins', rule: 'SUM', value: '90' },
    { key: 'highScore', rule: 'MAX', value: '25' },
  ]);
  expect(merged.conflicts).toEqual([]);
  expect(values(merged)).toEqual({ coins: '90', highScore: '25' });
  expect(updated).toEqual({
    merged: [{ key: 'highScore', rule: 'MAX', value: '30' }],
    records: [{ key: 'highScore', value: '30' }],
  });
});

test('2: a guest signs in, and what it had becomes part of the person’s data by the pool’s rules, after a look at what would', async () => {
  const { id: identityPoolId } = await createPool(server, { developerProviderName: 'login.shop' });
  await administer('setSyncConfiguration { syncConfiguration { historyRetentionDays } }', {
    identityPoolId,
    mergeRules: [{ datasetPattern: '*', rules: [{ keyPattern: 'coins', rule: 'SUM' }] }],
  });
  const login = (user: string, more: object = {}) =>
    administer('getOpenIdTokenForDeveloperIdentity { identityId token }', {
      identityPoolId,
      logins: [{ provider: 'login.shop', token: user }],
      ...more,
    });
  const signedIn = async ({ identityId, token: openIdToken }: Data): Promise<Person> => {
    const logins = [{ provider: 'cognito-identity.amazonaws.com', token: openIdToken }];
    return { identityId, token: (await getCredentials(server, identityId, logins)).accessToken };
  };
  const ann = await signedIn(await login('ann'));
  await sync(ann, { recordPatches: [replace('coins', '5')] });
  const guest = await newPerson(identityPoolId);
  await sync(guest, { recordPatches: [replace('coins', '3'), replace('theme', 'dark')] });
  await login('ann-on-a-new-phone', { identityId: guest.identityId });

  await administer('mergeDeveloperIdentities { identityId }', {
    identityPoolId,
    developerProviderName: 'login.shop',
    sourceUserIdentifier: 'ann-on-a-new-phone',
    destinationUserIdentifier: 'ann',
  });
  const mergedDatasetName = `game.${guest.identityId}`;
  const fold = { datasetName: 'game', mergedDatasetName };
  const FOLD = 'foldMergedDataset { records { key outcome value } datasetSyncCount }';
  const planned = await call(ann, FOLD, { ...fold, dryRun: true });
  const done = await call(ann, FOLD, fold);

  expect(planned.records).toEqual([
    { key: 'coins', outcome: 'MERGED', value: '8' },
    { key: 'theme', outcome: 'TAKEN', value: 'dark' },
  ]);
  expect(done.records).toEqual(planned.records);
  expect(values(await sync(ann, {}))).toEqual({ coins: '8', theme: 'dark' });
});

test('3: a tablet hears at once what the phone wrote at another node, and after a sleep what it missed', async () => {
  const { id: identityPoolId } = await createPool(server);
  const ann = await newPerson(identityPoolId);
  const tablet = listen(otherNode, ann.token, { deviceId: 'tablet' }, { selection: CHANGES });
  await untilOpen(otherNode, 1);

  await sync(ann, { deviceId: 'phone', recordPatches: [replace('a', '1')] });
  const first = await tablet.next();
  tablet.stop();
  await untilOpen(otherNode, 0);
  await sync(ann, { deviceId: 'phone', recordPatches: [replace('b', '2')] });
  const sinceSyncCounts = [{ datasetName: 'game', syncCount: first.syncCount }];
  const awake = listen(otherNode, ann.token, { deviceId: 'tablet', sinceSyncCounts }, { selection: CHANGES });
  const second = await awake.next();
  awake.stop();
  await untilOpen(otherNode, 0);

  expect(first).toMatchObject({
    datasetName: 'game',
    syncCount: 1,
    changes: { records: [{ key: 'a', value: '1' }] },
  });
  expect(second).toMatchObject({ syncCount: 2, changes: { records: [{ key: 'b', value: '2' }] } });
});

test('4: a device that sleeps is pushed the five keys of Cognito, the one that wrote is not', async () => {
  const identityPoolId = await createPushPool(server, ['GCM']);
  const ann = await newPerson(identityPoolId);
  await sync(ann, { recordPatches: [replace('a', '1')] });
  const phone = await register(server, ann.token, { platform: 'GCM', token: 'ann-phone' });
  const tablet = await register(server, ann.token, { platform: 'GCM', token: 'ann-tablet' });
  for (const deviceId of [phone, tablet]) await subscribe(server, ann.token, deviceId, 'game');

  await sync(ann, { deviceId: phone, recordPatches: [replace('b', '2')] });
  const [sent] = await eventually(
    async () => services.sent,
    (all) => all.length > 0,
  );

  expect(sent).toMatchObject({ platform: 'GCM', token: 'ann-tablet' });
  expect(sent!.body.message.data).toEqual({
    source: 'cognito-sync',
    identityPoolId,
    identityId: ann.identityId,
    datasetName: 'game',
    syncCount: '2',
  });
  expect(services.sent).toHaveLength(1);
});

test('5: a back end is asked before anything is written; it mends a value, adds one, and refuses a cheat in its own words', async () => {
  const { id: identityPoolId } = await createPool(server);
  const url = `http://127.0.0.1:${backend.port}/trigger`;
  const { signingSecret } = await administer('setCognitoEvents { signingSecret }', {
    identityPoolId,
    events: [{ key: 'SyncTrigger', value: url }],
  });
  const ann = await newPerson(identityPoolId);
  backend.answer = (response, { body }) => {
    const event = JSON.parse(body) as Data;
    event.datasetRecords.coins.newValue = '100';
    event.datasetRecords.seen = { newValue: 'yes', op: 'replace' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(event));
  };

  const mended = await sync(ann, { recordPatches: [replace('coins', '999999')] });
  const [asked] = backend.requests;
  backend.answer = answerWith(403, {}, JSON.stringify({ message: 'No more coins today.' }));
  const refused = await mutate(
    server,
    SYNCHRONIZE,
    { datasetName: 'game', recordPatches: [replace('coins', '1', 1)] },
    ann.token,
  );

  expect(
    new Webhook(signingSecret).verify(asked!.body, asked!.headers as Record<string, string>),
  ).toMatchObject({
    version: 2,
    eventType: 'SyncTrigger',
    identityId: ann.identityId,
    datasetName: 'game',
    datasetRecords: { coins: { newValue: '999999', op: 'replace' } },
  });
  expect(values(mended)).toEqual({ coins: '100', seen: 'yes' });
  expect(refusalOf(refused)).toMatchObject({
    code: 'INVALID_LAMBDA_FUNCTION_OUTPUT',
    message: 'No more coins today.',
  });
  expect(values(await sync(ann, {}))).toEqual({ coins: '100', seen: 'yes' });
});

test('5: whoever may set a trigger and not read it is told the secret all the same', async () => {
  const { id: identityPoolId } = await createPool(server);
  const bearer = await bearerWith(server, allow('cognito-sync:SetCognitoEvents'));

  const { data, errors } = await mutate(
    server,
    'setCognitoEvents { signingSecret identityPool { events { key } } }',
    { identityPoolId, events: [{ key: 'SyncTrigger', value: 'https://trigger.invalid/' }] },
    bearer,
  );

  expect(data.setCognitoEvents).toEqual({
    signingSecret: expect.stringMatching(/^whsec_/),
    identityPool: { events: null },
  });
  expect(errors).toMatchObject([{ extensions: { code: 'ACCESS_DENIED' } }]);
});

test('6: every change reaches the stream in order, and bulk publish sends all that is there', async () => {
  const { id: identityPoolId } = await createPool(server);
  const ann = await newPerson(identityPoolId);
  await sync(ann, { datasetName: 'before', recordPatches: [replace('a', '1')] });
  const url = `http://127.0.0.1:${backend.port}/stream`;
  await configure(server, identityPoolId, {
    cognitoStreams: { streamName: 's', target: { webhook: { url } } },
  });

  await sync(ann, { recordPatches: [replace('a', '1')] });
  await sync(ann, { recordPatches: [replace('a', '2', 1)] });
  await call(ann, 'deleteDataset { dataset { id } }', { datasetName: 'game' });
  const live = await eventually(
    async () => eventsIn(backend.requests),
    (events) => events.length >= 3,
  );
  await administer('bulkPublish { identityPoolId }', { identityPoolId });
  const all = await eventually(
    async () => eventsIn(backend.requests),
    (events) => events.length >= 4,
  );

  expect(live.map(({ datasetName, operation, syncCount }) => [datasetName, operation, syncCount])).toEqual([
    ['game', 'replace', 1],
    ['game', 'replace', 2],
    ['game', 'remove', 3],
  ]);
  expect(all[3]).toMatchObject({ datasetName: 'before', kinesisSyncRecords: [{ key: 'a', value: '1' }] });
});

test('7, 8: an administrator sees what is used, and a person goes back to how things were', async () => {
  const { id: identityPoolId } = await createPool(server);
  const ann = await newPerson(identityPoolId);
  await sync(ann, { deviceId: 'phone', recordPatches: [replace('theme', 'dark')] });
  await sync(ann, { deviceId: 'tablet', recordPatches: [replace('theme', 'pink', 1), replace('x', 'y')] });

  const restored = await call(ann, 'restoreDataset { datasetSyncCount records { key value } }', {
    datasetName: 'game',
    toSyncCount: 1,
  });
  const { viewer } = await server.run(
    '{ viewer { usage { datasetCount dataStorage } dataset(name: "game") { history(key: "theme") { nodes { value syncCount lastModifiedBy } } } } }',
    {},
    ann.token,
  );
  const { identityPool } = await server.run(
    'query ($id: ID!) { identityPool(id: $id) { usage { dataStorage } } }',
    { id: identityPoolId },
    server.admin,
  );

  expect(restored).toEqual({
    datasetSyncCount: 3,
    records: [
      { key: 'theme', value: 'dark' },
      { key: 'x', value: null },
    ],
  });
  expect(viewer.dataset.history.nodes).toEqual([
    { value: 'pink', syncCount: 2, lastModifiedBy: 'tablet' },
    { value: 'dark', syncCount: 1, lastModifiedBy: 'phone' },
  ]);
  expect(viewer.usage).toEqual({ datasetCount: 1, dataStorage: 'themedark'.length });
  expect(identityPool.usage).toEqual({ dataStorage: 'themedark'.length });
});

test('9: a person takes all of it along, and is forgotten without a trace', async () => {
  const { id: identityPoolId } = await createPool(server);
  const ann = await newPerson(identityPoolId);
  await sync(ann, { recordPatches: [replace('secret', 'of Ann')] });

  const { document } = await call(ann, 'exportIdentity { document }', {});
  await administer('deleteIdentities { unprocessedIdentityIds { errorCode } }', {
    identityIdsToDelete: [ann.identityId],
  });
  const tables = await rowsOf(
    server,
    `SELECT table_name FROM information_schema.columns WHERE column_name = 'identity_id' AND table_schema = 'public'`,
  );
  const left: string[] = [];
  for (const { table_name: table } of tables)
    if ((await rowsOf(server, `SELECT 1 FROM ${table} WHERE identity_id = $1`, [ann.identityId])).length > 0)
      left.push(table);

  expect(JSON.stringify(document)).toContain('of Ann');
  expect(tables.length).toBeGreaterThan(8);
  expect(left).toEqual([]);
});
