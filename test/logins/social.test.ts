import type { JWTPayload } from 'jose';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { loginSettings } from '../support/login-settings';
import { openLoginWorld, type LoginWorld } from '../support/login-world';
import { TEST_NOW } from '../support/service-context';
import { startSocialProviders, type SocialProviders, type StandInAnswer } from '../support/social-providers';

const NOW = TEST_NOW.getTime() / 1000;
const CONSUMER = 'consumer-key;consumer-secret';
const TWITTER_TOKEN = 'user-token-1;user-token-secret';
const AMAZON_APP = 'amzn1.application-oa2-client.1';

let idp: TestIdentityProvider;
let social: SocialProviders;
let world: LoginWorld;

beforeAll(async () => {
  idp = await startIdentityProvider();
  social = await startSocialProviders();
  world = await openLoginWorld({
    google: idp.issuer,
    apple: idp.issuer,
    facebook: social.url,
    facebookLimitedLogin: idp.issuer,
    amazon: social.url,
    twitter: social.url,
  });
  social.facebook.set('EAAfacebook', { app: '1234', user: '777' });
  social.facebook.set('EAAotherapp', { app: '9999', user: '777' });
  social.amazon.set('Atza|amazon+/=', {
    aud: AMAZON_APP,
    app_id: 'amzn1.application.1',
    user_id: 'amzn1.account.K',
  });
  social.twitter.set('user-token-1', {
    consumerKey: 'consumer-key',
    consumerSecret: 'consumer-secret',
    tokenSecret: 'user-token-secret',
    user: '18446744073709551615',
  });
});

afterEach(() => social.answerWith(null));

afterAll(async () => {
  await world.close();
  await social.close();
  await idp.close();
});

const poolWith = (provider: string, appId: string) =>
  loginSettings({ supportedLoginProviders: [{ provider, appId }] });

const logIn = (provider: string, appId: string, token: string) =>
  world.logIn(poolWith(provider, appId), provider, token);

const refusal = (provider: string, appId: string, token: string) =>
  world.refusal(poolWith(provider, appId), provider, token);

const refused = (sentence: string) => ({
  code: 'NOT_AUTHORIZED',
  message: `Invalid login token. ${sentence}`,
});

/** An ID token for the app `the-app`. */
const idToken = (claims: JWTPayload = {}) =>
  idp.sign({ sub: 'alice', aud: 'the-app', iat: NOW, exp: NOW + 3600, ...claims });

describe.each(['accounts.google.com', 'appleid.apple.com'])('ID tokens of %s', (host) => {
  test('One for the pool’s app says who it is, with all of its claims', async () => {
    const login = await logIn(host, 'the-app', await idToken({ email: 'a@example.com' }));

    expect(login).toEqual({
      provider: host,
      subject: 'alice',
      claims: expect.objectContaining({
        iss: idp.issuer,
        sub: 'alice',
        aud: 'the-app',
        email: 'a@example.com',
      }),
      qualifier: `${host}:the-app:alice`,
      roleMappingKeys: [host],
    });
  });

  test('One that was given to another app of the same developer for this one is taken: its audience counts', async () => {
    const login = await logIn(host, 'the-app', await idToken({ azp: 'the-app-on-android' }));

    expect(login.subject).toBe('alice');
  });

  test.each<[string, JWTPayload, string]>([
    ['for another app', { aud: 'other-app' }, 'Incorrect token audience.'],
    ['for another app, by this one', { aud: 'other-app', azp: 'the-app' }, 'Incorrect token audience.'],
    ['without audience', { aud: undefined }, 'Missing a required claim: aud'],
    ['of another issuer', { iss: 'https://elsewhere.example' }, "Issuer doesn't match providerName"],
    ['that ended', { exp: NOW - 300 }, `Token expired: ${NOW} >= ${NOW - 300}`],
    ['without subject', { sub: undefined }, 'Missing a required claim: sub'],
  ])('One %s is refused', async (_, claims, sentence) => {
    expect(await refusal(host, 'the-app', await idToken(claims))).toMatchObject(refused(sentence));
  });

  test('A changed one is refused', async () => {
    const [header, , signature] = (await idToken()).split('.');
    const claims = { iss: idp.issuer, sub: 'mallory', aud: 'the-app', iat: NOW, exp: NOW + 3600 };
    const changed = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;

    expect(await refusal(host, 'the-app', changed)).toMatchObject(refused("Couldn't verify signed token."));
  });
});

test('Google’s issuer may stand in a token without its scheme', async () => {
  const token = await idToken({ iss: idp.issuer.replace('http://', '') });

  expect((await logIn('accounts.google.com', 'the-app', token)).subject).toBe('alice');
  expect(await refusal('appleid.apple.com', 'the-app', token)).toMatchObject(
    refused("Issuer doesn't match providerName"),
  );
});

describe('Facebook', () => {
  const HOST = 'graph.facebook.com';

  test('A user access token of the pool’s app says who it is', async () => {
    expect(await logIn(HOST, '1234', 'EAAfacebook')).toEqual({
      provider: HOST,
      subject: '777',
      claims: { iss: HOST, aud: '1234', sub: '777' },
      qualifier: `${HOST}:1234:777`,
      roleMappingKeys: [HOST],
    });
  });

  test('A Limited Login token of the pool’s app gives the same login', async () => {
    const token = await idToken({ sub: '777', aud: '1234', name: 'Alice' });

    expect(await logIn(HOST, '1234', token)).toEqual(await logIn(HOST, '1234', 'EAAfacebook'));
  });

  test('Another app’s token of the same user is refused: who made that app could send it', async () => {
    expect(await refusal(HOST, '1234', 'EAAotherapp')).toMatchObject(refused('Incorrect token audience.'));
    expect(await refusal(HOST, '1234', await idToken({ aud: '9999' }))).toMatchObject(
      refused('Incorrect token audience.'),
    );
  });

  test.each(['EAAunknown', 'not a token at all', 'line\nbreak-in-a-header', 'tökén'])(
    'A token that Facebook does not know (%j) is refused',
    async (token) => {
      expect(await refusal(HOST, '1234', token)).toMatchObject(
        refused('Token is not valid at graph.facebook.com.'),
      );
    },
  );

  test('A limited login token of somebody else’s making is refused', async () => {
    const stranger = await startIdentityProvider();
    const token = await stranger.sign({ iss: idp.issuer, sub: '777', aud: '1234', iat: NOW, exp: NOW + 60 });
    await stranger.close();

    expect(await refusal(HOST, '1234', token)).toMatchObject(refused("Couldn't verify signed token."));
  });

  test('The token is never part of an address', async () => {
    social.asked.length = 0;

    await logIn(HOST, '1234', 'EAAfacebook');

    expect(social.asked.sort()).toEqual(['/app', '/me']);
  });
});

describe('Login with Amazon', () => {
  const HOST = 'www.amazon.com';

  test.each([AMAZON_APP, 'amzn1.application.1'])('A token of the app %s says who it is', async (appId) => {
    expect(await logIn(HOST, appId, 'Atza|amazon+/=')).toEqual({
      provider: HOST,
      subject: 'amzn1.account.K',
      claims: { iss: HOST, aud: appId, sub: 'amzn1.account.K', user_id: 'amzn1.account.K' },
      qualifier: `${HOST}:${appId}:amzn1.account.K`,
      roleMappingKeys: [HOST],
    });
  });

  test('A token of another app, and one that Amazon does not know, are refused', async () => {
    expect(await refusal(HOST, 'amzn1.application.2', 'Atza|amazon+/=')).toMatchObject(
      refused('Incorrect token audience.'),
    );
    expect(await refusal(HOST, AMAZON_APP, 'Atza|unknown')).toMatchObject(
      refused('Token is not valid at www.amazon.com.'),
    );
  });
});

describe('Twitter', () => {
  const HOST = 'api.twitter.com';

  test('Both parts of an access token say who it is, and the app’s secret stays with us', async () => {
    const login = await logIn(HOST, CONSUMER, TWITTER_TOKEN);

    expect(login).toEqual({
      provider: HOST,
      subject: '18446744073709551615',
      claims: { iss: HOST, aud: 'consumer-key', sub: '18446744073709551615' },
      qualifier: `${HOST}:consumer-key:18446744073709551615`,
      roleMappingKeys: [HOST],
    });
  });

  test('The same token is taken again: each question has a nonce of its own', async () => {
    await logIn(HOST, CONSUMER, TWITTER_TOKEN);

    expect((await logIn(HOST, CONSUMER, TWITTER_TOKEN)).subject).toBe('18446744073709551615');
  });

  test.each([
    ['a wrong secret', 'user-token-1;wrong-secret'],
    ['an unknown token', 'user-token-2;user-token-secret'],
    ['one part', 'user-token-1'],
    ['an empty secret', 'user-token-1;'],
    ['three parts', 'user-token-1;user-token-secret;x'],
  ])('A token with %s is refused', async (_, token) => {
    expect(await refusal(HOST, CONSUMER, token)).toMatchObject(
      refused('Token is not valid at api.twitter.com.'),
    );
  });

  test('A token of another app is refused, whatever its secret', async () => {
    expect(await refusal(HOST, 'other-key;consumer-secret', TWITTER_TOKEN)).toMatchObject(
      refused('Token is not valid at api.twitter.com.'),
    );
    expect(await refusal(HOST, 'consumer-key;other-secret', TWITTER_TOKEN)).toMatchObject(
      refused('Token is not valid at api.twitter.com.'),
    );
  });

  test('A suspended user is refused, and a plan without this call is the app’s problem', async () => {
    social.answerWith({ status: 403, body: { errors: [{ code: 64 }] } });
    const suspended = await refusal(HOST, CONSUMER, TWITTER_TOKEN);
    social.answerWith({ status: 403, body: { errors: [{ code: 453 }] } });
    const plan = await refusal(HOST, CONSUMER, TWITTER_TOKEN);

    expect([suspended.code, plan.code]).toEqual(['NOT_AUTHORIZED', 'EXTERNAL_SERVICE']);
  });
});

describe('A provider that is not up to it is an external failure, never a verdict on the token', () => {
  const cases: [string, string, string][] = [
    ['graph.facebook.com', '1234', 'EAAfacebook'],
    ['www.amazon.com', AMAZON_APP, 'Atza|amazon+/='],
    ['api.twitter.com', CONSUMER, TWITTER_TOKEN],
  ];
  const answers: (StandInAnswer | 'broken connection')[] = [
    { status: 500, body: { secret: 'of the upstream' } },
    { status: 503, body: '' },
    { status: 429, body: { errors: [{ code: 88 }] } },
    { status: 302, body: {} },
    { status: 200, body: '<html>' },
    { status: 200, body: 'null' },
    { status: 200, body: {} },
    { status: 200, body: { id: 7, id_str: 7, user_id: 7 } },
    { status: 400, body: { error: { code: 4, message: 'Application request limit reached' } } },
    { status: 400, body: { error: { code: 100, message: 'requires an appsecret_proof' } } },
    { status: 404, body: [] },
    'broken connection',
  ];

  test.each(cases)('%s', async (host, appId, token) => {
    for (const answer of answers) {
      social.answerWith(answer);
      const error = await refusal(host, appId, token);

      expect(error).toMatchObject({ code: 'EXTERNAL_SERVICE', fields: { provider: host } });
      expect(error.message).toMatch(`The identity provider ${host} did not check the token: it`);
      expect(error.message).not.toContain('secret');
    }
  });

  test.each(['accounts.google.com', 'appleid.apple.com'])('%s', async (host) => {
    const down = await startIdentityProvider();
    down.failWith('keys without answer');
    const away = await openLoginWorld({ google: down.issuer, apple: down.issuer });
    const token = await down.sign({ sub: 'alice', aud: 'the-app', iat: NOW, exp: NOW + 3600 });

    const error = await away.refusal(poolWith(host, 'the-app'), host, token);
    await away.close();
    await down.close();

    expect(error).toMatchObject({ code: 'EXTERNAL_SERVICE' });
  });
});

test('A provider that the pool has no app of is refused and not asked', async () => {
  social.asked.length = 0;
  const pool = poolWith('www.amazon.com', AMAZON_APP);

  const error = await world.refusal(pool, 'graph.facebook.com', 'EAAfacebook');

  expect(error).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: 'Token is not from a supported provider of this identity pool.',
  });
  expect(error.fields.hint).toContain('www.amazon.com');
  expect(social.asked).toEqual([]);
});

test('A user id that no database could hold is refused', async () => {
  social.facebook.set('EAAlong', { app: '1234', user: 'x'.repeat(256) });
  social.facebook.set('EAAempty', { app: '1234', user: '' });

  for (const token of ['EAAlong', 'EAAempty'])
    expect((await refusal('graph.facebook.com', '1234', token)).code).toBe('NOT_AUTHORIZED');
});
