import { SignJWT, exportJWK, generateKeyPair, importJWK, type JWTPayload } from 'jose';
import { createPublicKey } from 'node:crypto';
import type { DataSource } from 'typeorm';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { dropReference } from '../../src/db/reference-cache';
import { ServiceError } from '../../src/errors';
import { openIdConnectProviderArn } from '../../src/ids';
import { FAILURE_COOL_DOWN, KEYS_TTL, UNKNOWN_KEY_COOL_DOWN } from '../../src/logins/jwks-cache';
import { OpenIdConnectProvider } from '../../src/logins/open-id-connect-provider.entity';
import { verifyLogins, type LoginSettings } from '../../src/logins/verify-logins';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  startIdentityProvider,
  type FailingMode,
  type SignOptions,
  type TestIdentityProvider,
} from '../support/identity-provider';
import { loginSettings } from '../support/login-settings';
import { TEST_NOW, fakeClock, serviceContext, type FakeClock } from '../support/service-context';

const NOW = TEST_NOW.getTime() / 1000;
const GOOD = { sub: 'alice', aud: 'client', iat: NOW, exp: NOW + 3600 };

let database: TestDatabase;
let node: DataSource;
let idp: TestIdentityProvider;
let clock: FakeClock;
let ctx: Context;
let arn: string;
let pool: LoginSettings;

beforeAll(async () => {
  database = await createTestDatabase();
});

// A data source is a node, and a node remembers the keys of issuers: each test has its own of both.
beforeEach(async () => {
  node = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
  await node.query('DELETE FROM open_id_connect_providers');
  idp = await startIdentityProvider();
  clock = fakeClock();
  ctx = serviceContext(node, { now: clock.now });
  arn = await register(idp.issuer, ['client', 'other client']);
  pool = loginSettings({ openIdConnectProviderArns: [arn] });
});

afterEach(async () => {
  await idp.close();
  await node.destroy();
});

afterAll(() => database.drop());

const register = async (url: string, clientIds: string[]): Promise<string> => {
  const providerArn = openIdConnectProviderArn(ctx.config, url);
  await node.manager.insert(OpenIdConnectProvider, {
    arn: providerArn,
    url,
    clientIds,
    createdAt: TEST_NOW,
    lastModifiedAt: TEST_NOW,
  });
  dropReference(node, 'all');
  return providerArn;
};

const logIn = (token: string, provider = idp.loginKey) => verifyLogins(ctx, pool, [{ provider, token }]);

/** The error of a login, checked for what no error may have. */
const refusal = async (token: string, provider = idp.loginKey): Promise<ServiceError> => {
  const outcome = await logIn(token, provider).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ServiceError);
  const error = outcome as ServiceError;
  if (token.length > 20)
    expect(JSON.stringify({ ...error, message: error.message })).not.toContain(token.slice(0, 20));
  return error;
};

const refused = (message: string) => ({ code: 'NOT_AUTHORIZED', message });

describe('tokens that hold', () => {
  test.each(['RS256', 'ES256'] as const)('A token signed with %s says who it is', async (algorithm) => {
    const token = await idp.sign({ ...GOOD, email: 'a@example.com' }, { algorithm });

    expect(await logIn(token)).toEqual([
      {
        provider: idp.loginKey,
        providerArn: arn,
        subject: 'alice',
        claims: { iss: idp.issuer, ...GOOD, email: 'a@example.com' },
        qualifier: `${arn}:OIDC:alice`,
        roleMappingKeys: [arn],
      },
    ]);
  });

  test.each<[string, JWTPayload]>([
    ['an audience among several', { aud: ['somebody', 'other client'] }],
    ['azp beside an audience of another party', { aud: 'somebody', azp: 'client' }],
    ['an end 299 seconds ago', { exp: NOW - 299 }],
    ['a begin in 300 seconds', { nbf: NOW + 300, iat: NOW + 300 }],
    ['a slash at the end of its issuer', {}],
    ['a subject of 255 characters', { sub: 'ü'.repeat(255) }],
  ])('A token with %s holds', async (name, claims) => {
    const iss = name.includes('slash') ? { iss: `${idp.issuer}/` } : {};

    const [login] = await logIn(await idp.sign({ ...GOOD, ...claims, ...iss }));

    expect(login?.subject).toBe(claims.sub ?? 'alice');
  });

  test('A token without a key id is tried with each key of its algorithm', async () => {
    const other = await generateKeyPair('RS256');
    idp.addPublicKeys([{ ...(await exportJWK(other.publicKey)), kid: 'other', alg: 'RS256', use: 'sig' }]);
    const token = await idp.sign(GOOD, { header: { kid: undefined } });

    expect((await logIn(token))[0]?.subject).toBe('alice');
  });
});

describe('tokens that do not hold', () => {
  test.each<[string, object, string]>([
    ['no issuer', { iss: undefined }, 'Missing a required claim: iss'],
    ['another issuer', { iss: 'https://elsewhere.example' }, "Issuer doesn't match providerName"],
    ['an issuer that is no text', { iss: 1 }, "Issuer doesn't match providerName"],
    ['no audience', { aud: undefined }, 'Missing a required claim: aud'],
    ['no audience beside azp', { aud: undefined, azp: 'client' }, 'Missing a required claim: aud'],
    ['another audience', { aud: 'somebody' }, 'Incorrect token audience.'],
    ['an empty list of audiences', { aud: [] }, 'Incorrect token audience.'],
    ['another azp beside the right audience', { azp: 'somebody' }, 'Incorrect token audience.'],
    ['an azp that is no text', { azp: ['client'] }, 'Incorrect token audience.'],
    ['no end', { exp: undefined }, 'Missing a required claim: exp'],
    ['an end 300 seconds ago', { exp: NOW - 300 }, `Token expired: ${NOW} >= ${NOW - 300}`],
    [
      'an end that is no number',
      { exp: 'tomorrow' },
      'The claim exp must be a number of seconds since 1970.',
    ],
    ['no begin', { iat: undefined }, 'Missing a required claim: iat'],
    ['a begin in 301 seconds', { iat: NOW + 301 }, `Token issued in the future: ${NOW} < ${NOW + 301}`],
    ['a validity in 301 seconds', { nbf: NOW + 301 }, `Token not yet valid: ${NOW} < ${NOW + 301}`],
    ['no subject', { sub: undefined }, 'Missing a required claim: sub'],
    ['an empty subject', { sub: '' }, 'The claim sub must be a text of 1 to 255 characters.'],
    [
      'a subject of 256 characters',
      { sub: 'x'.repeat(256) },
      'The claim sub must be a text of 1 to 255 characters.',
    ],
    ['a subject that is a number', { sub: 7 }, 'The claim sub must be a text of 1 to 255 characters.'],
    [
      'half a character as subject',
      { sub: '\ud800' },
      'The claim sub must be a text of 1 to 255 characters.',
    ],
    ['NUL in its subject', { sub: 'a\0b' }, 'The claim sub must be a text of 1 to 255 characters.'],
  ])('A token with %s is refused', async (_, claims, message) => {
    const token = await idp.sign({ ...GOOD, ...claims } as JWTPayload);

    expect(await refusal(token)).toMatchObject(refused(`Invalid login token. ${message}`));
  });

  test.each([
    'x',
    'a.b',
    'a.b.c',
    'a.b.c.d.e',
    'eyJhbGciOiJSUzI1NiJ9.W10.x',
    '🐙'.repeat(100),
    'x'.repeat(50_000),
  ])('What is no token is refused as such', async (token) => {
    const error = await refusal(token);

    expect(error).toMatchObject(refused('Invalid login token. Not a valid OpenId Connect identity token.'));
    expect(error.fields.hint).toContain('Send the ID token');
    expect(idp.requests).toEqual({ discovery: 0, keys: 0 });
  });

  const UNVERIFIED = refused("Invalid login token. Couldn't verify signed token.");

  /** A token of somebody else's making, in the issuer's name. */
  const forge = async (header: object, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT({ iss: idp.issuer, ...GOOD }).setProtectedHeader({ alg: 'RS256', ...header }).sign(key);

  test('A token signed with a stranger’s key under the issuer’s key id is refused', async () => {
    const stranger = await generateKeyPair('RS256');
    const { kid } = idp.publicKeys()[0]!;

    expect(await refusal(await forge({ kid }, stranger.privateKey))).toMatchObject(UNVERIFIED);
    expect(await refusal(await forge({}, stranger.privateKey))).toMatchObject(UNVERIFIED);
  });

  test('A token that brings its own key along is refused', async () => {
    const stranger = await generateKeyPair('RS256');
    const jwk = await exportJWK(stranger.publicKey);

    expect(await refusal(await forge({ jwk, jku: idp.issuer }, stranger.privateKey))).toMatchObject(
      UNVERIFIED,
    );
  });

  test('A token without signature is refused, whatever it says of its algorithm', async () => {
    const [header, payload] = (await idp.sign(GOOD)).split('.') as [string, string];
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

    for (const head of [header, ...['none', 'None', 'NONE', ''].map((alg) => encode({ alg })), encode({})])
      expect(await refusal(`${head}.${payload}.`)).toMatchObject(UNVERIFIED);
  });

  test.each(['pem', 'n', 'jwk'])(
    'A token signed with HS256 and the public key (%s) is refused',
    async (form) => {
      const jwk = idp.publicKeys()[0]!;
      const pem = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
      const secret = { pem: String(pem), n: jwk.n!, jwk: JSON.stringify(jwk) }[form]!;

      expect(await refusal(await forge({ alg: 'HS256', kid: jwk.kid }, Buffer.from(secret)))).toMatchObject(
        UNVERIFIED,
      );
      expect(idp.requests.keys).toBe(0);
    },
  );

  test('A secret key among the published ones signs nothing', async () => {
    const secret = Buffer.alloc(32, 7);
    idp.addPublicKeys([{ kty: 'oct', k: secret.toString('base64url'), kid: 'oct', alg: 'HS256' }]);

    expect(await refusal(await forge({ alg: 'HS256', kid: 'oct' }, secret))).toMatchObject(UNVERIFIED);
  });

  test('A key published for encryption, and a private one published by mistake, sign nothing', async () => {
    const pair = await generateKeyPair('RS256', { extractable: true });
    idp.addPublicKeys([
      { ...(await exportJWK(pair.publicKey)), kid: 'enc', use: 'enc' },
      { ...(await exportJWK(pair.privateKey)), kid: 'private', use: 'sig' },
    ]);

    for (const kid of ['enc', 'private'])
      expect(await refusal(await forge({ kid }, pair.privateKey))).toMatchObject(UNVERIFIED);
  });

  test('A key of the wrong kind for the algorithm signs nothing', async () => {
    const ec = await generateKeyPair('ES384');
    idp.addPublicKeys([{ ...(await exportJWK(ec.publicKey)), kid: 'p384' }]);
    const pair = await importJWK(
      await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey),
      'ES256',
    );

    expect(await refusal(await forge({ alg: 'ES256', kid: 'p384' }, pair))).toMatchObject(UNVERIFIED);
  });

  test('A token with an algorithm that is not on the list, or an extension, is refused', async () => {
    const ed = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
    idp.addPublicKeys([{ ...(await exportJWK(ed.publicKey)), kid: 'ed' }]);
    const extended: SignOptions = { header: { b64: true, crit: ['b64'] } };

    expect(await refusal(await forge({ alg: 'EdDSA', kid: 'ed' }, ed.privateKey))).toMatchObject(UNVERIFIED);
    expect(await refusal(await idp.sign(GOOD, extended))).toMatchObject(UNVERIFIED);
  });

  test('A changed claim breaks the signature', async () => {
    const [header, payload, signature] = (await idp.sign(GOOD)).split('.') as [string, string, string];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url');

    expect(await refusal(`${header}.${changed}.${signature}`)).toMatchObject(UNVERIFIED);
  });

  test('The signature is checked before audience and times, which then say nothing to a forger', async () => {
    const stranger = await generateKeyPair('RS256');
    const token = await new SignJWT({ iss: idp.issuer, sub: 'alice', aud: 'somebody', exp: 1 })
      .setProtectedHeader({ alg: 'RS256' })
      .sign(stranger.privateKey);

    expect(await refusal(token)).toMatchObject(UNVERIFIED);
  });
});

describe('issuers', () => {
  test('A token of another registered issuer under this one’s key is refused, and that issuer is not asked', async () => {
    const other = await startIdentityProvider();
    pool.openIdConnectProviderArns.push(await register(other.issuer, ['client']));

    const error = await refusal(await other.sign(GOOD));
    await other.close();

    expect(error).toMatchObject(refused("Invalid login token. Issuer doesn't match providerName"));
    expect(error.fields.hint).toContain(idp.issuer);
    expect([other.requests, idp.requests]).toEqual([
      { discovery: 0, keys: 0 },
      { discovery: 0, keys: 0 },
    ]);
  });

  test('A registered issuer that the pool does not name is refused and not asked', async () => {
    pool.openIdConnectProviderArns = [];

    const error = await refusal(await idp.sign(GOOD));

    expect(error).toMatchObject(refused('Token is not from a supported provider of this identity pool.'));
    expect(error.fields).toEqual({
      provider: idp.loginKey,
      hint: 'No login provider is configured for this identity pool: updateIdentityPool adds one.',
    });
    expect(idp.requests.discovery).toBe(0);
  });

  test('An issuer that is no longer registered is refused', async () => {
    await node.query('DELETE FROM open_id_connect_providers');

    expect(await refusal(await idp.sign(GOOD))).toMatchObject(
      refused('Token is not from a supported provider of this identity pool.'),
    );
  });

  test.each(['https://KEY', 'http://KEY', 'KEY/', 'KEY.', 'accounts.google.com'])(
    'The key %s is refused with the keys that the pool takes',
    async (form) => {
      const error = await refusal(await idp.sign(GOOD), form.replace('KEY', idp.loginKey));

      expect(error).toMatchObject(refused('Token is not from a supported provider of this identity pool.'));
      expect(error.fields.hint).toBe(
        `This identity pool takes the keys ${idp.loginKey}. The key of an issuer is its address without https://.`,
      );
    },
  );

  test.each<[FailingMode, string]>([
    ['status 500', 'it answered with status 500'],
    ['not JSON', 'its answer is not JSON'],
    ['JSON null', 'its discovery document names another issuer'],
    ['other issuer', 'its discovery document names another issuer'],
    ['no jwks_uri', 'its discovery document has no jwks_uri'],
    ['http jwks_uri', 'its jwks_uri does not begin with https://'],
    ['redirect to another origin', 'it redirects to another origin'],
    ['endless redirects', 'it redirects too often'],
    ['huge body', 'its answer is larger than 1048576 bytes'],
    ['malformed key set', 'its key set is malformed'],
    ['bottomless key set', 'its key set is malformed'],
    ['keys without answer', 'it cannot be reached (UND_ERR_SOCKET)'],
  ])('An issuer with %s is an external failure, and is believed again afterwards', async (mode, reason) => {
    idp.failWith(mode);
    const token = await idp.sign(GOOD);

    const error = await refusal(token);
    idp.failWith('none');
    clock.advance(FAILURE_COOL_DOWN / 1000);

    expect(error).toMatchObject({
      code: 'EXTERNAL_SERVICE',
      message: `The identity provider ${idp.issuer} did not give its signing keys: ${reason}.`,
      fields: { issuer: idp.issuer },
    });
    expect((await logIn(token))[0]?.subject).toBe('alice');
  });

  test('An issuer that redirects on its own origin is followed', async () => {
    idp.failWith('redirect on the same origin');

    expect((await logIn(await idp.sign(GOOD)))[0]?.subject).toBe('alice');
  });

  test('An issuer from outside cannot send us to a port of this machine', async () => {
    const local = await startIdentityProvider();
    const far = 'https://far.example';
    pool.openIdConnectProviderArns = [await register(far, ['client'])];
    const answer = (body: object) => new Response(JSON.stringify(body));
    const fetched = jest
      .spyOn(globalThis, 'fetch')
      .mockResolvedValueOnce(answer({ issuer: far, jwks_uri: `${local.issuer}/keys` }));

    const error = await refusal(await idp.sign({ ...GOOD, iss: far }), 'far.example');
    const calls = fetched.mock.calls.length;
    fetched.mockRestore();
    await local.close();

    expect(error.message).toContain('its jwks_uri does not begin with https://');
    expect([calls, local.requests.keys]).toEqual([1, 0]);
  });
});

describe('keys', () => {
  const counts = () => ({ ...idp.requests });

  test('Keys are fetched once in ten minutes', async () => {
    const token = await idp.sign({ ...GOOD, exp: NOW + 86_400 });

    await logIn(token);
    clock.advance(KEYS_TTL / 1000 - 1);
    await logIn(token);
    const before = counts();
    clock.advance(1);
    await logIn(token);

    expect([before, counts()]).toEqual([
      { discovery: 1, keys: 1 },
      { discovery: 2, keys: 2 },
    ]);
  });

  test('Keys from the future, seen after the clock was set back, are fetched again', async () => {
    const token = await idp.sign(GOOD);
    await logIn(token);

    clock.advance(-1);
    await logIn(token);

    expect(counts()).toEqual({ discovery: 2, keys: 2 });
  });

  test('A hundred first logins at once share one fetch', async () => {
    const token = await idp.sign(GOOD);

    await Promise.all(Array.from({ length: 100 }, () => logIn(token)));

    expect(counts()).toEqual({ discovery: 1, keys: 1 });
  });

  test('A rotated key is picked up when the cool-down is over, and the old one is then refused', async () => {
    const old = await idp.sign(GOOD);
    await logIn(old);
    await idp.rotateKeys();
    const fresh = await idp.sign(GOOD);

    const tooEarly = await refusal(fresh);
    clock.advance(UNKNOWN_KEY_COOL_DOWN / 1000);
    const [login] = await logIn(fresh);
    const tooLate = await refusal(old);

    expect(tooEarly).toMatchObject(refused("Invalid login token. Couldn't verify signed token."));
    expect(login?.subject).toBe('alice');
    expect(tooLate).toMatchObject(refused("Invalid login token. Couldn't verify signed token."));
    expect(counts()).toEqual({ discovery: 2, keys: 2 });
  });

  test('A flood of unknown keys asks the issuer no more than every 30 seconds', async () => {
    await logIn(await idp.sign(GOOD));
    const flood = await Promise.all(
      Array.from({ length: 50 }, (_, index) => idp.sign(GOOD, { header: { kid: `made up ${index}` } })),
    );

    for (let second = 0; second < 61; second += 1) {
      await Promise.allSettled(flood.map((token) => logIn(token)));
      clock.advance(1);
    }

    expect(counts()).toEqual({ discovery: 3, keys: 3 });
  });

  test('While the issuer is down, known keys go on to be used until they are ten minutes old', async () => {
    const token = await idp.sign(GOOD);
    await logIn(token);
    idp.failWith('status 500');
    clock.advance(60);

    const unknown = await refusal(await idp.sign(GOOD, { header: { kid: 'new' } }));
    const known = await logIn(token);
    clock.advance(KEYS_TTL / 1000);
    const stale = await refusal(token);

    expect([unknown.code, stale.code]).toEqual(['EXTERNAL_SERVICE', 'EXTERNAL_SERVICE']);
    expect(known[0]?.subject).toBe('alice');
  });

  test('An issuer that is down is asked at most every two seconds', async () => {
    idp.failWith('status 500');
    const token = await idp.sign(GOOD);

    for (let call = 0; call < 10; call += 1) await refusal(token);
    clock.advance(FAILURE_COOL_DOWN / 1000);
    await refusal(token);

    expect(counts()).toEqual({ discovery: 2, keys: 0 });
  });
});

describe('several logins', () => {
  test('All of them hold, in their order, or the first that does not is the answer', async () => {
    const other = await startIdentityProvider();
    const otherArn = await register(other.issuer, ['client']);
    pool.openIdConnectProviderArns.push(otherArn);
    const mine = { provider: idp.loginKey, token: await idp.sign(GOOD) };
    const theirs = { provider: other.loginKey, token: await other.sign({ ...GOOD, sub: 'bob' }) };
    const bad = { ...theirs, token: await other.sign({ ...GOOD, aud: 'x' }) };
    const worse = { ...mine, token: 'x' };

    const both = await verifyLogins(ctx, pool, [theirs, mine]);
    const errors = await Promise.allSettled([
      verifyLogins(ctx, pool, [mine, bad]),
      verifyLogins(ctx, pool, [bad, worse]),
    ]);
    await other.close();

    expect(both.map(({ subject, providerArn }) => [subject, providerArn])).toEqual([
      ['bob', otherArn],
      ['alice', arn],
    ]);
    for (const outcome of errors)
      expect(outcome).toMatchObject({ reason: refused('Invalid login token. Incorrect token audience.') });
  });

  test('No issuer is asked when one of the keys is not of the pool', async () => {
    const logins = [
      { provider: idp.loginKey, token: await idp.sign(GOOD) },
      { provider: 'accounts.google.com', token: 'x' },
    ];

    await expect(verifyLogins(ctx, pool, logins)).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect(idp.requests.discovery).toBe(0);
  });

  const login = (provider: string, token = 'x') => ({ provider, token });

  test.each([
    ['the same key twice', [login('a'), login('b'), login('a')], 'logins[2].provider'],
    ['eleven logins', Array.from({ length: 11 }, (_, index) => login(`${index}`)), 'logins'],
    ['an empty key', [login('')], 'logins[0].provider'],
    ['a key of 129 characters', [login('x'.repeat(129))], 'logins[0].provider'],
    ['an empty token', [login('a', '')], 'logins[0].token'],
    ['a token of 50,001 characters', [login('a', 'x'.repeat(50_001))], 'logins[0].token'],
  ])('%s is an invalid parameter', async (_, logins, field) => {
    await expect(verifyLogins(ctx, pool, logins)).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field },
    });
  });

  test('No logins are no logins', async () => {
    expect(await verifyLogins(ctx, pool, [])).toEqual([]);
  });
});
