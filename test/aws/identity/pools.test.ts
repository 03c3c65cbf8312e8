import type { CognitoIdentity, IdentityPool } from '@aws-sdk/client-cognito-identity';
import { startIdentityProvider, type TestIdentityProvider } from '../../support/identity-provider';
import { allow, createPool, createRole, createKey, registerProvider, trustOf } from '../../support/factories';
import { startTestServer, type TestServer } from '../../support/server';
import { answerOf, callRaw, identityClient, refusal, type Keys } from './clients';

const NO_POOL = 'us-east-1:00000000-0000-4000-8000-000000000000';
const NOT_FOUND = `ResourceNotFoundException 400: IdentityPool '${NO_POOL}' not found.`;
const ARN = 'arn:aws:cognito-identity:us-east-1:000000000000:identitypool';

let server: TestServer;
let issuer: TestIdentityProvider;
let client: CognitoIdentity;
let oidcArn: string;

beforeAll(async () => {
  [server, issuer] = await Promise.all([startTestServer(), startIdentityProvider()]);
  client = identityClient(server);
  oidcArn = await registerProvider(server, issuer);
});
afterAll(() => Promise.all([server, issuer].map((each) => each?.close())));

const newPool = async (members: object = {}): Promise<IdentityPool> =>
  (await answerOf(
    client.createIdentityPool({
      IdentityPoolName: 'A pool',
      AllowUnauthenticatedIdentities: true,
      ...members,
    }),
  )) as IdentityPool;

const newPoolId = async (members: object = {}): Promise<string> => (await newPool(members)).IdentityPoolId!;

/** The keys of an administrator with this policy alone. */
const keysWith = async (policyDocument: object): Promise<Keys> => {
  const key = await createKey(server, { policies: [{ policyName: 'own', policyDocument }] });
  return { accessKeyId: key.apiKey.accessKeyId, secretAccessKey: key.secretAccessKey };
};

describe('a pool', () => {
  const EVERYTHING = {
    IdentityPoolName: 'All of it',
    AllowUnauthenticatedIdentities: false,
    AllowClassicFlow: true,
    SupportedLoginProviders: { 'accounts.google.com': 'google-app', 'api.twitter.com': 'key;secret' },
    DeveloperProviderName: 'login.my.app',
    CognitoIdentityProviders: [
      {
        ProviderName: 'cognito-idp.us-east-1.amazonaws.com/us-east-1_abc',
        ClientId: 'client',
        ServerSideTokenCheck: false,
      },
    ],
    IdentityPoolTags: { team: 'maps', empty: '' },
  };

  it('is made, described and answered with every member it was given', async () => {
    const given = { ...EVERYTHING, OpenIdConnectProviderARNs: [oidcArn] };

    const made = await newPool(given);

    expect(made).toEqual({ IdentityPoolId: expect.stringMatching(/^us-east-1:[0-9a-f-]{36}$/), ...given });
    expect(await answerOf(client.describeIdentityPool({ IdentityPoolId: made.IdentityPoolId! }))).toEqual(
      made,
    );
  });

  it('leaves out the members that were never set, but for its tags', async () => {
    expect(await newPool()).toEqual({
      IdentityPoolId: expect.any(String),
      IdentityPoolName: 'A pool',
      AllowUnauthenticatedIdentities: true,
      IdentityPoolTags: {},
    });
  });

  it('has no roles until they are set, unlike one that GraphQL or the console makes', async () => {
    const id = await newPoolId();

    expect(await answerOf(client.getIdentityPoolRoles({ IdentityPoolId: id }))).toEqual({
      IdentityPoolId: id,
    });
  });

  it('answers empty lists where it was given empty lists', async () => {
    const empty = {
      SupportedLoginProviders: {},
      OpenIdConnectProviderARNs: [],
      CognitoIdentityProviders: [],
      SamlProviderARNs: [],
    };
    const made = await newPool(empty);
    const pool = { ...made, IdentityPoolName: 'Changed' };
    const withoutSaml = { ...pool };
    delete withoutSaml.SamlProviderARNs;

    expect(made).toMatchObject(empty);
    expect(await answerOf(client.updateIdentityPool(pool))).toEqual(pool);
    expect(await answerOf(client.updateIdentityPool(withoutSaml))).toEqual(withoutSaml);
  });

  it('is replaced by an update: what is left out is cleared, but for tags and developer provider', async () => {
    const { IdentityPoolId } = await newPool({ ...EVERYTHING, OpenIdConnectProviderARNs: [oidcArn] });
    const { DeveloperProviderName, IdentityPoolTags } = EVERYTHING;
    const rest = { IdentityPoolId, IdentityPoolName: 'Less', AllowUnauthenticatedIdentities: true };

    const updated = await answerOf(client.updateIdentityPool({ IdentityPoolTags: undefined, ...rest }));

    expect(updated).toEqual({ ...rest, DeveloperProviderName, IdentityPoolTags });
  });

  it('gets its developer provider once, and keeps it', async () => {
    const IdentityPoolId = await newPoolId();
    const update = (DeveloperProviderName: string) =>
      client.updateIdentityPool({
        IdentityPoolId,
        IdentityPoolName: 'A pool',
        AllowUnauthenticatedIdentities: true,
        DeveloperProviderName,
        IdentityPoolTags: undefined,
      });

    expect((await update('login.my.app')).DeveloperProviderName).toBe('login.my.app');
    expect(await refusal(update('login.other.app'))).toBe(
      'InvalidParameterException 400: developerProviderName cannot be changed or removed once it is set',
    );
  });

  it('is deleted with an empty body, and is gone', async () => {
    const IdentityPoolId = await newPoolId();

    const deleted = await answerOf(client.deleteIdentityPool({ IdentityPoolId }));

    expect(deleted).toEqual({});
    expect(await refusal(client.describeIdentityPool({ IdentityPoolId }))).toBe(
      `ResourceNotFoundException 400: IdentityPool '${IdentityPoolId}' not found.`,
    );
  });

  it('is refused where a service is stricter than the model, in its words', async () => {
    expect(await refusal(newPool({ AllowUnauthenticatedIdentities: false }))).toMatch(
      /^InvalidParameterException 400: An identity pool needs a way to get an identity/,
    );
    expect(await refusal(newPool({ CognitoIdentityProviders: [{ ClientId: 'c' }] }))).toMatch(
      /^InvalidParameterException 400: cognitoIdentityProviders\[0\]\.providerName must/,
    );
    expect(
      await refusal(newPool({ SamlProviderARNs: ['arn:aws:iam::000000000000:saml-provider/X'] })),
    ).toMatch(/^InvalidParameterException 400: No SAML provider has the ARN/);
  });

  it('keeps the name __proto__ of a tag as it is', async () => {
    const body = `{"IdentityPoolName":"p","AllowUnauthenticatedIdentities":true,"IdentityPoolTags":{"__proto__":"x"}}`;

    const { text } = await callRaw(server, 'CreateIdentityPool', body, await keysWith(allow('*')));

    expect(text).toContain('"IdentityPoolTags":{"__proto__":"x"}');
  });
});

describe('ListIdentityPools', () => {
  it('answers page after page in the order of ids, with a token as long as there are more', async () => {
    await Promise.all([newPool(), newPool(), newPool()]);
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.listIdentityPools({ MaxResults: 2, NextToken });
      expect(page.IdentityPools!.length).toBeLessThanOrEqual(2);
      expect(page.IdentityPools!.map((pool) => Object.keys(pool).sort())).toEqual(
        page.IdentityPools!.map(() => ['IdentityPoolId', 'IdentityPoolName']),
      );
      seen.push(...page.IdentityPools!.map((pool) => pool.IdentityPoolId!));
      NextToken = page.NextToken;
      expect(NextToken ?? 'none').not.toMatch(/\s/);
    } while (NextToken);

    const rows = await server.dataSource.query(
      'SELECT identity_pool_id FROM identity_pools WHERE deleted_at IS NULL',
    );
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort());
    expect(new Set(seen)).toEqual(new Set(rows.map((row: any) => row.identity_pool_id)));
  });

  it('refuses a token that it never gave', async () => {
    expect(await refusal(client.listIdentityPools({ MaxResults: 1, NextToken: 'made-up' }))).toBe(
      'InvalidParameterException 400: nextToken must come from an earlier page of this list',
    );
  });
});

describe('the roles of a pool', () => {
  const role = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
  const RULES = {
    Type: 'Rules' as const,
    AmbiguousRoleResolution: 'Deny' as const,
    RulesConfiguration: {
      Rules: [
        { Claim: 'custom:team', MatchType: 'Equals' as const, Value: 'maps', RoleARN: role('Maps') },
        { Claim: 'sub', MatchType: 'StartsWith' as const, Value: 'a', RoleARN: role('A') },
      ],
    },
  };
  const TOKEN = { Type: 'Token' as const, AmbiguousRoleResolution: 'AuthenticatedRole' as const };

  it('are answered as they were set, with ARNs that no role has here', async () => {
    const IdentityPoolId = await newPoolId();
    const roles = {
      Roles: { authenticated: role('Users'), unauthenticated: role('Guests') },
      RoleMappings: { 'accounts.google.com': RULES, 'cognito-idp.us-east-1.amazonaws.com/p:c': TOKEN },
    };

    const set = await answerOf(client.setIdentityPoolRoles({ IdentityPoolId, ...roles }));

    expect(set).toEqual({});
    expect(await answerOf(client.getIdentityPoolRoles({ IdentityPoolId }))).toEqual({
      IdentityPoolId,
      ...roles,
    });
  });

  it('are emptied by what is left out', async () => {
    const IdentityPoolId = await newPoolId();
    await client.setIdentityPoolRoles({
      IdentityPoolId,
      Roles: { authenticated: role('Users') },
      RoleMappings: { 'accounts.google.com': TOKEN },
    });

    await client.setIdentityPoolRoles({ IdentityPoolId, Roles: {} });

    expect(await answerOf(client.getIdentityPoolRoles({ IdentityPoolId }))).toEqual({ IdentityPoolId });
  });

  it('that are unknown here fail when credentials are asked for, until they are made with that ARN', async () => {
    const IdentityPoolId = await newPoolId();
    await client.setIdentityPoolRoles({ IdentityPoolId, Roles: { unauthenticated: role('Later') } });
    const { IdentityId } = await client.getId({ IdentityPoolId });
    const ask = () => client.getCredentialsForIdentity({ IdentityId });

    expect(await refusal(ask())).toBe(
      'InvalidIdentityPoolConfigurationException 400: Invalid identity pool configuration. Check assigned IAM roles for this pool.',
    );

    await createRole(server, { roleName: 'Later', assumeRolePolicyDocument: trustOf(IdentityPoolId) });
    expect((await ask()).Credentials?.AccessKeyId).toMatch(/^ASIA/);
  });

  it('need iam:PassRole for each', async () => {
    const IdentityPoolId = await newPoolId();
    const keys = await keysWith(allow(['cognito-identity:*']));
    const set = identityClient(server, keys).setIdentityPoolRoles({
      IdentityPoolId,
      Roles: { authenticated: role('Users') },
    });

    expect(await refusal(set)).toBe(
      `AccessDeniedException 403: User: arn:aws:iam::000000000000:access-key/${keys.accessKeyId} is not authorized to perform: iam:PassRole on resource: ${role('Users')}`,
    );
  });

  it('must say what happens when a mapping gives none', async () => {
    const set = client.setIdentityPoolRoles({
      IdentityPoolId: await newPoolId(),
      Roles: {},
      RoleMappings: { 'accounts.google.com': { Type: 'Token' } },
    });

    expect(await refusal(set)).toBe(
      'InvalidParameterException 400: roleMappings[0].ambiguousRoleResolution must be given for the types Token and Rules',
    );
  });
});

describe('the tags of a pool', () => {
  it('are added, replaced, listed and taken off by its ARN', async () => {
    const ResourceArn = `${ARN}/${await newPoolId({ IdentityPoolTags: { a: '1', b: '2' } })}`;

    expect(await answerOf(client.tagResource({ ResourceArn, Tags: { b: '3', c: '' } }))).toEqual({});
    expect(await answerOf(client.listTagsForResource({ ResourceArn }))).toEqual({
      Tags: { a: '1', b: '3', c: '' },
    });
    expect(await answerOf(client.untagResource({ ResourceArn, TagKeys: ['a', 'c', 'z'] }))).toEqual({});
    expect(await answerOf(client.listTagsForResource({ ResourceArn }))).toEqual({ Tags: { b: '3' } });
  });

  it('are none, not absent, when it has none', async () => {
    const ResourceArn = `${ARN}/${await newPoolId()}`;

    expect(await answerOf(client.listTagsForResource({ ResourceArn }))).toEqual({ Tags: {} });
  });

  it('are at most 50', async () => {
    const tags = (count: number, prefix: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [`${prefix}${at}`, '']));
    const ResourceArn = `${ARN}/${await newPoolId({ IdentityPoolTags: tags(50, 'a') })}`;

    expect(await refusal(client.tagResource({ ResourceArn, Tags: tags(1, 'b') }))).toBe(
      'LimitExceededException 400: A pool has at most 50 tags.',
    );
    expect(await refusal(client.tagResource({ ResourceArn, Tags: tags(51, 'b') }))).toMatch(
      /^InvalidParameterException 400: tags must/,
    );
  });
});

describe('the attributes for access control of a provider', () => {
  const PROVIDER = { IdentityProviderName: 'accounts.google.com' };

  it('are inactive until they are set, then answered as they were set', async () => {
    const of = { IdentityPoolId: await newPoolId(), ...PROVIDER };
    const map = { ...of, UseDefaults: false, PrincipalTags: { team: 'custom:team' } };

    expect(await answerOf(client.getPrincipalTagAttributeMap(of))).toEqual({
      ...of,
      UseDefaults: false,
      PrincipalTags: {},
    });
    expect(await answerOf(client.setPrincipalTagAttributeMap(map))).toEqual(map);
    expect(await answerOf(client.getPrincipalTagAttributeMap(of))).toEqual(map);
  });

  it('are switched off by setting neither', async () => {
    const of = { IdentityPoolId: await newPoolId(), ...PROVIDER };
    await client.setPrincipalTagAttributeMap({ ...of, UseDefaults: true });

    await client.setPrincipalTagAttributeMap(of);

    expect((await client.getPrincipalTagAttributeMap(of)).UseDefaults).toBe(false);
  });
});

describe('operations on pools', () => {
  const CALLS: [string, (pool: string) => [keyof CognitoIdentity, object]][] = [
    ['DescribeIdentityPool', (IdentityPoolId) => ['describeIdentityPool', { IdentityPoolId }]],
    [
      'UpdateIdentityPool',
      (IdentityPoolId) => [
        'updateIdentityPool',
        { IdentityPoolId, IdentityPoolName: 'x', AllowUnauthenticatedIdentities: true },
      ],
    ],
    ['DeleteIdentityPool', (IdentityPoolId) => ['deleteIdentityPool', { IdentityPoolId }]],
    ['GetIdentityPoolRoles', (IdentityPoolId) => ['getIdentityPoolRoles', { IdentityPoolId }]],
    ['SetIdentityPoolRoles', (IdentityPoolId) => ['setIdentityPoolRoles', { IdentityPoolId, Roles: {} }]],
    [
      'GetPrincipalTagAttributeMap',
      (IdentityPoolId) => ['getPrincipalTagAttributeMap', { IdentityPoolId, IdentityProviderName: 'p' }],
    ],
    [
      'SetPrincipalTagAttributeMap',
      (IdentityPoolId) => ['setPrincipalTagAttributeMap', { IdentityPoolId, IdentityProviderName: 'p' }],
    ],
    ['ListIdentities', (IdentityPoolId) => ['listIdentities', { IdentityPoolId, MaxResults: 1 }]],
    ['ListTagsForResource', (id) => ['listTagsForResource', { ResourceArn: `${ARN}/${id}` }]],
    ['TagResource', (id) => ['tagResource', { ResourceArn: `${ARN}/${id}`, Tags: {} }]],
    ['UntagResource', (id) => ['untagResource', { ResourceArn: `${ARN}/${id}`, TagKeys: [] }]],
    [
      'LookupDeveloperIdentity',
      (IdentityPoolId) => ['lookupDeveloperIdentity', { IdentityPoolId, DeveloperUserIdentifier: 'ada' }],
    ],
    [
      'MergeDeveloperIdentities',
      (IdentityPoolId) => [
        'mergeDeveloperIdentities',
        {
          IdentityPoolId,
          SourceUserIdentifier: 'a',
          DestinationUserIdentifier: 'b',
          DeveloperProviderName: 'p',
        },
      ],
    ],
    [
      'UnlinkDeveloperIdentity',
      (IdentityPoolId) => [
        'unlinkDeveloperIdentity',
        { IdentityPoolId, IdentityId: NO_POOL, DeveloperProviderName: 'p', DeveloperUserIdentifier: 'a' },
      ],
    ],
    [
      'GetOpenIdTokenForDeveloperIdentity',
      (IdentityPoolId) => ['getOpenIdTokenForDeveloperIdentity', { IdentityPoolId, Logins: { p: 'a' } }],
    ],
  ];
  const call = (by: CognitoIdentity, [method, input]: [keyof CognitoIdentity, object]): Promise<unknown> =>
    (by[method] as (input: object) => Promise<unknown>).call(by, input);

  it.each(CALLS)('%s finds no pool that is not there', async (_name, of) => {
    expect(await refusal(call(client, of(NO_POOL)))).toBe(NOT_FOUND);
  });

  it('are each denied, in AWS’s sentence, to a key that may do them on another pool alone', async () => {
    const [mine, theirs] = [await createPool(server), await createPool(server)];
    const keys = await keysWith(allow('*', mine.arn));
    const limited = identityClient(server, keys);

    const outcomes = await Promise.all(CALLS.map(([, of]) => refusal(call(limited, of(theirs.id)))));

    expect(outcomes).toEqual(
      CALLS.map(
        ([name]) =>
          `AccessDeniedException 403: User: arn:aws:iam::000000000000:access-key/${keys.accessKeyId} is not authorized to perform: cognito-identity:${name} on resource: ${theirs.arn}`,
      ),
    );
    expect((await limited.describeIdentityPool({ IdentityPoolId: mine.id })).IdentityPoolId).toBe(mine.id);
  });
});
