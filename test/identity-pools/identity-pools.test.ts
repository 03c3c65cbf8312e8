import { startIdentityProvider, type TestIdentityProvider } from '../support/identity-provider';
import {
  allow,
  bearerWith,
  createPool,
  createRole,
  type Data,
  refusalOf,
  registerProvider,
  rowsOf,
  trustOf,
  tryCreatePool,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let issuer: TestIdentityProvider;
let providerArn: string;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  providerArn = await registerProvider(server, issuer);
});
afterAll(async () => {
  await issuer?.close();
  await server?.close();
});

const ID = /^us-east-1:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const UNKNOWN = 'us-east-1:00000000-0000-4000-8000-000000000000';

const describePool = async (id: string): Promise<Data> => {
  const data = await server.run(
    `query ($id: ID!) { identityPool(id: $id) {
       id name allowUnauthenticatedIdentities allowClassicFlow openIdConnectProviderARNs creationDate lastModifiedDate
       tags { key value } roles { authenticated unauthenticated } } }`,
    { id },
    server.admin,
  );
  return data.identityPool;
};

const roleWithArn = async (arn: string): Promise<Data> => {
  const data = await server.run(
    `query ($name: String!) { role(name: $name) {
       arn name description assumeRolePolicyDocument maxSessionDuration policies { policyName policyDocument } } }`,
    { name: arn.split('/').at(-1) },
    server.admin,
  );
  return data.role;
};

describe('createIdentityPool', () => {
  it('makes a pool with what was given, and an id and ARN of its own', async () => {
    const pool = await createPool(server, {
      identityPoolName: 'My app, v2.0 @work',
      allowUnauthenticatedIdentities: false,
      allowClassicFlow: true,
      openIdConnectProviderARNs: [providerArn],
      identityPoolTags: [{ key: 'stage', value: 'test' }],
    });

    expect(pool).toMatchObject({
      id: expect.stringMatching(ID),
      arn: `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${pool.id}`,
      name: 'My app, v2.0 @work',
      allowUnauthenticatedIdentities: false,
      allowClassicFlow: true,
      openIdConnectProviderARNs: [providerArn],
      tags: [{ key: 'stage', value: 'test' }],
    });
    expect(pool.creationDate).toBe(pool.lastModifiedDate);
    expect(await describePool(pool.id)).toMatchObject({ id: pool.id, name: 'My app, v2.0 @work' });
  });

  it('makes one more pool for a name that another pool has', async () => {
    const [one, other] = [await createPool(server), await createPool(server)];

    expect(one.name).toBe(other.name);
    expect(one.id).not.toBe(other.id);
  });

  it('says nothing of the classic flow when nothing was said', async () => {
    expect((await createPool(server)).allowClassicFlow).toBeNull();
  });

  describe('makes two default roles, which', () => {
    let pool: Data;
    let roles: Record<'authenticated' | 'unauthenticated', Data>;

    beforeAll(async () => {
      pool = await createPool(server, { identityPoolName: 'Pool of roles' });
      roles = {
        authenticated: await roleWithArn(pool.roles.authenticated),
        unauthenticated: await roleWithArn(pool.roles.unauthenticated),
      };
    });

    it('fill its two slots, named as the console names them', () => {
      const unique = pool.id.slice('us-east-1:'.length).slice(0, 8);

      expect(roles.authenticated.name).toBe(`Cognito_PoolofrolesAuth_Role_${unique}`);
      expect(roles.unauthenticated.name).toBe(`Cognito_PoolofrolesUnauth_Role_${unique}`);
      expect(pool.roles.authenticated).toBe(`arn:aws:iam::000000000000:role/${roles.authenticated.name}`);
    });

    it.each(['authenticated', 'unauthenticated'] as const)(
      'trust the %s identities of this pool only',
      (slot) => {
        expect(roles[slot].assumeRolePolicyDocument).toEqual({
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Federated: 'cognito-identity.amazonaws.com' },
              Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'],
              Condition: {
                StringEquals: { 'cognito-identity.amazonaws.com:aud': pool.id },
                'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': slot },
              },
            },
          ],
        });
        expect(roles[slot].maxSessionDuration).toBe(3600);
      },
    );

    it.each(['authenticated', 'unauthenticated'] as const)(
      'let %s identities at their own data only',
      (slot) => {
        const own =
          'arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${cognito-identity.amazonaws.com:aud}/identity/${cognito-identity.amazonaws.com:sub}';

        expect(roles[slot].policies).toEqual([
          {
            policyName: 'OwnData',
            policyDocument: {
              Version: '2012-10-17',
              Statement: [
                { Sid: 'OwnData', Effect: 'Allow', Action: 'cognito-sync:*', Resource: [own, `${own}/*`] },
                {
                  Sid: 'OwnIdentity',
                  Effect: 'Allow',
                  Action: ['cognito-identity:GetCredentialsForIdentity', 'cognito-identity:DescribeIdentity'],
                  Resource: '*',
                },
              ],
            },
          },
        ]);
      },
    );
  });

  it('makes no roles when told so, and leaves the slots empty', async () => {
    const before = await rowsOf(server, 'SELECT role_arn FROM roles');

    const pool = await createPool(server, { createDefaultRoles: false });

    expect(pool.roles).toEqual({ authenticated: null, unauthenticated: null });
    expect(await rowsOf(server, 'SELECT role_arn FROM roles')).toEqual(before);
  });

  it('keeps the names of default roles within IAM’s 64 characters for the longest of names', async () => {
    const pool = await createPool(server, { identityPoolName: 'n'.repeat(128) });

    expect(pool.roles.unauthenticated.split('/').at(-1).length).toBeLessThanOrEqual(64);
  });

  it('is refused when nobody could get an identity', async () => {
    const refusal = refusalOf(await tryCreatePool(server, { allowUnauthenticatedIdentities: false }));

    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', field: 'allowUnauthenticatedIdentities' });
    expect(refusal.message).toContain('needs a way to get an identity');
  });

  it('is refused for a provider that nobody registered, and makes nothing', async () => {
    const before = await rowsOf(
      server,
      'SELECT (SELECT count(*) FROM roles), (SELECT count(*) FROM identity_pools)',
    );
    const unknown = 'arn:aws:iam::000000000000:oidc-provider/nobody.example.com';

    const refusal = refusalOf(
      await tryCreatePool(server, { openIdConnectProviderARNs: [providerArn, unknown] }),
    );

    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', field: 'openIdConnectProviderARNs[1]' });
    expect(refusal.message).toContain('createOpenIDConnectProvider');
    expect(
      await rowsOf(server, 'SELECT (SELECT count(*) FROM roles), (SELECT count(*) FROM identity_pools)'),
    ).toEqual(before);
  });

  const tag = (index: number): object => ({ key: `k${index}`, value: '' });
  const wrong: [what: string, input: object, expected: object][] = [
    ['no name', { identityPoolName: '' }, { field: 'identityPoolName', limit: 1 }],
    [
      'a name of 129 characters',
      { identityPoolName: 'n'.repeat(129) },
      { field: 'identityPoolName', limit: 128 },
    ],
    ['a name with a slash', { identityPoolName: 'a/b' }, { field: 'identityPoolName' }],
    ['a name with a lone surrogate', { identityPoolName: 'a\ud800' }, { field: 'identityPoolName' }],
    [
      'a provider twice',
      { openIdConnectProviderARNs: ['x'.repeat(20), 'x'.repeat(20)] },
      { field: 'openIdConnectProviderARNs' },
    ],
    [
      'an ARN of 19 characters',
      { openIdConnectProviderARNs: ['x'.repeat(19)] },
      { field: 'openIdConnectProviderARNs[0]', limit: 20 },
    ],
    [
      '51 tags',
      { identityPoolTags: Array.from({ length: 51 }, (_, i) => tag(i)) },
      { field: 'identityPoolTags', limit: 50 },
    ],
    ['a tag twice', { identityPoolTags: [tag(1), tag(1)] }, { field: 'identityPoolTags' }],
    [
      'a tag without a key',
      { identityPoolTags: [{ key: '', value: 'v' }] },
      { field: 'identityPoolTags[0].key' },
    ],
    [
      'a tag key of 129 characters',
      { identityPoolTags: [{ key: 'k'.repeat(129), value: '' }] },
      { field: 'identityPoolTags[0].key', limit: 128 },
    ],
    [
      'a tag value of 257 characters',
      { identityPoolTags: [{ key: 'k', value: 'v'.repeat(257) }] },
      { field: 'identityPoolTags[0].value', limit: 256 },
    ],
  ];
  it.each(wrong)('is refused for %s', async (_what, input, expected) => {
    expect(refusalOf(await tryCreatePool(server, input))).toMatchObject({
      code: 'INVALID_PARAMETER',
      ...expected,
    });
  });

  it('takes a name of 128 characters, 50 tags and a tag of the greatest lengths', async () => {
    const identityPoolTags = [
      { key: 'k'.repeat(128), value: 'v'.repeat(256) },
      ...Array.from({ length: 49 }, (_, i) => tag(i)),
    ];

    const pool = await createPool(server, {
      identityPoolName: 'n'.repeat(128),
      identityPoolTags,
    });

    expect(pool.name).toHaveLength(128);
    expect(pool.tags).toEqual(identityPoolTags);
  });

  it('needs the right to make and pass the default roles, and makes nothing without it', async () => {
    const bearer = await bearerWith(server, allow(['cognito-identity:*', 'iam:CreateRole']));
    const [before] = await rowsOf(server, 'SELECT count(*) FROM roles');

    const refusal = refusalOf(await tryCreatePool(server, { identityPoolName: 'Without roles' }, bearer));
    const allowed = await tryCreatePool(server, { createDefaultRoles: false }, bearer);

    expect(refusal).toMatchObject({ code: 'ACCESS_DENIED', action: 'iam:PassRole' });
    expect(await rowsOf(server, 'SELECT count(*) FROM roles')).toEqual([before]);
    expect(allowed.errors).toBeUndefined();
  });
});

describe('updateIdentityPool', () => {
  const UPDATE = `mutation ($input: UpdateIdentityPoolInput!) { updateIdentityPool(input: $input) { identityPool {
    id name allowUnauthenticatedIdentities allowClassicFlow openIdConnectProviderARNs tags { key value }
    roles { authenticated } lastModifiedDate } } }`;
  const update = (input: object) => server.graphql(UPDATE, { input }, server.admin);

  it('replaces what is given and clears what is not, but for tags and roles', async () => {
    const pool = await createPool(server, {
      allowClassicFlow: false,
      openIdConnectProviderARNs: [providerArn],
      identityPoolTags: [{ key: 'a', value: '1' }],
    });

    const { data } = await update({
      identityPoolId: pool.id,
      identityPoolName: 'New name',
      allowUnauthenticatedIdentities: true,
    });

    expect(data.updateIdentityPool.identityPool).toMatchObject({
      name: 'New name',
      allowUnauthenticatedIdentities: true,
      allowClassicFlow: null,
      openIdConnectProviderARNs: [],
      tags: [{ key: 'a', value: '1' }],
      roles: { authenticated: pool.roles.authenticated },
    });
    expect(await describePool(pool.id)).toMatchObject({ name: 'New name', allowClassicFlow: null });
  });

  it('replaces the tags when it is given some', async () => {
    const pool = await createPool(server, { identityPoolTags: [{ key: 'a', value: '1' }] });

    const { data } = await update({
      identityPoolId: pool.id,
      identityPoolName: pool.name,
      allowUnauthenticatedIdentities: true,
      identityPoolTags: [],
    });

    expect(data.updateIdentityPool.identityPool.tags).toEqual([]);
  });

  it('does not take the last way in', async () => {
    const pool = await createPool(server);

    const refusal = refusalOf(
      await update({ identityPoolId: pool.id, identityPoolName: 'x', allowUnauthenticatedIdentities: false }),
    );

    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', field: 'allowUnauthenticatedIdentities' });
    expect(await describePool(pool.id)).toMatchObject({
      name: 'A pool',
      allowUnauthenticatedIdentities: true,
    });
  });

  it('is refused for a provider that nobody registered', async () => {
    const pool = await createPool(server);

    const refusal = refusalOf(
      await update({
        identityPoolId: pool.id,
        identityPoolName: 'x',
        allowUnauthenticatedIdentities: true,
        openIdConnectProviderARNs: ['arn:aws:iam::000000000000:oidc-provider/nobody.example.com'],
      }),
    );

    expect(refusal).toMatchObject({ code: 'INVALID_PARAMETER', field: 'openIdConnectProviderARNs[0]' });
  });

  it('finds no pool that is not there', async () => {
    const refusal = refusalOf(
      await update({ identityPoolId: UNKNOWN, identityPoolName: 'x', allowUnauthenticatedIdentities: true }),
    );

    expect(refusal).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      field: 'identityPoolId',
      message: `IdentityPool '${UNKNOWN}' not found.`,
    });
  });

  it('of many callers at once loses nobody’s tags', async () => {
    const pool = await createPool(server);
    const tag = (key: string) =>
      server.run(
        `mutation ($input: TagResourceInput!) { tagResource(input: $input) { identityPool { id } } }`,
        { input: { resourceArn: pool.arn, tags: [{ key, value: 'x' }] } },
        server.admin,
      );

    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map(tag));

    const { tags } = await describePool(pool.id);
    expect(tags.map((t: { key: string }) => t.key).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

describe('identityPool', () => {
  const find = (id: string) =>
    server.graphql('query ($id: ID!) { identityPool(id: $id) { id } }', { id }, server.admin);

  it('finds no pool that is not there', async () => {
    expect(refusalOf(await find(UNKNOWN))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });

  it.each([
    ['is empty', ''],
    ['has no region', 'no colon'],
    ['has 70 characters', `us-east-1:${'a'.repeat(60)}`],
    ['has capitals', 'us-east-1:XYZ'],
    ['has a NUL', 'us-east-1:ab\u0000'],
  ])('is refused when the id %s', async (_what, id) => {
    expect(refusalOf(await find(id))).toMatchObject({ code: 'INVALID_PARAMETER', field: 'identityPoolId' });
  });
});

describe('identityPools', () => {
  const LIST = `query ($first: Int, $after: String) { identityPools(first: $first, after: $after) {
    nodes { id } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
  const list = async (variables: object): Promise<Data> =>
    (await server.run(LIST, variables, server.admin)).identityPools;
  let all: string[];

  beforeAll(async () => {
    await Promise.all([1, 2, 3].map(() => createPool(server, { createDefaultRoles: false })));
    all = (await rowsOf(server, 'SELECT identity_pool_id AS id FROM identity_pools'))
      .map((row) => row.id)
      .sort();
  });

  it('gives every pool once over its pages, in the order of their ids', async () => {
    const first = Math.ceil(all.length / 3);

    const one = await list({ first });
    const two = await list({ first, after: one.pageInfo.endCursor });
    const three = await list({ first, after: two.pageInfo.endCursor });

    const ids = [one, two, three].flatMap((page) => page.nodes.map((node: { id: string }) => node.id));
    expect(ids).toEqual(all);
    expect([one, two, three].map((page) => page.pageInfo.hasNextPage)).toEqual([true, true, false]);
    expect(one.edges.map((edge: Data) => edge.node)).toEqual(one.nodes);
    expect(one.pageInfo).toMatchObject({
      hasPreviousPage: false,
      startCursor: one.edges[0].cursor,
      endCursor: one.edges.at(-1).cursor,
    });
  });

  it('goes on at the same place when the pool that it stopped at is gone and another one came', async () => {
    const one = await list({ first: 2 });
    await createPool(server, { createDefaultRoles: false });

    const again = await list({ first: 60, after: one.pageInfo.endCursor });

    const seen = [...one.nodes, ...again.nodes].map((node: { id: string }) => node.id);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual([...seen].sort());
    expect(seen).toEqual(expect.arrayContaining(all));
  });

  it('ends with an empty page after the last pool', async () => {
    const { pageInfo } = await list({});

    expect(await list({ after: pageInfo.endCursor })).toEqual({
      nodes: [],
      edges: [],
      pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
    });
  });

  it.each([0, 61, -1])('is refused for pages of %d', async (first) => {
    const answer = await server.graphql(LIST, { first }, server.admin);

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'first' });
  });

  const cursor = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  it.each([
    ['no base64', '!!'],
    ['no JSON', Buffer.from('{').toString('base64url')],
    ['no list', cursor('a')],
    ['a list of something else', cursor([1])],
    ['a NUL', cursor(['\0'])],
    ['a lone surrogate', cursor(['\ud800'])],
    ['nothing', ''],
  ])('is refused for a cursor that is %s', async (_what, after) => {
    const answer = await server.graphql(LIST, { after }, server.admin);

    expect(refusalOf(answer)).toMatchObject({ code: 'INVALID_PARAMETER', field: 'after' });
  });
});

describe('setIdentityPoolRoles', () => {
  const SET = `mutation ($input: SetIdentityPoolRolesInput!) {
    setIdentityPoolRoles(input: $input) { identityPool { id roles { authenticated unauthenticated } } } }`;
  const set = (identityPoolId: string, roles: object, bearer = server.admin) =>
    server.graphql(SET, { input: { identityPoolId, roles } }, bearer);
  const arnOf = (name: string): string => `arn:aws:iam::000000000000:role/${name}`;

  it('replaces both slots; one left out is emptied', async () => {
    const pool = await createPool(server);
    const role = await createRole(server, {
      roleName: 'Members',
      assumeRolePolicyDocument: trustOf(pool.id),
      policies: [],
    });

    const { data } = await set(pool.id, { authenticated: role.arn });

    expect(data.setIdentityPoolRoles.identityPool).toEqual({
      id: pool.id,
      roles: { authenticated: role.arn, unauthenticated: null },
    });
    expect((await describePool(pool.id)).roles).toEqual({ authenticated: role.arn, unauthenticated: null });
  });

  it('takes an ARN that no role has, as AWS does', async () => {
    const pool = await createPool(server, { createDefaultRoles: false });

    const { data } = await set(pool.id, { unauthenticated: arnOf('NotYetThere') });

    expect(data.setIdentityPoolRoles.identityPool.roles.unauthenticated).toBe(arnOf('NotYetThere'));
  });

  it.each([
    ['a short text', 'short'],
    ['something that is no role', 'arn:aws:s3:::a-bucket-and-no-role'],
    ['more than 2,048 characters', `arn:aws:iam::0:role/${'x'.repeat(2050)}`],
  ])('is refused when the ARN is %s', async (_what, authenticated) => {
    const pool = await createPool(server, { createDefaultRoles: false });

    expect(refusalOf(await set(pool.id, { authenticated }))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'roles.authenticated',
    });
  });

  it('needs iam:PassRole on each of the roles', async () => {
    const pool = await createPool(server);
    const bearer = await bearerWith(server, {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'cognito-identity:*PoolRoles', Resource: '*' },
        { Effect: 'Allow', Action: 'iam:PassRole', Resource: arnOf('Harmless') },
      ],
    });

    const both = await set(
      pool.id,
      { authenticated: arnOf('Harmless'), unauthenticated: arnOf('Mighty') },
      bearer,
    );
    const unchanged = (await describePool(pool.id)).roles;
    const one = await set(pool.id, { authenticated: arnOf('Harmless') }, bearer);

    expect(refusalOf(both)).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'iam:PassRole',
      resource: arnOf('Mighty'),
    });
    expect(unchanged).toEqual(pool.roles);
    expect(one.errors).toBeUndefined();
  });

  it('finds no pool that is not there', async () => {
    expect(refusalOf(await set(UNKNOWN, {}))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
  });
});

describe('tags', () => {
  const tagResource = (resourceArn: string, tags: object[]) =>
    server.graphql(
      `mutation ($input: TagResourceInput!) { tagResource(input: $input) { identityPool { tags { key value } } } }`,
      { input: { resourceArn, tags } },
      server.admin,
    );
  const untagResource = (resourceArn: string, tagKeys: string[]) =>
    server.graphql(
      `mutation ($input: UntagResourceInput!) { untagResource(input: $input) { identityPool { tags { key value } } } }`,
      { input: { resourceArn, tagKeys } },
      server.admin,
    );
  const numbered = (from: number, to: number): object[] =>
    Array.from({ length: to - from }, (_, index) => ({ key: `k${from + index}`, value: 'v' }));

  it('are added and replaced; the others stay', async () => {
    const pool = await createPool(server, {
      identityPoolTags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    });

    const { data } = await tagResource(pool.arn, [
      { key: 'b', value: '3' },
      { key: 'c', value: '' },
    ]);

    expect(data.tagResource.identityPool.tags).toEqual([
      { key: 'a', value: '1' },
      { key: 'b', value: '3' },
      { key: 'c', value: '' },
    ]);
  });

  it('are at most 50 on a pool', async () => {
    const pool = await createPool(server, { identityPoolTags: numbered(0, 30) });

    const refusal = refusalOf(await tagResource(pool.arn, numbered(25, 51)));
    const allowed = await tagResource(pool.arn, numbered(25, 50));

    expect(refusal).toMatchObject({ code: 'LIMIT_EXCEEDED', limit: 'tagsPerPool', maximum: 50, value: 51 });
    expect(allowed.data.tagResource.identityPool.tags).toHaveLength(50);
  });

  it('are taken off by key; a key that is not there is no error', async () => {
    const pool = await createPool(server, { identityPoolTags: numbered(0, 3) });

    const { data } = await untagResource(pool.arn, ['k1', 'never there']);

    expect(data.untagResource.identityPool.tags.map((tag: Data) => tag.key)).toEqual(['k0', 'k2']);
  });

  it('are refused for what is no pool of this installation', async () => {
    const pool = await createPool(server, { createDefaultRoles: false });
    const elsewhere = pool.arn.replace('us-east-1:000', 'eu-west-1:000');

    expect(refusalOf(await tagResource(elsewhere, []))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'resourceArn',
    });
    expect(refusalOf(await tagResource(pool.arn.replace(pool.id, UNKNOWN), []))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });

  describe('may be set by whom a policy allows these tags', () => {
    const team = (value: string) => ({ key: 'team', value });
    const keeper = () =>
      bearerWith(server, {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['cognito-identity:UpdateIdentityPool', 'cognito-identity:ListTagsForResource'],
            Resource: '*',
          },
          {
            Effect: 'Allow',
            Action: 'cognito-identity:TagResource',
            Resource: '*',
            Condition: { StringEquals: { 'aws:RequestTag/team': 'red', 'aws:ResourceTag/team': 'none' } },
          },
          {
            Effect: 'Allow',
            Action: 'cognito-identity:UntagResource',
            Resource: '*',
            Condition: { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['note'] } },
          },
        ],
      });
    const call = (bearer: string, name: string, input: object) =>
      server.graphql(
        `mutation ($input: ${name[0]!.toUpperCase()}${name.slice(1)}Input!) {
          ${name}(input: $input) { identityPool { tags { key value } } } }`,
        { input },
        bearer,
      );
    const tagged = () =>
      createPool(server, {
        createDefaultRoles: false,
        identityPoolTags: [team('none'), { key: 'note', value: 'x' }],
      });
    const denied = (verb: string, arn: string) => ({
      code: 'ACCESS_DENIED',
      action: `cognito-identity:${verb}`,
      resource: arn,
    });

    it('with TagResource and UntagResource', async () => {
      const [pool, bearer] = [await tagged(), await keeper()];
      const input = { resourceArn: pool.arn };

      const blue = await call(bearer, 'tagResource', { ...input, tags: [team('blue')] });
      const untagTeam = await call(bearer, 'untagResource', { ...input, tagKeys: ['note', 'team'] });
      const untagNote = await call(bearer, 'untagResource', { ...input, tagKeys: ['note'] });
      const red = await call(bearer, 'tagResource', { ...input, tags: [team('red')] });

      expect(refusalOf(blue)).toMatchObject(denied('TagResource', pool.arn));
      expect(refusalOf(untagTeam)).toMatchObject(denied('UntagResource', pool.arn));
      expect(untagNote.errors).toBeUndefined();
      expect(red.data.tagResource.identityPool.tags).toEqual([team('red')]);
    });

    it('with UpdateIdentityPool', async () => {
      const [pool, bearer] = [await tagged(), await keeper()];
      const update = (identityPoolTags?: object[]) =>
        call(bearer, 'updateIdentityPool', {
          identityPoolId: pool.id,
          identityPoolName: 'Renamed',
          allowUnauthenticatedIdentities: true,
          identityPoolTags,
        });

      const blue = await update([team('blue'), { key: 'note', value: 'x' }]);
      const none = await update([]);
      const unchanged = (await describePool(pool.id)).tags;
      const same = await update([{ key: 'note', value: 'x' }, team('none')]);
      const left = await update();
      const red = await update([team('red')]);

      expect(refusalOf(blue)).toMatchObject(denied('TagResource', pool.arn));
      expect(refusalOf(none)).toMatchObject(denied('UntagResource', pool.arn));
      expect(unchanged).toEqual(pool.tags);
      expect([same.errors, left.errors]).toEqual([undefined, undefined]);
      expect(red.data.updateIdentityPool.identityPool.tags).toEqual([team('red')]);
    });
  });

  it('of a pool decide who may work on it', async () => {
    const mine = await createPool(server, { identityPoolTags: [{ key: 'team', value: 'red' }] });
    const theirs = await createPool(server, { identityPoolTags: [{ key: 'team', value: 'blue' }] });
    const bearer = await bearerWith(
      server,
      allow('cognito-identity:*', '*', { Condition: { StringEquals: { 'aws:ResourceTag/team': 'red' } } }),
    );
    const look = (id: string) =>
      server.graphql('query ($id: ID!) { identityPool(id: $id) { id } }', { id }, bearer);

    expect((await look(mine.id)).data.identityPool.id).toBe(mine.id);
    expect(refusalOf(await look(theirs.id))).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('that a new pool would have decide who may make it', async () => {
    const bearer = await bearerWith(
      server,
      allow('cognito-identity:CreateIdentityPool', '*', {
        Condition: {
          StringEquals: { 'aws:RequestTag/team': 'red' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['team'] },
        },
      }),
    );
    const make = (...tags: object[]) =>
      server.graphql(
        'mutation ($input: CreateIdentityPoolInput!) { createIdentityPool(input: $input) { identityPool { name } } }',
        {
          input: {
            identityPoolName: 'p',
            allowUnauthenticatedIdentities: true,
            createDefaultRoles: false,
            identityPoolTags: tags,
          },
        },
        bearer,
      );
    const red = { key: 'team', value: 'red' };

    expect((await make(red)).errors).toBeUndefined();
    expect(refusalOf(await make())).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(refusalOf(await make(red, { key: 'cost', value: '1' }))).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});
