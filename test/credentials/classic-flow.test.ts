import {
  SignJWT,
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
} from 'jose';
import { isAuthorized } from '../../src/authorize';
import { authenticate } from '../../src/credentials/authenticate';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  createPool,
  createRole,
  getCredentials,
  getId,
  loginOf,
  refusalOf,
  registerProvider,
  trustOf,
  type Data,
  type Login,
} from '../support/factories';
import { startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { serviceContext } from '../support/service-context';

/** Milliseconds by which the server's clock is ahead. */
let ahead = 0;
let server: TestServer;
let issuer: TestIdentityProvider;
let providerArn: string;
let pool: Data;
let role: Data;
let guest: string;

beforeAll(async () => {
  const now = (): Date => new Date(Date.now() + ahead);
  [server, issuer] = await Promise.all([startTestServer({ now }), startIdentityProvider()]);
  providerArn = await registerProvider(server, issuer);
  pool = await createPool(server, { openIdConnectProviderARNs: [providerArn] });
  role = await createRole(server, {
    roleName: 'Player',
    assumeRolePolicyDocument: trustOf(pool.id),
    policies: [{ policyName: 'P', policyDocument: allow('*') }],
    maxSessionDuration: 7200,
  });
  guest = (await getId(server, pool.id)).id;
});
afterEach(() => {
  ahead = 0;
});
afterAll(async () => {
  await issuer?.close();
  await server?.close();
});

const tryGetToken = (identityId: string, logins?: Login[]) =>
  server.graphql(
    `mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { identityId token } }`,
    { input: { identityId, logins } },
  );
const tokenOf = async (identityId: string, logins?: Login[]): Promise<string> => {
  const { data, errors } = await tryGetToken(identityId, logins);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.getOpenIdToken.token;
};

const tryAssume = (input: object): Promise<GraphqlAnswer> =>
  server.graphql(
    `mutation ($input: AssumeRoleWithWebIdentityInput!) { assumeRoleWithWebIdentity(input: $input) {
       credentials { accessKeyId secretKey sessionToken accessToken expiration }
       subjectFromWebIdentityToken assumedRoleArn provider audience } }`,
    { input: { roleArn: role.arn, roleSessionName: 'my-session', ...input } },
  );
const assume = async (input: object): Promise<Data> => {
  const { data, errors } = await tryAssume(input);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.assumeRoleWithWebIdentity;
};

/** Whether the caller that the bearer makes may do this to itself, as the server decides it. */
const mayDo = async (bearer: string, action: string): Promise<boolean> => {
  const ctx = serviceContext(server.dataSource, { config: server.config, now: () => new Date() });
  const actor = await authenticate(ctx, `Bearer ${bearer}`);
  if (actor.kind !== 'identity') throw new Error(`Not an identity: ${JSON.stringify(actor)}`);
  return isAuthorized({ ...ctx, actor }, action, { arn: 'arn:aws:s3:::x', owner: actor });
};

describe('getOpenIdToken', () => {
  const discover = async (): Promise<Data> =>
    (await fetch(`${server.url}/.well-known/openid-configuration`)).json();

  it('gives a token that anybody can verify by the documents that the server publishes', async () => {
    const discovery = await discover();
    const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));

    const { payload, protectedHeader } = await jwtVerify(await tokenOf(guest), keys, {
      issuer: discovery.issuer,
      audience: pool.id,
      algorithms: discovery.id_token_signing_alg_values_supported,
    });

    expect(discovery.issuer).toBe(server.config.publicUrl);
    expect(discovery.jwks_uri).toBe(`${discovery.issuer}/.well-known/jwks_uri`);
    expect(payload.sub).toBe(guest);
    expect(protectedHeader).toEqual({ alg: 'RS512', typ: 'JWS', kid: expect.any(String) });
  });

  it('says of a guest that it is one, in the claims of Cognito', async () => {
    const payload = decodeJwt(await tokenOf(guest));

    expect(payload).toEqual({
      iss: server.config.publicUrl,
      sub: guest,
      aud: pool.id,
      amr: ['unauthenticated'],
      'https://cognito-identity.amazonaws.com/identity-pool-arn': pool.arn,
      iat: expect.any(Number),
      exp: payload.iat! + 600,
    });
    expect(Math.abs(payload.iat! - Date.now() / 1000)).toBeLessThan(60);
  });

  it('says of a user by which login it is known', async () => {
    const logins = [await loginOf(issuer, 'alice')];
    const { id } = await getId(server, pool.id, logins);

    const { amr, sub } = decodeJwt(await tokenOf(id, logins));

    expect(sub).toBe(id);
    expect(amr).toEqual(['authenticated', issuer.loginKey, `${providerArn}:OIDC:alice`]);
  });

  it('publishes public keys alone, that may be cached', async () => {
    const response = await fetch(`${server.url}/.well-known/jwks_uri`);
    const { keys } = (await response.json()) as { keys: Record<string, string>[] };
    const { kid } = decodeProtectedHeader(await tokenOf(guest));

    expect(response.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
    expect(keys.map((key) => key.kid)).toContain(kid);
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
      expect(key).toMatchObject({ kty: 'RSA', use: 'sig', alg: 'RS512' });
    }
  });

  it('is no bearer of this API', async () => {
    expect(
      refusalOf(await server.graphql('{ identityPools { nodes { id } } }', {}, await tokenOf(guest))),
    ).toMatchObject({ code: 'NOT_AUTHORIZED', reason: 'INVALID' });
  });
});

describe('assumeRoleWithWebIdentity', () => {
  it('gives credentials for a role of the caller’s choice, for one hour', async () => {
    const before = Date.now();

    const answer = await assume({ webIdentityToken: await tokenOf(guest) });

    expect(answer).toEqual({
      credentials: {
        accessKeyId: expect.stringMatching(/^ASIA[A-Z2-7]{16}$/),
        secretKey: expect.stringMatching(/^.{40}$/),
        sessionToken: expect.any(String),
        accessToken: expect.any(String),
        expiration: expect.any(String),
      },
      subjectFromWebIdentityToken: guest,
      assumedRoleArn: 'arn:aws:sts::000000000000:assumed-role/Player/my-session',
      provider: server.config.publicUrl,
      audience: pool.id,
    });
    const life = (Date.parse(answer.credentials.expiration) - before) / 1000;
    expect(life).toBeGreaterThan(3598);
    expect(life).toBeLessThan(3660);
    const { data } = await server.graphql('{ viewer { id } }', {}, answer.credentials.accessToken);
    expect(data.viewer.id).toBe(guest);
  });

  it('does not cut guests down', async () => {
    const { credentials } = await assume({ webIdentityToken: await tokenOf(guest) });

    expect(await mayDo(credentials.accessToken, 'iam:CreateRole')).toBe(true);
  });

  it('lets a session policy cut the role down', async () => {
    const { credentials } = await assume({
      webIdentityToken: await tokenOf(guest),
      policy: allow(['cognito-sync:ListRecords', 'cognito-identity:*']),
    });
    const send = (text: string) => server.graphql(text, {}, credentials.accessToken);

    const read = await send(`{ listRecords(input: { datasetName: "d" }) { count } }`);
    const written = await send(
      `mutation { updateRecords(input: { datasetName: "d", recordPatches: [] }) { datasetSyncCount } }`,
    );

    expect(read.errors).toBeUndefined();
    expect(refusalOf(written)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('assumed-role/Player/my-session'),
    });
  });

  it('gives no more by a session policy than the role has', async () => {
    const narrow = await createRole(server, {
      roleName: 'Narrow',
      assumeRolePolicyDocument: trustOf(pool.id),
      policies: [{ policyName: 'P', policyDocument: allow('cognito-sync:ListRecords') }],
    });

    const { credentials } = await assume({
      roleArn: narrow.arn,
      webIdentityToken: await tokenOf(guest),
      policy: allow('*'),
    });

    expect(await mayDo(credentials.accessToken, 'cognito-sync:ListRecords')).toBe(true);
    expect(await mayDo(credentials.accessToken, 'cognito-sync:UpdateRecords')).toBe(false);
  });

  it('is refused with the path of the mistake for a session policy that is malformed or too long', async () => {
    const webIdentityToken = await tokenOf(guest);

    const malformed = await tryAssume({ webIdentityToken, policy: { Statement: [{ Effect: 'Allow' }] } });
    const long = await tryAssume({
      webIdentityToken,
      policy: allow('s3:*', `arn:aws:s3:::${'b'.repeat(2048)}`),
    });

    expect(refusalOf(malformed)).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: expect.stringMatching(/^policy\.Statement\[0\]/),
    });
    expect(refusalOf(long)).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'policy',
      maximum: 2048,
    });
  });

  it('takes as long as it is asked to, up to what the role allows', async () => {
    const webIdentityToken = await tokenOf(guest);
    const lifeOf = async (durationSeconds: number): Promise<number> => {
      const { credentials } = await assume({ webIdentityToken, durationSeconds });
      return Math.round((Date.parse(credentials.expiration) - Date.now()) / 100) / 10;
    };

    expect(Math.abs((await lifeOf(900)) - 900)).toBeLessThan(60);
    expect(Math.abs((await lifeOf(7200)) - 7200)).toBeLessThan(60);
    expect(refusalOf(await tryAssume({ webIdentityToken, durationSeconds: 7201 }))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'durationSeconds',
      limit: 7200,
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role: 7200.',
    });
  });

  it.each([
    ['899 seconds', { durationSeconds: 899 }, { field: 'durationSeconds', limit: 900 }],
    ['43,201 seconds', { durationSeconds: 43_201 }, { field: 'durationSeconds', limit: 43_200 }],
    ['a session name of one letter', { roleSessionName: 'a' }, { field: 'roleSessionName', limit: 2 }],
    ['a session name with a space', { roleSessionName: 'a b' }, { field: 'roleSessionName' }],
    ['a short ARN', { roleArn: 'arn:aws:iam::1:role' }, { field: 'roleArn', limit: 20 }],
    ['a token of 3 letters', { webIdentityToken: 'abc' }, { field: 'webIdentityToken', limit: 4 }],
  ])('is refused for %s', async (_what, input, expected) => {
    const refusal = refusalOf(await tryAssume({ webIdentityToken: await tokenOf(guest), ...input }));

    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', ...expected });
  });

  it('is refused alike for a role that does not trust the pool and for one that does not exist', async () => {
    const stranger = await createRole(server, {
      roleName: 'Stranger',
      assumeRolePolicyDocument: trustOf('us-east-1:22222222-2222-4222-8222-222222222222'),
    });
    const webIdentityToken = await tokenOf(guest);
    const nobody = 'arn:aws:iam::000000000000:role/Nobody';

    const refusals = await Promise.all(
      [stranger.arn, nobody].map(async (roleArn) =>
        refusalOf(await tryAssume({ roleArn, webIdentityToken })),
      ),
    );

    const expected = {
      code: 'ACCESS_DENIED',
      message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      action: 'sts:AssumeRoleWithWebIdentity',
    };
    expect(refusals).toEqual([
      { ...expected, resource: stranger.arn },
      { ...expected, resource: nobody },
    ]);
  });

  it('is refused for a guest when the role trusts users only', async () => {
    const members = await createRole(server, {
      roleName: 'Members',
      assumeRolePolicyDocument: trustOf(pool.id, {
        'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'authenticated' },
      }),
    });
    const logins = [await loginOf(issuer, 'member')];
    const { id } = await getId(server, pool.id, logins);

    const asGuest = await tryAssume({ roleArn: members.arn, webIdentityToken: await tokenOf(guest) });
    const asUser = await tryAssume({ roleArn: members.arn, webIdentityToken: await tokenOf(id, logins) });

    expect(refusalOf(asGuest)).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(asUser.errors).toBeUndefined();
  });

  describe('takes no token', () => {
    const invalid = { code: 'NOT_AUTHORIZED', reason: 'INVALID', field: 'webIdentityToken' };

    it('that has expired', async () => {
      const webIdentityToken = await tokenOf(guest);
      ahead = 590_000;
      expect((await tryAssume({ webIdentityToken })).errors).toBeUndefined();

      ahead = 620_000;

      expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject({
        code: 'NOT_AUTHORIZED',
        reason: 'EXPIRED',
        field: 'webIdentityToken',
      });
    });

    it('that was changed', async () => {
      const token = await tokenOf(guest);
      const [header = '', payload = '', signature = ''] = token.split('.');
      const other = Buffer.from(JSON.stringify({ ...decodeJwt(token), amr: ['authenticated'] })).toString(
        'base64url',
      );
      const none = Buffer.from('{"alg":"none","typ":"JWS"}').toString('base64url');

      for (const webIdentityToken of [
        `${header}.${other}.${signature}`,
        `${header}.${payload}.`,
        `${none}.${payload}.`,
        'no token at all',
      ])
        expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject(invalid);
    });

    it('that somebody else signed, even under a key id of ours', async () => {
      const token = await tokenOf(guest);
      const { privateKey } = await generateKeyPair('RS512');
      const webIdentityToken = await new SignJWT(decodeJwt(token))
        .setProtectedHeader({ alg: 'RS512', typ: 'JWS', kid: decodeProtectedHeader(token).kid! })
        .sign(privateKey);

      expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject({
        ...invalid,
        problem: 'SIGNATURE',
      });
    });

    it('of another kind: an access token, an ID token of a provider', async () => {
      const { accessToken } = await getCredentials(server, guest);
      const { token } = await loginOf(issuer, 'alice');

      for (const webIdentityToken of [accessToken, token])
        expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject(invalid);
    });

    it('of a guest that has signed in since: somebody else may have known its id', async () => {
      const { id } = await getId(server, pool.id);
      const webIdentityToken = await tokenOf(id);
      expect((await tryAssume({ webIdentityToken })).errors).toBeUndefined();
      await getCredentials(server, id, [await loginOf(issuer, 'no-guest-any-more')]);

      expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject({
        code: 'NOT_AUTHORIZED',
        message: `Access to Identity '${id}' is forbidden.`,
      });
    });

    it('of an identity that was deleted', async () => {
      const { id } = await getId(server, pool.id);
      const webIdentityToken = await tokenOf(id);
      await server.run(
        `mutation ($id: ID!) { deleteIdentities(input: { identityIdsToDelete: [$id] }) {
           unprocessedIdentityIds { errorCode } } }`,
        { id },
        server.admin,
      );

      expect(refusalOf(await tryAssume({ webIdentityToken }))).toMatchObject({
        code: 'IDENTITY_DELETED',
        message: `Identity '${id}' was deleted.`,
      });
    });
  });
});

describe('a pool that does not allow the classic flow', () => {
  const refused = {
    code: 'INVALID_PARAMETER',
    message: 'Basic (classic) flow is not enabled, please use enhanced flow.',
  };

  it('gives no token', async () => {
    const closed = await createPool(server, { allowClassicFlow: false });
    const { id } = await getId(server, closed.id);

    expect(refusalOf(await tryGetToken(id))).toMatchObject(refused);
  });

  it('takes no token that it gave before, and goes on with the enhanced flow', async () => {
    const closing = await createPool(server);
    const { id } = await getId(server, closing.id);
    const webIdentityToken = await tokenOf(id);
    await server.run(
      `mutation ($input: UpdateIdentityPoolInput!) { updateIdentityPool(input: $input) { identityPool { id } } }`,
      {
        input: {
          identityPoolId: closing.id,
          identityPoolName: 'Closed',
          allowUnauthenticatedIdentities: true,
          allowClassicFlow: false,
        },
      },
      server.admin,
    );

    const roleArn = closing.roles.unauthenticated;
    expect(refusalOf(await tryAssume({ roleArn, webIdentityToken }))).toMatchObject(refused);
    expect(await getCredentials(server, id)).toMatchObject({ accessToken: expect.any(String) });
  });
});
