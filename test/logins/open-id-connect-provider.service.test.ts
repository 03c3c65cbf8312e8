import type { DataSource } from 'typeorm';
import type { Context } from '../../src/context';
import { createDataSource } from '../../src/db/data-source';
import { IdentityPool } from '../../src/identity-pools/identity-pool.entity';
import {
  addClientIDToOpenIDConnectProvider,
  createOpenIDConnectProvider,
  deleteOpenIDConnectProvider,
  findOpenIDConnectProvider,
  getOpenIDConnectProvider,
  listOpenIDConnectProviders,
  removeClientIDFromOpenIDConnectProvider,
} from '../../src/logins/open-id-connect-provider.service';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { identityPoolRow } from '../support/identity-pool-row';
import { TEST_NOW, administrator, fakeClock, serviceContext } from '../support/service-context';

const URL_A = 'https://a.example';
const ARN_A = 'arn:aws:iam::000000000000:oidc-provider/a.example';

let database: TestDatabase;
let node: DataSource;
let ctx: Context;

beforeAll(async () => {
  database = await createTestDatabase();
  node = await createDataSource({ url: database.url, poolSize: 4 }).initialize();
});

beforeEach(async () => {
  ctx = serviceContext(node, { actor: administrator('iam:*') });
  await node.query('DELETE FROM open_id_connect_providers');
  await node.query('DELETE FROM identity_pools');
});

afterAll(async () => {
  await node.destroy();
  await database.drop();
});

const insertPool = (id: string, openIdConnectProviderArns: string[], deletedAt: Date | null = null) =>
  node.manager.insert(IdentityPool, identityPoolRow({ id, openIdConnectProviderArns, deletedAt }));

describe('creating', () => {
  test('A provider is stored with its ARN, its client IDs once each, and found again', async () => {
    const provider = await createOpenIDConnectProvider(ctx, { url: URL_A, clientIDList: ['x', 'y', 'x'] });

    expect(provider).toEqual({
      arn: ARN_A,
      url: URL_A,
      clientIds: ['x', 'y'],
      createdAt: TEST_NOW,
      lastModifiedAt: TEST_NOW,
    });
    expect(await getOpenIDConnectProvider(ctx, { openIDConnectProviderArn: ARN_A })).toEqual(provider);
  });

  test.each([
    ['https://A.Example/', 'https://a.example'],
    ['https://a.example:443/Realm/One/', 'https://a.example/Realm/One'],
    ['https://a.example:8443', 'https://a.example:8443'],
    ['http://localhost:8080/realms/x', 'http://localhost:8080/realms/x'],
    ['http://127.0.0.1:9', 'http://127.0.0.1:9'],
    ['http://[::1]:9', 'http://[::1]:9'],
  ])('The address %s is stored as %s', async (url, stored) => {
    expect(await createOpenIDConnectProvider(ctx, { url })).toMatchObject({ url: stored, clientIds: [] });
  });

  test.each([
    ['', 'url must have a length of at least 1'],
    ['a.example', 'url must be an address such as https://accounts.example.com'],
    ['http://a.example', 'url must begin with https:// (http:// only for localhost, 127.0.0.1 and [::1])'],
    [
      'http://localhost.a.example',
      'url must begin with https:// (http:// only for localhost, 127.0.0.1 and [::1])',
    ],
    ['http://127.0.0.2', 'url must begin with https:// (http:// only for localhost, 127.0.0.1 and [::1])'],
    ['ftp://localhost', 'url must begin with https:// (http:// only for localhost, 127.0.0.1 and [::1])'],
    ['https://me@a.example', 'url must not contain a user name or password'],
    ['https://:secret@a.example', 'url must not contain a user name or password'],
    ['https://a.example?x=1', 'url must not have a query or a fragment'],
    ['https://a.example/?', 'url must not have a query or a fragment'],
    ['https://a.example/#x', 'url must not have a query or a fragment'],
    [`https://${'a'.repeat(60)}.example/${'x'.repeat(200)}`, 'url must have a length of at most 255'],
    [
      `https://a.example/${'x'.repeat(119)}`,
      'url must have at most 128 characters after its scheme: it is the key of logins',
    ],
  ])('The address %s is refused', async (url, message) => {
    await expect(createOpenIDConnectProvider(ctx, { url })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      message,
      fields: { field: 'url' },
    });
  });

  test('An address of 128 characters after its scheme is taken', async () => {
    const url = `https://a.example/${'x'.repeat(118)}`;

    expect((await createOpenIDConnectProvider(ctx, { url })).url).toBe(url);
  });

  test.each([
    ['an empty client ID', [''], 'clientIDList[0]'],
    ['a client ID of 256 characters', ['a', 'x'.repeat(256)], 'clientIDList[1]'],
    ['101 client IDs', Array.from({ length: 101 }, (_, i) => `${i}`), 'clientIDList'],
  ])('%s is refused', async (_, clientIDList, field) => {
    await expect(createOpenIDConnectProvider(ctx, { url: URL_A, clientIDList })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field },
    });
  });

  test.each([URL_A, 'https://A.example/'])(
    'A second provider of the same issuer (%s) is refused',
    async (url) => {
      await createOpenIDConnectProvider(ctx, { url: URL_A, clientIDList: ['x'] });

      await expect(createOpenIDConnectProvider(ctx, { url })).rejects.toMatchObject({
        code: 'ENTITY_ALREADY_EXISTS',
        message: 'Provider with url https://a.example already exists.',
      });
      expect((await getOpenIDConnectProvider(ctx, { openIDConnectProviderArn: ARN_A })).clientIds).toEqual([
        'x',
      ]);
    },
  );
});

describe('client IDs', () => {
  const input = (clientID: string) => ({ openIDConnectProviderArn: ARN_A, clientID });

  test('Adding and removing change the list, and repeating either changes nothing', async () => {
    const clock = fakeClock();
    const admin = { ...ctx, now: clock.now };
    await createOpenIDConnectProvider(admin, { url: URL_A, clientIDList: ['x'] });
    clock.advance(1);

    const lists = [
      (await addClientIDToOpenIDConnectProvider(admin, input('y'))).clientIds,
      (await addClientIDToOpenIDConnectProvider(admin, input('y'))).clientIds,
      (await removeClientIDFromOpenIDConnectProvider(admin, input('x'))).clientIds,
      (await removeClientIDFromOpenIDConnectProvider(admin, input('x'))).clientIds,
    ];
    const stored = await getOpenIDConnectProvider(admin, { openIDConnectProviderArn: ARN_A });

    expect(lists).toEqual([['x', 'y'], ['x', 'y'], ['y'], ['y']]);
    expect(stored).toMatchObject({ clientIds: ['y'], createdAt: TEST_NOW, lastModifiedAt: clock.now() });
  });

  test('Two additions at the same time are both kept', async () => {
    await createOpenIDConnectProvider(ctx, { url: URL_A });

    await Promise.all(['x', 'y', 'z'].map((id) => addClientIDToOpenIDConnectProvider(ctx, input(id))));
    const { clientIds } = await getOpenIDConnectProvider(ctx, { openIDConnectProviderArn: ARN_A });

    expect(clientIds.sort()).toEqual(['x', 'y', 'z']);
  });

  test('The 101st is refused', async () => {
    const clientIDList = Array.from({ length: 100 }, (_, i) => `${i}`);
    await createOpenIDConnectProvider(ctx, { url: URL_A, clientIDList });

    await expect(addClientIDToOpenIDConnectProvider(ctx, input('x'))).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      fields: { limit: 'clientIDsPerOpenIDConnectProvider', maximum: 100, value: 101 },
    });
  });

  test('A change is seen by the next login at once', async () => {
    await createOpenIDConnectProvider(ctx, { url: URL_A });
    await findOpenIDConnectProvider(ctx, ARN_A);

    await addClientIDToOpenIDConnectProvider(ctx, input('x'));

    expect((await findOpenIDConnectProvider(ctx, ARN_A))?.clientIds).toEqual(['x']);
  });
});

describe('listing', () => {
  test('Pages follow the ARNs, each provider once', async () => {
    for (const host of ['c', 'a', 'e', 'b', 'd'])
      await createOpenIDConnectProvider(ctx, { url: `https://${host}.example` });

    const seen: string[] = [];
    let after: string | undefined;
    for (let more = true; more;) {
      const page = await listOpenIDConnectProviders(ctx, { first: 2, after });
      seen.push(...page.nodes.map(({ url }) => url));
      after = page.cursorOf(page.nodes.at(-1)!);
      more = page.hasNextPage;
    }

    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e'].map((host) => `https://${host}.example`));
  });

  test('A page of 61 is refused', async () => {
    await expect(listOpenIDConnectProviders(ctx, { first: 61 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      fields: { field: 'first' },
    });
  });
});

describe('deleting', () => {
  const input = { openIDConnectProviderArn: ARN_A };

  test('A deleted provider is gone, for the cache too', async () => {
    await createOpenIDConnectProvider(ctx, { url: URL_A });
    await findOpenIDConnectProvider(ctx, ARN_A);

    const deleted = await deleteOpenIDConnectProvider(ctx, input);

    expect(deleted.arn).toBe(ARN_A);
    expect(await findOpenIDConnectProvider(ctx, ARN_A)).toBeNull();
    await expect(getOpenIDConnectProvider(ctx, input)).rejects.toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  test('A provider that a pool names stays, and the pools are named', async () => {
    await createOpenIDConnectProvider(ctx, { url: URL_A });
    await insertPool('us-east-1:00', [`${ARN_A}/longer`]);
    await insertPool('us-east-1:01', ['arn:other', ARN_A]);

    await expect(deleteOpenIDConnectProvider(ctx, input)).rejects.toMatchObject({
      code: 'DELETE_CONFLICT',
      fields: { identityPoolIds: ['us-east-1:01'] },
    });
    expect((await getOpenIDConnectProvider(ctx, input)).arn).toBe(ARN_A);
  });

  test('A pool that is being deleted itself does not hold it', async () => {
    await createOpenIDConnectProvider(ctx, { url: URL_A });
    await insertPool('us-east-1:02', [ARN_A], TEST_NOW);

    expect((await deleteOpenIDConnectProvider(ctx, input)).arn).toBe(ARN_A);
  });
});

describe('not found and not allowed', () => {
  const arn = { openIDConnectProviderArn: ARN_A };
  const withClient = { ...arn, clientID: 'x' };
  const calls: [string, string, (c: Context) => Promise<unknown>][] = [
    ['iam:GetOpenIDConnectProvider', ARN_A, (c) => getOpenIDConnectProvider(c, arn)],
    ['iam:DeleteOpenIDConnectProvider', ARN_A, (c) => deleteOpenIDConnectProvider(c, arn)],
    [
      'iam:AddClientIDToOpenIDConnectProvider',
      ARN_A,
      (c) => addClientIDToOpenIDConnectProvider(c, withClient),
    ],
    [
      'iam:RemoveClientIDFromOpenIDConnectProvider',
      ARN_A,
      (c) => removeClientIDFromOpenIDConnectProvider(c, withClient),
    ],
  ];

  test.each(calls)('%s on an unknown provider is RESOURCE_NOT_FOUND', async (_action, _arn, call) => {
    await expect(call(ctx)).rejects.toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: `OpenIDConnect Provider not found for arn ${ARN_A}`,
    });
  });

  test.each<[string, string, (c: Context) => Promise<unknown>]>([
    ...calls,
    ['iam:CreateOpenIDConnectProvider', ARN_A, (c) => createOpenIDConnectProvider(c, { url: URL_A })],
    ['iam:ListOpenIDConnectProviders', '*', (c) => listOpenIDConnectProviders(c, {})],
  ])('%s is needed, on %s', async (action, resource, call) => {
    const outcomeAs = (actor: Context['actor']) =>
      call({ ...ctx, actor }).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );

    const outcomes = [
      await outcomeAs(serviceContext(node).actor),
      await outcomeAs(administrator('iam:GetRole')),
      await outcomeAs(administrator(action, 'arn:aws:iam::000000000000:oidc-provider/other.example')),
      await outcomeAs(administrator(action, resource)),
    ];

    expect(outcomes.slice(0, 3)).toEqual(['NOT_AUTHORIZED', 'ACCESS_DENIED', 'ACCESS_DENIED']);
    expect(outcomes[3]).toMatch(/^(done|RESOURCE_NOT_FOUND)$/);
  });
});
