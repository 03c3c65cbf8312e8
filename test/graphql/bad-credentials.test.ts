import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { SignJWT, UnsecuredJWT, decodeJwt, generateKeyPair } from 'jose';
import { deriveKey } from '../../src/tokens/seal';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { TEST_SECRET, startTestServer, type GraphqlAnswer, type TestServer } from '../support/server';
import { fakeClock } from '../support/service-context';

/*
 * Credentials that do not hold. What needs some is refused and says why; what needs none goes on working, so that a
 * client whose token has expired can get a new one.
 */

const clock = fakeClock();
let server: TestServer;
let issuer: TestIdentityProvider;
let guest: Guest;

interface Guest {
  identityPoolId: string;
  identityId: string;
  accessToken: string;
  sessionToken: string;
  accessKeyId: string;
  secretKey: string;
}

const GET_ID = 'mutation ($input: GetIdInput!) { getId(input: $input) { identityId } }';
const GET_CREDENTIALS = `mutation ($input: GetCredentialsForIdentityInput!) { getCredentialsForIdentity(input: $input) {
  credentials { accessKeyId secretKey sessionToken accessToken } } }`;
const LIST = '{ listRecords(input: { datasetName: "d" }) { count } }';
const VIEWER = '{ viewer { id } }';
const CREATE_POOL = `mutation ($input: CreateIdentityPoolInput!) {
  createIdentityPool(input: $input) { identityPool { id } } }`;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer({ now: clock.now }), startIdentityProvider()]);
  const input = { identityPoolName: 'p', allowUnauthenticatedIdentities: true };
  const { createIdentityPool } = await server.run(CREATE_POOL, { input }, server.admin);
  guest = await newGuest(createIdentityPool.identityPool.id);
});
afterAll(async () => {
  await Promise.all([server?.close(), issuer?.close()]);
});

const newGuest = async (identityPoolId: string): Promise<Guest> => {
  const { identityId } = (await server.run(GET_ID, { input: { identityPoolId } })).getId;
  const data = await server.run(GET_CREDENTIALS, { input: { identityId } });
  return { identityPoolId, identityId, ...data.getCredentialsForIdentity.credentials };
};

/** One call with an Authorization header as it is. */
const send = async (query: string, authorization: string, variables: object = {}): Promise<GraphqlAnswer> => {
  const answer = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify({ query, variables }),
  });
  return { status: answer.status, ...((await answer.json()) as Omit<GraphqlAnswer, 'status'>) };
};

/** Refused where credentials are needed, with the reason, and only there. */
const expectRefused = async (authorization: string, reason: string): Promise<void> => {
  const refused = [await send(LIST, authorization), await send(VIEWER, authorization)];
  const open = await send(GET_ID, authorization, { input: { identityPoolId: guest.identityPoolId } });

  for (const { errors } of refused) {
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_AUTHORIZED', reason });
    if (authorization.length > 20) expect(JSON.stringify(errors)).not.toContain(authorization.slice(7));
  }
  expect(open.errors).toBeUndefined();
  expect(open.data.getId.identityId).toMatch(/^us-east-1:/);
};

test('the token that all of these are made from holds', async () => {
  expect((await send(LIST, `Bearer ${guest.accessToken}`)).data).toEqual({ listRecords: { count: 0 } });
  expect((await send(LIST, `bEARER   ${guest.accessToken} `)).data).toEqual({ listRecords: { count: 0 } });
});

test('no credentials at all are MISSING, and the sentence says how to get some', async () => {
  const { errors } = await server.graphql(LIST);

  expect(errors?.[0]).toMatchObject({
    message: expect.stringContaining('getCredentialsForIdentity'),
    extensions: { code: 'NOT_AUTHORIZED', reason: 'MISSING', action: 'cognito-sync:ListRecords' },
  });
});

describe('a header that is no bearer', () => {
  test.each([
    ['no scheme', 'abc'],
    ['only the scheme', 'Bearer'],
    ['another scheme', 'Basic dGVzdDp0ZXN0'],
    ['a signature', 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=f'],
    ['two tokens', 'Bearer abc def'],
    ['a tab in between', 'Bearer\tabc'],
    ['letters beyond ASCII', 'Bearer \u00e9\u00ff\u00fe'],
    ['dots', 'Bearer ..'],
    ['one dot', 'Bearer .'],
    ['a dot before', 'Bearer .secret'],
    ['an empty token of three parts', 'Bearer eyJ..'],
    ['what looks like a token', 'Bearer eyJhbGciOiJIUzI1NiJ9.e30.AAAA'],
    ['12,000 characters', `Bearer ${'x'.repeat(12_000)}`],
    ['12,000 characters of a token', `Bearer eyJ${'x'.repeat(6000)}.${'y'.repeat(6000)}.z`],
    ['a key with SQL', "Bearer a'OR'1'='1.secret"],
  ])('is INVALID: %s', async (_name, authorization) => {
    await expectRefused(authorization, 'INVALID');
  });

  test('of 100,000 characters is refused by HTTP, and the server is up', async () => {
    const { hostname, port } = new URL(server.url);
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const socket = connect(Number(port), hostname, () =>
        socket.write(
          `POST /graphql HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${'x'.repeat(100_000)}\r\n\r\n`,
        ),
      );
      socket.on('data', (data) => (text += data.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });

    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect((await server.graphql(VIEWER)).data).toEqual({ viewer: null });
  });
});

describe('an access token', () => {
  const claims = () => decodeJwt(guest.accessToken);
  const header = { alg: 'HS256', typ: 'at+jwt' };
  const ownKey = () => deriveKey(TEST_SECRET, 'access-token');
  const signed = (changes: object = {}, headerChanges: object = {}, key = ownKey()) =>
    new SignJWT({ ...claims(), ...changes }).setProtectedHeader({ ...header, ...headerChanges }).sign(key);

  test('made anew with the server’s own key would hold, so each of these is refused for its one fault', async () => {
    expect((await send(LIST, `Bearer ${await signed()}`)).data).toEqual({ listRecords: { count: 0 } });
  });

  test('signed with another key is INVALID', async () => {
    await expectRefused(`Bearer ${await signed({}, {}, Buffer.alloc(32, 7))}`, 'INVALID');
  });

  test('signed with the right key for another purpose is INVALID', async () => {
    await expectRefused(`Bearer ${await signed({}, {}, deriveKey(TEST_SECRET, 'session-token'))}`, 'INVALID');
  });

  test('with alg none is INVALID, signature or not', async () => {
    const unsecured = new UnsecuredJWT(claims()).encode();
    const [, payload, signature] = guest.accessToken.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');

    await expectRefused(`Bearer ${unsecured}`, 'INVALID');
    await expectRefused(`Bearer ${none}.${payload}.${signature}`, 'INVALID');
    await expectRefused(`Bearer ${none}.${payload}.`, 'INVALID');
  });

  test.each(['HS384', 'HS512'])('with the algorithm %s is INVALID', async (alg) => {
    const text = [{ ...header, alg }, claims()]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const mac = createHmac(alg.replace('HS', 'sha'), ownKey()).update(text).digest('base64url');

    await expectRefused(`Bearer ${text}.${mac}`, 'INVALID');
  });

  test('signed by a public key that came along is INVALID', async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const forged = await new SignJWT(claims())
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', jwk: { kty: 'RSA' } })
      .sign(privateKey);

    await expectRefused(`Bearer ${forged}`, 'INVALID');
  });

  test.each([
    ['another issuer', { iss: 'https://elsewhere.example.com' }],
    ['another audience', { aud: 'elsewhere' }],
    ['no identity', { sub: undefined }],
    ['no pool', { pool: undefined }],
    ['no role', { role: undefined }],
    ['no end', { exp: undefined }],
  ])('with %s is INVALID', async (_name, changes) => {
    await expectRefused(`Bearer ${await signed(changes)}`, 'INVALID');
  });

  test('of another type is INVALID', async () => {
    await expectRefused(`Bearer ${await signed({}, { typ: 'JWT' })}`, 'INVALID');
  });

  test('with another identity in the place of its own is INVALID', async () => {
    const [head, , signature] = guest.accessToken.split('.');
    const payload = Buffer.from(JSON.stringify({ ...claims(), sub: 'us-east-1:0' })).toString('base64url');

    await expectRefused(`Bearer ${head}.${payload}.${signature}`, 'INVALID');
  });

  test('is EXPIRED after an hour, to the second, and a new one is to be had with it in the header', async () => {
    const { accessToken, identityId } = await newGuest(guest.identityPoolId);
    const bearer = `Bearer ${accessToken}`;
    clock.advance(3599);
    expect((await send(LIST, bearer)).errors).toBeUndefined();

    clock.advance(1);
    await expectRefused(bearer, 'EXPIRED');

    const { data } = await send(GET_CREDENTIALS, bearer, { input: { identityId } });
    const fresh = data.getCredentialsForIdentity.credentials.accessToken;
    expect((await send(LIST, `Bearer ${fresh}`)).data).toEqual({ listRecords: { count: 0 } });
    clock.advance(-3600);
  });
});

describe('what is a token, but not this one', () => {
  test('an open id token is no bearer', async () => {
    const { getOpenIdToken } = await server.run(
      'mutation ($input: GetOpenIdTokenInput!) { getOpenIdToken(input: $input) { token } }',
      { input: { identityId: guest.identityId } },
    );

    await expectRefused(`Bearer ${getOpenIdToken.token}`, 'INVALID');
  });

  test('an ID token of an issuer is no bearer', async () => {
    await expectRefused(`Bearer ${await issuer.sign({ sub: 'ada', aud: 'app' })}`, 'INVALID');
  });

  test('the session token, which travels in the clear, is no bearer; nor is the temporary secret', async () => {
    await expectRefused(`Bearer ${guest.sessionToken}`, 'INVALID');
    await expectRefused(`Bearer ${guest.secretKey}`, 'INVALID');
    await expectRefused(`Bearer ${guest.accessKeyId}.${guest.secretKey}`, 'INVALID');
  });

  test('a sync session token is no bearer', async () => {
    const { data } = await send(
      '{ listRecords(input: { datasetName: "d" }) { syncSessionToken } }',
      `Bearer ${guest.accessToken}`,
    );

    await expectRefused(`Bearer ${data.listRecords.syncSessionToken}`, 'INVALID');
  });
});

describe('an administrator key', () => {
  const [id, secret] = ['TESTADMIN', 'not-a-real-secret-9f2c71'];

  test.each([
    ['another secret', `${id}.wrong-secret-of-the-key`],
    ['a secret cut short', `${id}.${secret.slice(0, -1)}`],
    ['a secret with more', `${id}.${secret}x`],
    ['no secret', `${id}.`],
    ['no dot', id],
    ['another id', `OTHERADMIN.${secret}`],
    ['the id in small letters', `${id.toLowerCase()}.${secret}`],
    ['id and secret swapped', `${secret}.${id}`],
  ])('with %s is INVALID, in the same words as any other', async (_name, bearer) => {
    await expectRefused(`Bearer ${bearer}`, 'INVALID');
    const { errors } = await send('{ roles { nodes { name } } }', `Bearer ${bearer}`);
    expect(errors?.[0]?.message).toBe(
      'The bearer is neither an access token nor an API key of this server. An API key is sent as <accessKeyId>.<secretAccessKey>.',
    );
  });
});

describe('a login that does not hold opens nothing', () => {
  let identityPoolId: string;
  beforeAll(async () => {
    const { createOpenIDConnectProvider } = await server.run(
      'mutation ($input: CreateOpenIDConnectProviderInput!) { createOpenIDConnectProvider(input: $input) { openIDConnectProviderArn } }',
      { input: { url: issuer.issuer, clientIDList: ['app'] } },
      server.admin,
    );
    const input = {
      identityPoolName: 'p',
      allowUnauthenticatedIdentities: true,
      openIdConnectProviderARNs: [createOpenIDConnectProvider.openIDConnectProviderArn],
    };
    identityPoolId = (await server.run(CREATE_POOL, { input }, server.admin)).createIdentityPool.identityPool
      .id;
  });

  const now = () => Math.floor(clock.now().getTime() / 1000);
  const times = () => ({ iat: now(), exp: now() + 3600 });
  const getId = async (token: string) => {
    const before = await server.dataSource.query('SELECT count(*)::int FROM identities');
    const answer = await server.graphql(GET_ID, {
      input: { identityPoolId, logins: [{ provider: issuer.loginKey, token }] },
    });
    if (answer.errors) {
      expect(JSON.stringify(answer.errors)).not.toContain(token);
      expect(await server.dataSource.query('SELECT count(*)::int FROM identities')).toEqual(before);
    }
    return answer.errors?.[0]?.extensions.code ?? 'OK';
  };

  test('but a good one does', async () => {
    expect(await getId(await issuer.sign({ sub: 'ada', aud: 'app', ...times() }))).toBe('OK');
  });

  const tokens: Record<string, () => Promise<string>> = {
    'signed by the key of somebody else': async () => {
      const { privateKey } = await generateKeyPair('RS256');
      const kid = issuer.publicKeys()[0]?.kid;
      return new SignJWT({ iss: issuer.issuer, sub: 'ada', aud: 'app', ...times() })
        .setProtectedHeader({ alg: 'RS256', ...(kid ? { kid } : {}) })
        .sign(privateKey);
    },
    'with alg none': async () =>
      new UnsecuredJWT({ iss: issuer.issuer, sub: 'ada', aud: 'app', ...times() }).encode(),
    'signed with the public key as a shared secret': async () =>
      new SignJWT({ iss: issuer.issuer, sub: 'ada', aud: 'app', ...times() })
        .setProtectedHeader({ alg: 'HS256' })
        .sign(Buffer.from(JSON.stringify(issuer.publicKeys()[0]))),
    'that has expired': () => issuer.sign({ sub: 'ada', aud: 'app', iat: now() - 7200, exp: now() - 3600 }),
    'for another app': () => issuer.sign({ sub: 'ada', aud: 'other', ...times() }),
    'of another issuer': () =>
      issuer.sign({ sub: 'ada', aud: 'app', iss: 'https://elsewhere.example.com', ...times() }),
    'without a subject': () => issuer.sign({ aud: 'app', ...times() }),
    'that is none': async () => 'not-a-token-of-anybody-at-all',
  };

  test.each(Object.entries(tokens))('a token %s is NOT_AUTHORIZED', async (_name, make) => {
    expect(await getId(await make())).toBe('NOT_AUTHORIZED');
  });
});
