import { Refusal, refusalOf, type RoleMapping, type SyncCalls } from '../door';
import { APP, USER_POOL } from '../login-providers';
import type { Stage } from '../stage';

const IDENTITY =
  'arn:aws:cognito-sync:*:*:identitypool/${cognito-identity.amazonaws.com:aud}/identity/${cognito-identity.amazonaws.com:sub}';

const allow = (action: string, resource: string): object => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
});

export const roleMapping = (stage: () => Stage): void => {
  /** What a caller may do with a dataset. */
  const rightsOf = async (sync: SyncCalls, datasetName: string): Promise<'all' | 'reads' | 'none'> => {
    const isAllowed = async <T>(call: Promise<T>): Promise<T | undefined> =>
      call.catch((error: unknown) => {
        if (error instanceof Refusal && error.code === 'ACCESS_DENIED') return undefined;
        throw error;
      });
    const listing = await isAllowed(sync.listRecords({ datasetName, lastSyncCount: 0 }));
    if (!listing) return 'none';
    const recordPatches = [{ op: 'replace', key: 'k', value: 'v', syncCount: 0 } as const];
    const { syncSessionToken } = listing;
    const update = sync.updateRecords({ datasetName, recordPatches, syncSessionToken });
    return (await isAllowed(update)) ? 'all' : 'reads';
  };

  /** A pool with a role for writers and one for readers, in which a provider's users get theirs by a mapping. */
  const poolWith = async (
    provider: string,
    mappingTo: (roles: { writers: string; readers: string }) => RoleMapping,
  ) => {
    const { door, administrator, newPoolOfAllProviders, newRole } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const writers = await newRole(identityPoolId, allow('cognito-sync:*', `${IDENTITY}/*`));
    const readers = await newRole(identityPoolId, allow('cognito-sync:List*', `${IDENTITY}/*`));
    await door.setIdentityPoolRoles(administrator, {
      identityPoolId,
      roles: { authenticated: readers },
      roleMappings: { [provider]: mappingTo({ writers, readers }) },
    });
    return { identityPoolId, writers, readers };
  };

  test('rules on the claims of a login give the role: the first that matches, and nobody a role without one', async () => {
    const { door, providerArn, loginOf, signIn } = stage();
    const { identityPoolId } = await poolWith(providerArn, ({ writers, readers }) => ({
      type: 'Rules',
      ambiguousRoleResolution: 'Deny',
      rulesConfiguration: {
        rules: [
          { claim: 'title', matchType: 'Equals', value: 'coach', roleARN: writers },
          { claim: 'email', matchType: 'Contains', value: '@club.example', roleARN: readers },
        ],
      },
    }));

    const member = { email: 'x@club.example' };
    const coach = await signIn(identityPoolId, await loginOf('ada', { ...member, title: 'coach' }));
    const player = await signIn(identityPoolId, await loginOf('grace', member));
    const { identityId } = await door.getId({ identityPoolId, logins: [await loginOf('linus')] });
    const stranger = await refusalOf(
      door.getCredentialsForIdentity({ identityId, logins: [await loginOf('linus')] }),
    );

    expect(await rightsOf(coach.sync, 'plans')).toBe('all');
    expect(await rightsOf(player.sync, 'plans')).toBe('reads');
    expect(stranger.message).toBe(
      `NOT_AUTHORIZED: The ambiguous role mapping rules for: ${providerArn} denied this request.`,
    );
  });

  test('a user pool’s token brings the role itself: the preferred one, or one of its roles that the app asks for', async () => {
    const { door, providers, signIn } = stage();
    const { identityPoolId, writers, readers } = await poolWith(`${USER_POOL}:${APP}`, () => ({
      type: 'Token',
      ambiguousRoleResolution: 'AuthenticatedRole',
    }));
    const claims = { 'cognito:roles': [writers, readers], 'cognito:preferred_role': writers };
    const coach = await providers.loginOf('a user pool', 'ada', claims);
    const player = await providers.loginOf('a user pool', 'grace');

    const preferred = await signIn(identityPoolId, coach);
    const { identityId } = preferred;
    const asked = await door.getCredentialsForIdentity({
      identityId,
      logins: [coach],
      customRoleArn: readers,
    });
    const withoutRoles = await signIn(identityPoolId, player);
    const notTheirs = await refusalOf(
      door.getCredentialsForIdentity({
        identityId: withoutRoles.identityId,
        logins: [player],
        customRoleArn: writers,
      }),
    );

    expect(await rightsOf(preferred.sync, 'plans')).toBe('all');
    expect(await rightsOf(door.sync(asked.credentials), 'plans')).toBe('reads');
    expect(await rightsOf(withoutRoles.sync, 'plans')).toBe('reads');
    expect(notTheirs.code).toBe('NOT_AUTHORIZED');
  });

  test('a claim becomes a principal tag, by which one policy keeps each team to its own datasets', async () => {
    const { door, administrator, newPool, newRole, providerArn, loginOf, signIn } = stage();
    const identityPoolId = await newPool();
    const ofTheTeam = `${IDENTITY}/dataset/\${aws:PrincipalTag/team}-*`;
    const authenticated = await newRole(identityPoolId, allow('cognito-sync:*', ofTheTeam));
    await door.setIdentityPoolRoles(administrator, { identityPoolId, roles: { authenticated } });
    await door.setPrincipalTagAttributeMap(administrator, {
      identityPoolId,
      identityProviderName: providerArn,
      principalTags: { team: 'department' },
    });

    const blue = await signIn(identityPoolId, await loginOf('ada', { department: 'blue' }));
    const nobodys = await signIn(identityPoolId, await loginOf('grace'));

    expect(await rightsOf(blue.sync, 'blue-plans')).toBe('all');
    expect(await rightsOf(blue.sync, 'red-plans')).toBe('none');
    expect(await rightsOf(nobodys.sync, 'blue-plans')).toBe('none');
  });

  test('a back end gives its user tags of its own, and they decide in the same way', async () => {
    const { door, administrator, newPool, newRole } = stage();
    const identityPoolId = await newPool({ developerProviderName: 'login.my.app' });
    const ofTheTeam = `${IDENTITY}/dataset/\${aws:PrincipalTag/team}-*`;
    const authenticated = await newRole(identityPoolId, allow('cognito-sync:*', ofTheTeam));
    await door.setIdentityPoolRoles(administrator, { identityPoolId, roles: { authenticated } });

    const { identityId, token } = await door.getOpenIdTokenForDeveloperIdentity(administrator, {
      identityPoolId,
      logins: [{ provider: 'login.my.app', token: 'user-1' }],
      principalTags: { team: 'red' },
    });
    const { credentials } = await door.getCredentialsForIdentity({
      identityId,
      logins: [{ provider: 'cognito-identity.amazonaws.com', token }],
    });

    const sync = door.sync(credentials);
    expect(await rightsOf(sync, 'red-plans')).toBe('all');
    expect(await rightsOf(sync, 'blue-plans')).toBe('none');
  });
};
