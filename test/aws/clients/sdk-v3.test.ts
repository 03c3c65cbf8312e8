import { CognitoIdentityClient, GetIdCommand } from '@aws-sdk/client-cognito-identity';
import { CognitoSync } from '@aws-sdk/client-cognito-sync';
import { fromCognitoIdentity, fromCognitoIdentityPool } from '@aws-sdk/credential-providers';
import { awsDoor } from '../../scenarios/doors/aws';
import { openStage, type Stage } from '../../scenarios/stage';

/* AWS's SDK for JavaScript v3, with nothing set but the endpoint and the region. All its operations: test/scenarios. */

let stage: Stage;
beforeAll(async () => {
  stage = await openStage(awsDoor);
});
afterAll(() => stage?.close());

const clientConfig = () => ({ region: 'us-east-1', endpoint: stage.server.url });

describe('fromCognitoIdentityPool', () => {
  it('gives a guest credentials that sign sync calls', async () => {
    const identityPoolId = await stage.newPool();
    const credentials = fromCognitoIdentityPool({ identityPoolId, clientConfig: clientConfig() });
    const sync = new CognitoSync({ ...clientConfig(), credentials });
    const { identityId } = await credentials();
    const dataset = { IdentityPoolId: identityPoolId, IdentityId: identityId, DatasetName: 'a:b.c-d_e' };

    const { SyncSessionToken, DatasetExists } = await sync.listRecords(dataset);
    const { Records } = await sync.updateRecords({
      ...dataset,
      SyncSessionToken,
      RecordPatches: [{ Op: 'replace', Key: 'größe', Value: '✓ 😀', SyncCount: 0 }],
    });

    expect(DatasetExists).toBe(false);
    expect(Records).toMatchObject([{ Key: 'größe', Value: '✓ 😀', SyncCount: 1 }]);
    expect(Records![0]!.LastModifiedDate).toBeInstanceOf(Date);
  });

  it('signs somebody in by a login, always as the same identity', async () => {
    const identityPoolId = await stage.newPool();
    const login = await stage.loginOf('ann');
    const signIn = fromCognitoIdentityPool({
      identityPoolId,
      clientConfig: clientConfig(),
      logins: { [login.provider]: async () => login.token },
    });

    const [first, second] = [await signIn({}), await signIn({})];

    expect(first.identityId).toBe(second.identityId);
    expect(first.expiration!.getTime()).toBeGreaterThan(Date.now() + 59 * 60_000);
  });

  it('throws NotAuthorizedException in the words of AWS when the pool takes no guests', async () => {
    const identityPoolId = await stage.newPool({ allowUnauthenticatedIdentities: false });
    const credentials = fromCognitoIdentityPool({ identityPoolId, clientConfig: clientConfig() });

    await expect(credentials()).rejects.toMatchObject({
      name: 'NotAuthorizedException',
      message: 'Unauthenticated access is not supported for this identity pool.',
      $metadata: { httpStatusCode: 400, requestId: expect.any(String) },
    });
  });
});

it('fromCognitoIdentity goes on with an identity that the app has kept', async () => {
  const { identityId } = await stage.door.getId({ identityPoolId: await stage.newPool() });

  const credentials = await fromCognitoIdentity({ identityId, clientConfig: clientConfig() })();

  expect(credentials).toMatchObject({ identityId, accessKeyId: expect.stringMatching(/^ASIA/) });
});

describe('a device whose clock is wrong', () => {
  afterEach(() => jest.restoreAllMocks());

  // The server asks `new Date()`, the SDK `Date.now()`: so the two can disagree in one process.
  it.each([
    ['behind', -3_600_000],
    ['ahead', 3_600_000],
  ])('by an hour %s is put right by one refusal', async (_way, skew) => {
    const identityPoolId = await stage.newPool();
    const { identityId, credentials } = await stage.newGuest(identityPoolId);
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    const keys = { accessKeyId, secretAccessKey, sessionToken: sessionToken! };
    const sync = new CognitoSync({ ...clientConfig(), credentials: keys });
    const list = () => sync.listDatasets({ IdentityPoolId: identityPoolId, IdentityId: identityId });
    const rightTime = Date.now.bind(Date);
    jest.spyOn(Date, 'now').mockImplementation(() => rightTime() + skew);

    const first = await list();
    const second = await list();

    expect([first.Count, first.$metadata.attempts]).toEqual([0, 2]);
    expect([second.Count, second.$metadata.attempts]).toEqual([0, 1]);
  });
});

it('a call without credentials is told so by name', async () => {
  const { identityId } = await stage.newGuest(await stage.newPool());
  const answer = await fetch(
    `${stage.server.url}/identitypools/x%3A1/identities/${encodeURIComponent(identityId)}/datasets`,
  );

  expect(answer.status).toBe(403);
  expect(answer.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
  expect(await answer.json()).toEqual({
    __type: 'MissingAuthenticationTokenException',
    message: 'Missing Authentication Token',
  });
});

it('a public operation takes no notice of a signature that does not hold', async () => {
  const keys = { accessKeyId: 'ASIANOBODY', secretAccessKey: 'nothing', sessionToken: 'forged' };
  const client = new CognitoIdentityClient({ ...clientConfig(), credentials: keys });
  client.middlewareStack.add(
    (next) => async (args) => {
      const request = args.request as { headers: { [name: string]: string } };
      request.headers.authorization =
        'AWS4-HMAC-SHA256 Credential=ASIANOBODY/20260101/us-east-1/cognito-identity/aws4_request, SignedHeaders=host, Signature=00';
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );

  const { IdentityId } = await client.send(
    new GetIdCommand({ IdentityPoolId: await stage.newPool(), Logins: {} }),
  );

  expect(IdentityId).toMatch(/^us-east-1:/);
});
