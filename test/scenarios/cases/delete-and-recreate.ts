import { Device } from '../../support/device';
import { refusalOf } from '../door';
import type { Stage } from '../stage';

export const deleteAndRecreate = (stage: () => Stage): void => {
  test('a device that comes back after a deletion and a new beginning is told, and ends like the others', async () => {
    const { sync } = await stage().newGuest(await stage().newPool());
    const phone = new Device('phone', 'game');
    const old = new Device('old tablet', 'game');
    phone.put('a', '1');
    await phone.sync(sync);
    phone.put('b', '1');
    await phone.sync(sync);
    await old.sync(sync);

    phone.deleteDataset();
    phone.put('c', 'new');
    await phone.sync(sync);
    await old.sync(sync);

    expect(phone.view()).toEqual({ c: 'new' });
    expect(old.view()).toEqual({ c: 'new' });
  });

  test('the flags tell old counts from new ones, and the count goes on behind that of the deletion', async () => {
    const { sync } = await stage().newGuest(await stage().newPool());
    const writer = new Device('writer', 'game');
    for (const value of ['1', '2', '3']) {
      writer.put('a', value);
      await writer.sync(sync);
    }
    const flags = async (lastSyncCount: number) => {
      const { datasetExists, datasetDeletedAfterRequestedSyncCount, datasetSyncCount } =
        await sync.listRecords({ datasetName: 'game', lastSyncCount });
      return [datasetExists, datasetDeletedAfterRequestedSyncCount, datasetSyncCount];
    };

    const { syncCount } = await sync.deleteDataset({ datasetName: 'game' });
    const afterDeletion = [await flags(0), await flags(2), await flags(3)];
    writer.deleteDataset();
    writer.put('z', 'new');
    await writer.sync(sync);
    const afterNewBeginning = [await flags(0), await flags(2), await flags(3), await flags(5)];

    expect(syncCount).toBe(3);
    expect(afterDeletion).toEqual([
      [false, false, 0],
      [false, true, 0],
      [false, true, 0],
    ]);
    expect(afterNewBeginning).toEqual([
      [true, false, 5],
      [true, true, 5],
      [true, true, 5],
      [true, false, 5],
    ]);
  });

  test('deleting what is not there is refused, and so is a count that was never reached', async () => {
    const { sync } = await stage().newGuest(await stage().newPool());

    const deletion = await refusalOf(sync.deleteDataset({ datasetName: 'never' }));
    const pull = await refusalOf(sync.listRecords({ datasetName: 'never', lastSyncCount: 37 }));

    expect(deletion.code).toBe('RESOURCE_NOT_FOUND');
    expect(pull.code).toBe('INVALID_PARAMETER');
    expect(pull.message).toContain('No such SyncCount: 37 exists for this Dataset');
  });
};
