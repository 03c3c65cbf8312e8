import AWS from 'aws-sdk';
import { awsDoor } from '../../scenarios/doors/aws';
import { openStage, type Stage } from '../../scenarios/stage';

/* aws-sdk v2, with nothing set but the endpoint and the region. */

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(awsDoor);
});
afterAll(() => stage?.close());

const service = () => ({ endpoint: stage.server.url, region: 'us-east-1' });

const syncAs = (credentials: AWS.Credentials) =>
  new AWS.CognitoSync({ ...service(), credentials, maxRetries: 0 });

const owned = (credentials: AWS.CognitoIdentityCredentials, IdentityPoolId: string) => ({
  IdentityPoolId,
  IdentityId: credentials.identityId,
  DatasetName: 'game',
});

it('CognitoIdentityCredentials go from guest to credentials, and sign what CognitoSync reads and writes', async () => {
  const IdentityPoolId = await stage.newPool();
  const credentials = new AWS.CognitoIdentityCredentials({ IdentityPoolId }, service());
  await credentials.getPromise();
  const sync = syncAs(credentials);
  const dataset = owned(credentials, IdentityPoolId);

  const { SyncSessionToken } = await sync.listRecords(dataset).promise();
  await sync
    .updateRecords({
      ...dataset,
      SyncSessionToken: SyncSessionToken!,
      RecordPatches: [{ Op: 'replace', Key: 'a', Value: 'größe ✓', SyncCount: 0 }],
    })
    .promise();
  const listed = await sync.listRecords(dataset).promise();

  expect(listed).toMatchObject({
    Count: 1,
    DatasetSyncCount: 1,
    DatasetExists: true,
    Records: [{ Key: 'a', Value: 'größe ✓', SyncCount: 1, LastModifiedDate: expect.any(Date) }],
  });
});

it('a stale patch is a ResourceConflictException with status 409, which is not retried', async () => {
  const IdentityPoolId = await stage.newPool();
  const credentials = new AWS.CognitoIdentityCredentials({ IdentityPoolId }, service());
  await credentials.getPromise();
  const sync = syncAs(credentials);
  const dataset = owned(credentials, IdentityPoolId);
  const write = async (SyncCount: number): Promise<unknown> => {
    const { SyncSessionToken } = await sync.listRecords(dataset).promise();
    const RecordPatches = [{ Op: 'replace', Key: 'a', Value: 'v', SyncCount }];
    return sync.updateRecords({ ...dataset, SyncSessionToken: SyncSessionToken!, RecordPatches }).promise();
  };
  await write(0);

  await expect(write(0)).rejects.toMatchObject({
    code: 'ResourceConflictException',
    statusCode: 409,
    message: expect.stringMatching(/^Current SyncCount for: a is: 1 not: 0/),
    retryable: false,
    requestId: expect.any(String),
  });
});

it('the classic flow with a RoleArn goes through GetOpenIdToken and STS', async () => {
  const IdentityPoolId = await stage.newPool();
  const RoleArn = await stage.newRole(IdentityPoolId, {
    Effect: 'Allow',
    Action: 'cognito-sync:ListDatasets',
    Resource: '*',
  });
  const credentials = new AWS.CognitoIdentityCredentials({ IdentityPoolId, RoleArn }, service());
  // The provider makes its STS client itself; its endpoint comes from the global settings.
  AWS.config.update({ sts: { endpoint: stage.server.url } } as AWS.ConfigurationOptions);
  await credentials.getPromise();
  const sync = syncAs(credentials);
  const { DatasetName, ...owner } = owned(credentials, IdentityPoolId);

  const { Datasets } = await sync.listDatasets(owner).promise();
  const denied = sync.listRecords({ ...owner, DatasetName }).promise();

  expect(Datasets).toEqual([]);
  await expect(denied).rejects.toMatchObject({ code: 'AccessDeniedException', statusCode: 403 });
});

it('an administrator signs with the pair of an API key, and the SDK puts a wrong clock right when told to', async () => {
  const { accessKeyId, secretAccessKey } = stage.administrator;
  const identity = new AWS.CognitoIdentity({
    ...service(),
    accessKeyId,
    secretAccessKey,
    systemClockOffset: -3_600_000,
    correctClockSkew: true,
  });

  const pool = await identity
    .createIdentityPool({
      IdentityPoolName: 'by v2',
      AllowUnauthenticatedIdentities: true,
      SupportedLoginProviders: {},
    })
    .promise();

  expect(pool).toEqual({
    IdentityPoolId: expect.stringMatching(/^us-east-1:/),
    IdentityPoolName: 'by v2',
    AllowUnauthenticatedIdentities: true,
    SupportedLoginProviders: {},
    IdentityPoolTags: {},
  });
});
