import {
  DeleteDatasetCommand,
  DescribeDatasetCommand,
  DescribeIdentityPoolUsageCommand,
  DescribeIdentityUsageCommand,
  ListDatasetsCommand,
  ListIdentityPoolUsageCommand,
  ListRecordsCommand,
  UpdateRecordsCommand,
} from '@aws-sdk/client-cognito-sync';
import { createPool, eventually, mutate } from '../../support/factories';
import { fakeClock } from '../../support/service-context';
import {
  outputOf,
  push,
  refused,
  remove,
  replace,
  startSyncApi,
  tokenFor,
  type Dataset,
  type GuestCaller,
  type SyncApi,
} from './sync-api';

/** Stands still at about the time that the SDK signs with. */
const clock = fakeClock(new Date());
let api: SyncApi;
let me: GuestCaller;
let dataset: Dataset;

beforeAll(async () => {
  api = await startSyncApi({ now: clock.now }, { developerProviderName: 'login.my.app' });
});

afterAll(() => api.stop());

beforeEach(async () => {
  me = await api.guest();
  dataset = { ...me.owner, DatasetName: 'my_data-set:1' };
});

const list = async (more: object = {}) =>
  outputOf(await me.client.send(new ListRecordsCommand({ ...dataset, ...more })));
const raw = (path = '', query: Record<string, string> = {}) => {
  const { IdentityPoolId, IdentityId, DatasetName } = dataset;
  const [pool, identity, name] = [IdentityPoolId, IdentityId, DatasetName].map(encodeURIComponent);
  const under = `/identitypools/${pool}/identities/${identity}/datasets/${name}`;
  return me.send({ method: 'GET', path: `${under}${path}`, query });
};

describe('ListRecords', () => {
  it('of a dataset that never was answers that, with nulls as AWS and a token', async () => {
    const { status, body } = await raw('/records');

    expect(status).toBe(200);
    const { SyncSessionToken, ...rest } = body;
    expect(SyncSessionToken).toMatch(/^\S+$/);
    expect(rest).toEqual({
      Records: [],
      Count: 0,
      DatasetSyncCount: 0,
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: false,
      LastModifiedBy: null,
      MergedDatasetNames: null,
      NextToken: null,
    });
  });

  it('shows records with epoch seconds, and removed ones with a null Value', async () => {
    const deviceDate = new Date('2026-01-02T03:04:05.678Z');
    await push(
      me,
      dataset,
      [{ ...replace('a', '1'), DeviceLastModifiedDate: deviceDate }, replace('b', '')],
      {
        DeviceId: 'my-phone',
      },
    );
    await push(me, dataset, [remove('a', 1)]);

    const { body } = await raw('/records');

    const at = clock.now().getTime() / 1000;
    expect(body.Records).toEqual([
      {
        Key: 'b',
        Value: '',
        SyncCount: 1,
        LastModifiedDate: at,
        LastModifiedBy: 'my-phone',
        DeviceLastModifiedDate: null,
      },
      {
        Key: 'a',
        Value: null,
        SyncCount: 2,
        LastModifiedDate: at,
        LastModifiedBy: me.owner.IdentityId,
        DeviceLastModifiedDate: null,
      },
    ]);
    expect(body).toMatchObject({ Count: 2, DatasetSyncCount: 2, DatasetExists: true });
  });

  it('gives back the date of the device', async () => {
    const DeviceLastModifiedDate = new Date('2026-01-02T03:04:05.678Z');
    await push(me, dataset, [{ ...replace('a', '1'), DeviceLastModifiedDate }]);

    expect((await list()).Records).toMatchObject([{ DeviceLastModifiedDate }]);
    expect((await raw('/records')).body.Records[0].DeviceLastModifiedDate).toBe(1767323045.678);
  });

  it('shows what changed after LastSyncCount only', async () => {
    await push(me, dataset, [replace('a', '1'), replace('b', '1')]);
    await push(me, dataset, [replace('b', '2', 1)]);

    expect((await list({ LastSyncCount: 1 })).Records).toMatchObject([
      { Key: 'b', Value: '2', SyncCount: 2 },
    ]);
    expect(await list({ LastSyncCount: 2 })).toMatchObject({ Records: [], Count: 0, DatasetSyncCount: 2 });
  });

  it('refuses a LastSyncCount that never was', async () => {
    await push(me, dataset, [replace('a', '1')]);

    expect(await refused(list({ LastSyncCount: 37 }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'No such SyncCount: 37 exists for this Dataset',
    });
  });

  it('goes from page to page, and to a whole dataset at once without MaxResults', async () => {
    await push(
      me,
      dataset,
      Array.from({ length: 130 }, (_, at) => replace(`key-${at}`, 'v')),
    );

    const keys: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await list({ MaxResults: 50, NextToken });
      expect(page.Count).toBe(page.Records!.length);
      expect(page.DatasetSyncCount).toBe(1);
      keys.push(...page.Records!.map(({ Key }) => Key!));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);

    expect(new Set(keys).size).toBe(130);
    expect(keys).toHaveLength(130);
    expect((await list()).Records).toHaveLength(130);
    expect((await list({ MaxResults: 5000 })).Records).toHaveLength(130);
  });

  it('refuses a NextToken of another listing, and MaxResults below 1', async () => {
    await push(me, dataset, [replace('a', '1'), replace('b', '1')]);
    const { NextToken } = await list({ MaxResults: 1 });

    expect(await refused(list({ MaxResults: 1, NextToken, LastSyncCount: 1 }))).toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringMatching(/^nextToken must come from the page before/),
    });
    expect(await refused(list({ NextToken: 'made up' }))).toMatchObject({
      name: 'InvalidParameterException',
    });
    expect(await refused(list({ MaxResults: 0 }))).toEqual({
      name: 'ValidationException',
      status: 400,
      message:
        "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
    });
  });

  it('goes on with the session of a token', async () => {
    const SyncSessionToken = await tokenFor(me, dataset);

    const again = await list({ SyncSessionToken });

    expect(again.SyncSessionToken).toMatch(/^\S+$/);
    expect(await refused(list({ SyncSessionToken: 'made up' }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'SyncSessionToken not valid for these inputs',
    });
  });

  it('names the datasets that a merge brought, though their names are longer than AWS allows', async () => {
    const userOf = async (token: string): Promise<string> => {
      const input = { identityPoolId: api.poolId, logins: [{ provider: 'login.my.app', token }] };
      const call = 'getOpenIdTokenForDeveloperIdentity { identityId }';
      const { data } = await mutate(api.server, call, input, api.server.admin);
      return data.getOpenIdTokenForDeveloperIdentity.identityId;
    };
    const DatasetName = 'n'.repeat(128);
    const [source, survivor] = [await userOf('source'), await userOf('survivor')];
    const of = (IdentityId: string, name = DatasetName): Dataset => ({
      IdentityPoolId: api.poolId,
      IdentityId,
      DatasetName: name,
    });
    await push(api.admin, of(source), [replace('a', 'of the source')]);
    const users = { sourceUserIdentifier: 'source', destinationUserIdentifier: 'survivor' };
    const merge = { identityPoolId: api.poolId, developerProviderName: 'login.my.app', ...users };
    await mutate(api.server, 'mergeDeveloperIdentities { identityId }', merge, api.server.admin);

    const merged = `${DatasetName}.${source}`;
    const read = async (name: string) => api.admin.client.send(new ListRecordsCommand(of(survivor, name)));

    expect((await read(DatasetName)).MergedDatasetNames).toEqual([merged]);
    expect((await read(merged)).Records).toMatchObject([{ Key: 'a', Value: 'of the source' }]);
    await api.admin.client.send(new DeleteDatasetCommand(of(survivor, merged)));
    expect((await read(DatasetName)).MergedDatasetNames).toBeUndefined();
    expect(await refused(push(api.admin, of(source), [replace('a', '2')]))).toEqual({
      name: 'NotAuthorizedException',
      status: 403,
      message: `Access to Identity '${source}' is forbidden.`,
    });
    const tooLong = api.admin.client.send(new ListRecordsCommand(of(survivor, `n${merged}`)));
    expect(await refused(tooLong)).toMatchObject({ name: 'InvalidParameterException', status: 400 });
  });
});

describe('UpdateRecords', () => {
  it('makes the dataset, counts it up by one for all patches, and answers what changed', async () => {
    const first = await push(me, dataset, [replace('b', '2'), replace('a', '1'), remove('never', 0)]);

    const at = { LastModifiedDate: clock.now(), LastModifiedBy: me.owner.IdentityId };
    expect(outputOf(first)).toEqual({
      Records: [
        { Key: 'a', Value: '1', SyncCount: 1, ...at },
        { Key: 'b', Value: '2', SyncCount: 1, ...at },
        { Key: 'never', SyncCount: 1, ...at },
      ],
    });
  });

  it('takes every name that AWS takes, unless a merge alone makes it', async () => {
    const named = (DatasetName: string) => push(me, { ...dataset, DatasetName }, [replace('a', '1')]);

    for (const DatasetName of ['settings.app:1', '..a', ':', 'n'.repeat(128)])
      expect((await named(DatasetName)).Records).toMatchObject([{ SyncCount: 1 }]);
    expect(await refused(named(`notes.${me.owner.IdentityId}`))).toMatchObject({
      name: 'ResourceNotFoundException',
      status: 404,
    });
  });

  it('says of an administrator that the account wrote', async () => {
    const { Records } = await push(api.admin, dataset, [replace('a', '1')], { DeviceId: 'no-device' });

    expect(Records).toMatchObject([{ LastModifiedBy: '000000000000' }]);
  });

  it('takes a value for a remove, as amazon-cognito-js sends it, and no patches', async () => {
    await push(me, dataset, [replace('a', '1')]);

    const { Records } = await push(me, dataset, [{ ...remove('a', 1), Value: '' }]);
    const nothing = await push(me, dataset, []);

    expect(Records).toMatchObject([{ Key: 'a', SyncCount: 2 }]);
    expect(Records![0]).not.toHaveProperty('Value');
    expect(outputOf(nothing)).toEqual({ Records: [] });
    expect((await list()).DatasetSyncCount).toBe(2);
  });

  it('refuses a stale count as a conflict, in AWS’s words, and writes nothing', async () => {
    await push(me, dataset, [replace('a', '1')]);
    await push(me, dataset, [replace('a', '2', 1)]);

    const stale = await refused(push(me, dataset, [replace('a', '3', 1), replace('b', '1')]));

    expect(stale).toMatchObject({ name: 'ResourceConflictException', status: 409 });
    expect(stale.message).toMatch(/^Current SyncCount for: a is: 2 not: 1\./);
    expect((await list()).Records).toMatchObject([{ Key: 'a', Value: '2' }]);
  });

  it('takes a count between the record’s and the dataset’s, and none above', async () => {
    await push(me, dataset, [replace('a', '1')]);
    await push(me, dataset, [replace('b', '1')]);

    const { Records } = await push(me, dataset, [replace('a', '2', 2)]);

    expect(Records).toMatchObject([{ Key: 'a', SyncCount: 3 }]);
    expect(await refused(push(me, dataset, [replace('a', '3', 4)]))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'No such SyncCount: 4 exists for this Dataset',
    });
  });

  it('needs a token of the dataset that was not used, and takes it again after a conflict', async () => {
    await push(me, dataset, [replace('a', '1')]);
    const SyncSessionToken = await tokenFor(me, dataset);
    const send = (patch: object, more: object = {}) => {
      const RecordPatches = [patch as ReturnType<typeof replace>];
      return me.client.send(
        new UpdateRecordsCommand({ ...dataset, SyncSessionToken, RecordPatches, ...more }),
      );
    };
    const notValid = {
      name: 'InvalidParameterException',
      status: 400,
      message: 'SyncSessionToken not valid for these inputs',
    };

    expect(await refused(send(replace('a', '2', 0)))).toMatchObject({ name: 'ResourceConflictException' });
    expect(await refused(send(replace('a', '2', 1), { DatasetName: 'another' }))).toEqual(notValid);
    expect(await send(replace('a', '2', 1))).toMatchObject({ Records: [{ SyncCount: 2 }] });
    expect(await refused(send(replace('a', '3', 2)))).toEqual(notValid);
    expect(await refused(list({ SyncSessionToken }))).toEqual(notValid);
    expect(await refused(send(replace('a', '3', 2), { SyncSessionToken: undefined }))).toEqual({
      name: 'ValidationException',
      status: 400,
      message:
        "1 validation error detected: Value at 'syncSessionToken' failed to satisfy constraint: Member must not be null",
    });
  });

  it('refuses a key twice, a replace without Value and more than a dataset may hold', async () => {
    const sentences = [
      await refused(push(me, dataset, [replace('a', '1'), replace('a', '2')])),
      await refused(push(me, dataset, [{ Op: 'replace', Key: 'a', SyncCount: 0 }])),
      await refused(
        push(me, dataset, [replace('a', 'x'.repeat(600_000)), replace('b', 'x'.repeat(600_000))]),
      ),
    ];

    expect(sentences).toEqual([
      {
        name: 'InvalidParameterException',
        status: 400,
        message: 'recordPatches must not have the same key twice: a',
      },
      {
        name: 'InvalidParameterException',
        status: 400,
        message: 'recordPatches[0].value must be a string',
      },
      {
        name: 'LimitExceededException',
        status: 400,
        message: expect.stringMatching(
          /bytes of keys and values in this dataset; at most 1048576 are allowed/,
        ),
      },
    ]);
    expect((await list()).DatasetExists).toBe(false);
  });

  it('says each constraint of the model that a patch breaks, and no value', async () => {
    const patches = [{ Op: 'add', Key: '', Value: 'secret', SyncCount: 0 }, replace('k'.repeat(1025), 'v')];
    const broken = await refused(push(me, dataset, patches as ReturnType<typeof replace>[]));

    expect(broken).toMatchObject({ name: 'ValidationException', status: 400 });
    expect(broken.message).toBe(
      "3 validation errors detected: Value 'add' at 'recordPatches.1.member.op' failed to satisfy constraint: " +
        "Member must satisfy enum value set: [replace, remove]; Value '' at 'recordPatches.1.member.key' failed to satisfy " +
        `constraint: Member must have length greater than or equal to 1; Value '${'k'.repeat(256)}...' at ` +
        "'recordPatches.2.member.key' failed to satisfy constraint: Member must have length less than or equal to 1024",
    );
  });
});

describe('a dataset', () => {
  it('is described, listed and deleted, and is gone then', async () => {
    const before = clock.now();
    await push(me, dataset, [replace('a', 'ü'), replace('b', '1')]);
    await push(me, dataset, [remove('b', 1)]);

    const described = await me.client.send(new DescribeDatasetCommand(dataset));

    const expected = {
      ...{ IdentityId: me.owner.IdentityId, DatasetName: dataset.DatasetName },
      ...{ CreationDate: before, LastModifiedDate: before, LastModifiedBy: me.owner.IdentityId },
      ...{ DataStorage: 3, NumRecords: 1 },
    };
    expect(described.Dataset).toEqual(expected);
    const { Datasets, Count } = await me.client.send(
      new ListDatasetsCommand({ ...me.owner, MaxResults: 64 }),
    );
    expect(Datasets).toContainEqual(expected);
    expect(Count).toBe(Datasets!.length);

    const deleted = await me.client.send(new DeleteDatasetCommand(dataset));

    expect(deleted.Dataset).toEqual(expected);
    const notFound = {
      name: 'ResourceNotFoundException',
      status: 404,
      message: `Dataset '${dataset.DatasetName}' not found.`,
    };
    expect(await refused(me.client.send(new DescribeDatasetCommand(dataset)))).toEqual(notFound);
    expect(await refused(me.client.send(new DeleteDatasetCommand(dataset)))).toEqual(notFound);
    expect(await list()).toMatchObject({
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: false,
    });
    expect(await list({ LastSyncCount: 2 })).toMatchObject({
      DatasetExists: false,
      DatasetDeletedAfterRequestedSyncCount: true,
    });
  });

  it('that came back tells those who knew the old one, and nobody else', async () => {
    await push(me, dataset, [replace('a', '1')]);
    await me.client.send(new DeleteDatasetCommand(dataset));
    await push(me, dataset, [replace('a', '2', 0)]);

    const old = await list({ LastSyncCount: 1 });

    expect(old).toMatchObject({ DatasetExists: true, DatasetDeletedAfterRequestedSyncCount: true });
    expect(old.Records).toMatchObject([{ Key: 'a', Value: '2' }]);
    expect(await list()).toMatchObject({ DatasetDeletedAfterRequestedSyncCount: false });
  });

  it('is listed page by page', async () => {
    const other = await api.guest();
    for (const DatasetName of ['a', 'b', 'c'])
      await push(other, { ...other.owner, DatasetName }, [replace('k', 'v')]);
    const page = (more: object) => other.client.send(new ListDatasetsCommand({ ...other.owner, ...more }));

    const first = await page({ MaxResults: 2 });
    const second = await page({ MaxResults: 2, NextToken: first.NextToken });

    expect(first.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['a', 'b']);
    expect(first.NextToken).toMatch(/^\S+$/);
    expect(second.Datasets!.map(({ DatasetName }) => DatasetName)).toEqual(['c']);
    expect(second).toMatchObject({ Count: 1 });
    expect(second.NextToken).toBeUndefined();
    expect(await refused(page({ NextToken: 'made up' }))).toEqual({
      name: 'InvalidParameterException',
      status: 400,
      message: 'nextToken must come from an earlier page of this list',
    });
  });
});

describe('usage', () => {
  it('of an identity is what its datasets hold, and null dates before', async () => {
    const other = await api.guest();
    const usage = () => other.client.send(new DescribeIdentityUsageCommand(other.owner));

    const { IdentityUsage: empty } = await usage();
    await push(other, { ...other.owner, DatasetName: 'd' }, [replace('key', 'value')]);

    expect(empty).toEqual({ ...other.owner, DatasetCount: 0, DataStorage: 0 });
    expect((await usage()).IdentityUsage).toEqual({
      ...other.owner,
      DatasetCount: 1,
      DataStorage: 8,
      LastModifiedDate: clock.now(),
    });
  });

  it('of a pool has a null count of sessions until there was one', async () => {
    const { id } = await createPool(api.server);
    const path = `/identitypools/${encodeURIComponent(id)}`;

    const { body } = await api.admin.send({ method: 'GET', path });

    expect(body).toEqual({
      IdentityPoolUsage: {
        IdentityPoolId: id,
        SyncSessionsCount: null,
        DataStorage: 0,
        LastModifiedDate: null,
      },
    });
    const writer = await api.guest(id);
    await push(writer, { ...writer.owner, DatasetName: 'd' }, [replace('key', 'value')]);
    const usage = async () =>
      (await api.admin.client.send(new DescribeIdentityPoolUsageCommand({ IdentityPoolId: id })))
        .IdentityPoolUsage!;
    const counted = await eventually(usage, ({ SyncSessionsCount }) => SyncSessionsCount !== undefined);
    expect(counted).toMatchObject({ SyncSessionsCount: 1, DataStorage: 8, LastModifiedDate: clock.now() });
  });

  it('of all pools comes page by page, with the size of a page', async () => {
    await createPool(api.server);
    const page = (input: object) => api.admin.client.send(new ListIdentityPoolUsageCommand(input));

    const whole = await page({});
    const first = await page({ MaxResults: 1 });
    const second = await page({ MaxResults: 1, NextToken: first.NextToken });

    expect(whole).toMatchObject({ MaxResults: 60, Count: whole.IdentityPoolUsages!.length });
    expect(first).toMatchObject({ MaxResults: 1, Count: 1 });
    expect([first, second].map((each) => each.IdentityPoolUsages![0])).toEqual(
      whole.IdentityPoolUsages!.slice(0, 2),
    );
  });
});
