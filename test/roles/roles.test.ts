import {
  allow,
  createPool,
  createRole,
  refusalOf,
  rowsOf,
  trustOf,
  tryCreateRole,
  type Data,
} from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;
let poolId: string;

beforeAll(async () => {
  server = await startTestServer();
  poolId = (await createPool(server, { createDefaultRoles: false })).id;
});
afterAll(() => server?.close());

let made = 0;
/** What a role needs at least, under a name of its own. */
const given = (changes: object = {}): { roleName: string; assumeRolePolicyDocument: object } => ({
  roleName: `Role-${(made += 1)}`,
  assumeRolePolicyDocument: trustOf(poolId),
  ...changes,
});

const send = (text: string) => (input: object) => server.graphql(text, { input }, server.admin);
const FIELDS = `role { arn name description assumeRolePolicyDocument policies { policyName policyDocument }
  maxSessionDuration creationDate lastModifiedDate }`;
const updateRole = send(`mutation ($input: UpdateRoleInput!) { updateRole(input: $input) { ${FIELDS} } }`);
const deleteRole = send(`mutation ($input: DeleteRoleInput!) { deleteRole(input: $input) { ${FIELDS} } }`);
const findRole = (name: string) =>
  server.graphql('query ($name: String!) { role(name: $name) { arn name } }', { name }, server.admin);

describe('createRole', () => {
  it('makes a role with its policies, under an ARN made of its name', async () => {
    const input = given({
      roleName: 'Player+one=1,a.b@c-d_e',
      description: 'For players',
      policies: [{ policyName: 'Own', policyDocument: allow('cognito-sync:*') }],
      maxSessionDuration: 43_200,
    });

    const role = await createRole(server, input);

    expect(role).toMatchObject({
      id: 'arn:aws:iam::000000000000:role/Player+one=1,a.b@c-d_e',
      arn: 'arn:aws:iam::000000000000:role/Player+one=1,a.b@c-d_e',
      name: 'Player+one=1,a.b@c-d_e',
      description: 'For players',
      assumeRolePolicyDocument: trustOf(poolId),
      policies: [{ policyName: 'Own', policyDocument: allow('cognito-sync:*') }],
      maxSessionDuration: 43_200,
    });
    expect(role.creationDate).toBe(role.lastModifiedDate);
  });

  it('needs no more than a name and a trust policy', async () => {
    expect(await createRole(server, given())).toMatchObject({
      description: null,
      policies: [],
      maxSessionDuration: 3600,
    });
  });

  it('takes documents as JSON text too', async () => {
    const role = await createRole(
      server,
      given({
        assumeRolePolicyDocument: JSON.stringify(trustOf(poolId)),
        policies: [{ policyName: 'P', policyDocument: JSON.stringify(allow('s3:*')) }],
      }),
    );

    expect(role.assumeRolePolicyDocument).toEqual(trustOf(poolId));
    expect(role.policies[0].policyDocument).toEqual(allow('s3:*'));
  });

  it('takes an ARN that an app already names, with an account and a path', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/service/Legacy';

    expect(await createRole(server, given({ roleName: 'Legacy', roleArn }))).toMatchObject({ arn: roleArn });
  });

  it('is refused when the ARN does not end in the name', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/Other';

    expect(refusalOf(await tryCreateRole(server, given({ roleArn })))).toMatchObject({
      code: 'INVALID_PARAMETER',
      field: 'roleArn',
    });
  });

  it('is refused for a name that is taken, and for an ARN that is taken', async () => {
    const taken = await createRole(server, given());
    const elsewhere = `arn:aws:iam::123456789012:role/${taken.name}`;

    const byName = refusalOf(
      await tryCreateRole(server, given({ roleName: taken.name, roleArn: elsewhere })),
    );
    const byArn = refusalOf(await tryCreateRole(server, given({ roleName: taken.name })));

    const expected = {
      code: 'ENTITY_ALREADY_EXISTS',
      field: 'roleName',
      message: `Role with name ${taken.name} already exists.`,
    };
    expect(byName).toMatchObject(expected);
    expect(byArn).toMatchObject(expected);
  });

  it('makes one role of two calls at once with one name', async () => {
    const input = given();

    const answers = await Promise.all([tryCreateRole(server, input), tryCreateRole(server, input)]);

    expect(answers.filter((answer) => answer.errors === undefined)).toHaveLength(1);
    expect(
      await rowsOf(server, 'SELECT role_arn FROM roles WHERE role_name = $1', [input.roleName]),
    ).toHaveLength(1);
  });

  const policies = (count: number): object[] =>
    Array.from({ length: count }, (_, index) => ({ policyName: `p${index}`, policyDocument: allow('s3:*') }));
  it.each([
    ['an empty name', { roleName: '' }, { field: 'roleName', limit: 1 }],
    ['a name of 65 characters', { roleName: 'r'.repeat(65) }, { field: 'roleName', limit: 64 }],
    ['a name with a slash', { roleName: 'a/b' }, { field: 'roleName' }],
    [
      'a description of 1,001 characters',
      { description: 'd'.repeat(1001) },
      { field: 'description', limit: 1000 },
    ],
    ['sessions of 3,599 s', { maxSessionDuration: 3599 }, { field: 'maxSessionDuration', limit: 3600 }],
    ['sessions of 43,201 s', { maxSessionDuration: 43_201 }, { field: 'maxSessionDuration', limit: 43_200 }],
    ['11 policies', { policies: policies(11) }, { field: 'policies', limit: 10 }],
    ['an ARN of another kind', { roleArn: 'arn:aws:s3:::a-long-bucket-name' }, { field: 'roleArn' }],
    [
      'a policy without a name',
      { policies: [{ policyName: '', policyDocument: allow('s3:*') }] },
      { field: 'policies[0].policyName', limit: 1 },
    ],
  ])('is refused for %s', async (_what, changes, expected) => {
    expect(refusalOf(await tryCreateRole(server, given(changes)))).toMatchObject({
      code: 'INVALID_PARAMETER',
      ...expected,
    });
  });

  it.each([
    [
      'a permission policy that allows nothing known',
      { policies: [...policies(1), { policyName: 'x', policyDocument: allow('noservice') }] },
      'policies[1].policyDocument.Statement[0].Action',
    ],
    [
      'a permission policy that names a principal',
      { policies: [{ policyName: 'x', policyDocument: allow('s3:*', '*', { Principal: '*' }) }] },
      'policies[0].policyDocument.Statement[0].Principal',
    ],
    ['text that is no JSON', { assumeRolePolicyDocument: '{' }, 'assumeRolePolicyDocument'],
    [
      'a trust policy that names a resource',
      {
        assumeRolePolicyDocument: {
          Statement: [{ Effect: 'Allow', Principal: '*', Action: 'sts:*', Resource: '*' }],
        },
      },
      'assumeRolePolicyDocument.Statement[0].Resource',
    ],
    [
      'a condition operator that does not exist',
      { assumeRolePolicyDocument: trustOf('p', { StringIs: { a: 'b' } }) },
      'assumeRolePolicyDocument.Statement[0].Condition.StringIs',
    ],
    [
      'a trust policy that any pool could use',
      {
        assumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Principal: { Federated: 'cognito-identity.amazonaws.com' },
              Action: 'sts:AssumeRoleWithWebIdentity',
            },
          ],
        },
      },
      'assumeRolePolicyDocument.Statement[0].Condition',
    ],
  ])('is refused with the path of the mistake for %s', async (_what, changes, path) => {
    const refusal = refusalOf(await tryCreateRole(server, given(changes)));

    expect(refusal).toMatchObject({ code: 'MALFORMED_POLICY_DOCUMENT', field: path });
    expect(refusal.message).toContain(path);
    expect(refusal.problems).toEqual(expect.arrayContaining([expect.objectContaining({ path })]));
  });

  it.each([
    ['a wildcard for all pools', 'StringLike', '*'],
    ['a wildcard for all pools of a region', 'StringLike', 'us-east-1:*'],
    ['a wildcard for one character', 'StringLike', 'us-east-1:?1111111-1111-4111-8111-111111111111'],
    ['a policy variable', 'StringEquals', '${cognito-identity.amazonaws.com:aud}'],
    ['a pool and a wildcard', 'ForAnyValue:StringLike', ['us-east-1:1', '*']],
  ])('is refused for an audience that is %s: it binds nothing', async (_what, operator, audience) => {
    const Condition = { [operator]: { 'cognito-identity.amazonaws.com:aud': audience } };
    const trust = trustOf('replaced') as { Statement: object[] };
    const assumeRolePolicyDocument = { ...trust, Statement: [{ ...trust.Statement[0], Condition }] };

    const refusal = refusalOf(await tryCreateRole(server, given({ assumeRolePolicyDocument })));

    expect(refusal).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'assumeRolePolicyDocument.Statement[0].Condition',
    });
    expect(refusal.message).toContain('without wildcards and policy variables');
  });

  it('takes StringLike for an audience that is the id of a pool', async () => {
    const Condition = { StringLike: { 'cognito-identity.amazonaws.com:aud': [poolId] } };
    const trust = trustOf('replaced') as { Statement: object[] };
    const assumeRolePolicyDocument = { ...trust, Statement: [{ ...trust.Statement[0], Condition }] };

    const { errors } = await tryCreateRole(server, given({ assumeRolePolicyDocument }));

    expect(errors).toBeUndefined();
  });

  it('is refused with all mistakes of a document at once', async () => {
    const assumeRolePolicyDocument = {
      Version: '2020-01-01',
      Statement: [{ Effect: 'Perhaps', Action: 'sts:*' }],
    };

    const refusal = refusalOf(await tryCreateRole(server, given({ assumeRolePolicyDocument })));

    const paths = (refusal.problems as { path: string }[]).map((problem) => problem.path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'assumeRolePolicyDocument.Version',
        'assumeRolePolicyDocument.Statement[0].Effect',
      ]),
    );
  });

  it('is refused for a trust policy of more than 2,048 characters and a permission policy of more than 10,240', async () => {
    const long = (length: number): string[] => ['a'.repeat(length)];
    const trust = trustOf(poolId, { StringLike: { 'cognito-identity.amazonaws.com:sub': long(2048) } });
    const permission = allow('s3:*', `arn:aws:s3:::${'b'.repeat(10_240)}`);

    const trustRefusal = refusalOf(await tryCreateRole(server, given({ assumeRolePolicyDocument: trust })));
    const policyRefusal = refusalOf(
      await tryCreateRole(server, given({ policies: [{ policyName: 'x', policyDocument: permission }] })),
    );

    expect(trustRefusal).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'assumeRolePolicyDocument',
      maximum: 2048,
    });
    expect(policyRefusal).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'policies[0].policyDocument',
      maximum: 10_240,
    });
  });
});

describe('updateRole', () => {
  it('changes what is given and leaves the rest', async () => {
    const role = await createRole(
      server,
      given({ description: 'old', policies: [{ policyName: 'P', policyDocument: allow('s3:*') }] }),
    );

    const { data } = await updateRole({ roleName: role.name, maxSessionDuration: 7200 });

    expect(data.updateRole.role).toMatchObject({
      arn: role.arn,
      description: 'old',
      assumeRolePolicyDocument: role.assumeRolePolicyDocument,
      policies: role.policies,
      maxSessionDuration: 7200,
      creationDate: role.creationDate,
    });
  });

  it('replaces all policies, and clears the description when it is null', async () => {
    const role = await createRole(
      server,
      given({ description: 'old', policies: [{ policyName: 'P', policyDocument: allow('s3:*') }] }),
    );

    const { data } = await updateRole({ roleName: role.name, description: null, policies: [] });

    expect(data.updateRole.role).toMatchObject({ description: null, policies: [] });
  });

  it('replaces the trust policy', async () => {
    const role = await createRole(server, given());
    const other = trustOf('us-east-1:22222222-2222-4222-8222-222222222222');

    const { data } = await updateRole({ roleName: role.name, assumeRolePolicyDocument: other });

    expect(data.updateRole.role.assumeRolePolicyDocument).toEqual(other);
  });

  it('changes nothing when a document is malformed', async () => {
    const role = await createRole(server, given({ description: 'old' }));

    const refusal = refusalOf(
      await updateRole({
        roleName: role.name,
        description: 'new',
        policies: [{ policyName: 'x', policyDocument: { Statement: [] } }],
      }),
    );
    const { data } = await updateRole({ roleName: role.name });

    expect(refusal.code).toBe('MALFORMED_POLICY_DOCUMENT');
    expect(data.updateRole.role).toMatchObject({ description: 'old', policies: [] });
  });

  it('finds no role that is not there', async () => {
    expect(refusalOf(await updateRole({ roleName: 'Nobody' }))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      field: 'roleName',
      message: 'The role with name Nobody cannot be found.',
    });
  });
});

describe('deleteRole', () => {
  it('answers the role as it was, and then it is gone', async () => {
    const role = await createRole(server, given());

    const { data } = await deleteRole({ roleName: role.name });

    expect(data.deleteRole.role).toMatchObject({ arn: role.arn, name: role.name });
    expect(refusalOf(await findRole(role.name))).toMatchObject({ code: 'RESOURCE_NOT_FOUND' });
    expect(refusalOf(await deleteRole({ roleName: role.name }))).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
    });
  });

  it('frees the name', async () => {
    const role = await createRole(server, given());
    await deleteRole({ roleName: role.name });

    expect(await createRole(server, given({ roleName: role.name }))).toMatchObject({ arn: role.arn });
  });
});

describe('roles', () => {
  it('gives every role once over its pages, in the order of their ARNs', async () => {
    const all = (await rowsOf(server, 'SELECT role_arn FROM roles')).map((row) => row.role_arn).sort();
    const first = Math.ceil(all.length / 3);
    const seen: string[] = [];

    let after: string | null = null;
    let pages = 0;
    do {
      const { roles }: Data = await server.run(
        'query ($first: Int, $after: String) { roles(first: $first, after: $after) { nodes { arn } pageInfo { hasNextPage endCursor } } }',
        { first, after },
        server.admin,
      );
      seen.push(...roles.nodes.map((role: { arn: string }) => role.arn));
      after = roles.pageInfo.hasNextPage ? roles.pageInfo.endCursor : null;
      pages += 1;
    } while (after !== null);

    expect(pages).toBe(3);
    expect([...seen].sort()).toEqual(all);
    expect(new Set(seen).size).toBe(all.length);
  });
});
