import { CognitoIdentity, type IdentityDescription } from '@aws-sdk/client-cognito-identity';
import { CognitoSync, type Dataset, type _Record } from '@aws-sdk/client-cognito-sync';
import { rockpool } from '../../src/cli/main';
import { refusalOf } from '../scenarios/door';
import { awsDoor } from '../scenarios/doors/aws';
import { APP } from '../scenarios/login-providers';
import { openStage, type Guest, type Stage } from '../scenarios/stage';
import { Device } from '../support/device';
import { mutate } from '../support/factories';
import { TEST_ADMIN, startTestServer, type TestServer } from '../support/server';

/*
 * One Rockpool is imported into another through the AWS door, as an AWS account would be: every record is compared, and
 * devices go on at the new one from the counts that they have.
 */

const DEVELOPER = 'login.shop';

let there: Stage;
let here: TestServer;
let identityPoolId: string;

beforeAll(async () => {
  [there, here] = await Promise.all([openStage(awsDoor), startTestServer()]);
  process.env.AWS_ACCESS_KEY_ID = TEST_ADMIN.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY = TEST_ADMIN.secretAccessKey;
  // What an account has in IAM, an administrator registers where there is none to ask.
  await mutate(
    here,
    'createOpenIDConnectProvider { openIDConnectProviderArn }',
    { url: there.issuer.issuer, clientIDList: [APP] },
    here.admin,
  );
  identityPoolId = await there.newPool({ developerProviderName: DEVELOPER });
});
afterAll(async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  await there?.close();
  await here?.close();
});

const bring = async (...args: string[]): Promise<{ code: number; counts: any }> => {
  let out = '';
  const from = ['--region', 'us-east-1', '--endpoint', there.server.url, '--pool', identityPoolId];
  const to = ['--to', here.url, '--key', here.admin, '--rate', '1000', '--json'];
  const code = await rockpool(['import', 'cognito', ...from, ...to, ...args], {
    out: { write: (text) => (out += text) },
    err: { write: () => true },
    signal: new AbortController().signal,
  });
  return { code, counts: JSON.parse(out).counts };
};

interface Snapshot {
  pool: object;
  identities: IdentityDescription[];
  datasets: (Dataset & { records: _Record[]; syncCount: number })[];
}

/** Everything that AWS's API tells of the pool, its identities and their data. */
const snapshotOf = async (url: string): Promise<Snapshot> => {
  const settings = { endpoint: url, region: 'us-east-1', credentials: TEST_ADMIN };
  const [identity, sync] = [new CognitoIdentity(settings), new CognitoSync(settings)];
  const pool = await identity.describeIdentityPool({ IdentityPoolId: identityPoolId });
  const { Identities = [] } = await identity.listIdentities({
    IdentityPoolId: identityPoolId,
    MaxResults: 60,
  });
  const datasets: Snapshot['datasets'] = [];
  for (const { IdentityId } of Identities) {
    const owner = { IdentityPoolId: identityPoolId, IdentityId };
    const listed = await sync.listDatasets(owner).catch(() => ({ Datasets: [] as Dataset[] }));
    for (const dataset of listed.Datasets ?? []) {
      const { Records = [], DatasetSyncCount = 0 } = await sync.listRecords({
        ...owner,
        DatasetName: dataset.DatasetName,
      });
      datasets.push({ ...dataset, records: Records, syncCount: DatasetSyncCount });
    }
  }
  const members = { ...pool, $metadata: undefined };
  const byId = [...Identities].sort((a, b) => (a.IdentityId! < b.IdentityId! ? -1 : 1));
  return { pool: members, identities: byId, datasets };
};

/** A phone that has synced some keys, changed one, and removed another. */
const usedPhone = async (guest: Guest): Promise<Device> => {
  const phone = new Device('phone', 'game');
  for (const key of ['a', 'b', 'c']) phone.put(key, `${key} of ${guest.identityId}`);
  await phone.sync(guest.sync);
  phone.put('a', 'größer ✓');
  phone.remove('b');
  await phone.sync(guest.sync);
  return phone;
};

test('all of a Rockpool comes over through the AWS door, and devices go on from their old counts', async () => {
  const guest = await there.newGuest(identityPoolId);
  const ann = await there.signIn(identityPoolId, await there.loginOf('ann'));
  const bob = await there.signIn(identityPoolId, await there.loginOf('bob'));
  const { identityId: eve } = await there.door.getOpenIdTokenForDeveloperIdentity(there.administrator, {
    identityPoolId,
    logins: [{ provider: DEVELOPER, token: 'eve' }],
  });
  const phones = new Map([guest, ann, bob].map((each) => [each.identityId, usedPhone(each)]));
  const merging = await there.newGuest(identityPoolId);
  await usedPhone(merging);
  await Promise.all(phones.values());
  await there.door.getCredentialsForIdentity({
    identityId: merging.identityId,
    logins: [await there.loginOf('bob')],
  });

  const first = await bring('--claim-logins');
  const [source, target] = [await snapshotOf(there.server.url), await snapshotOf(here.url)];

  expect(first.code).toBe(0);
  expect(target).toEqual(source);
  expect(source.datasets.map(({ DatasetName }) => DatasetName)).toContain(`game.${merging.identityId}`);
  expect(source.datasets.every(({ records }) => records.some(({ Value }) => Value === undefined))).toBe(true);

  const known = source.identities.map(({ IdentityId }) => [IdentityId!, identityPoolId] as [string, string]);
  const door = awsDoor(here.url, known);
  const goOn = async (identityId: string, ...logins: { provider: string; token: string }[]) => {
    const answer = await door.getCredentialsForIdentity({ identityId, logins });
    expect(answer.identityId).toBe(identityId);
    return door.sync(answer.credentials);
  };
  const asGuest = await goOn(guest.identityId);
  const asAnn = await goOn(ann.identityId, await there.loginOf('ann'));
  const phone = await phones.get(ann.identityId)!;
  phone.put('c', 'written at the new one');
  await phone.sync(asAnn);
  const stale = await refusalOf(
    asAnn.updateRecords({
      datasetName: 'game',
      recordPatches: [{ op: 'replace', key: 'a', value: 'x', syncCount: 1 }],
    }),
  );
  const lookup = await door.lookupDeveloperIdentity(there.administrator, {
    identityPoolId,
    developerUserIdentifier: 'eve',
  });

  expect(phone.lastSyncCount).toBe(3);
  expect(stale.code).toBe('RESOURCE_CONFLICT');
  expect((await asGuest.listRecords({ datasetName: 'game', lastSyncCount: 2 })).records).toEqual([]);
  expect(lookup.identityId).toBe(eve);
  // Ann's next device has no id: her login finds her identity from now on.
  const tablet = await door.getId({ identityPoolId, logins: [await there.loginOf('ann')] });
  expect(tablet.identityId).toBe(ann.identityId);

  const oldPhone = await phones.get(guest.identityId)!;
  oldPhone.put('d', 'written at the old one in between');
  await oldPhone.sync(guest.sync);
  const second = await bring('--claim-logins');
  const brought = await asGuest.listRecords({ datasetName: 'game', lastSyncCount: 2 });

  expect(second.counts.datasets).toMatchObject({ written: 1 });
  expect(second.counts.records).toMatchObject({ written: 1 });
  expect(brought.records.map(({ key, syncCount }) => [key, syncCount])).toEqual([['d', 3]]);
}, 60_000);
