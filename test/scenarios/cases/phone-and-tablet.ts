import { Device } from '../../support/device';
import { refusalOf } from '../door';
import type { Stage } from '../stage';

/** The story that the project exists for. */
export const phoneAndTablet = (stage: () => Stage): void => {
  test('what a guest saved on a phone is there on the tablet after signing in, and offline changes of both survive', async () => {
    const { door, newPool, newGuest, loginOf } = stage();
    const identityPoolId = await newPool();

    // Somebody starts the app on a phone as a guest and saves settings.
    const phone = new Device('phone', 'settings');
    const guest = await newGuest(identityPoolId);
    phone.put('theme', 'dark');
    phone.put('volume', '7');
    await phone.sync(guest.sync);
    expect(phone.lastSyncCount).toBe(1);

    // Signing in keeps the identity, and with it the data.
    const signedIn = await door.getCredentialsForIdentity({
      identityId: guest.identityId,
      logins: [await loginOf('ada')],
    });
    const onPhone = door.sync(signedIn.credentials);
    phone.put('level', '3');
    await phone.sync(onPhone);
    expect(signedIn.identityId).toBe(guest.identityId);

    // The tablet signs in with the same login and finds everything.
    const { identityId } = await door.getId({ identityPoolId, logins: [await loginOf('ada')] });
    const { credentials } = await door.getCredentialsForIdentity({
      identityId,
      logins: [await loginOf('ada')],
    });
    const onTablet = door.sync(credentials);
    const tablet = new Device('tablet', 'settings');
    await tablet.sync(onTablet);
    expect(identityId).toBe(guest.identityId);
    expect(tablet.view()).toEqual({ level: '3', theme: 'dark', volume: '7' });

    // Both change things offline: different records, and the same one.
    phone.put('volume', '9');
    phone.put('level', '4');
    tablet.put('theme', 'light');
    tablet.put('level', '5');
    await phone.sync(onPhone);

    // A client that pushes without looking is refused, and told all it needs to go on.
    const conflict = await refusalOf(
      onTablet.updateRecords({
        datasetName: 'settings',
        recordPatches: [
          { op: 'replace', key: 'theme', value: 'light', syncCount: 1 },
          { op: 'replace', key: 'level', value: '5', syncCount: 2 },
        ],
        syncSessionToken: (await onTablet.listRecords({ datasetName: 'settings', lastSyncCount: 2 }))
          .syncSessionToken,
      }),
    );
    expect(conflict.code).toBe('RESOURCE_CONFLICT');
    expect(conflict.message).toContain('Current SyncCount for: level is: 3 not: 2');
    if (door.errorsHaveFields) {
      expect(conflict.fields).toMatchObject({
        datasetSyncCount: 3,
        pullFrom: 2,
        conflicts: [
          {
            key: 'level',
            patchSyncCount: 2,
            record: { key: 'level', value: '4', syncCount: 3, lastModifiedBy: 'phone' },
          },
        ],
      });
    }
    const { records } = await onTablet.listRecords({ datasetName: 'settings', lastSyncCount: 0 });
    expect(records.find((record) => record.key === 'theme')).toMatchObject({ value: 'dark', syncCount: 1 });

    // One that pulls from there, decides and pushes gets through; then the phone sees it too.
    await tablet.sync(onTablet);
    await phone.sync(onPhone);
    const everything = { level: '5', theme: 'light', volume: '9' };
    expect(tablet.view()).toEqual(everything);
    expect(phone.view()).toEqual(everything);
    expect(phone.lastSyncCount).toBe(4);
    expect(await door.describeIdentity(credentials, identityId)).toEqual({
      logins: [stage().issuer.loginKey],
    });
  });
};
