import { Device } from '../../support/device';
import { refusalOf } from '../door';
import type { Stage } from '../stage';

export const guestUpgrades = (stage: () => Stage): void => {
  test('a guest that signs in for the first time keeps its id and its data, and is a guest no more', async () => {
    const { door, newPool, newGuest, loginOf } = stage();
    const guest = await newGuest(await newPool());
    const phone = new Device('phone', 'game');
    phone.put('coins', '12');
    await phone.sync(guest.sync);

    const { identityId, credentials } = await door.getCredentialsForIdentity({
      identityId: guest.identityId,
      logins: [await loginOf('grace')],
    });
    const withoutLogin = await refusalOf(door.getCredentialsForIdentity({ identityId: guest.identityId }));

    const listing = await door.sync(credentials).listRecords({ datasetName: 'game', lastSyncCount: 0 });
    expect(identityId).toBe(guest.identityId);
    expect(listing.records.map(({ key, value }) => [key, value])).toEqual([['coins', '12']]);
    expect([withoutLogin.code, withoutLogin.message]).toEqual([
      'NOT_AUTHORIZED',
      `NOT_AUTHORIZED: Access to Identity '${guest.identityId}' is forbidden.`,
    ]);
  });

  test('a guest whose login belongs to another identity goes on as that one, and neither loses anything', async () => {
    const { door, newPool, newGuest, loginOf } = stage();
    const identityPoolId = await newPool();
    const known = await door.getId({ identityPoolId, logins: [await loginOf('linus')] });
    const guest = await newGuest(identityPoolId);
    const phone = new Device('phone', 'game');
    phone.put('coins', '1');
    await phone.sync(guest.sync);

    const logins = [await loginOf('linus')];
    const { identityId, credentials } = await door.getCredentialsForIdentity({
      identityId: guest.identityId,
      logins,
    });

    expect(identityId).toBe(known.identityId);
    const sync = door.sync(credentials);
    const { mergedDatasetNames } = await sync.listRecords({ datasetName: 'game', lastSyncCount: 0 });
    expect(mergedDatasetNames).toEqual([`game.${guest.identityId}`]);
    const datasetName = `game.${guest.identityId}`;
    const { records } = await sync.listRecords({ datasetName, lastSyncCount: 0 });
    expect(records.map(({ value }) => value)).toEqual(['1']);
    const late = await refusalOf(guest.sync.listRecords({ datasetName: 'game', lastSyncCount: 0 }));
    expect(late.code).toBe('NOT_AUTHORIZED');
  });

  test('the login of one pool opens nothing in another', async () => {
    const { door, newPool, loginOf } = stage();
    const first = await door.getId({ identityPoolId: await newPool(), logins: [await loginOf('alan')] });

    const second = await door.getId({ identityPoolId: await newPool(), logins: [await loginOf('alan')] });

    expect(second.identityId).not.toBe(first.identityId);
  });
};
