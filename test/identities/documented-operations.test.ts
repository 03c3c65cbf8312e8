import { mutate, tryGetCredentials, type Login } from '../support/factories';
import type { GraphqlAnswer } from '../support/server';
import {
  DEVELOPER,
  UNKNOWN,
  checkDocumented,
  openDocumentedWorld,
  type DocumentedCase,
  type DocumentedWorld,
} from './documented-world';

/* The contract of documented-messages.test.ts, for back ends, roles and the classic flow. */

let world: DocumentedWorld;
beforeAll(async () => {
  world = await openDocumentedWorld();
});
afterAll(() => world?.close());

const BAD_CONFIGURATION = 'Invalid identity pool configuration. Check assigned IAM roles for this pool.';

const credentials = (identityId: string, ...logins: Login[]) =>
  tryGetCredentials(world.server, identityId, logins);
const openIdToken = (identityId: string, ...logins: Login[]) =>
  mutate(world.server, 'getOpenIdToken { identityId token }', { identityId, logins });
const developerToken = (input: object) =>
  world.administer('getOpenIdTokenForDeveloperIdentity { identityId }', {
    identityPoolId: world.pool.id,
    ...input,
  });
const lookup = (input: object) =>
  world.server.graphql(
    'query ($input: LookupDeveloperIdentityInput!) { lookupDeveloperIdentity(input: $input) { identityId } }',
    { input: { identityPoolId: world.pool.id, ...input } },
    world.server.admin,
  );
const merge = (sourceUserIdentifier: string, destinationUserIdentifier: string, name = DEVELOPER) =>
  world.administer('mergeDeveloperIdentities { identityId }', {
    identityPoolId: world.pool.id,
    developerProviderName: name,
    sourceUserIdentifier,
    destinationUserIdentifier,
  });
const unlinkDeveloper = (identityId: string, developerUserIdentifier: string, name = DEVELOPER) =>
  world.administer('unlinkDeveloperIdentity { identityId }', {
    identityPoolId: world.pool.id,
    developerProviderName: name,
    identityId,
    developerUserIdentifier,
  });

const assume = async (identityId: string, roleArn: string): Promise<GraphqlAnswer> => {
  const { data } = await openIdToken(identityId);
  const webIdentityToken = data.getOpenIdToken.token;
  const input = { roleArn, roleSessionName: 'session', webIdentityToken };
  return mutate(world.server, 'assumeRoleWithWebIdentity { audience }', input);
};

const check = (cases: DocumentedCase[]): void => checkDocumented(() => world, cases);

const developerLogin = (token: string): Login => ({ provider: DEVELOPER, token });

describe('a call of a back end (B5) is refused', () => {
  check([
    [
      'for a user that another identity has',
      'DEVELOPER_USER_ALREADY_REGISTERED',
      'The developer user identifier is already linked to another identity.',
      async () => {
        const { user } = await world.developer();
        return developerToken({ identityId: await world.guest(), logins: [developerLogin(user)] });
      },
    ],
    [
      'for an identity of another pool',
      'RESOURCE_NOT_FOUND',
      "Identity 'ID' not found.",
      async () => {
        const elsewhere = await world.poolWith({});
        return developerToken({ identityId: await world.guest(elsewhere.id), logins: [developerLogin('x')] });
      },
    ],
    [
      'without its own provider among the logins',
      'INVALID_PARAMETER',
      /^logins must have one entry of the developer provider login\.my\.app/,
      async () => developerToken({ logins: [await world.stranger('google')] }),
    ],
    [
      'when the user that it looks for has no identity',
      'RESOURCE_NOT_FOUND',
      'No identity has this developer user identifier.',
      () => lookup({ developerUserIdentifier: 'nobody' }),
    ],
    [
      'when the user and the identity that it looks for do not belong together',
      'RESOURCE_CONFLICT',
      'The developer user identifier and the identity do not belong together.',
      async () => {
        const { user } = await world.developer();
        return lookup({ developerUserIdentifier: user, identityId: await world.guest() });
      },
    ],
    [
      'when a user to merge has no identity',
      'RESOURCE_NOT_FOUND',
      'No identity has this developer user identifier.',
      async () => merge('nobody', (await world.developer()).user),
    ],
    [
      'under another provider than the pool’s',
      'INVALID_PARAMETER',
      'other.app is not the developer provider of this identity pool.',
      async () => merge((await world.developer()).user, (await world.developer()).user, 'other.app'),
    ],
    [
      'to unlink a user that the identity does not have',
      'RESOURCE_NOT_FOUND',
      'No identity has this developer user identifier.',
      async () => unlinkDeveloper((await world.developer()).id, 'nobody'),
    ],
    [
      'to unlink from an identity that is not there',
      'RESOURCE_NOT_FOUND',
      "Identity 'ID' not found.",
      () => unlinkDeveloper(UNKNOWN, 'nobody'),
    ],
  ]);
});

describe('getOpenIdToken (B7) is refused', () => {
  check([
    [
      'where the classic flow is off',
      'INVALID_PARAMETER',
      'Basic (classic) flow is not enabled, please use enhanced flow.',
      async () => openIdToken(await world.guest((await world.poolWith({ allowClassicFlow: false })).id)),
    ],
    [
      'where roles are mapped',
      'INVALID_PARAMETER',
      'Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
      async () => openIdToken(await world.guest((await world.mappedPool({})).id)),
    ],
  ]);
});

describe('getCredentialsForIdentity (B7, B8) is refused', () => {
  check([
    [
      'where the pool has no role for guests',
      'INVALID_IDENTITY_POOL_CONFIGURATION',
      BAD_CONFIGURATION,
      async () => credentials(await world.guest((await world.poolWith({ createDefaultRoles: false })).id)),
    ],
    [
      'where a mapping finds no role and denies',
      'NOT_AUTHORIZED',
      /^The ambiguous role mapping rules for: .+ denied this request\.$/,
      async () => {
        const { id, login } = await world.person((await world.mappedPool({})).id);
        return credentials(id, login);
      },
    ],
  ]);
});

describe('assumeRoleWithWebIdentity (A3) is refused', () => {
  check([
    [
      'where the role’s trust policy does not let the identity take it',
      'ACCESS_DENIED',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      async () => {
        const elsewhere = await world.poolWith({});
        return assume(await world.guest(), (await world.role(elsewhere.id)).arn);
      },
    ],
  ]);
});
