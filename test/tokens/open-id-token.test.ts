import { SignJWT, decodeJwt, decodeProtectedHeader, exportSPKI, generateKeyPair } from 'jose';
import type { DataSource } from 'typeorm';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { rotate, signingKey, verificationKeys } from '../../src/tokens/key-ring';
import {
  amrOf,
  discoveryDocument,
  issueOpenIdToken,
  openIdTokenClaims,
  verifyOpenIdToken,
} from '../../src/tokens/open-id-token';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { TEST_NOW, fakeClock, serviceContext, type FakeClock } from '../support/service-context';

const POOL = 'us-east-1:11111111-2222-4333-8444-555555555555';
const IDENTITY = 'us-east-1:aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
const SUBJECT = { identityId: IDENTITY, identityPoolId: POOL, amr: ['unauthenticated'] };
const NOW = TEST_NOW.getTime() / 1000;

let database: TestDatabase;
let node: DataSource;
let clock: FakeClock;
let ctx: Context;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await createDataSource({ url: database.url, poolSize: 2 }).initialize();
});

beforeEach(() => {
  clock = fakeClock();
  ctx = serviceContext(node, { now: clock.now });
});

afterAll(async () => {
  await node.destroy();
  await database.drop();
});

/** A token signed with the real key, with whatever claims and header. */
const forge = async (claims: object, header: object = {}): Promise<string> => {
  const key = await signingKey(ctx);
  return new SignJWT({
    sub: IDENTITY,
    aud: POOL,
    amr: [],
    iss: ctx.config.publicUrl,
    iat: NOW,
    exp: NOW + 9,
    ...claims,
  })
    .setProtectedHeader({ alg: 'RS512', typ: 'JWS', kid: key.kid, ...header })
    .sign(key.privateKey);
};

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('amr', () => {
  test.each([
    ['a guest', false, [], ['unauthenticated']],
    ['one login', true, ['a'], ['authenticated', 'a', 'arn:a']],
    ['two logins', true, ['a', 'b'], ['authenticated', 'a', 'arn:a', 'b', 'arn:b']],
  ])('%s', (_, authenticated, providers, expected) => {
    const logins = providers.map((provider) => ({ provider, qualifier: `arn:${provider}` }));

    expect(amrOf({ authenticated, logins })).toEqual(expected);
  });
});

describe('claims', () => {
  const issuance = {
    issuer: 'https://pool.example',
    scope: { region: 'us-east-1', accountId: '000000000000' },
    issuedAt: new Date('2027-03-01T00:00:00.999Z'),
    lifetime: 600,
  };

  test('The claims are those of Cognito', () => {
    expect(openIdTokenClaims(SUBJECT, issuance)).toEqual({
      sub: IDENTITY,
      aud: POOL,
      amr: ['unauthenticated'],
      iss: 'https://pool.example',
      'https://cognito-identity.amazonaws.com/identity-pool-arn': `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${POOL}`,
      iat: NOW,
      exp: NOW + 600,
    });
  });

  test('Principal tags are listed under their own claim, and an empty set is left out', () => {
    const tagged = openIdTokenClaims(
      { ...SUBJECT, principalTags: { team: 'blue', __proto__x: 'y' } },
      issuance,
    );
    const untagged = openIdTokenClaims({ ...SUBJECT, principalTags: {} }, issuance);

    expect(tagged['https://aws.amazon.com/tags']).toEqual({
      principal_tags: { team: ['blue'], __proto__x: ['y'] },
    });
    expect(untagged).not.toHaveProperty(['https://aws.amazon.com/tags']);
  });
});

describe('issuing', () => {
  test('The header is RS512, JWS and the key id, and the life 600 seconds unless told otherwise', async () => {
    const token = await issueOpenIdToken(ctx, SUBJECT);
    const long = await issueOpenIdToken(ctx, SUBJECT, 86_400);

    expect(decodeProtectedHeader(token)).toEqual({
      alg: 'RS512',
      typ: 'JWS',
      kid: (await signingKey(ctx)).kid,
    });
    expect(decodeJwt(token)).toMatchObject({ iss: 'http://localhost:4000', iat: NOW, exp: NOW + 600 });
    expect(decodeJwt(long).exp).toBe(NOW + 86_400);
  });

  test('Tags that make a token which STS would not take are refused', async () => {
    const tags = Array.from({ length: 50 }, (_, index) => [`tag-${index}`, '漢'.repeat(256)] as const);

    const attempt = issueOpenIdToken(ctx, { ...SUBJECT, principalTags: Object.fromEntries(tags) });

    await expect(attempt).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'openIdTokenSize', maximum: 20_000, value: expect.any(Number) },
    });
  });

  test.each([0, -1, 86_401, 1.5, NaN])('A life of %s seconds is a fault', async (lifetime) => {
    await expect(issueOpenIdToken(ctx, SUBJECT, lifetime)).rejects.toThrow(RangeError);
  });
});

describe('verifying', () => {
  test('A token comes back as what it was made from', async () => {
    const subject = { ...SUBJECT, amr: ['authenticated', 'a', 'b'], principalTags: { team: 'blue' } };

    const verdict = await verifyOpenIdToken(ctx, await issueOpenIdToken(ctx, subject));

    expect(verdict).toEqual({
      outcome: 'valid',
      token: { ...subject, issuedAt: TEST_NOW, expiresAt: new Date((NOW + 600) * 1000) },
    });
  });

  test('A token holds until its end and five seconds for clocks that differ, and not longer', async () => {
    const token = await issueOpenIdToken(ctx, SUBJECT);

    clock.advance(604);
    const late = await verifyOpenIdToken(ctx, token);
    clock.advance(1);
    const tooLate = await verifyOpenIdToken(ctx, token);

    expect(late.outcome).toBe('valid');
    expect(tooLate).toEqual({ outcome: 'expired', expiredAt: new Date((NOW + 600) * 1000) });
  });

  test('A token outlives the rotation of its key', async () => {
    const token = await issueOpenIdToken(ctx, SUBJECT, 86_400);

    await rotate(ctx);
    await rotate(ctx);
    clock.advance(86_399);

    expect((await verifyOpenIdToken(ctx, token)).outcome).toBe('valid');
  });

  test.each([
    ['another issuer', { iss: 'https://cognito-identity.amazonaws.com' }, {}, 'ISSUER'],
    ['no issuer', { iss: undefined }, {}, 'ISSUER'],
    ['no audience', { aud: undefined }, {}, 'CLAIMS'],
    ['several audiences', { aud: [POOL, POOL] }, {}, 'CLAIMS'],
    ['no subject', { sub: undefined }, {}, 'CLAIMS'],
    ['no end', { exp: undefined }, {}, 'CLAIMS'],
    ['an amr that is no list', { amr: 'authenticated' }, {}, 'CLAIMS'],
    ['another type', {}, { typ: 'at+jwt' }, 'MALFORMED'],
    ['an unknown key', {}, { kid: 'us-east-1-0000000000' }, 'SIGNATURE'],
    ['no key', {}, { kid: undefined }, 'SIGNATURE'],
    ['another algorithm', {}, { alg: 'RS256' }, 'SIGNATURE'],
  ])('A token with %s is refused', async (_, claims, header, problem) => {
    expect(await verifyOpenIdToken(ctx, await forge(claims, header))).toEqual({
      outcome: 'invalid',
      problem,
    });
  });

  test.each(['', 'x', 'a.b.c', 'a.b', '{}.{}.{}', 'x'.repeat(1_000_000)])(
    'Garbage is no token',
    async (text) => {
      expect(await verifyOpenIdToken(ctx, text)).toEqual({ outcome: 'invalid', problem: 'MALFORMED' });
    },
  );

  test('A token without signature, by a stranger, or with a key of ours as HMAC secret is refused', async () => {
    const { kid } = await signingKey(ctx);
    const ours = (await verificationKeys(ctx)).find((key) => key.kid === kid)!.publicKey;
    const stranger = await generateKeyPair('RS512');
    const [header, payload] = (await forge({})).split('.') as [string, string];

    const tokens = [
      `${encode({ alg: 'none', typ: 'JWS', kid })}.${payload}.`,
      `${header}.${payload}.`,
      await new SignJWT(decodeJwt(`${header}.${payload}.x`))
        .setProtectedHeader({ alg: 'RS512', typ: 'JWS', kid })
        .sign(stranger.privateKey),
      await new SignJWT(decodeJwt(`${header}.${payload}.x`))
        .setProtectedHeader({ alg: 'HS512', typ: 'JWS', kid })
        .sign(Buffer.from(await exportSPKI(ours))),
    ];

    for (const token of tokens)
      expect(await verifyOpenIdToken(ctx, token)).toEqual({ outcome: 'invalid', problem: 'SIGNATURE' });
  });

  test('A changed payload is refused', async () => {
    const [header, payload, signature] = (await forge({})).split('.') as [string, string, string];
    const changed = encode({ ...decodeJwt(`${header}.${payload}.x`), sub: POOL });

    expect(await verifyOpenIdToken(ctx, `${header}.${changed}.${signature}`)).toEqual({
      outcome: 'invalid',
      problem: 'SIGNATURE',
    });
  });

  test('A database that is down is a fault and no verdict on the token', async () => {
    const token = await issueOpenIdToken(ctx, SUBJECT);
    const gone = await createDataSource({ url: database.url, poolSize: 1 }).initialize();
    const elsewhere = serviceContext(gone, { now: clock.now });
    await gone.destroy();

    await expect(verifyOpenIdToken(elsewhere, token)).rejects.toThrow();
  });
});

test('The discovery document points at the key set on Cognito’s path', () => {
  expect(discoveryDocument('https://pool.example')).toMatchObject({
    issuer: 'https://pool.example',
    jwks_uri: 'https://pool.example/.well-known/jwks_uri',
    id_token_signing_alg_values_supported: ['RS512'],
  });
});
