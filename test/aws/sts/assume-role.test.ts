import type { STS as StsV3 } from '@aws-sdk/client-sts';
import StsV2 from 'aws-sdk/clients/sts';
import { allow, createPool, createRole, getId, trustOf, type Data } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { answerOf, identityClient, refusal, stsClient } from '../identity/clients';

let ahead = 0;
let server: TestServer;
let v3: StsV3;
let v2: StsV2;
let pool: Data;
let role: Data;

beforeAll(async () => {
  server = await startTestServer({ now: () => new Date(Date.now() + ahead) });
  v3 = stsClient(server);
  v2 = new StsV2({ endpoint: server.url, region: 'us-east-1', maxRetries: 0 });
  pool = await createPool(server);
  role = await createRole(server, {
    roleName: 'Player',
    assumeRolePolicyDocument: trustOf(pool.id),
    policies: [{ policyName: 'P', policyDocument: allow('*') }],
    maxSessionDuration: 7200,
  });
});
afterEach(() => {
  ahead = 0;
});
afterAll(() => server?.close());

const newGuest = async (): Promise<string> => (await getId(server, pool.id)).id;

const tokenOf = async (IdentityId: string): Promise<string> =>
  (await identityClient(server).getOpenIdToken({ IdentityId })).Token!;

/** A call that would succeed, but for what a test changes. */
const callOf = async (changes: object = {}) => ({
  RoleArn: role.arn as string,
  RoleSessionName: 'my-session',
  WebIdentityToken: await tokenOf(await newGuest()),
  ...changes,
});

/** What is refused, and as what. */
const refusalOf = async (changes: object): Promise<string> =>
  refusal(v3.assumeRoleWithWebIdentity(await callOf(changes)));

/** The same form as bytes. */
const post = async (
  form: string | Record<string, string>,
): Promise<{ status: number; type: string | null; xml: string }> => {
  const answer = await fetch(server.url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    body: typeof form === 'string' ? form : new URLSearchParams(form).toString(),
  });
  return { status: answer.status, type: answer.headers.get('content-type'), xml: await answer.text() };
};

const ACTION = { Action: 'AssumeRoleWithWebIdentity', Version: '2011-06-15' };

describe('AssumeRoleWithWebIdentity', () => {
  it('answers keys of the role to the SDK v3, which sign for the identity', async () => {
    const IdentityId = await newGuest();
    const WebIdentityToken = await tokenOf(IdentityId);

    const answer = await answerOf(v3.assumeRoleWithWebIdentity(await callOf({ WebIdentityToken })));

    const assumed = 'arn:aws:sts::000000000000:assumed-role/Player/my-session';
    expect(answer).toEqual({
      Credentials: {
        AccessKeyId: expect.stringMatching(/^ASIA/),
        SecretAccessKey: expect.stringMatching(/^.{40}$/),
        SessionToken: expect.any(String),
        Expiration: expect.any(Date),
      },
      SubjectFromWebIdentityToken: IdentityId,
      AssumedRoleUser: {
        AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:my-session$/),
        Arn: assumed,
      },
      Provider: expect.stringMatching(/^http:\/\/localhost:\d+$/),
      Audience: pool.id,
    });
    const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
    const keys = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    };
    const self = identityClient(server, keys);
    expect((await self.describeIdentity({ IdentityId })).IdentityId).toBe(IdentityId);
  });

  it('answers the same to the SDK v2', async () => {
    const { Credentials, ...answer } = await v2
      .makeUnauthenticatedRequest('assumeRoleWithWebIdentity', await callOf({ DurationSeconds: 900 }))
      .promise();

    const left = (Credentials.Expiration.getTime() - Date.now()) / 1000;
    expect(Object.keys(Credentials).sort()).toEqual([
      'AccessKeyId',
      'Expiration',
      'SecretAccessKey',
      'SessionToken',
    ]);
    expect(Math.abs(left - 900)).toBeLessThan(60);
    expect(answer).toMatchObject({ Audience: pool.id, AssumedRoleUser: { Arn: expect.any(String) } });
  });

  it('is XML of STS’s namespace, with times in whole seconds', async () => {
    const { status, type, xml } = await post({ ...ACTION, ...(await callOf()) });

    expect([status, type]).toEqual([200, 'text/xml']);
    expect(xml).toMatch(
      /^<AssumeRoleWithWebIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>/,
    );
    expect(xml).toMatch(/<Expiration>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ<\/Expiration>/);
    expect(xml).toMatch(
      /<ResponseMetadata><RequestId>[0-9a-f-]{36}<\/RequestId><\/ResponseMetadata><\/AssumeRoleWithWebIdentityResponse>$/,
    );
  });

  it('gives the same unique id to the same role', async () => {
    const ids = await Promise.all(
      ['one', 'two'].map(async (RoleSessionName) =>
        v3.assumeRoleWithWebIdentity(await callOf({ RoleSessionName })),
      ),
    );

    const [one, two] = ids.map(({ AssumedRoleUser }) => AssumedRoleUser!.AssumedRoleId!.split(':'));
    expect([one![0], one![1], two![1]]).toEqual([two![0], 'one', 'two']);
  });

  it('cuts the session down by a policy', async () => {
    const IdentityId = await newGuest();
    const { Credentials } = await v3.assumeRoleWithWebIdentity(
      await callOf({
        WebIdentityToken: await tokenOf(IdentityId),
        Policy: JSON.stringify(allow('cognito-sync:*')),
      }),
    );

    const self = identityClient(server, {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    });
    expect(await refusal(self.describeIdentity({ IdentityId }))).toMatch(/^AccessDeniedException 403: /);
  });
});

describe('a refusal of STS', () => {
  it('is ExpiredTokenException for a token that has ended', async () => {
    const call = await callOf();
    ahead = 700_000;

    expect(await refusal(v3.assumeRoleWithWebIdentity(call))).toBe(
      'ExpiredTokenException 400: The web identity token has expired. Call getOpenIdToken again.',
    );
  });

  it('is InvalidIdentityToken for anything else than a token of this server', async () => {
    expect(await refusalOf({ WebIdentityToken: 'not a token' })).toMatch(
      /^InvalidIdentityToken(Exception)? 400: /,
    );
  });

  it('is IDPRejectedClaim for an identity that was deleted since', async () => {
    const IdentityId = await newGuest();
    const call = await callOf({ WebIdentityToken: await tokenOf(IdentityId) });
    await identityClient(server).deleteIdentities({ IdentityIdsToDelete: [IdentityId] });

    expect(await refusal(v3.assumeRoleWithWebIdentity(call))).toMatch(/^IDPRejectedClaim(Exception)? 403: /);
  });

  it('is AccessDenied for a role that is not there or does not trust the identity', async () => {
    const denied = 'AccessDenied 403: Not authorized to perform sts:AssumeRoleWithWebIdentity';
    const other = await createRole(server, {
      roleName: 'OfAnother',
      assumeRolePolicyDocument: trustOf('us-east-1:00000000-0000-4000-8000-000000000000'),
    });

    expect(await refusalOf({ RoleArn: 'arn:aws:iam::000000000000:role/Nobody' })).toBe(denied);
    expect(await refusalOf({ RoleArn: other.arn })).toBe(denied);
  });

  it('is MalformedPolicyDocument for a session policy that is none', async () => {
    expect(await refusalOf({ Policy: '{"Version":"2012-10-17"}' })).toMatch(
      /^MalformedPolicyDocument(Exception)? 400: policy\.Statement is required/,
    );
  });

  it('is ValidationError for what a service or the model forbids', async () => {
    expect(await refusalOf({ RoleArn: 'short', DurationSeconds: 899 })).toBe(
      "ValidationError 400: 2 validation errors detected: Value 'short' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20; Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    );
    expect(await refusalOf({ DurationSeconds: 7201 })).toBe(
      'ValidationError 400: The requested DurationSeconds exceeds the MaxSessionDuration set for this role: 7200.',
    );
  });

  it('meets managed policies, which would otherwise be ignored and leave the session wider than it was meant', async () => {
    const PolicyArns = [{ arn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' }];

    expect(await refusalOf({ PolicyArns })).toMatch(/^ValidationError 400: policyArns must be empty: /);
    expect(await refusalOf({ PolicyArns: [{ arn: 'short' }] })).toMatch(
      /^ValidationError 400: .*'policyArns\.1\.member\.arn' failed to satisfy constraint: Member must have length greater than or equal to 20$/,
    );
  });

  it('is read by the SDK v2 too', async () => {
    const error: any = await v2
      .makeUnauthenticatedRequest('assumeRoleWithWebIdentity', await callOf({ WebIdentityToken: 'none' }))
      .promise()
      .catch((reason) => reason);

    expect([error.code, error.statusCode]).toEqual(['InvalidIdentityToken', 400]);
    expect(error.message).not.toBe('');
    expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('never shows a token', async () => {
    const secret = 'x'.repeat(20_001);

    const { status, xml } = await post({ ...ACTION, ...(await callOf()), WebIdentityToken: secret });

    expect(status).toBe(400);
    expect(xml).toContain("Value at 'webIdentityToken' failed to satisfy constraint");
    expect(xml).not.toContain('xxxx');
  });
});

describe('a form that is no call', () => {
  const codeOf = ({ xml }: { xml: string }) => /<Code>(\w+)<\/Code>/.exec(xml)?.[1];

  it.each([
    ['', 'MissingAction'],
    ['Version=2011-06-15', 'MissingAction'],
    ['Action=GetCallerIdentity&Version=2011-06-15', 'InvalidAction'],
    ['Action=AssumeRoleWithWebIdentity&Version=2010-05-08', 'InvalidAction'],
    ['Action=AssumeRoleWithWebIdentity', 'InvalidAction'],
    ['Action.member.1=AssumeRoleWithWebIdentity&Version=2011-06-15', 'InvalidAction'],
    ['Action=AssumeRoleWithWebIdentity&Version=2011-06-15', 'ValidationError'],
    ['Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn.x=1', 'MalformedInput'],
    ['Action=AssumeRoleWithWebIdentity&Version=2011-06-15&DurationSeconds=long', 'MalformedInput'],
    ['Action=AssumeRoleWithWebIdentity&Version=2011-06-15&PolicyArns=1', 'MalformedInput'],
    [`${'a.'.repeat(100_000)}=1`, 'MissingAction'],
    ['__proto__=1&__proto__.Action=x', 'MissingAction'],
  ])('%.60s is answered as %s', async (form, code) => {
    const answer = await post(form);

    expect([answer.status, answer.type, codeOf(answer)]).toEqual([400, 'text/xml', code]);
    expect(answer.xml).toMatch(
      /^<ErrorResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><Error><Type>Sender<\/Type><Code>/,
    );
  });

  it('is answered with XML, whatever characters it has', async () => {
    const { status, xml } = await post(`Action=${encodeURIComponent('<a>&\u0000\uFFFE')}&Version=2011-06-15`);

    expect(status).toBe(400);
    expect(xml).toContain('Could not find operation &lt;a&gt;&amp;\uFFFD\uFFFD for version 2011-06-15');
  });
});
