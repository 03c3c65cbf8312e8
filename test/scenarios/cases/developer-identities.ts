import { Device } from '../../support/device';
import { refusalOf, type Login } from '../door';
import type { Guest, Stage } from '../stage';

const PROVIDER = 'login.my.app';

export const developerIdentities = (stage: () => Stage): void => {
  const newPool = (): Promise<string> => stage().newPool({ developerProviderName: PROVIDER });
  const users = (...names: string[]): Login[] => names.map((token) => ({ provider: PROVIDER, token }));

  /** What the back end asks for, for a user, and the identity to link the user to where there is one. */
  const vouchFor = (identityPoolId: string, user: string, identityId?: string) => {
    const { door, administrator } = stage();
    const input = { identityPoolId, logins: users(user), ...(identityId ? { identityId } : {}) };
    return door.getOpenIdTokenForDeveloperIdentity(administrator, input);
  };

  /** What the app does with the token that its back end sent it. */
  const goOnWith = async ({ identityId, token }: { identityId: string; token: string }): Promise<Guest> => {
    const { door } = stage();
    const logins = [{ provider: 'cognito-identity.amazonaws.com', token }];
    const answer = await door.getCredentialsForIdentity({ identityId, logins });
    return { ...answer, sync: door.sync(answer.credentials) };
  };

  test('a user of our own back end finds the data of one device on the other', async () => {
    const identityPoolId = await newPool();
    const [phone, tablet] = [new Device('phone', 'game'), new Device('tablet', 'game')];

    const onPhone = await goOnWith(await vouchFor(identityPoolId, 'user-1'));
    phone.put('level', '3');
    await phone.sync(onPhone.sync);
    const onTablet = await goOnWith(await vouchFor(identityPoolId, 'user-1'));
    await tablet.sync(onTablet.sync);

    expect(onTablet.identityId).toBe(onPhone.identityId);
    expect(tablet.view()).toEqual({ level: '3' });
  });

  test('a guest that the back end recognizes keeps its id and its data, and lookups find it either way', async () => {
    const { door, administrator, newGuest } = stage();
    const identityPoolId = await newPool();
    const guest = await newGuest(identityPoolId);
    const phone = new Device('phone', 'game');
    phone.put('coins', '12');
    await phone.sync(guest.sync);

    const user = await goOnWith(await vouchFor(identityPoolId, 'user-1', guest.identityId));
    const asGuest = await refusalOf(door.getCredentialsForIdentity({ identityId: guest.identityId }));
    const byUser = { identityPoolId, developerUserIdentifier: 'user-1' };
    const byIdentity = { identityPoolId, identityId: guest.identityId };

    const { records } = await user.sync.listRecords({ datasetName: 'game', lastSyncCount: 0 });
    expect(user.identityId).toBe(guest.identityId);
    expect(records.map(({ key, value }) => [key, value])).toEqual([['coins', '12']]);
    expect(asGuest.code).toBe('NOT_AUTHORIZED');
    for (const input of [byUser, byIdentity])
      expect(await door.lookupDeveloperIdentity(administrator, input)).toMatchObject({
        identityId: guest.identityId,
        developerUserIdentifierList: ['user-1'],
      });
  });

  test('two users turn out to be one person: the destination survives with the data of both', async () => {
    const { door, administrator } = stage();
    const identityPoolId = await newPool();
    const source = await goOnWith(await vouchFor(identityPoolId, 'old-user'));
    const destination = await goOnWith(await vouchFor(identityPoolId, 'new-user'));
    const phone = new Device('phone', 'game');
    phone.put('coins', '12');
    await phone.sync(source.sync);

    const merged = await door.mergeDeveloperIdentities(administrator, {
      identityPoolId,
      developerProviderName: PROVIDER,
      sourceUserIdentifier: 'old-user',
      destinationUserIdentifier: 'new-user',
    });

    const { identityId } = await vouchFor(identityPoolId, 'old-user');
    const datasets = await door.listDatasets(destination.credentials, destination.identityId);
    expect([merged.identityId, identityId]).toEqual([destination.identityId, destination.identityId]);
    expect(datasets).toEqual([`game.${source.identityId}`]);
  });

  test('a user that is unlinked counts as new, and one that is taken goes to no second identity', async () => {
    const { door, administrator, newGuest } = stage();
    const identityPoolId = await newPool();
    const { identityId } = await vouchFor(identityPoolId, 'user-1');
    const guest = await newGuest(identityPoolId);

    const taken = await refusalOf(vouchFor(identityPoolId, 'user-1', guest.identityId));
    await door.unlinkDeveloperIdentity(administrator, {
      identityPoolId,
      identityId,
      developerProviderName: PROVIDER,
      developerUserIdentifier: 'user-1',
    });
    const again = await vouchFor(identityPoolId, 'user-1');

    expect(taken.code).toBe('DEVELOPER_USER_ALREADY_REGISTERED');
    expect(again.identityId).not.toBe(identityId);
  });

  test('an app cannot vouch for a user itself, neither with the name nor with a token of somebody else', async () => {
    const { door, newGuest } = stage();
    const identityPoolId = await newPool();
    const { token } = await vouchFor(identityPoolId, 'user-1');
    const { identityId } = await newGuest(identityPoolId);

    const byName = await refusalOf(door.getCredentialsForIdentity({ identityId, logins: users('user-1') }));
    const byToken = await refusalOf(
      door.getCredentialsForIdentity({
        identityId,
        logins: [{ provider: 'cognito-identity.amazonaws.com', token }],
      }),
    );

    expect(byName.message).toBe('INVALID_PARAMETER: Please provide a valid public provider');
    expect(byToken.message).toBe(`NOT_AUTHORIZED: Access to Identity '${identityId}' is forbidden.`);
  });
};
