import { createHmac, generateKeyPairSync } from 'node:crypto';
import { SignJWT, decodeJwt, decodeProtectedHeader } from 'jose';
import { loadConfig } from '../../src/config';
import type { ServerConfig } from '../../src/context';
import { ServiceError } from '../../src/errors';
import { issueAccessToken, verifyAccessToken, type AccessTokenSession } from '../../src/tokens/access-token';
import { deriveKey } from '../../src/tokens/seal';
import { TEST_NOW } from '../support/service-context';

const configOf = (overrides: Partial<ServerConfig> = {}): ServerConfig => ({
  ...loadConfig({}),
  secret: 'a master secret of the tests, long enough',
  publicUrl: 'http://localhost:4000',
  ...overrides,
});

const SESSION: AccessTokenSession = {
  identityId: 'us-east-1:aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
  identityPoolId: 'us-east-1:11111111-2222-4333-8444-555555555555',
  roleArn: 'arn:aws:iam::000000000000:role/Player',
  sessionName: 'CognitoIdentityCredentials',
  amr: ['authenticated', 'a', 'arn:a'],
  principalTags: { team: 'blue' },
  cut: false,
  expiresAt: new Date(TEST_NOW.getTime() + 3_600_000),
};

const config = configOf();
const later = (seconds: number): Date => new Date(TEST_NOW.getTime() + seconds * 1000);

const refusal = async (token: string, now = TEST_NOW, by = config): Promise<ServiceError> => {
  const outcome = await verifyAccessToken(by, now, token).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ServiceError);
  return outcome as ServiceError;
};

const CLAIMS = {
  iss: 'http://localhost:4000',
  aud: 'rockpool',
  sub: SESSION.identityId,
  pool: SESSION.identityPoolId,
  role: SESSION.roleArn,
  session: SESSION.sessionName,
  amr: SESSION.amr,
  tags: {},
  jti: 'x',
  iat: TEST_NOW.getTime() / 1000,
  exp: TEST_NOW.getTime() / 1000 + 60,
};

/** A token with our key and whatever claims and header. */
const forge = (claims: object, header: object = {}): Promise<string> =>
  new SignJWT({ ...CLAIMS, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', ...header })
    .sign(deriveKey(config.secret, 'access-token'));

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('issuing', () => {
  test.each([
    ['of a user', SESSION],
    ['of a guest that is cut down', { ...SESSION, amr: ['unauthenticated'], cut: true, principalTags: {} }],
    ['with a session policy', { ...SESSION, policy: '{"Statement":[]}' }],
  ])('A session %s comes back unchanged', async (_, session) => {
    const verified = await verifyAccessToken(
      config,
      TEST_NOW,
      await issueAccessToken(config, TEST_NOW, session),
    );

    expect(verified).toEqual({ ...session, tokenId: expect.any(String), issuedAt: TEST_NOW });
  });

  test('The token says what RFC 9068 asks for and leaves out what does not apply', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);

    expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', typ: 'at+jwt' });
    expect(decodeJwt(token)).toEqual({
      ...CLAIMS,
      tags: { team: 'blue' },
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      exp: SESSION.expiresAt.getTime() / 1000,
    });
  });

  test('A session that no request could carry in a header is refused, and one that is nearly as large is not', async () => {
    const tagged = (count: number) => {
      const tags = Array.from({ length: count }, (_, index) => [`tag-${index}`, 'x'.repeat(256)] as const);
      return issueAccessToken(config, TEST_NOW, { ...SESSION, principalTags: Object.fromEntries(tags) });
    };

    await expect(tagged(35)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'sessionSize', maximum: 12_288, value: expect.any(Number) },
    });
    expect((await verifyAccessToken(config, TEST_NOW, await tagged(30))).principalTags).toHaveProperty(
      'tag-29',
    );
  });

  test('Two tokens of one session differ', async () => {
    const issue = () => issueAccessToken(config, TEST_NOW, SESSION);

    expect(await issue()).not.toBe(await issue());
  });
});

describe('time', () => {
  test.each([false, true])('A token ends with its session (seen before: %s)', async (seenBefore) => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);
    if (seenBefore) await verifyAccessToken(config, TEST_NOW, token);

    const lastMoment = await verifyAccessToken(config, later(3599), token);
    const error = await refusal(token, later(3600));

    expect(lastMoment.identityId).toBe(SESSION.identityId);
    expect(error).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'The access token has expired. Call getCredentialsForIdentity again.',
      fields: { reason: 'EXPIRED', expiredAt: '2027-03-01T01:00:00.000Z' },
    });
  });

  test('A forged token that has expired is invalid, not expired', async () => {
    const token = await issueAccessToken(
      configOf({ secret: 'somebody else, with another secret' }),
      TEST_NOW,
      SESSION,
    );

    expect((await refusal(token, later(9999))).fields.reason).toBe('INVALID');
  });
});

describe('forgeries', () => {
  const invalid = { code: 'NOT_AUTHORIZED', fields: { reason: 'INVALID' } };

  test.each([
    ['another issuer', { iss: 'http://elsewhere' }, {}],
    ['another audience', { aud: 'us-east-1:pool' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['no end', { exp: undefined }, {}],
    ['no subject', { sub: undefined }, {}],
    ['no role', { role: undefined }, {}],
    ['tags that are no texts', { tags: { a: 1 } }, {}],
    ['another type', {}, { typ: 'JWT' }],
    ['no type', {}, { typ: undefined }],
    ['another algorithm', {}, { alg: 'HS512' }],
  ])('A token with %s is refused', async (_, claims, header) => {
    const alg = (header as { alg?: string }).alg ?? 'HS256';
    const key = Buffer.concat([
      deriveKey(config.secret, 'access-token'),
      Buffer.alloc(alg === 'HS512' ? 32 : 0),
    ]);
    const token = await new SignJWT(JSON.parse(JSON.stringify({ ...CLAIMS, ...claims })))
      .setProtectedHeader({ alg, typ: 'at+jwt', ...header })
      .sign(key);

    expect(await refusal(token)).toMatchObject(invalid);
  });

  test('The forgeries above fail for what they change: the same token unchanged holds', async () => {
    expect((await verifyAccessToken(config, TEST_NOW, await forge({}))).tokenId).toBe('x');
  });

  test('A change of any character is refused, after the true token was seen too', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);
    await verifyAccessToken(config, TEST_NOW, token);
    const places = Array.from({ length: token.length }, (_, index) => index).filter((i) => i % 7 === 0);

    for (const place of places) {
      const changed = `${token.slice(0, place)}${token[place] === 'A' ? 'B' : 'A'}${token.slice(place + 1)}`;
      expect(await refusal(changed)).toMatchObject(invalid);
    }
  });

  test('Of a token’s last character no other spelling of the same bytes is taken', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);
    const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];

    for (const last of alphabet.filter((character) => character !== token.at(-1)))
      expect(await refusal(`${token.slice(0, -1)}${last}`)).toMatchObject(invalid);
  });

  test('No signature, the algorithm none, and an RSA token are refused', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);
    const [header, payload] = token.split('.') as [string, string];
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const rsa = await new SignJWT(CLAIMS)
      .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt' })
      .sign(privateKey);

    for (const forged of [
      `${header}.${payload}.`,
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      rsa,
    ])
      expect(await refusal(forged)).toMatchObject(invalid);
  });

  test('A token signed with the master secret itself, or with a key for another purpose, is refused', async () => {
    const [header, payload] = (await forge({})).split('.') as [string, string];

    for (const key of [config.secret, deriveKey(config.secret, 'session-token')]) {
      const signature = createHmac('sha256', key).update(`${header}.${payload}`).digest('base64url');
      expect(await refusal(`${header}.${payload}.${signature}`)).toMatchObject(invalid);
    }
  });

  test.each(['', '.', '..', 'a.b.c', 'null', '{}', '🐙.🐙.🐙', 'AKIAXXXX.secret'])(
    'Garbage (%s) is refused',
    async (text) => {
      expect(await refusal(text)).toMatchObject(invalid);
    },
  );

  test('A true token longer than 12 KiB is refused unread', async () => {
    expect(await refusal(await forge({ policy: 'x'.repeat(12_288) }))).toMatchObject(invalid);
    expect(await refusal('x'.repeat(1_000_000))).toMatchObject(invalid);
  });

  test('A token that was seen under one secret or issuer does not hold under another', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);
    await verifyAccessToken(config, TEST_NOW, token);

    const strangers = [
      configOf({ secret: 'another secret of the tests, as long' }),
      configOf({ publicUrl: 'http://b' }),
    ];

    for (const stranger of strangers) expect(await refusal(token, TEST_NOW, stranger)).toMatchObject(invalid);
  });

  test('A refusal does not repeat the token', async () => {
    const token = await issueAccessToken(config, TEST_NOW, SESSION);

    const errors = [await refusal(`${token}x`), await refusal(token, later(9999))];

    for (const error of errors)
      expect(JSON.stringify({ ...error, message: error.message })).not.toContain(token.slice(0, 40));
  });
});
