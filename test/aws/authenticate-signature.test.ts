import type { Actor } from '../../src/actor';
import { authenticateSignature } from '../../src/aws/authenticate-signature';
import type { SignedRequest } from '../../src/aws/sigv4/signed-request';
import type { Context } from '../../src/context';
import { authenticate } from '../../src/credentials/authenticate';
import { issueCredentials } from '../../src/credentials/temporary-credentials';
import { authorize } from '../../src/authorize';
import { ServiceError } from '../../src/errors';
import { createKey, createPool, getCredentials, getId, type Data } from '../support/factories';
import { startTestServer, TEST_ADMIN, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';
import { signedBySmithy, type KeyPair, type Unsigned } from './sigv4/signed-by';

const TARGET = { service: 'cognito-sync', decisiveHeaders: [] };

let server: TestServer;
let pool: Data;
let ctx: Context;

beforeAll(async () => {
  server = await startTestServer();
  pool = await createPool(server);
  ctx = serviceContext(server.dataSource, { config: server.config, now: () => new Date() });
});
afterAll(() => server?.close());

const signed = (key: KeyPair, unsigned: Unsigned = {}, at = new Date()): Promise<SignedRequest> =>
  signedBySmithy(unsigned, { key, at });

const callerOf = async (key: KeyPair, at?: Date, from = ctx): Promise<Actor> =>
  authenticateSignature(from, await signed(key, {}, at), TARGET);

const guestKey = async (poolId: string = pool.id): Promise<KeyPair & { accessToken: string }> => {
  const { id } = await getId(server, poolId);
  const { secretKey, ...rest } = await getCredentials(server, id);
  return { ...rest, secretAccessKey: secretKey } as unknown as KeyPair & { accessToken: string };
};

const keyOf = ({ apiKey, secretAccessKey }: Data): KeyPair => ({
  accessKeyId: apiKey.accessKeyId,
  secretAccessKey,
});

/** What an anonymous caller is told once it is more than a public operation. */
const problemOf = (actor: Actor): Record<string, unknown> => {
  if (actor.kind !== 'anonymous' || !actor.problem) throw new Error(`No problem: ${JSON.stringify(actor)}`);
  const { code, message, fields } = actor.problem;
  return { code, message, ...fields };
};

const UNRECOGNIZED = {
  code: 'NOT_AUTHORIZED',
  reason: 'INVALID',
  exception: 'UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
};
const MISMATCH = {
  code: 'NOT_AUTHORIZED',
  reason: 'INVALID',
  exception: 'InvalidSignatureException',
  message: expect.stringMatching(/^The request signature we calculated does not match/),
};

const revoke = (key: KeyPair): Promise<unknown> =>
  server.run(
    'mutation ($id: ID!) { revokeApiKey(input: { accessKeyId: $id }) { apiKey { id } } }',
    { id: key.accessKeyId },
    server.admin,
  );

describe('Who signs', () => {
  it('with the operator’s own key is the administrator that its bearer makes', async () => {
    const actor = await callerOf(TEST_ADMIN);

    expect(actor).toMatchObject({ kind: 'administrator', accessKeyId: TEST_ADMIN.accessKeyId });
    expect(actor).toEqual(await authenticate(ctx, `Bearer ${server.admin}`));
  });

  it('with an API key has its policies', async () => {
    const key = keyOf(await createKey(server, { managedPolicies: ['READ_ONLY'] }));

    const actor = await callerOf(key);

    expect(actor).toMatchObject({ kind: 'administrator', accessKeyId: key.accessKeyId });
    expect(actor).toEqual(await authenticate(ctx, `Bearer ${key.accessKeyId}.${key.secretAccessKey}`));
  });

  it('with temporary keys is the identity that the access token makes', async () => {
    const { accessToken, ...key } = await guestKey();

    const actor = await callerOf(key);

    expect(actor).toMatchObject({ kind: 'identity', identityPoolId: pool.id, amr: ['unauthenticated'] });
    expect(actor).toEqual(await authenticate(ctx, `Bearer ${accessToken}`));
  });

  it('not at all is anonymous, whatever else was sent along', async () => {
    const { headers, ...request } = await signed(TEST_ADMIN);
    const unsigned = { ...request, headers: { ...headers, 'x-amz-security-token': 'x' } };

    for (const authorization of [undefined, ''])
      expect(
        await authenticateSignature(
          ctx,
          { ...unsigned, headers: { ...unsigned.headers, authorization } },
          TARGET,
        ),
      ).toEqual({ kind: 'anonymous' });
  });

  it('may send the same request again', async () => {
    const request = await signed(TEST_ADMIN);

    const first = await authenticateSignature(ctx, request, TARGET);

    expect(await authenticateSignature(ctx, request, TARGET)).toEqual(first);
    expect(first.kind).toBe('administrator');
  });
});

describe('A signature that does not hold', () => {
  it('makes an anonymous caller, who is told why as soon as it matters', async () => {
    const actor = await callerOf({ ...TEST_ADMIN, secretAccessKey: 'wrong' });

    expect(problemOf(actor)).toEqual(MISMATCH);
    expect(() => authorize({ ...ctx, actor }, 'cognito-sync:ListDatasets', { arn: '*' })).toThrow(
      expect.objectContaining({ fields: { reason: 'INVALID', exception: 'InvalidSignatureException' } }),
    );
  });

  it('of a key that nobody has is not recognized', async () => {
    expect(problemOf(await callerOf({ ...TEST_ADMIN, accessKeyId: 'AKIANOBODYNOBODYNOBO' }))).toEqual(
      UNRECOGNIZED,
    );
    expect(problemOf(await callerOf({ ...TEST_ADMIN, accessKeyId: 'no-key' }))).toEqual(UNRECOGNIZED);
  });

  it('of an API key is not recognized when a session token comes along', async () => {
    const { sessionToken } = await guestKey();

    for (const token of [sessionToken!, 'x'])
      expect(problemOf(await callerOf({ ...TEST_ADMIN, sessionToken: token }))).toEqual(UNRECOGNIZED);
  });

  it('of a temporary key is not recognized without its own session token, unchanged', async () => {
    const [key, other] = [await guestKey(), await guestKey()];
    const { sessionToken, ...without } = key;
    const elsewhere = {
      ...ctx,
      config: { ...ctx.config, secret: 'another master secret, as long as any other' },
    };

    expect(problemOf(await callerOf(without))).toEqual(UNRECOGNIZED);
    for (const token of [
      other.sessionToken!,
      `A${sessionToken!}`,
      sessionToken!.slice(0, -1),
      key.accessToken,
      '!',
    ])
      expect(problemOf(await callerOf({ ...key, sessionToken: token }))).toEqual(UNRECOGNIZED);
    expect(problemOf(await callerOf(key, undefined, elsewhere))).toEqual(UNRECOGNIZED);
  });

  it('of a temporary key that has ended says so', async () => {
    const key = await guestKey();
    const at = (seconds: number): Promise<Actor> => {
      const time = new Date(Date.now() + seconds * 1000);
      return callerOf(key, time, { ...ctx, now: () => time });
    };

    expect((await at(3590)).kind).toBe('identity');
    expect(problemOf(await at(3601))).toEqual({
      code: 'NOT_AUTHORIZED',
      reason: 'EXPIRED',
      exception: 'ExpiredTokenException',
      message: 'The security token included in the request is expired',
      expiredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  it('of a temporary key of a pool or a role that is gone says so', async () => {
    const session = {
      identityId: 'us-east-1:00000000-0000-4000-8000-000000000001',
      identityPoolId: pool.id as string,
      roleArn: pool.roles.unauthenticated as string,
      sessionName: 's',
      amr: ['unauthenticated'],
      principalTags: {},
      cut: true,
      expiresAt: new Date(Date.now() + 60_000),
    };
    const signerOf = async (changes: object): Promise<Actor> => {
      const { secretKey, ...rest } = await issueCredentials(ctx, { ...session, ...changes });
      return callerOf({ ...rest, secretAccessKey: secretKey });
    };
    const gone = { ...UNRECOGNIZED, reason: 'REVOKED', message: expect.stringMatching(/ is gone\.$/) };

    expect((await signerOf({})).kind).toBe('identity');
    expect(problemOf(await signerOf({ identityPoolId: 'us-east-1:gone' }))).toEqual(gone);
    expect(problemOf(await signerOf({ roleArn: `${session.roleArn}-gone` }))).toEqual(gone);
  });

  it('of an API key that was revoked says so', async () => {
    const key = keyOf(await createKey(server, { managedPolicies: ['READ_ONLY'] }));
    await revoke(key);

    expect(problemOf(await callerOf(key))).toEqual({
      ...UNRECOGNIZED,
      reason: 'REVOKED',
      message: `The API key ${key.accessKeyId} has been revoked.`,
    });
  });

  it('tells nothing of the key to those who do not know its secret', async () => {
    const revoked = keyOf(await createKey(server, { managedPolicies: ['READ_ONLY'] }));
    await revoke(revoked);
    const ended = await guestKey();
    const later = new Date(Date.now() + 7_200_000);

    expect(problemOf(await callerOf({ ...revoked, secretAccessKey: 'wrong' }))).toEqual(MISMATCH);
    expect(
      problemOf(await callerOf({ ...ended, secretAccessKey: 'wrong' }, later, { ...ctx, now: () => later })),
    ).toEqual(MISMATCH);
  });

  it('by the time is told so before the key is looked up', async () => {
    const unreachable = { ...ctx, db: undefined } as unknown as Context;

    const actor = await callerOf(
      { ...TEST_ADMIN, accessKeyId: 'AKIANOBODY' },
      new Date(Date.now() - 301_000),
      unreachable,
    );

    expect(problemOf(actor)).toMatchObject({
      exception: 'InvalidSignatureException',
      message: expect.stringMatching(/^Signature expired: \d{8}T\d{6}Z is now earlier than/),
    });
  });

  it('is that of a bearer too, which this door does not take and does not repeat', async () => {
    const request = await signed(TEST_ADMIN);
    const headers = { ...request.headers, authorization: `Bearer ${server.admin}` };

    const problem = problemOf(await authenticateSignature(ctx, { ...request, headers }, TARGET));

    expect(problem).toMatchObject({ reason: 'INVALID', exception: 'IncompleteSignatureException' });
    expect(JSON.stringify(problem)).not.toContain(TEST_ADMIN.secretAccessKey);
  });

  it('is no excuse for a fault of the server, which stays one', async () => {
    const broken = { ...ctx, db: undefined } as unknown as Context;

    await expect(callerOf(TEST_ADMIN, undefined, broken)).rejects.not.toBeInstanceOf(ServiceError);
  });
});

test('The log says once with which Host signatures do not match, since a proxy may have changed it', async () => {
  const log = { warn: jest.fn() };
  const from = { ...ctx, config: { ...ctx.config }, log } as unknown as Context;
  const wrong = { ...TEST_ADMIN, secretAccessKey: 'wrong' };

  await callerOf(TEST_ADMIN, undefined, from);
  const before = log.warn.mock.calls.length;
  await callerOf(wrong, undefined, from);
  await callerOf(wrong, undefined, from);

  const { host } = (await signed(wrong)).headers;
  expect(before).toBe(0);
  expect(log.warn.mock.calls).toEqual([[{ host }, expect.stringContaining('X-Forwarded-Host')]]);
  expect(host).toEqual(expect.any(String));
});

test('A signature is for this request to this service alone', async () => {
  const request = await signed(await guestKey(), {
    method: 'POST',
    rawPath: '/identitypools/a%3Ab',
    body: '{}',
  });
  const problemWith = async (changes: Partial<SignedRequest>, service = TARGET.service) =>
    problemOf(await authenticateSignature(ctx, { ...request, ...changes }, { ...TARGET, service }));

  expect((await authenticateSignature(ctx, request, TARGET)).kind).toBe('identity');
  expect(await problemWith({ method: 'DELETE' })).toEqual(MISMATCH);
  expect(await problemWith({ rawPath: '/identitypools/a:b' })).toEqual(MISMATCH);
  expect(await problemWith({ rawQuery: 'x=1' })).toEqual(MISMATCH);
  expect(await problemWith({}, 'cognito-identity')).toMatchObject({
    exception: 'InvalidSignatureException',
    message: "Credential should be scoped to correct service: 'cognito-identity'.",
  });
});
