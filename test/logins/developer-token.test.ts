import { issueOpenIdToken } from '../../src/tokens/open-id-token';
import { loginSettings } from '../support/login-settings';
import { openLoginWorld, type LoginWorld } from '../support/login-world';
import { TEST_NOW } from '../support/service-context';

const KEY = 'cognito-identity.amazonaws.com';
const NOW = TEST_NOW.getTime() / 1000;
const IDENTITY = 'us-east-1:99999999-2222-4333-8444-555555555555';
const POOL = loginSettings({ developerProviderName: 'login.my.app' });

let world: LoginWorld;

beforeAll(async () => {
  world = await openLoginWorld();
});

afterEach(() => world.clock.advance(NOW - world.clock.now().getTime() / 1000));

afterAll(() => world.close());

const AMR = ['authenticated', 'login.my.app', `login.my.app:${POOL.id}:user-7`];

interface Changes {
  identityPoolId?: string;
  amr?: string[];
  lifetime?: number;
  developerUser?: string;
}

const token = (changes: Changes = { developerUser: 'user-7' }) =>
  issueOpenIdToken(
    world.ctx,
    {
      identityId: IDENTITY,
      identityPoolId: POOL.id,
      amr: AMR,
      principalTags: { team: 'blue' },
      ...changes,
    },
    changes.lifetime,
  );

const notCognito = { code: 'NOT_AUTHORIZED', message: 'Invalid login token. Not a Cognito token.' };

test('A token that the developer’s back end asked for says which identity it is, with its tags', async () => {
  expect(await world.logIn(POOL, KEY, await token())).toEqual({
    provider: KEY,
    subject: IDENTITY,
    claims: { sub: IDENTITY, aud: POOL.id, amr: AMR },
    qualifier: `login.my.app:${POOL.id}:user-7`,
    roleMappingKeys: [],
    developer: { identityId: IDENTITY, user: 'user-7', amr: AMR, principalTags: { team: 'blue' } },
  });
});

test('One for another pool is no Cognito token here', async () => {
  const other = await token({
    identityPoolId: 'us-east-1:00000000-2222-4333-8444-555555555555',
    developerUser: 'user-7',
  });

  expect(await world.refusal(POOL, KEY, other)).toMatchObject(notCognito);
});

test.each([
  ['a guest got by itself', ['unauthenticated']],
  [
    'a user of another provider got by itself',
    ['authenticated', 'accounts.google.com', 'accounts.google.com:a:b'],
  ],
  ['names the developer’s provider as a guest', ['unauthenticated', ...AMR.slice(1)]],
  ['names the developer’s provider without a user', ['authenticated', 'login.my.app']],
  ['a user of the developer’s got with the one that the back end asked for', AMR],
])('One that %s is refused', async (_, amr) => {
  expect(await world.refusal(POOL, KEY, await token({ amr }))).toMatchObject(notCognito);
});

test('One that ended is refused with both times', async () => {
  const short = await token({ lifetime: 10, developerUser: 'user-7' });
  world.clock.advance(60);

  expect(await world.refusal(POOL, KEY, short)).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: `Invalid login token. Token expired: ${NOW + 60} >= ${NOW + 10}`,
  });
});

test('What is no token of ours is refused', async () => {
  const [header, payload, signature] = (await token()).split('.');

  for (const text of ['x', 'a.b.c', `${header}.${payload}.`, `${header}.${payload}x.${signature}`])
    expect(await world.refusal(POOL, KEY, text)).toMatchObject(notCognito);
});

test('A pool without developer provider does not take the key', async () => {
  expect(await world.refusal(loginSettings(), KEY, await token())).toMatchObject({
    code: 'NOT_AUTHORIZED',
    message: 'Token is not from a supported provider of this identity pool.',
  });
});

test('The developer provider’s own name is refused as a key: clients could send any user’s id', async () => {
  expect(await world.refusal(POOL, 'login.my.app', 'user-7-as-plain-text')).toMatchObject({
    code: 'INVALID_PARAMETER',
    message: 'Please provide a valid public provider',
  });
});
