import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { rockpool } from '../../src/cli/main';
import { startCognitoStandIn, type CognitoStandIn } from '../support/cognito-stand-in';
import { getId, mutate, rowsOf, type Data } from '../support/factories';
import { startTestServer, TEST_ADMIN, type TestServer } from '../support/server';

const ACCOUNT = '123456789012';
const SIGNED_IN = `arn:aws:iam::${ACCOUNT}:role/service/SignedIn`;
const OIDC = `arn:aws:iam::${ACCOUNT}:oidc-provider/issuer.example`;
const COGNITO = 'cognito-identity.amazonaws.com';

let target: TestServer;
let source: CognitoStandIn;
let folder: string;
let poolId: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rockpool-import-'));
  writeFileSync(join(folder, 'key'), `${TEST_ADMIN.accessKeyId}.${TEST_ADMIN.secretAccessKey}\n`);
  process.env.AWS_ACCESS_KEY_ID = 'AKIASTANDIN';
  process.env.AWS_SECRET_ACCESS_KEY = 'not-a-real-secret';
  target = await startTestServer({ config: { accountId: ACCOUNT } });
});
afterAll(async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  rmSync(folder, { recursive: true });
  await target?.close();
});
beforeEach(async () => {
  source = await startCognitoStandIn();
  poolId = addPool();
});
afterEach(() => source?.close());

const newId = (): string => `us-east-1:${randomUUID()}`;

const addPool = (given: object = {}): string => {
  const id = newId();
  source.pools.push({
    IdentityPoolId: id,
    IdentityPoolName: 'Our app',
    AllowUnauthenticatedIdentities: true,
    IdentityPoolTags: {},
    ...given,
  });
  return id;
};

interface Outcome {
  code: number;
  report: Data;
  err: string;
}

const deferred = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
};

/** A proxy before the target that takes no larger requests. */
const limitedTo = async (bytes: number): Promise<{ url: string; close: () => void }> => {
  const proxy = createServer((request, response) => {
    void text(request).then(async (body) => {
      if (body.length > bytes) return response.writeHead(413).end('<html>too large</html>');
      const { authorization = '' } = request.headers;
      const headers = { 'content-type': 'application/json', authorization };
      const answer = await fetch(`${target.url}/graphql`, { method: 'POST', headers, body });
      return response.end(await answer.text());
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    close: () => proxy.close(),
  };
};

const NEVER = new AbortController().signal;

const run = async (args: string[] = [], signal = NEVER): Promise<Outcome> => {
  let out = '';
  let err = '';
  const common = [
    '--region',
    'us-east-1',
    '--endpoint',
    source.url,
    '--to',
    target.url,
    '--rate',
    '1000',
    '--json',
  ];
  const code = await rockpool(['import', 'cognito', ...common, '--key-file', join(folder, 'key'), ...args], {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    signal,
  });
  return { code, report: out === '' ? undefined : JSON.parse(out), err };
};

const counts = ({ report }: Outcome, kind: string): Data => report.counts[kind];
const reset = (): void => {
  source.calls = {};
};
const identitiesHere = (): Promise<Data[]> =>
  rowsOf(
    target,
    'SELECT identity_id, is_authenticated, disabled_at IS NOT NULL AS disabled, created_at FROM identities WHERE identity_pool_id = $1 ORDER BY created_at',
    [poolId],
  );
const recordsHere = async (identityId: string, datasetName: string): Promise<Data> => {
  const { listRecords } = await target.run(
    `query ($input: ListRecordsInput!) { listRecords(input: $input) {
       datasetSyncCount records { key value syncCount lastModifiedDate lastModifiedBy deviceLastModifiedDate } } }`,
    { input: { identityPoolId: poolId, identityId, datasetName } },
    target.admin,
  );
  return listRecords;
};
const recordsThere = (identityId: string, datasetName: string): Data => {
  const dataset = source.identity(identityId).datasets.get(datasetName)!;
  const date = (seconds: number): string => new Date(Math.round(seconds * 1000)).toISOString();
  return {
    datasetSyncCount: dataset.syncCount,
    records: [...dataset.records.values()]
      .sort((a, b) => a.SyncCount - b.SyncCount || (a.Key < b.Key ? -1 : 1))
      .map((record) => ({
        key: record.Key,
        value: record.Value ?? null,
        syncCount: record.SyncCount,
        lastModifiedDate: date(record.LastModifiedDate),
        lastModifiedBy: record.LastModifiedBy,
        deviceLastModifiedDate: date(record.DeviceLastModifiedDate),
      })),
  };
};

/** So many identities, three to a page, with records of two pages; the first has two datasets more. */
const populate = (count: number): string[] => {
  const ids = Array.from({ length: count }, () => source.addIdentity(poolId));
  for (const id of ids) {
    source.write(id, 'settings', { a: '1', b: '2', c: '3', d: '4', e: '5' });
    source.write(id, 'settings', { b: null, f: 'ü' });
  }
  source.write(ids[0]!, 'one', { k: 'one' });
  source.write(ids[0]!, `settings.${newId()}`, { merged: 'yes' });
  return ids;
};

describe('rockpool import cognito', () => {
  test('brings pools, identities, datasets and records over, merged ones and removals too', async () => {
    const ids = populate(4);

    const outcome = await run();

    expect(outcome).toMatchObject({ code: 0, report: { finished: true, problems: [], left: [] } });
    expect(counts(outcome, 'identities')).toMatchObject({ read: 4, written: 4 });
    expect(counts(outcome, 'datasets')).toMatchObject({ read: 6, written: 6 });
    expect(counts(outcome, 'records')).toMatchObject({ read: 4 * 5 + 2, written: 4 * 5 + 2 });
    expect(counts(outcome, 'tombstones')).toMatchObject({ read: 4, written: 4 });
    for (const id of ids)
      for (const name of source.identity(id).datasets.keys())
        expect(await recordsHere(id, name)).toEqual(recordsThere(id, name));
    expect((await identitiesHere()).map((row) => row.created_at.getTime())).toEqual(
      ids.map((id) => Math.round(source.identity(id).created * 1000)),
    );
  });

  test('asks a second time only for what changed', async () => {
    const ids = populate(3);
    await run();
    source.write(ids[1]!, 'settings', { a: 'new' });
    source.write(ids[2]!, 'another', { a: 'new' });
    reset();

    const outcome = await run();

    expect(outcome.code).toBe(0);
    expect(source.calls.ListRecords).toBe(2);
    expect(counts(outcome, 'identities')).toMatchObject({ read: 3, written: 0, unchanged: 3 });
    expect(counts(outcome, 'datasets')).toMatchObject({ written: 2, unchanged: 4 });
    expect(counts(outcome, 'records')).toMatchObject({ read: 2, written: 2 });
    expect(await recordsHere(ids[1]!, 'settings')).toEqual(recordsThere(ids[1]!, 'settings'));
  });

  test('leaves alone what changed at both places, and says so', async () => {
    const [id] = populate(1);
    await run();
    const patch = { op: 'REPLACE', key: 'mine', value: '1', syncCount: 0 };
    const input = { identityId: id, datasetName: 'settings', recordPatches: [patch] };
    await mutate(target, 'updateRecords { datasetSyncCount }', input, target.admin);
    source.write(id!, 'settings', { theirs: '2' });

    const outcome = await run();

    expect(outcome.code).toBe(1);
    expect(outcome.report.problems).toEqual([
      { what: `${id}/settings`, reason: expect.stringContaining('here and at the source') },
    ]);
    expect((await recordsHere(id!, 'settings')).records.map(({ key }: Data) => key)).toContain('mine');
  });

  test('reports datasets that are gone, and deletes them when told to', async () => {
    const [id] = populate(1);
    await run();
    source.identity(id!).datasets.delete('one');

    const kept = await run();
    const deleted = await run(['--delete']);

    expect(kept.report.problems).toEqual([
      { what: `${id}/one`, reason: expect.stringContaining('--delete') },
    ]);
    expect(deleted.code).toBe(0);
    expect((await recordsHere(id!, 'one')).records).toEqual([]);
  });

  test('writes nothing in a dry run, and counts what a run would bring', async () => {
    const ids = populate(3);
    source.identity(ids[2]!).disabled = true;

    const outcome = await run(['--dry-run']);

    expect(outcome).toMatchObject({ code: 0, report: { dryRun: true } });
    expect(counts(outcome, 'pools')).toMatchObject({ read: 1, written: 1 });
    expect(counts(outcome, 'identities')).toMatchObject({ read: 3, written: 3 });
    expect(counts(outcome, 'records')).toMatchObject({ read: 12, written: 12 });
    expect(await identitiesHere()).toEqual([]);
    expect(
      await rowsOf(target, 'SELECT 1 FROM identity_pools WHERE identity_pool_id = $1', [poolId]),
    ).toEqual([]);
  });

  test('goes on where it was throttled and where connections broke', async () => {
    const [id] = populate(1);
    source.failNext('ListIdentities', 1, 'throttle');
    source.failNext('ListRecords', 1, 'throttle');
    source.failNext('ListDatasets', 1, 'break');

    const outcome = await run();

    expect(outcome.code).toBe(0);
    expect(await recordsHere(id!, 'settings')).toEqual(recordsThere(id!, 'settings'));
  });

  test('stops between two steps when interrupted, and goes on there with its state', async () => {
    const ids = populate(7);
    const state = join(folder, 'state');
    const controller = new AbortController();
    let pages = 0;
    source.onCall((operation) => {
      if (operation === 'ListIdentities' && (pages += 1) === 2) controller.abort();
    });

    const broken = await run(['--state', state], controller.signal);
    const here = await identitiesHere();
    const kept = JSON.parse(readFileSync(state, 'utf8'));
    source.onCall(() => undefined);
    reset();
    const resumed = await run(['--state', state]);

    expect(broken).toMatchObject({ code: 1, err: expect.stringContaining(`--state ${state}`) });
    expect(here).toHaveLength(6);
    expect(kept.pools[poolId]).toMatchObject({ pass: 'enabled', nextToken: 't3' });
    expect(resumed).toMatchObject({ code: 0, report: { problems: [] } });
    // Two pages of the first pass were left, and three of the second.
    expect(source.calls.ListIdentities).toBe(5);
    expect(existsSync(state)).toBe(false);
    for (const id of ids) expect(await recordsHere(id, 'settings')).toEqual(recordsThere(id, 'settings'));
  });

  test('breaks off when its credentials expire, without a page that it did not finish', async () => {
    const ids = populate(3);
    const state = join(folder, 'state-3');
    source.onCall((operation) => {
      if (operation === 'ListDatasets' && source.calls.ListDatasets === 4)
        source.failNext('ListDatasets', 1, 'expired credentials');
    });

    const broken = await run(['--state', state, '--concurrency', '1']);
    source.onCall(() => undefined);
    const resumed = await run(['--state', state]);

    expect(broken).toMatchObject({ code: 1, err: expect.stringContaining('ExpiredTokenException') });
    expect(resumed).toMatchObject({ code: 0, report: { problems: [] } });
    for (const id of ids) expect(await recordsHere(id, 'settings')).toEqual(recordsThere(id, 'settings'));
  });

  test('breaks off at once with a key that does not hold', async () => {
    populate(1);

    const outcome = await run(['--key', 'NOBODY.not-a-real-secret']);

    expect(outcome).toMatchObject({
      code: 1,
      err: expect.stringContaining(`broke off. The Rockpool at ${target.url} refuses: NOT_AUTHORIZED: `),
    });
    expect(source.calls.ListIdentities).toBeUndefined();
  });

  test('begins a pass anew when its page token does not hold any more', async () => {
    populate(4);
    const state = join(folder, 'state-2');
    const controller = new AbortController();
    let pages = 0;
    source.onCall((operation) => {
      if (operation === 'ListIdentities' && (pages += 1) === 2) controller.abort();
    });
    await run(['--state', state], controller.signal);
    source.onCall(() => undefined);
    source.failNext('ListIdentities', 1, 'expired token');

    const resumed = await run(['--state', state]);

    expect(resumed.code).toBe(0);
    expect(await identitiesHere()).toHaveLength(4);
  });

  test('takes no state of another import', async () => {
    const state = join(folder, 'other');
    writeFileSync(state, '{"version": 1}');

    expect(await run(['--state', state])).toMatchObject({
      code: 2,
      err: expect.stringContaining('no state of an import'),
    });
    expect(existsSync(state)).toBe(true);
  });

  test('disables who was merged, and gives its login to who has it now', async () => {
    source.pools[0]!.DeveloperProviderName = 'login.our.company';
    const developer = { logins: ['login.our.company'], users: ['ann', 'bob', 'eve'] };
    const survivor = source.addIdentity(poolId);
    const loser = source.addIdentity(poolId, developer);
    await run();
    Object.assign(source.identity(survivor), developer);
    Object.assign(source.identity(loser), { disabled: true, logins: [], users: [] });

    const outcome = await run();

    expect(outcome).toMatchObject({ code: 0, report: { problems: [] } });
    expect(await identitiesHere()).toMatchObject([
      { identity_id: survivor, is_authenticated: true, disabled: false },
      { identity_id: loser, disabled: true },
    ]);
    const linked = await rowsOf(
      target,
      'SELECT subject FROM identity_logins WHERE identity_id = $1 ORDER BY 1',
      [survivor],
    );
    expect(linked).toEqual([{ subject: 'ann' }, { subject: 'bob' }, { subject: 'eve' }]);
  });

  test('is not stopped by one identity that cannot be read', async () => {
    source.pools[0]!.DeveloperProviderName = 'login.our.company';
    const broken = source.addIdentity(poolId, { logins: ['login.our.company'], users: ['zoe'] });
    const fine = source.addIdentity(poolId);
    source.failNext('LookupDeveloperIdentity', 1, 'deny');

    const outcome = await run();

    expect(outcome.code).toBe(1);
    expect(outcome.report.problems).toMatchObject([{ what: broken }]);
    expect(await identitiesHere()).toMatchObject([{ identity_id: fine, disabled: false }]);
  });

  test('links the logins of a file, and leaves other names unproven', async () => {
    source.pools[0]!.SupportedLoginProviders = { 'graph.facebook.com': '123' };
    const known = source.addIdentity(poolId, { logins: ['graph.facebook.com'] });
    const unknown = source.addIdentity(poolId, { logins: ['graph.facebook.com'] });
    const file = join(folder, 'logins.csv');
    writeFileSync(
      file,
      `identityId,provider,subject\r\n${known},graph.facebook.com,"a, ""quoted"" user"\r\n`,
    );

    const outcome = await run(['--logins', file, '--claim-logins']);

    expect(outcome.code).toBe(0);
    expect(
      await rowsOf(target, 'SELECT identity_id, subject FROM identity_logins WHERE identity_id = ANY ($1)', [
        [known, unknown],
      ]),
    ).toEqual([{ identity_id: known, subject: 'a, "quoted" user' }]);
    expect(
      await rowsOf(
        target,
        'SELECT provider, is_claimable, settled_at FROM unproven_logins WHERE identity_id = $1',
        [unknown],
      ),
    ).toEqual([{ provider: 'graph.facebook.com', is_claimable: true, settled_at: null }]);
  });

  test('lists what a file of logins names for nothing', async () => {
    source.pools[0]!.SupportedLoginProviders = { 'graph.facebook.com': '123' };
    const known = source.addIdentity(poolId, { logins: ['graph.facebook.com'] });
    const nobody = newId();
    const file = join(folder, 'logins-2.csv');
    const rows = [known, nobody].map((id) => `${id},graph.facebook.com,user of ${id}`);
    writeFileSync(file, ['identityId,provider,subject', ...rows].join('\n'));

    const rehearsed = await run(['--logins', file, '--dry-run']);
    const outcome = await run(['--logins', file]);

    const problems = [{ what: nobody, reason: expect.stringContaining('--logins') }];
    expect(rehearsed).toMatchObject({ code: 1, report: { problems } });
    expect(outcome).toMatchObject({ code: 1, report: { problems } });
  });

  describe('with roles and providers', () => {
    const trust = (aud?: string) => ({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: COGNITO },
          Action: 'sts:AssumeRoleWithWebIdentity',
          ...(aud ? { Condition: { StringEquals: { [`${COGNITO}:aud`]: aud } } } : {}),
        },
      ],
    });
    const policy = (action: string) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
    });
    const roleHere = async (name: string): Promise<Data> =>
      (await rowsOf(target, 'SELECT * FROM roles WHERE role_name = $1', [name]))[0];

    test('reads them from IAM, with inline and attached policies', async () => {
      source.roles[poolId] = { Roles: { authenticated: SIGNED_IN } };
      Object.assign(source.pools[0]!, { OpenIdConnectProviderARNs: [OIDC] });
      source.iam.roles.SignedIn = {
        arn: SIGNED_IN,
        trust: trust(poolId),
        inline: { own: policy('cognito-sync:*') },
        attached: { shared: policy('s3:GetObject') },
      };
      source.iam.oidc[OIDC] = { url: 'issuer.example', clientIds: ['app'] };

      const outcome = await run(['--iam-endpoint', source.url]);

      expect(outcome).toMatchObject({ code: 0, report: { problems: [] } });
      expect(counts(outcome, 'roles')).toMatchObject({ read: 1, written: 1 });
      expect((await roleHere('SignedIn')).permission_policies).toEqual([
        { name: 'own', document: policy('cognito-sync:*') },
        { name: 'shared', document: policy('s3:GetObject') },
      ]);
      const [pool] = await rowsOf(target, 'SELECT * FROM identity_pools WHERE identity_pool_id = $1', [
        poolId,
      ]);
      expect(pool).toMatchObject({
        authenticated_role_arn: SIGNED_IN,
        open_id_connect_provider_arns: [OIDC],
      });
    });

    test('reports a trust policy that is refused here, and brings everything else', async () => {
      const open = `arn:aws:iam::${ACCOUNT}:role/Open`;
      source.roles[poolId] = { Roles: { authenticated: open } };
      source.iam.roles.Open = { arn: open, trust: trust() };
      source.addIdentity(poolId);

      const outcome = await run(['--iam-endpoint', source.url]);

      expect(outcome.code).toBe(1);
      expect(outcome.report.problems).toEqual([
        { what: open, reason: expect.stringContaining(`${COGNITO}:aud`) },
      ]);
      expect(await identitiesHere()).toHaveLength(1);
    });

    test('makes own-data roles under their ARNs where there is no IAM, with which guests get credentials', async () => {
      const guests = `arn:aws:iam::${ACCOUNT}:role/Guests`;
      const other = addPool();
      for (const id of [poolId, other]) source.roles[id] = { Roles: { unauthenticated: guests } };

      const outcome = await run(['--roles', 'default']);

      expect(outcome.code).toBe(0);
      for (const id of [poolId, other]) {
        const guest = await getId(target, id);
        const answer = await mutate(target, 'getCredentialsForIdentity { identityId }', {
          identityId: guest.id,
        });
        expect(answer.data.getCredentialsForIdentity.identityId).toBe(guest.id);
      }
    });

    test('brings a pool without a provider that cannot be had, and says so', async () => {
      Object.assign(source.pools[0]!, {
        OpenIdConnectProviderARNs: [`${OIDC}/unknown`],
        SupportedLoginProviders: { 'graph.facebook.com': '1' },
      });

      const outcome = await run();

      expect(outcome.code).toBe(1);
      expect(outcome.report.problems.map(({ what }: Data) => what)).toEqual([
        `${OIDC}/unknown`,
        `${poolId} without ${OIDC}/unknown`,
      ]);
      const [pool] = await rowsOf(target, 'SELECT * FROM identity_pools WHERE identity_pool_id = $1', [
        poolId,
      ]);
      expect(pool.supported_login_providers).toEqual([{ provider: 'graph.facebook.com', appId: '1' }]);
    });

    test('warns of another account', async () => {
      source.roles[poolId] = { Roles: { authenticated: 'arn:aws:iam::999999999999:role/R' } };

      const outcome = await run(['--roles', 'none']);

      expect(outcome.report.problems).toEqual([
        { what: 'the whole import', reason: expect.stringContaining('ROCKPOOL_ACCOUNT_ID=999999999999') },
      ]);
    });
  });

  describe('from a source that is not what it should be', () => {
    test('brings what it can of a page with ids that are none, and with one twice', async () => {
      const fine = source.addIdentity(poolId);
      source.addIdentity(poolId, { id: 'us-east-1:../../../etc' });
      source.addIdentity(poolId, { id: fine });

      const outcome = await run();

      expect(outcome).toMatchObject({ code: 1, report: { finished: true } });
      expect(outcome.report.problems).toEqual([
        { what: 'us-east-1:../../../etc', reason: 'it is no id of an identity.' },
      ]);
      expect(await identitiesHere()).toMatchObject([{ identity_id: fine, disabled: false }]);
    });

    test('reports records that are ahead of their dataset, instead of leaving them out', async () => {
      const [id] = populate(1);
      source.identity(id!).datasets.get('one')!.records.get('k')!.SyncCount = 7;

      const outcome = await run();

      expect(outcome.report.problems).toEqual([
        { what: `${id}/one`, reason: expect.stringContaining('source.records[0].syncCount') },
      ]);
      expect(counts(outcome, 'datasets')).toMatchObject({ written: 2, failed: 1 });
    });

    test.each([
      ['a value with NUL', { Value: 'a\0b' }],
      ['a value above 1 MiB', { Value: 'x'.repeat(1024 * 1024) }],
      ['a count above 2^53', { SyncCount: 2 ** 53 }],
      ['a value that makes no request', { Value: '\u0001'.repeat(1_400_000) }],
    ])('reports a dataset with %s, and brings the others', async (_name, record) => {
      const [id] = populate(1);
      Object.assign(source.identity(id!).datasets.get('one')!.records.get('k')!, record);

      const outcome = await run();

      expect(outcome).toMatchObject({ code: 1, report: { finished: true } });
      expect(outcome.report.problems).toEqual([{ what: `${id}/one`, reason: expect.any(String) }]);
      expect(await recordsHere(id!, 'settings')).toEqual(recordsThere(id!, 'settings'));
    });

    test('sends a page that is too large for one request in several', async () => {
      source.pools[0]!.DeveloperProviderName = 'login.our.company';
      const logins = ['login.our.company'];
      const many = Array.from({ length: 4 }, (_, at) => `${at}-${'\u{1F4A9}'.repeat(500)}`);
      const id = source.addIdentity(poolId, { logins, users: many });
      const small = [source.addIdentity(poolId), source.addIdentity(poolId)];
      const limited = await limitedTo(4000);

      const outcome = await run(['--to', limited.url]).finally(() => limited.close());

      expect(outcome.report.problems).toMatchObject([
        { what: id, reason: expect.stringContaining('LIMIT_EXCEEDED') },
      ]);
      expect((await identitiesHere()).map((row) => row.identity_id)).toEqual(small);
    });

    test('stops reading identities whose pages go round in a circle', async () => {
      populate(4);
      source.spoil('ListIdentities', { NextToken: 't3' });

      const outcome = await run();

      expect(outcome.report.problems).toEqual([
        { what: `identities of ${poolId}`, reason: expect.stringContaining('EndlessListing') },
      ]);
      expect(source.calls.ListIdentities).toBeLessThan(4);
    });

    test('reports what is no answer of Cognito', async () => {
      const [id] = populate(1);
      source.failNext('ListDatasets', 1, 'web page');

      const outcome = await run();

      expect(outcome.report.problems).toMatchObject([{ what: `datasets of ${id}` }]);
    });

    test('writes nothing of it to a terminal but what can be read', async () => {
      source.pools[0]!.IdentityPoolName = 'Our \u001b[2J\u202eapp\nnext line';

      const { err } = await run();

      expect(err).toContain('Bringing Our \uFFFD[2J\uFFFDapp next line');
    });
  });

  test('disables nobody whom another run at the same time came across', async () => {
    const id = source.addIdentity(poolId);
    const [begun, marked] = [deferred(), deferred()];
    let later: Promise<Outcome> | undefined;
    const steps = [
      // The first run has begun. The second one overtakes it, and waits before it looks for who is disabled
      () => ((later = run()), begun.promise),
      () => undefined,
      () => (begun.resolve(), marked.promise),
      // until the first has come across everybody, too.
      () => marked.resolve(),
    ];
    source.onCall((operation) => (operation === 'ListIdentities' ? steps.shift()?.() : undefined));

    const earlier = await run();

    expect([earlier.code, (await later)?.code]).toEqual([0, 0]);
    expect(await identitiesHere()).toMatchObject([{ identity_id: id, disabled: false }]);
  });

  test('lists what nobody can bring over, with the mutation that makes it', async () => {
    source.events = { SyncTrigger: 'arn:aws:lambda:us-east-1:1:function:f' };
    source.configuration = {
      CognitoStreams: { StreamName: 'changes' },
      PushSync: { ApplicationArns: ['arn:aws:sns:us-east-1:1:app/GCM/a'] },
    };

    const outcome = await run();

    expect(outcome.code).toBe(1);
    expect(outcome.report.left.map(({ mutation }: Data) => mutation)).toEqual([
      expect.stringContaining('cognitoStreams'),
      expect.stringContaining('createPlatformApplication'),
      expect.stringContaining('setCognitoEvents'),
    ]);
  });

  test('does not import a server into itself', async () => {
    const outcome = await run(['--to', `${source.url}/graphql`]);

    expect(outcome).toMatchObject({
      code: 2,
      err: `The source and the target are the same: ${source.url}.\n`,
    });
    expect(source.calls).toEqual({});
  });

  describe('for people', () => {
    const read = async (...args: string[]): Promise<{ out: string; err: string }> => {
      let [out, err] = ['', ''];
      await rockpool(['import', 'cognito', ...args], {
        out: { write: (text) => (out += text) },
        err: { write: (text) => (err += text) },
        signal: NEVER,
      });
      return { out, err };
    };
    const from = (): string[] => ['--region', 'us-east-1', '--endpoint', source.url, '--rate', '1000'];
    const key = (): string[] => ['--key-file', join(folder, 'key')];

    test('says nothing of counts when it broke off before there was anything to count', async () => {
      const wrong = ['--to', target.url, '--key', 'NOBODY.not-a-real-secret'];

      expect((await read(...from(), ...wrong)).out).toBe('Nothing was written.\n');
      expect((await read(...from(), ...wrong, '--dry-run')).out).toBe('A dry run: nothing was written.\n');
    });

    test('says how to go on after a part came over', async () => {
      populate(2);
      source.failNext('ListIdentities', 1, 'expired credentials');

      const broken = await read(...from(), ...key(), '--to', target.url);
      source.failNext('ListIdentities', 1, 'expired credentials');
      const rehearsed = await read(...from(), ...key(), '--to', target.url, '--dry-run');

      expect(broken.err).toContain('What came over stays: the same command');
      expect(rehearsed.out).toMatch(/^A dry run: nothing was written. It came as far as this:\n/);
    });

    test('explains its options and exit codes, without defaults that go without saying', async () => {
      const { out } = await read('--help');

      expect(out).toContain('(default: all)');
      expect(out).toMatch(/It ends with 0 .* 1 .* 2 /s);
      expect(out).not.toMatch(/default: (false|\[)/);
    });
  });

  test.each([
    ['an unknown option', ['--nonsense'], 'unknown option'],
    ['a rate that is no number', ['--rate', 'fast'], 'whole number from 1 to 1000'],
    ['a pool that is none', ['--pool', 'x'], 'must look like'],
    ['a missing file', ['--logins', '/nowhere/logins.csv'], /^\/nowhere\/logins.csv cannot be read/],
    ['a key that is none', ['--key', 'x'], 'ID.SECRET'],
  ])('answers %s with exit code 2 and a sentence', async (_name, args, sentence) => {
    expect(await run(args)).toMatchObject({
      code: 2,
      report: undefined,
      err: expect.stringMatching(sentence),
    });
    expect(source.calls).toEqual({});
  });
});
