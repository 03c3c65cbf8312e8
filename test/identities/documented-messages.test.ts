import { mutate, rowsOf, tryGetCredentials, tryGetId, type Login } from '../support/factories';
import {
  DEVELOPER,
  UNKNOWN,
  checkDocumented,
  openDocumentedWorld,
  type DocumentedCase,
  type DocumentedWorld,
} from './documented-world';

/*
 * The contract with clients that were written for AWS, in one place: what each documented refusal is called and, where
 * AWS has words for it, how it is said. B1 to B11 are the sections of the field's documentation, as in the comments of
 * the sources. Other tests say why and when; this one that nobody changes a word by accident.
 */

let world: DocumentedWorld;
beforeAll(async () => {
  world = await openDocumentedWorld();
});
afterAll(() => world?.close());

const FORBIDDEN = "Access to Identity 'ID' is forbidden.";
const NO_MATCH =
  "Logins don't match. Please include at least one valid login for this identity or identity pool.";
const UNSUPPORTED = 'Token is not from a supported provider of this identity pool.';
const TWO_OF_ONE = /^An identity has at most one login of a provider, and here are two of PROVIDER\./;

const getId = (identityPoolId: string, ...logins: Login[]) => tryGetId(world.server, identityPoolId, logins);
const credentials = (identityId: string, ...logins: Login[]) =>
  tryGetCredentials(world.server, identityId, logins);
const openIdToken = (identityId: string, ...logins: Login[]) =>
  mutate(world.server, 'getOpenIdToken { identityId token }', { identityId, logins });
const unlink = (identityId: string, ...logins: Login[]) => {
  const input = { identityId, logins, loginsToRemove: [world.google.loginKey] };
  return mutate(world.server, 'unlinkIdentity { identityId }', input);
};
const developerLogin = (token: string, provider = DEVELOPER): Login => ({ provider, token });
const cognitoLogin = (token: string): Login => developerLogin(token, 'cognito-identity.amazonaws.com');
/** The identity of somebody who signed in and was disabled by hand. */
const disabled = async (): Promise<{ id: string; login: Login }> => {
  const person = await world.person();
  const sql = 'UPDATE identities SET disabled_at = created_at WHERE identity_id = $1';
  await rowsOf(world.server, sql, [person.id]);
  return person;
};

/** An identity with 20 logins, one of them the login. */
const full = async (): Promise<{ id: string; login: Login }> => {
  const person = await world.person();
  const sql = `INSERT INTO identity_logins (identity_id, provider, login_key, subject, created_at)
    SELECT $1, 'p' || n, $1 || n, 's', $2::timestamptz FROM generate_series(1, 19) n`;
  await rowsOf(world.server, sql, [person.id, new Date()]);
  return person;
};

const check = (cases: DocumentedCase[]): void => checkDocumented(() => world, cases);

describe('getId (B2) is refused', () => {
  check([
    [
      'for a guest where guests are off',
      'NOT_AUTHORIZED',
      'Unauthenticated access is not supported for this identity pool.',
      async () => getId((await world.poolWith({ allowUnauthenticatedIdentities: false })).id),
    ],
    [
      'for a provider that the pool does not have',
      'NOT_AUTHORIZED',
      UNSUPPORTED,
      async () => {
        const { id } = await world.poolWith({ openIdConnectProviderARNs: [] });
        return getId(id, await world.stranger('google'));
      },
    ],
    [
      'for the developer provider as if it were public',
      'INVALID_PARAMETER',
      'Please provide a valid public provider',
      () => getId(world.pool.id, developerLogin('any user')),
    ],
    [
      'for a pool that is not there',
      'RESOURCE_NOT_FOUND',
      "IdentityPool 'ID' not found.",
      () => getId(UNKNOWN),
    ],
    [
      'for logins of two identities that have different users of one provider',
      'RESOURCE_CONFLICT',
      TWO_OF_ONE,
      async () => {
        const [one, other] = [await world.person(), await world.stranger('github')];
        await getId(world.pool.id, other, await world.stranger('google'));
        return getId(world.pool.id, one.login, other);
      },
    ],
  ]);
});

const NAMING_AN_IDENTITY: [name: string, call: typeof credentials][] = [
  ['getCredentialsForIdentity', credentials],
  ['getOpenIdToken', openIdToken],
];

describe.each(NAMING_AN_IDENTITY)('%s (B3, B4) is refused', (_name, call) => {
  check([
    [
      'for an identity that signed in, without logins',
      'NOT_AUTHORIZED',
      FORBIDDEN,
      async () => call((await world.person()).id),
    ],
    [
      'for an identity that signed in, with a login that nobody has',
      'NOT_AUTHORIZED',
      NO_MATCH,
      async () => call((await world.person()).id, await world.stranger('github')),
    ],
    [
      'for an identity that signed in, with the login of another',
      'NOT_AUTHORIZED',
      NO_MATCH,
      async () => call((await world.person()).id, (await world.person()).login),
    ],
    [
      'for a second user of one provider',
      'RESOURCE_CONFLICT',
      TWO_OF_ONE,
      async () => {
        const [person, github] = [await world.person(), await world.stranger('github')];
        await call(person.id, person.login, github);
        return call(person.id, github, await world.stranger('google'));
      },
    ],
    [
      'for one login more than 20',
      'LIMIT_EXCEEDED',
      'An identity has at most 20 logins.',
      async () => {
        const { id, login } = await full();
        return call(id, login, await world.stranger('github'));
      },
    ],
    [
      'for an identity that is disabled',
      'NOT_AUTHORIZED',
      FORBIDDEN,
      async () => {
        const { id, login } = await disabled();
        return call(id, login);
      },
    ],
    [
      'for an identity that was merged',
      'NOT_AUTHORIZED',
      FORBIDDEN,
      async () => {
        const [id, { login }] = [await world.guest(), await world.person()];
        await call(id, login);
        return call(id, login);
      },
    ],
    [
      'for an identity that is not there',
      'RESOURCE_NOT_FOUND',
      "Identity 'ID' not found.",
      () => call(UNKNOWN),
    ],
    [
      'for a guest where guests are off by now',
      'NOT_AUTHORIZED',
      'Unauthenticated access is not supported for this identity pool.',
      async () => {
        const { id: identityPoolId } = await world.poolWith({});
        const id = await world.guest(identityPoolId);
        const settings = { identityPoolName: 'closed', allowUnauthenticatedIdentities: false };
        const providers = { openIdConnectProviderARNs: world.arns, allowClassicFlow: true };
        const input = { identityPoolId, ...settings, ...providers };
        await world.administer('updateIdentityPool { identityPool { id } }', input);
        return call(id);
      },
    ],
  ]);
});

describe('a login (B3, B11) is refused', () => {
  const asGuest = async (...logins: Login[]) => credentials(await world.guest(), ...logins);
  const invalid = 'Invalid login token.';

  check([
    [
      'whose issuer is not that of its key',
      'NOT_AUTHORIZED',
      `${invalid} Issuer doesn't match providerName`,
      async () => asGuest({ ...(await world.stranger('github')), provider: world.google.loginKey }),
    ],
    [
      'that ended',
      'NOT_AUTHORIZED',
      `${invalid} Token expired: NOW >= EXP`,
      async () => asGuest(await world.stranger('google', { exp: 1_700_000_000 })),
    ],
    [
      'that somebody else signed',
      'NOT_AUTHORIZED',
      `${invalid} Couldn't verify signed token.`,
      async () => {
        const iss = world.google.issuer;
        const { token } = await world.stranger('github', { iss });
        return asGuest({ provider: world.google.loginKey, token });
      },
    ],
    [
      'without an audience',
      'NOT_AUTHORIZED',
      `${invalid} Missing a required claim: aud`,
      async () => asGuest(await world.stranger('google', { aud: undefined })),
    ],
    [
      'for another app',
      'NOT_AUTHORIZED',
      `${invalid} Incorrect token audience.`,
      async () => asGuest(await world.stranger('google', { aud: 'another app' })),
    ],
    [
      'of the back end for another pool',
      'NOT_AUTHORIZED',
      `${invalid} Not a Cognito token.`,
      async () => {
        const { token } = await world.developer((await world.poolWith({})).id);
        return asGuest(cognitoLogin(token));
      },
    ],
    [
      'of the back end for another identity',
      'NOT_AUTHORIZED',
      FORBIDDEN,
      async () => asGuest(cognitoLogin((await world.developer()).token)),
    ],
    [
      'that is a guest’s own token',
      'NOT_AUTHORIZED',
      `${invalid} Not a Cognito token.`,
      async () => {
        const { data } = await openIdToken(await world.guest());
        return asGuest(cognitoLogin(data.getOpenIdToken.token));
      },
    ],
    [
      'beside a good one',
      'NOT_AUTHORIZED',
      `${invalid} Incorrect token audience.`,
      async () => asGuest(await world.stranger('github'), await world.stranger('google', { aud: 'x' })),
    ],
  ]);
});

describe('unlinkIdentity (B5) is refused', () => {
  check([
    ['without a login', 'NOT_AUTHORIZED', FORBIDDEN, async () => unlink((await world.person()).id)],
    [
      'with the login of another',
      'NOT_AUTHORIZED',
      NO_MATCH,
      async () => unlink((await world.person()).id, (await world.person()).login),
    ],
    [
      'for an identity that is disabled',
      'NOT_AUTHORIZED',
      FORBIDDEN,
      async () => {
        const { id, login } = await disabled();
        return unlink(id, login);
      },
    ],
    [
      'for an identity that is not there',
      'RESOURCE_NOT_FOUND',
      "Identity 'ID' not found.",
      () => unlink(UNKNOWN),
    ],
  ]);
});
