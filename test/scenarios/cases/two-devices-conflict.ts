import { Device } from '../../support/device';
import { refusalOf, type Patch } from '../door';
import type { Stage } from '../stage';

export const twoDevicesConflict = (stage: () => Stage): void => {
  const newDataset = async () => {
    const guest = await stage().newGuest(await stage().newPool());
    const write = async (...recordPatches: Patch[]) => {
      const { syncSessionToken } = await guest.sync.listRecords({ datasetName: 'd', lastSyncCount: 0 });
      return guest.sync.updateRecords({ datasetName: 'd', recordPatches, syncSessionToken });
    };
    return { ...guest, write };
  };

  test('one stale patch refuses the whole call, and nothing of it is written', async () => {
    const { sync, write } = await newDataset();
    await write({ op: 'replace', key: 'a', value: '1', syncCount: 0 });
    await write({ op: 'replace', key: 'a', value: '2', syncCount: 1 });

    const refused = await refusalOf(
      write(
        { op: 'replace', key: 'a', value: '3', syncCount: 1 },
        { op: 'replace', key: 'b', value: '1', syncCount: 0 },
      ),
    );

    const { records, datasetSyncCount } = await sync.listRecords({ datasetName: 'd', lastSyncCount: 0 });
    expect(refused.code).toBe('RESOURCE_CONFLICT');
    expect(datasetSyncCount).toBe(2);
    expect(records.map(({ key, value, syncCount }) => [key, value, syncCount])).toEqual([['a', '2', 2]]);
  });

  test('all conflicts of a call are told at once, removed records too', async () => {
    const { write } = await newDataset();
    await write(
      { op: 'replace', key: 'a', value: '1', syncCount: 0 },
      { op: 'replace', key: 'b', value: '1', syncCount: 0 },
    );
    await write(
      { op: 'replace', key: 'a', value: '2', syncCount: 1 },
      { op: 'remove', key: 'b', syncCount: 1 },
    );

    const refused = await refusalOf(
      write(
        { op: 'replace', key: 'a', value: 'mine', syncCount: 1 },
        { op: 'replace', key: 'b', value: 'mine', syncCount: 1 },
      ),
    );

    expect(refused.message).toContain(
      'Current SyncCount for: a is: 2 not: 1; Current SyncCount for: b is: 2 not: 1',
    );
    if (!stage().door.errorsHaveFields) return;
    const { conflicts, ...rest } = refused.fields;
    expect(conflicts.map(({ key, record }: any) => [key, record.value, record.syncCount])).toEqual([
      ['a', '2', 2],
      ['b', null, 2],
    ]);
    expect(rest).toMatchObject({ datasetSyncCount: 2, pullFrom: 1 });
  });

  test.each(['mine', 'theirs'] as const)(
    'a device that keeps %s gets through after one pull, and both end alike',
    async (policy) => {
      const { sync } = await newDataset();
      const phone = new Device('phone', 'd');
      const tablet = new Device('tablet', 'd', policy);
      phone.put('a', 'phone');
      tablet.put('a', 'tablet');
      tablet.put('b', 'tablet');

      await phone.sync(sync);
      await tablet.sync(sync);
      await phone.sync(sync);

      expect(tablet.view()).toEqual({ a: policy === 'mine' ? 'tablet' : 'phone', b: 'tablet' });
      expect(phone.view()).toEqual(tablet.view());
    },
  );

  test('a removal travels to the other device, and the key can be written again', async () => {
    const { sync } = await newDataset();
    const phone = new Device('phone', 'd');
    const tablet = new Device('tablet', 'd');
    phone.put('a', '1');
    await phone.sync(sync);
    await tablet.sync(sync);

    phone.remove('a');
    await phone.sync(sync);
    await tablet.sync(sync);
    expect(tablet.view()).toEqual({});

    tablet.put('a', '2');
    await tablet.sync(sync);
    await phone.sync(sync);
    expect(phone.view()).toEqual({ a: '2' });
  });
};
