import { Device } from '../../support/device';
import { refusalOf, type SyncCalls } from '../door';
import type { Guest, Stage } from '../stage';

export const merging = (stage: () => Stage): void => {
  /** Somebody who played with one provider on one device. */
  const playWith = async (
    kind: 'Google' | 'Facebook',
    { identityPoolId, coins }: { identityPoolId: string; coins: string },
  ) => {
    const { providers, signIn } = stage();
    const login = await providers.loginOf(kind, 'ada');
    const player: Guest = await signIn(identityPoolId, login);
    const device = new Device(kind, 'game');
    device.put('coins', coins);
    await device.sync(player.sync);
    return { login, device, ...player };
  };

  const valuesOf = async (sync: SyncCalls, datasetName: string): Promise<[string, string | null][]> => {
    const { records } = await sync.listRecords({ datasetName, lastSyncCount: 0 });
    return records.map(({ key, value }) => [key, value]);
  };

  test('two identities of one person become the older one, which has the data of both until the app merges it', async () => {
    const { door, administrator, newPoolOfAllProviders, signIn } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const older = await playWith('Google', { identityPoolId, coins: '12' });
    const younger = await playWith('Facebook', { identityPoolId, coins: '7' });

    // Signed in with both, they are one.
    const { identityId, sync } = await signIn(identityPoolId, younger.login, older.login);
    const fromYounger = `game.${younger.identityId}`;
    expect(identityId).toBe(older.identityId);
    expect((await sync.listRecords({ datasetName: 'game', lastSyncCount: 0 })).mergedDatasetNames).toEqual([
      fromYounger,
    ]);
    expect(await valuesOf(sync, 'game')).toEqual([['coins', '12']]);
    expect(await valuesOf(sync, fromYounger)).toEqual([['coins', '7']]);

    // The app adds the coins up, and takes the merged dataset away.
    older.device.put('coins', '19');
    await older.device.sync(sync);
    await sync.deleteDataset({ datasetName: fromYounger });

    // Each login alone leads to it, and the other is only a record.
    const again = await signIn(identityPoolId, younger.login);
    expect(again.identityId).toBe(older.identityId);
    expect(await valuesOf(again.sync, 'game')).toEqual([['coins', '19']]);
    expect(await door.listDatasets(again.credentials, identityId)).toEqual(['game']);
    expect(await door.listIdentities(administrator, { identityPoolId, hideDisabled: true })).toEqual([
      older.identityId,
    ]);
    expect((await door.listIdentities(administrator, { identityPoolId })).toSorted()).toEqual(
      [older.identityId, younger.identityId].toSorted(),
    );
  });

  test('a device that goes on with the id and the credentials of the loser is refused, and writes nothing', async () => {
    const { door, newPoolOfAllProviders, signIn } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const older = await playWith('Google', { identityPoolId, coins: '12' });
    const younger = await playWith('Facebook', { identityPoolId, coins: '7' });
    await signIn(identityPoolId, older.login, younger.login);

    younger.device.put('coins', '8');
    const late = await refusalOf(younger.device.sync(younger.sync));
    const { identityId, login } = younger;
    const named = await refusalOf(door.getCredentialsForIdentity({ identityId, logins: [login] }));

    const forbidden = `NOT_AUTHORIZED: Access to Identity '${identityId}' is forbidden.`;
    expect([late.message, named.message]).toEqual([forbidden, forbidden]);
    expect(await valuesOf(older.sync, `game.${identityId}`)).toEqual([['coins', '7']]);
  });

  test('two people at one provider are never merged, and neither loses anything by the attempt', async () => {
    const { door, newPoolOfAllProviders, providers, signIn } = stage();
    const identityPoolId = await newPoolOfAllProviders();
    const ada = [await providers.loginOf('Google', 'ada'), await providers.loginOf('Apple', 'ada')];
    const grace = [await providers.loginOf('Google', 'grace'), await providers.loginOf('Facebook', 'grace')];
    const before = [await signIn(identityPoolId, ...ada), await signIn(identityPoolId, ...grace)];

    const refused = await refusalOf(door.getId({ identityPoolId, logins: [ada[1]!, grace[1]!] }));

    const after = [await signIn(identityPoolId, ada[1]!), await signIn(identityPoolId, grace[1]!)];
    expect(refused.code).toBe('RESOURCE_CONFLICT');
    expect(after.map(({ identityId }) => identityId)).toEqual(before.map(({ identityId }) => identityId));
  });
};
