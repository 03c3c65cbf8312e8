import { Device } from '../../support/device';
import { refusalOf } from '../door';
import type { Stage } from '../stage';

const READ_ONLY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'cognito-sync:ListRecords', Resource: '*' }],
};

const EVERYTHING = { Effect: 'Allow', Action: '*', Resource: '*' };

export const classicFlow = (stage: () => Stage): void => {
  test('somebody takes a role of their choice, and a second one cut down to reading by a session policy', async () => {
    const { door, newPool, newRole, loginOf } = stage();
    const identityPoolId = await newPool({ allowClassicFlow: true });
    const roleArn = await newRole(identityPoolId, EVERYTHING);
    const logins = [await loginOf('ada')];
    const { identityId } = await door.getId({ identityPoolId, logins });
    const { token: webIdentityToken } = await door.getOpenIdToken({ identityId, logins });
    const assume = (roleSessionName: string, policy?: object) =>
      door.assumeRoleWithWebIdentity({
        roleArn,
        roleSessionName,
        webIdentityToken,
        ...(policy ? { policy } : {}),
      });

    const whole = await assume('whole');
    const cut = await assume('cut', READ_ONLY);

    const phone = new Device('phone', 'game');
    phone.put('coins', '12');
    await phone.sync(door.sync(whole.credentials));
    const reader = door.sync(cut.credentials);
    const { records } = await reader.listRecords({ datasetName: 'game', lastSyncCount: 0 });
    phone.put('coins', '13');
    const refused = await refusalOf(phone.sync(reader));
    expect(records.map(({ key, value }) => [key, value])).toEqual([['coins', '12']]);
    expect(cut.assumedRoleArn).toMatch(/:assumed-role\/[^/]+\/cut$/);
    expect(refused.message).toContain(`User: ${cut.assumedRoleArn} is not authorized to perform:`);
  });

  test('the trust policy of a role has the last word: identities of another pool do not get it', async () => {
    const { door, newPool, newRole } = stage();
    const roleArn = await newRole(await newPool({ allowClassicFlow: true }), EVERYTHING);
    const { identityId } = await door.getId({ identityPoolId: await newPool({ allowClassicFlow: true }) });
    const { token } = await door.getOpenIdToken({ identityId });

    const refused = await refusalOf(
      door.assumeRoleWithWebIdentity({ roleArn, roleSessionName: 'mine', webIdentityToken: token }),
    );

    expect(refused.message).toBe('ACCESS_DENIED: Not authorized to perform sts:AssumeRoleWithWebIdentity');
  });

  test('a pool that turned it off, or maps roles, gives no token for it', async () => {
    const { door, administrator, providerArn, newPool } = stage();
    const [off, mapped] = [await newPool({ allowClassicFlow: false }), await newPool()];
    const mapping = { type: 'Token', ambiguousRoleResolution: 'Deny' } as const;
    await door.setIdentityPoolRoles(administrator, {
      identityPoolId: mapped,
      roles: {},
      roleMappings: { [providerArn]: mapping },
    });

    const refusals: string[] = [];
    for (const identityPoolId of [off, mapped]) {
      const { identityId } = await door.getId({ identityPoolId });
      refusals.push((await refusalOf(door.getOpenIdToken({ identityId }))).message);
    }

    expect(refusals).toEqual([
      'INVALID_PARAMETER: Basic (classic) flow is not enabled, please use enhanced flow.',
      'INVALID_PARAMETER: Basic (classic) flow is not supported with RoleMappings, please use enhanced flow.',
    ]);
  });
};
