import {
  allow,
  bearerWith,
  createKey,
  createPool,
  eventually,
  refusalOf,
  rowsOf,
  tryCreateKey,
  tryCreatePool,
  type Data,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let otherNode: TestServer;

beforeAll(async () => {
  server = await startTestServer();
  otherNode = await startTestServer({ database: server.database });
});
afterAll(async () => {
  await otherNode?.close();
  await server?.close();
});

const bearerOf = (key: Data): string => `${key.apiKey.accessKeyId}.${key.secretAccessKey}`;
const listPools = (bearer: string, node = server) =>
  node.graphql('{ identityPools(first: 1) { pageInfo { hasNextPage } } }', {}, bearer);
const revoke = (accessKeyId: string, bearer = server.admin) =>
  server.graphql(
    `mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { accessKeyId revokedDate } } }`,
    { input: { accessKeyId } },
    bearer,
  );

describe('createApiKey', () => {
  it('makes a key that works as a bearer, on every node', async () => {
    const key = await createKey(server, { name: 'back end', managedPolicies: ['READ_ONLY'] });

    expect(key).toMatchObject({
      secretAccessKey: expect.stringMatching(/^[\w-]{40}$/),
      apiKey: {
        id: key.apiKey.accessKeyId,
        accessKeyId: expect.stringMatching(/^AKIA[A-Z2-7]{16}$/),
        name: 'back end',
        managedPolicies: ['READ_ONLY'],
        policies: [],
        revokedDate: null,
      },
    });
    expect((await listPools(bearerOf(key))).errors).toBeUndefined();
    expect((await listPools(bearerOf(key), otherNode)).errors).toBeUndefined();
  });

  it('keeps no secret in the clear', async () => {
    const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });

    const [row] = await rowsOf(server, 'SELECT * FROM api_keys WHERE access_key_id = $1', [key.apiKey.id]);

    expect(row.sealed_secret.length).toBeGreaterThan(40);
    expect(JSON.stringify(row)).not.toContain(key.secretAccessKey);
    expect(Buffer.from(row.sealed_secret, 'base64url').toString('latin1')).not.toContain(key.secretAccessKey);
  });

  it.each([
    ['no policy at all', {}, 'managedPolicies'],
    ['empty lists of policies', { managedPolicies: [], policies: [] }, 'managedPolicies'],
    ['no name', { name: '', managedPolicies: ['READ_ONLY'] }, 'name'],
    ['a name of 129 characters', { name: 'n'.repeat(129), managedPolicies: ['READ_ONLY'] }, 'name'],
    [
      '11 policies of its own',
      { policies: Array(11).fill({ policyName: 'p', policyDocument: allow('s3:*') }) },
      'policies',
    ],
  ])('is refused for %s', async (_what, input, field) => {
    expect(refusalOf(await tryCreateKey(server, input))).toMatchObject({ code: 'INVALID_PARAMETER', field });
  });

  it('is refused with the path of the mistake for a malformed policy', async () => {
    const policies = [
      { policyName: 'p', policyDocument: { Statement: [{ Effect: 'Allow', Action: 's3:*' }] } },
    ];

    expect(refusalOf(await tryCreateKey(server, { policies }))).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'policies[0].policyDocument.Statement[0].Resource',
    });
  });

  it('needs the right to make keys', async () => {
    const powerUser = await createKey(server, { managedPolicies: ['POWER_USER'] });

    expect(
      refusalOf(
        await tryCreateKey(server, { managedPolicies: ['ADMINISTRATOR_ACCESS'] }, bearerOf(powerUser)),
      ),
    ).toMatchObject({ code: 'ACCESS_DENIED', action: 'iam:CreateAccessKey' });
  });
});

describe('the ready-made policy', () => {
  const input = { identityPoolName: 'By a key', createDefaultRoles: false };
  const makeRole = (bearer: string) =>
    server.graphql(
      `mutation { createRole(input: { roleName: "X", assumeRolePolicyDocument: "{}" }) { role { arn } } }`,
      {},
      bearer,
    );

  it('ADMINISTRATOR_ACCESS lets do everything', async () => {
    const bearer = bearerOf(await createKey(server, { managedPolicies: ['ADMINISTRATOR_ACCESS'] }));

    expect((await tryCreatePool(server, { identityPoolName: 'With roles' }, bearer)).errors).toBeUndefined();
    expect((await tryCreateKey(server, { managedPolicies: ['READ_ONLY'] }, bearer)).errors).toBeUndefined();
  });

  it('POWER_USER lets run pools, but make no roles, providers or keys', async () => {
    const bearer = bearerOf(await createKey(server, { managedPolicies: ['POWER_USER'] }));

    expect((await tryCreatePool(server, input, bearer)).errors).toBeUndefined();
    expect(refusalOf(await tryCreatePool(server, {}, bearer))).toMatchObject({ action: 'iam:CreateRole' });
    expect(refusalOf(await makeRole(bearer))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'iam:CreateRole',
    });
    expect(refusalOf(await revoke('AKIA1', bearer))).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('READ_ONLY lets see pools, identities, data, roles and providers, and change nothing', async () => {
    const pool = await createPool(server);
    const bearer = bearerOf(await createKey(server, { managedPolicies: ['READ_ONLY'] }));

    const seen = await server.graphql(
      `query ($id: ID!) { identityPool(id: $id) { roles { authenticated } tags { key } identities { nodes { id } } }
         roles { nodes { arn } } identityProviders { nodes { arn } } apiKeys { nodes { id } } }`,
      { id: pool.id },
      bearer,
    );

    expect(seen.errors).toBeUndefined();
    expect(refusalOf(await tryCreatePool(server, input, bearer))).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(refusalOf(await makeRole(bearer))).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('a policy of a key’s own', () => {
  it('allows what it says and nothing else', async () => {
    const bearer = await bearerWith(server, allow('cognito-identity:ListIdentityPools'));

    expect((await listPools(bearer)).errors).toBeUndefined();
    expect(refusalOf(await tryCreatePool(server, {}, bearer))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'cognito-identity:CreateIdentityPool',
      decision: { outcome: 'implicitDeny' },
    });
  });

  it('can take back what a ready-made one gives', async () => {
    const key = await createKey(server, {
      managedPolicies: ['ADMINISTRATOR_ACCESS'],
      policies: [
        {
          policyName: 'NoNewPools',
          policyDocument: {
            Statement: [{ Sid: 'No', Effect: 'Deny', Action: 'cognito-identity:Create*', Resource: '*' }],
          },
        },
      ],
    });

    expect(refusalOf(await tryCreatePool(server, {}, bearerOf(key)))).toMatchObject({
      code: 'ACCESS_DENIED',
      decision: { outcome: 'explicitDeny', decidedBy: { sid: 'No' } },
    });
    expect((await listPools(bearerOf(key))).errors).toBeUndefined();
  });
});

describe('apiKeys', () => {
  it('lists every key over its pages, revoked ones too, and never a secret', async () => {
    const key = await createKey(server, {
      name: 'to be revoked',
      policies: [{ policyName: 'P', policyDocument: allow('s3:*') }],
    });
    await revoke(key.apiKey.id);
    const total = (await rowsOf(server, 'SELECT access_key_id FROM api_keys')).length;
    const seen: Data[] = [];

    for (let after: string | null = null, more = true; more;) {
      const answer: Data = await server.graphql(
        `query ($after: String) { apiKeys(first: 4, after: $after) {
           nodes { id name managedPolicies policies { policyName policyDocument } revokedDate }
           pageInfo { hasNextPage endCursor } } }`,
        { after },
        server.admin,
      );
      expect(JSON.stringify(answer)).not.toContain(key.secretAccessKey);
      seen.push(...answer.data.apiKeys.nodes);
      after = answer.data.apiKeys.pageInfo.endCursor;
      more = answer.data.apiKeys.pageInfo.hasNextPage;
    }

    expect(seen).toHaveLength(total);
    expect(new Set(seen.map((one) => one.id)).size).toBe(total);
    expect(seen.find((one) => one.id === key.apiKey.id)).toEqual({
      id: key.apiKey.id,
      name: 'to be revoked',
      managedPolicies: [],
      policies: [{ policyName: 'P', policyDocument: allow('s3:*') }],
      revokedDate: expect.any(String),
    });
  });
});

describe('revokeApiKey', () => {
  it('stops a key at once on its node and within seconds on the others', async () => {
    const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });
    const bearer = bearerOf(key);
    await Promise.all([listPools(bearer), listPools(bearer, otherNode)]);

    const { data } = await revoke(key.apiKey.id);

    const revoked = { code: 'NOT_AUTHORIZED', reason: 'REVOKED' };
    expect(data.revokeApiKey.apiKey).toEqual({ accessKeyId: key.apiKey.id, revokedDate: expect.any(String) });
    expect(refusalOf(await listPools(bearer))).toMatchObject(revoked);
    const there = await eventually(
      () => listPools(bearer, otherNode),
      (answer) => answer.errors !== undefined,
    );
    expect(refusalOf(there)).toMatchObject(revoked);
  });

  it('keeps the time of the first revocation', async () => {
    const key = await createKey(server, { managedPolicies: ['READ_ONLY'] });

    const first = await revoke(key.apiKey.id);
    const second = await revoke(key.apiKey.id);

    expect(second.data).toEqual(first.data);
  });

  it('finds no key that is not there', async () => {
    expect(refusalOf(await revoke('AKIANOBODY'))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      field: 'accessKeyId',
    });
  });
});

describe('a bearer', () => {
  const invalid = { code: 'NOT_AUTHORIZED', reason: 'INVALID' };

  it.each([
    ['of an unknown key', 'AKIANOBODY.secret'],
    ['without a secret', 'TESTADMIN'],
    ['with an empty secret', 'TESTADMIN.'],
    ['with another secret', 'TESTADMIN.wrong-secret'],
    ['without an id', '.not-a-real-secret-9f2c71'],
    ['with the id of an attack', "x';DROP/**/TABLE/**/api_keys;--.s"],
    ['of 400 characters', `TESTADMIN.${'x'.repeat(400)}`],
  ])('%s is refused, and does not say which half was wrong', async (_what, bearer) => {
    const refusal = refusalOf(await listPools(bearer));

    expect(refusal).toMatchObject(invalid);
    expect(refusal.message).toBe(refusalOf(await listPools('AKIANOBODY.secret')).message);
  });

  it('is refused in another scheme', async () => {
    const response = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from(server.admin.replace('.', ':')).toString('base64')}`,
      },
      body: JSON.stringify({ query: '{ identityPools { nodes { id } } }' }),
    });

    expect(((await response.json()) as Data).errors[0].extensions).toMatchObject(invalid);
  });

  it('that does not hold keeps nobody from what needs no credentials', async () => {
    const pool = await createPool(server);
    const answer = await server.graphql(
      `mutation ($id: ID!) { getId(input: { identityPoolId: $id }) { identityId } }`,
      { id: pool.id },
      'AKIANOBODY.secret',
    );

    expect(answer.errors).toBeUndefined();
  });
});
