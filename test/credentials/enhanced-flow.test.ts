import { SignJWT, decodeJwt, generateKeyPair } from 'jose';
import { isAuthorized } from '../../src/authorize';
import type { Context } from '../../src/context';
import { authenticate } from '../../src/credentials/authenticate';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  createPool,
  createRole,
  eventually,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  setRoles,
  trustOf,
  tryGetCredentials,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';

/** Milliseconds by which the server's clock is ahead. */
let ahead = 0;
let server: TestServer;
let otherNode: TestServer;
let issuer: TestIdentityProvider;
let providerArn: string;

beforeAll(async () => {
  const now = (): Date => new Date(Date.now() + ahead);
  [server, issuer] = await Promise.all([startTestServer({ now }), startIdentityProvider()]);
  otherNode = await startTestServer({
    database: server.database,
    now,
    config: { publicUrl: server.config.publicUrl },
  });
  providerArn = await registerProvider(server, issuer);
});
afterEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await issuer?.close();
  await otherNode?.close();
  await server?.close();
});

const poolOfGuestsAndUsers = (): Promise<Data> =>
  createPool(server, { openIdConnectProviderARNs: [providerArn] });

/** A pool whose guests or users take a role that has these policies. */
const poolWithRole = async (
  slot: 'authenticated' | 'unauthenticated',
  policyDocument: object | null,
  trust: (poolId: string) => object = trustOf,
): Promise<{ pool: Data; role: Data }> => {
  const pool = await createPool(server, {
    createDefaultRoles: false,
    openIdConnectProviderARNs: [providerArn],
  });
  const role = await createRole(server, {
    roleName: `Role-of-${pool.id.slice(-12)}`,
    assumeRolePolicyDocument: trust(pool.id),
    policies: policyDocument ? [{ policyName: 'P', policyDocument }] : [],
  });
  await setRoles(server, pool.id, { [slot]: role.arn });
  return { pool, role };
};

const guestTokenOf = async (poolId: string): Promise<string> => {
  const { id } = await getId(server, poolId);
  return (await getCredentials(server, id)).accessToken;
};

const user = (name: string): Promise<Login[]> => Promise.all([loginOf(issuer, name)]);
const viewer = (bearer: string, node = server) =>
  node.graphql('{ viewer { id isAuthenticated identityPoolId } }', {}, bearer);
const write = (bearer: string, node = server) =>
  node.graphql(
    `mutation { updateRecords(input: { datasetName: "d", recordPatches: [] }) { datasetSyncCount } }`,
    {},
    bearer,
  );

/** Whether the caller that the bearer makes may do this to itself, as the server decides it. */
const mayDo = async (bearer: string, action: string): Promise<boolean> => {
  const ctx: Context = serviceContext(server.dataSource, { config: server.config, now: () => new Date() });
  const actor = await authenticate(ctx, `Bearer ${bearer}`);
  if (actor.kind !== 'identity') throw new Error(`Not an identity: ${JSON.stringify(actor)}`);
  return isAuthorized({ ...ctx, actor }, action, { arn: 'arn:aws:s3:::x', owner: actor });
};

describe('getCredentialsForIdentity', () => {
  it('gives a guest temporary credentials of one hour', async () => {
    const pool = await poolOfGuestsAndUsers();
    const { id } = await getId(server, pool.id);
    const before = Date.now();

    const { data } = await tryGetCredentials(server, id);

    const { identityId, credentials } = data.getCredentialsForIdentity;
    expect(identityId).toBe(id);
    expect(credentials).toEqual({
      accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
      secretKey: expect.stringMatching(/^.{40}$/),
      sessionToken: expect.stringMatching(/^\S{100,}$/),
      accessToken: expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/),
      expiration: expect.any(String),
    });
    const life = (Date.parse(credentials.expiration) - before) / 1000;
    expect(life).toBeGreaterThan(3598);
    expect(life).toBeLessThan(3660);
  });

  it('gives other credentials each time, and the former ones go on working', async () => {
    const { id } = await getId(server, (await poolOfGuestsAndUsers()).id);

    const [one, other] = [await getCredentials(server, id), await getCredentials(server, id)];

    expect(one.accessKeyId).not.toBe(other.accessKeyId);
    expect(one.accessToken).not.toBe(other.accessToken);
    expect((await viewer(one.accessToken)).data.viewer.id).toBe(id);
    expect((await viewer(other.accessToken)).data.viewer.id).toBe(id);
  });

  it('gives whoever signed in an access token that says who is calling, on every node', async () => {
    const pool = await poolOfGuestsAndUsers();
    const logins = await user('alice');
    const { id } = await getId(server, pool.id, logins);

    const { accessToken } = await getCredentials(server, id, logins);

    const expected = { viewer: { id, isAuthenticated: true, identityPoolId: pool.id } };
    expect((await viewer(accessToken)).data).toEqual(expected);
    expect((await viewer(accessToken, otherNode)).data).toEqual(expected);
  });

  it('takes the role of guests for a guest and that of users for a user', async () => {
    const { pool, role } = await poolWithRole('unauthenticated', null);
    const users = await createRole(server, {
      roleName: `Users-of-${pool.id.slice(-12)}`,
      assumeRolePolicyDocument: trustOf(pool.id),
    });
    await setRoles(server, pool.id, { unauthenticated: role.arn, authenticated: users.arn });
    const logins = await user('alice');
    const { id } = await getId(server, pool.id, logins);

    const guest = refusalOf(await write(await guestTokenOf(pool.id)));
    const signedIn = refusalOf(await write((await getCredentials(server, id, logins)).accessToken));

    const callerOf = (name: string): string =>
      `User: arn:aws:sts::000000000000:assumed-role/${name}/CognitoIdentityCredentials is not authorized`;
    expect(guest).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(callerOf(role.name)),
    });
    expect(signedIn).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining(callerOf(users.name)),
    });
  });

  it('finds no identity that is not there', async () => {
    const id = 'us-east-1:00000000-0000-4000-8000-000000000000';

    expect(refusalOf(await tryGetCredentials(server, id))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: `Identity '${id}' not found.`,
    });
  });

  describe('is refused with INVALID_IDENTITY_POOL_CONFIGURATION', () => {
    const MESSAGE = 'Invalid identity pool configuration. Check assigned IAM roles for this pool.';
    const refusalFor = async (poolId: string, logins?: Login[]) =>
      refusalOf(await tryGetCredentials(server, (await getId(server, poolId, logins)).id, logins));

    it('when the slot is empty', async () => {
      const pool = await createPool(server, { createDefaultRoles: false });

      expect(await refusalFor(pool.id)).toMatchObject({
        code: 'INVALID_IDENTITY_POOL_CONFIGURATION',
        message: MESSAGE,
        slot: 'unauthenticated',
        roleArn: null,
      });
    });

    it('when the slot names a role that does not exist', async () => {
      const pool = await createPool(server, { createDefaultRoles: false });
      const roleArn = 'arn:aws:iam::000000000000:role/Nobody';
      await setRoles(server, pool.id, { unauthenticated: roleArn });

      expect(await refusalFor(pool.id)).toMatchObject({
        code: 'INVALID_IDENTITY_POOL_CONFIGURATION',
        message: MESSAGE,
        reason: 'ROLE_NOT_FOUND',
        slot: 'unauthenticated',
        roleArn,
        hint: expect.stringContaining('createRole'),
      });
    });

    it('when the role trusts another pool', async () => {
      const { pool } = await poolWithRole('unauthenticated', allow('*'), () =>
        trustOf('us-east-1:22222222-2222-4222-8222-222222222222'),
      );

      expect(await refusalFor(pool.id)).toMatchObject({
        code: 'INVALID_IDENTITY_POOL_CONFIGURATION',
        message: MESSAGE,
      });
    });

    it('when the role trusts users only and a guest would take it', async () => {
      const { pool, role } = await poolWithRole('unauthenticated', allow('*'), (poolId) =>
        trustOf(poolId, {
          'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
        }),
      );
      await setRoles(server, pool.id, { authenticated: role.arn, unauthenticated: role.arn });
      const logins = await user('alice');
      const { id } = await getId(server, pool.id, logins);

      expect(await refusalFor(pool.id)).toMatchObject({ code: 'INVALID_IDENTITY_POOL_CONFIGURATION' });
      expect((await tryGetCredentials(server, id, logins)).errors).toBeUndefined();
    });

    it('when the role is trusted until a time that has passed, and not before', async () => {
      const until = new Date(Date.now() + 60_000).toISOString();
      const { pool } = await poolWithRole('unauthenticated', allow('*'), (poolId) =>
        trustOf(poolId, { DateLessThan: { 'aws:CurrentTime': until } }),
      );
      const { id } = await getId(server, pool.id);

      const before = await tryGetCredentials(server, id);
      ahead = 120_000;
      const after = refusalOf(await tryGetCredentials(server, id));

      expect(before.errors).toBeUndefined();
      expect(after).toMatchObject({ code: 'INVALID_IDENTITY_POOL_CONFIGURATION', reason: 'NOT_TRUSTED' });
    });

    it('when the role trusts users of another provider, or another identity', async () => {
      const otherProvider = await poolWithRole('authenticated', allow('*'), (poolId) =>
        trustOf(poolId, {
          'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'accounts.google.com' },
        }),
      );
      const otherIdentity = await poolWithRole('authenticated', allow('*'), (poolId) =>
        trustOf(poolId, { StringLike: { 'cognito-identity.amazonaws.com:sub': 'us-east-1:0000*' } }),
      );
      const logins = await user('alice');

      for (const { pool } of [otherProvider, otherIdentity])
        expect(await refusalFor(pool.id, logins)).toMatchObject({
          code: 'INVALID_IDENTITY_POOL_CONFIGURATION',
        });
    });
  });
});

describe('a guest of the enhanced flow', () => {
  const EVERYTHING = allow('*');

  it('is cut down to what AWS lets guests do, whatever the role allows', async () => {
    const bearer = await guestTokenOf((await poolWithRole('unauthenticated', EVERYTHING)).pool.id);

    expect(await mayDo(bearer, 'cognito-sync:UpdateRecords')).toBe(true);
    expect(await mayDo(bearer, 's3:GetObject')).toBe(true);
    expect(await mayDo(bearer, 'iam:CreateRole')).toBe(false);
    expect(await mayDo(bearer, 'ec2:RunInstances')).toBe(false);
    expect(await mayDo(bearer, 'sagemaker:InvokeEndpoint')).toBe(true);
    expect(await mayDo(bearer, 'sagemaker:CreateModel')).toBe(false);
  });

  it('is not cut down any more once it signed in', async () => {
    const { pool, role } = await poolWithRole('unauthenticated', EVERYTHING);
    await setRoles(server, pool.id, { unauthenticated: role.arn, authenticated: role.arn });
    const { id } = await getId(server, pool.id);

    const { accessToken } = await getCredentials(server, id, await user('alice'));

    expect(await mayDo(accessToken, 'iam:CreateRole')).toBe(true);
  });

  it('gets nothing that the role itself does not allow', async () => {
    const { pool } = await poolWithRole('unauthenticated', allow('cognito-sync:ListRecords'));

    const bearer = await guestTokenOf(pool.id);

    expect(await mayDo(bearer, 's3:GetObject')).toBe(false);
    expect(refusalOf(await write(bearer))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-sync:UpdateRecords',
    });
  });
});

describe('credentials that were given out', () => {
  const update = (roleName: string, policyDocument: object) =>
    server.run(
      `mutation ($input: UpdateRoleInput!) { updateRole(input: $input) { role { name } } }`,
      { input: { roleName, policies: [{ policyName: 'P', policyDocument }] } },
      server.admin,
    );

  it('follow a change of the role at once on its node, and within seconds on the others', async () => {
    const { pool, role } = await poolWithRole('unauthenticated', allow('cognito-sync:*'));
    const bearer = await guestTokenOf(pool.id);
    expect((await write(bearer)).errors).toBeUndefined();
    expect((await write(bearer, otherNode)).errors).toBeUndefined();

    await update(role.name, allow('cognito-sync:ListRecords'));

    expect(refusalOf(await write(bearer))).toMatchObject({ code: 'ACCESS_DENIED' });
    const there = await eventually(
      () => write(bearer, otherNode),
      (answer) => answer.errors !== undefined,
    );
    expect(refusalOf(there)).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('end with their role', async () => {
    const { pool, role } = await poolWithRole('unauthenticated', allow('cognito-sync:*'));
    const bearer = await guestTokenOf(pool.id);
    await write(bearer, otherNode);

    await server.run(
      `mutation ($name: String!) { deleteRole(input: { roleName: $name }) { role { name } } }`,
      { name: role.name },
      server.admin,
    );

    expect(refusalOf(await write(bearer))).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'REVOKED' });
    const there = await eventually(
      () => write(bearer, otherNode),
      (answer) => answer.errors !== undefined,
    );
    expect(refusalOf(there)).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'REVOKED' });
  });

  it('end after an hour, and say so', async () => {
    const bearer = await guestTokenOf((await poolOfGuestsAndUsers()).id);
    ahead = 3_590_000;
    expect((await write(bearer)).errors).toBeUndefined();

    ahead = 3_601_000;

    const refusal = refusalOf(await write(bearer));
    expect(refusal).toMatchObject({
      code: 'NOT_AUTHORIZED',
      reason: 'EXPIRED',
      message: 'The access token has expired. Call getCredentialsForIdentity again.',
    });
  });
});

describe('a bearer is refused', () => {
  const invalid = { code: 'NOT_AUTHORIZED', reason: 'INVALID' };
  let credentials: Data;

  beforeAll(async () => {
    const { id } = await getId(server, (await poolOfGuestsAndUsers()).id);
    credentials = await getCredentials(server, id);
  });

  it('when it is the session token, which travels in the clear', async () => {
    expect(refusalOf(await write(credentials.sessionToken))).toMatchObject(invalid);
  });

  it('when it is the key pair, which signs and is no bearer', async () => {
    expect(refusalOf(await write(`${credentials.accessKeyId}.${credentials.secretKey}`))).toMatchObject(
      invalid,
    );
  });

  it('when any part of it was changed', async () => {
    const [header = '', payload = '', signature = ''] = credentials.accessToken.split('.');
    const other = Buffer.from(
      JSON.stringify({ ...decodeJwt(credentials.accessToken), sub: 'us-east-1:somebody-else' }),
    ).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');

    for (const changed of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}.${signature.slice(1)}`,
      `${header}.${payload}.`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
    ])
      expect(refusalOf(await write(changed))).toMatchObject(invalid);
  });

  it('when somebody else signed it', async () => {
    const claims = decodeJwt(credentials.accessToken);
    const { privateKey } = await generateKeyPair('RS256');
    const byRsa = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .sign(privateKey);
    const byGuess = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .sign(Buffer.from('rockpool'));

    expect(refusalOf(await write(byRsa))).toMatchObject(invalid);
    expect(refusalOf(await write(byGuess))).toMatchObject(invalid);
  });

  it('when it is the ID token of a provider', async () => {
    const { token } = await loginOf(issuer, 'alice');

    expect(refusalOf(await write(token))).toMatchObject(invalid);
  });
});
