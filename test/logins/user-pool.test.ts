import type { JWTPayload } from 'jose';
import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import { loginSettings } from '../support/login-settings';
import { openLoginWorld, type LoginWorld } from '../support/login-world';
import { TEST_NOW } from '../support/service-context';
import { startSocialProviders, type SocialProviders } from '../support/social-providers';

const NOW = TEST_NOW.getTime() / 1000;
const NAME = 'cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123';

let idp: TestIdentityProvider;
let social: SocialProviders;
let world: LoginWorld;

beforeAll(async () => {
  idp = await startIdentityProvider();
  social = await startSocialProviders();
  world = await openLoginWorld({ userPool: idp.issuer, userPoolCheck: `${social.url}/check` });
});

afterEach(() => social.answerWith(null));

afterAll(async () => {
  await world.close();
  await social.close();
  await idp.close();
});

const client = (clientId: string, serverSideTokenCheck = false) => ({
  providerName: NAME,
  clientId,
  serverSideTokenCheck,
});

const POOL = loginSettings({
  cognitoIdentityProviders: [client('web'), client('ios'), client('checked', true)],
});

/** An ID token as a user pool makes them. */
const idToken = (claims: JWTPayload = {}) =>
  idp.sign({
    iss: `${idp.issuer}/eu-west-1_AbCdEf123`,
    sub: 'a1b2',
    aud: 'web',
    token_use: 'id',
    iat: NOW,
    exp: NOW + 3600,
    'cognito:groups': ['admins'],
    ...claims,
  });

const refused = (sentence: string) => ({
  code: 'NOT_AUTHORIZED',
  message: `Invalid login token. ${sentence}`,
});

test.each(['web', 'ios'])(
  'An ID token of the client %s says who it is and which client it was',
  async (aud) => {
    expect(await world.logIn(POOL, NAME, await idToken({ aud }))).toEqual({
      provider: NAME,
      subject: 'a1b2',
      claims: expect.objectContaining({ sub: 'a1b2', aud, 'cognito:groups': ['admins'] }),
      qualifier: `${NAME}:CognitoSignIn:a1b2`,
      roleMappingKeys: [`${NAME}:${aud}`, NAME],
    });
  },
);

test.each<[string, JWTPayload, string]>([
  [
    'An access token',
    { aud: undefined, client_id: 'web', token_use: 'access' },
    'Missing a required claim: aud',
  ],
  ['An access token with an audience', { token_use: 'access' }, 'Not an ID token.'],
  ['A token without use', { token_use: undefined }, 'Missing a required claim: token_use'],
  ['A token of a client that the pool does not name', { aud: 'android' }, 'Incorrect token audience.'],
  ['A token of another user pool', { iss: 'OTHER' }, "Issuer doesn't match providerName"],
  ['A token without its pool in the issuer', { iss: 'BASE' }, "Issuer doesn't match providerName"],
  ['A token that ended', { exp: NOW - 300 }, `Token expired: ${NOW} >= ${NOW - 300}`],
])('%s is refused', async (_, claims, sentence) => {
  const issuers: Record<string, string> = { OTHER: `${idp.issuer}/eu-west-1_Other`, BASE: idp.issuer };
  const iss = claims.iss === undefined ? {} : { iss: issuers[claims.iss] };

  const error = await world.refusal(POOL, NAME, await idToken({ ...claims, ...iss }));

  expect(error).toMatchObject(refused(sentence));
});

test('Without a configured place, the keys are asked of the user pool itself', async () => {
  const aws = await openLoginWorld();
  const fetched = jest
    .spyOn(globalThis, 'fetch')
    .mockResolvedValueOnce(new Response(JSON.stringify({ keys: idp.publicKeys() })));

  const login = await aws.logIn(POOL, NAME, await idToken({ iss: `https://${NAME}` }));
  const asked = fetched.mock.calls.map(([url]) => String(url));
  fetched.mockRestore();
  await aws.close();

  expect(login.subject).toBe('a1b2');
  expect(asked).toEqual([`https://${NAME}/.well-known/jwks.json`]);
});

describe('serverSideTokenCheck', () => {
  test('A token that still holds is taken, and the check is asked each time', async () => {
    const token = await idToken({ aud: 'checked' });
    social.active.add(token);
    social.asked.length = 0;

    await world.logIn(POOL, NAME, token);
    const login = await world.logIn(POOL, NAME, token);

    expect(login.subject).toBe('a1b2');
    expect(social.asked).toEqual(['/check', '/check']);
  });

  test('A token of a user who was disabled, removed or signed out everywhere is refused', async () => {
    const token = await idToken({ aud: 'checked', jti: 'inactive' });

    expect(await world.refusal(POOL, NAME, token)).toMatchObject(
      refused('The user pool takes it no longer.'),
    );
  });

  test('Only clients that have it are checked, and only tokens that hold', async () => {
    social.asked.length = 0;

    await world.logIn(POOL, NAME, await idToken());
    await world.refusal(POOL, NAME, await idToken({ aud: 'checked', token_use: 'access' }));

    expect(social.asked).toEqual([]);
  });

  test('A check that does not answer as it should lets nobody in', async () => {
    const token = await idToken({ aud: 'checked' });
    const answers = [
      { status: 500, body: {} },
      { status: 401, body: {} },
      { status: 200, body: { active: 'true' } },
      { status: 200, body: 'null' },
      { status: 403, body: { active: true } },
    ];

    for (const answer of answers) {
      social.answerWith(answer);
      expect(await world.refusal(POOL, NAME, token)).toMatchObject({
        code: 'EXTERNAL_SERVICE',
        fields: { provider: NAME },
      });
    }
  });

  test('When the operator took the endpoint away, nobody gets in unchecked', async () => {
    const without = await openLoginWorld({ userPool: idp.issuer });

    const error = await without.refusal(POOL, NAME, await idToken({ aud: 'checked' }));
    await without.close();

    expect(error).toMatchObject({ code: 'INVALID_IDENTITY_POOL_CONFIGURATION' });
  });
});
