import { allow, bearerWith, createPool, mutate, refusalOf, rowsOf, type Data } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import type { Platform } from '../../src/push/send/platform-credentials';
import { applicationsOf, choose, createApplication, CREDENTIALS } from './push-world';

let server: TestServer;
let identityPoolId: string;

beforeAll(async () => {
  server = await startTestServer();
});
beforeEach(async () => {
  identityPoolId = (await createPool(server)).id;
});
afterAll(() => server?.close());

const FIELDS = 'platformApplication { platformApplicationArn name enabled }';
const tryCreate = (input: object, bearer = server.admin) =>
  mutate(server, `createPlatformApplication { ${FIELDS} }`, input, bearer);
const tryUpdate = (input: object, bearer = server.admin) =>
  mutate(server, `updatePlatformApplication { ${FIELDS} }`, input, bearer);
const tryDelete = (input: object, bearer = server.admin) =>
  mutate(server, `deletePlatformApplication { ${FIELDS} }`, input, bearer);

const arnOf = (platform: string, name = 'notes'): string =>
  `arn:aws:sns:us-east-1:000000000000:app/${platform}/${name}`;

const pushSyncOf = async (): Promise<Data> =>
  (
    await server.run(
      'query ($id: ID!) { identityPool(id: $id) { pushSync { applicationArns roleArn } } }',
      { id: identityPoolId },
      server.admin,
    )
  ).identityPool.pushSync;

test.each(Object.keys(CREDENTIALS) as Platform[])(
  'An application for %s is made with an ARN like SNS’s, and read without its credentials',
  async (platform) => {
    const made = await createApplication(server, identityPoolId, platform);

    expect(made).toMatchObject({
      platformApplicationArn: arnOf(platform),
      name: 'notes',
      platform,
      enabled: true,
      publicKey: platform === 'WEB_PUSH' ? (CREDENTIALS.WEB_PUSH as Data).publicKey : null,
      lastFailure: null,
    });
    expect(await applicationsOf(server, identityPoolId)).toEqual([made]);
  },
);

test('Credentials are stored sealed, and stand neither in answers nor in the audit log', async () => {
  await createApplication(server, identityPoolId, 'ADM');

  const rows = await rowsOf(
    server,
    `SELECT push_sync::text AS row FROM sync_configurations WHERE identity_pool_id = $1
       UNION ALL SELECT row_to_json(a)::text FROM audit_events a WHERE a.identity_pool_id = $1`,
    [identityPoolId],
  );

  expect(JSON.stringify(rows)).toContain('sns:CreatePlatformApplication');
  expect(JSON.stringify(rows)).not.toContain('secret-of-adm');
});

test('What push sync uses is null at first, and what was chosen then', async () => {
  const before = await pushSyncOf();
  await createApplication(server, identityPoolId, 'GCM');

  await choose(server, identityPoolId, [arnOf('GCM')]);

  expect(before).toBeNull();
  expect(await pushSyncOf()).toEqual({ applicationArns: [arnOf('GCM')], roleArn: null });
});

test('An application is switched off and on, and takes new credentials', async () => {
  await createApplication(server, identityPoolId, 'WEB_PUSH');
  const target = { identityPoolId, platformApplicationArn: arnOf('WEB_PUSH') };
  const { publicKey } = CREDENTIALS.WEB_PUSH as Data;

  const off = await tryUpdate({ ...target, enabled: false });
  const renewed = await tryUpdate({
    ...target,
    credentials: { ...CREDENTIALS.WEB_PUSH, subject: 'https://example.com/contact' },
  });
  const on = await tryUpdate({ ...target, enabled: true });

  expect(
    [off, renewed, on].map(({ data }) => data.updatePlatformApplication.platformApplication.enabled),
  ).toEqual([false, false, true]);
  expect(await applicationsOf(server, identityPoolId)).toMatchObject([{ publicKey, enabled: true }]);
});

test('New credentials forget the last failure, and switching off does not', async () => {
  await createApplication(server, identityPoolId, 'ADM');
  await rowsOf(server, `INSERT INTO platform_failures VALUES ($1, $2, 'It said no.', '2027-01-01Z')`, [
    identityPoolId,
    arnOf('ADM'),
  ]);
  const target = { identityPoolId, platformApplicationArn: arnOf('ADM') };

  await tryUpdate({ ...target, enabled: false });
  const [before] = await applicationsOf(server, identityPoolId);
  await tryUpdate({ ...target, credentials: CREDENTIALS.ADM });
  const [after] = await applicationsOf(server, identityPoolId);

  expect(before.lastFailure).toEqual({ message: 'It said no.', date: '2027-01-01T00:00:00.000Z' });
  expect(after.lastFailure).toBeNull();
});

test('An application that is deleted is used no more', async () => {
  for (const platform of ['GCM', 'ADM'] as const) await createApplication(server, identityPoolId, platform);
  await choose(server, identityPoolId, [arnOf('ADM'), arnOf('GCM')]);

  await tryDelete({ identityPoolId, platformApplicationArn: arnOf('ADM') });

  expect(await pushSyncOf()).toEqual({ applicationArns: [arnOf('GCM')], roleArn: null });
  expect((await applicationsOf(server, identityPoolId)).map(({ platform }) => platform)).toEqual(['GCM']);
});

test.each([
  ['an empty name', { name: '' }, 'name'],
  ['a name with a slash', { name: 'a/b' }, 'name'],
  ['a name of 257 characters', { name: 'x'.repeat(257) }, 'name'],
  ['credentials of another platform', { credentials: CREDENTIALS.ADM }, 'credentials.project_id'],
  ['credentials that are a text', { credentials: 'secret' }, 'credentials'],
])('An application with %s is refused', async (_what, changes, field) => {
  const input = { identityPoolId, name: 'n', platform: 'GCM', credentials: CREDENTIALS.GCM, ...changes };

  expect(refusalOf(await tryCreate(input))).toMatchObject({ code: 'INVALID_PARAMETER', field });
  expect(await applicationsOf(server, identityPoolId)).toEqual([]);
});

test('A name is there once for each platform of a pool', async () => {
  await createApplication(server, identityPoolId, 'GCM');
  const again = { identityPoolId, name: 'notes', platform: 'GCM', credentials: CREDENTIALS.GCM };

  expect(refusalOf(await tryCreate(again))).toMatchObject({ code: 'ENTITY_ALREADY_EXISTS', field: 'name' });
  await createApplication(server, identityPoolId, 'ADM');
  await createApplication(server, (await createPool(server)).id, 'GCM');
});

test('A pool has at most 10 applications', async () => {
  for (let n = 1; n <= 10; n += 1) await createApplication(server, identityPoolId, 'ADM', { name: `a${n}` });
  const input = { identityPoolId, name: 'a11', platform: 'ADM', credentials: CREDENTIALS.ADM };

  expect(refusalOf(await tryCreate(input))).toMatchObject({
    code: 'LIMIT_EXCEEDED',
    limit: 'platformApplicationsPerPool',
    maximum: 10,
    value: 11,
  });
});

test('An update that changes nothing, or an application that is not there, is refused', async () => {
  await createApplication(server, identityPoolId, 'GCM');
  const known = { identityPoolId, platformApplicationArn: arnOf('GCM') };
  const unknown = { identityPoolId, platformApplicationArn: arnOf('GCM', 'unknown') };
  const notFound = { code: 'RESOURCE_NOT_FOUND', field: 'platformApplicationArn' };

  expect(refusalOf(await tryUpdate(known)).code).toBe('INVALID_PARAMETER');
  expect(refusalOf(await tryUpdate({ ...unknown, enabled: false }))).toMatchObject(notFound);
  expect(refusalOf(await tryDelete(unknown))).toMatchObject(notFound);
});

test.each([
  ['sns:CreatePlatformApplication', tryCreate],
  ['sns:SetPlatformApplicationAttributes', tryUpdate],
  ['sns:DeletePlatformApplication', tryDelete],
])('%s on the application is needed beside the right to configure the pool', async (action, attempt) => {
  const input =
    attempt === tryCreate
      ? { identityPoolId, name: 'notes', platform: 'GCM', credentials: CREDENTIALS.GCM }
      : {
          identityPoolId,
          platformApplicationArn: arnOf('GCM'),
          ...(attempt === tryUpdate ? { enabled: true } : {}),
        };
  const configuring = await bearerWith(server, allow('cognito-sync:SetIdentityPoolConfiguration'));
  const publishing = await bearerWith(server, allow(action, arnOf('GCM')));

  expect(refusalOf(await attempt(input, configuring))).toMatchObject({
    code: 'ACCESS_DENIED',
    action,
    resource: arnOf('GCM'),
  });
  expect(refusalOf(await attempt(input, publishing))).toMatchObject({
    code: 'ACCESS_DENIED',
    action: 'cognito-sync:SetIdentityPoolConfiguration',
  });
});

test('Tags of the pool decide about its applications as about all else of it', async () => {
  const { id } = await createPool(server, { identityPoolTags: [{ key: 'team', value: 'blue' }] });
  const Condition = { StringEquals: { 'aws:ResourceTag/team': 'blue' } };
  const bearer = await bearerWith(server, {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Action: '*', Resource: '*' },
      { Effect: 'Deny', Action: 'cognito-sync:*', Resource: '*', Condition },
    ],
  });
  const input = { identityPoolId: id, name: 'notes', platform: 'GCM', credentials: CREDENTIALS.GCM };
  const look = await server.graphql(
    'query ($id: ID!) { identityPool(id: $id) { platformApplications { name } } }',
    { id },
    bearer,
  );

  expect(refusalOf(await tryCreate(input, bearer))).toMatchObject({ code: 'ACCESS_DENIED' });
  expect(refusalOf(look)).toMatchObject({ code: 'ACCESS_DENIED' });
});
