import { allow, bearerWith, createRole, refusalOf, trustOf, type Data } from '../support/factories';
import { startTestServer, type TestServer } from '../support/server';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server?.close());

const SIMULATE = `query ($input: SimulatePolicyInput!) { simulatePolicy(input: $input) { evaluationResults {
  evalActionName evalResourceName evalDecision
  decidedBy { source policy statement sid effect }
  statements { source policy statement sid effect matched mismatches } } } }`;
const trySimulate = (input: object, bearer = server.admin) => server.graphql(SIMULATE, { input }, bearer);
const simulate = async (input: object): Promise<Data[]> =>
  (await server.run(SIMULATE, { input }, server.admin)).simulatePolicy.evaluationResults;
const decisions = async (input: object): Promise<string[]> =>
  (await simulate(input)).map((result) => result.evalDecision);

describe('simulatePolicy', () => {
  it('decides action by action and resource by resource', async () => {
    const results = await simulate({
      policyInputList: [allow('s3:Get*', 'arn:aws:s3:::mine/*')],
      actionNames: ['s3:GetObject', 's3:PutObject'],
      resourceArns: ['arn:aws:s3:::mine/a', 'arn:aws:s3:::theirs/a'],
    });

    expect(results.map((r) => [r.evalActionName, r.evalResourceName, r.evalDecision])).toEqual([
      ['s3:GetObject', 'arn:aws:s3:::mine/a', 'ALLOWED'],
      ['s3:GetObject', 'arn:aws:s3:::theirs/a', 'IMPLICIT_DENY'],
      ['s3:PutObject', 'arn:aws:s3:::mine/a', 'IMPLICIT_DENY'],
      ['s3:PutObject', 'arn:aws:s3:::theirs/a', 'IMPLICIT_DENY'],
    ]);
  });

  it('holds at most 20,000 statements against actions and resources', async () => {
    const withStatements = (count: number) => ({
      Version: '2012-10-17',
      Statement: Array.from({ length: count }, () => ({ Effect: 'Allow', Action: 'a:b', Resource: '*' })),
    });
    const numbered = (count: number) => Array.from({ length: count }, (_, at) => `s3:a${at}`);
    const input = {
      policyInputList: [withStatements(100), withStatements(50)],
      sessionPolicyInputList: [withStatements(10)],
      resourceArns: ['*', 'a', 'b', 'c', 'd'],
    };

    expect(await simulate({ ...input, actionNames: numbered(25) })).toHaveLength(125);
    expect(refusalOf(await trySimulate({ ...input, actionNames: numbered(26) }))).toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'simulatedStatements',
      maximum: 20_000,
      value: 20_800,
    });
  });

  it('takes every resource when none is named', async () => {
    const [result] = await simulate({ policyInputList: [allow('s3:*')], actionNames: ['s3:GetObject'] });

    expect(result).toMatchObject({ evalResourceName: '*', evalDecision: 'ALLOWED' });
  });

  it('names the statement that decided, and says of every other what kept it from matching', async () => {
    const document = {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Reads', Effect: 'Allow', Action: 's3:Get*', Resource: '*' },
        { Sid: 'NoSecrets', Effect: 'Deny', Action: '*', Resource: 'arn:aws:s3:::secret/*' },
        {
          Sid: 'Writes',
          Effect: 'Allow',
          Action: 's3:Put*',
          Resource: '*',
          Condition: { StringEquals: { 'aws:PrincipalTag/team': 'red' } },
        },
      ],
    };

    const [result] = await simulate({
      policyInputList: [allow('iam:*'), document],
      actionNames: ['s3:GetObject'],
      resourceArns: ['arn:aws:s3:::secret/plan'],
      contextEntries: [{ contextKeyName: 'aws:PrincipalTag/team', contextKeyValues: ['blue'] }],
    });

    expect(result).toEqual({
      evalActionName: 's3:GetObject',
      evalResourceName: 'arn:aws:s3:::secret/plan',
      evalDecision: 'EXPLICIT_DENY',
      decidedBy: { source: 'permissions', policy: 1, statement: 1, sid: 'NoSecrets', effect: 'Deny' },
      statements: [
        {
          source: 'permissions',
          policy: 0,
          statement: 0,
          sid: null,
          effect: 'Allow',
          matched: false,
          mismatches: [{ element: 'Action', expected: 'iam:*', actual: 's3:GetObject' }],
        },
        expect.objectContaining({ policy: 1, statement: 0, sid: 'Reads', matched: true, mismatches: [] }),
        expect.objectContaining({ policy: 1, statement: 1, sid: 'NoSecrets', matched: true, mismatches: [] }),
        expect.objectContaining({
          policy: 1,
          statement: 2,
          sid: 'Writes',
          matched: false,
          mismatches: [
            { element: 'Action', expected: 's3:Put*', actual: 's3:GetObject' },
            {
              element: 'Condition',
              operator: 'StringEquals',
              key: 'aws:PrincipalTag/team',
              expected: ['red'],
              actual: 'blue',
            },
          ],
        }),
      ],
    });
  });

  it('lets a session policy cut down what the others allow', async () => {
    const input = { policyInputList: [allow('*')], actionNames: ['s3:GetObject', 'iam:CreateRole'] };

    expect(await decisions({ ...input, sessionPolicyInputList: [allow('s3:*')] })).toEqual([
      'ALLOWED',
      'IMPLICIT_DENY',
    ]);
    expect(await decisions(input)).toEqual(['ALLOWED', 'ALLOWED']);
  });

  it('fills in policy variables from the context', async () => {
    const policyInputList = [
      allow('cognito-sync:*', 'arn:aws:cognito-sync:*:*:*/identity/${cognito-identity.amazonaws.com:sub}/*'),
    ];
    const contextEntries = [
      { contextKeyName: 'cognito-identity.amazonaws.com:sub', contextKeyValues: ['us-east-1:me'] },
    ];
    const resourceArns = [
      'arn:aws:cognito-sync:us-east-1:0:identitypool/p/identity/us-east-1:me/dataset/d',
      'arn:aws:cognito-sync:us-east-1:0:identitypool/p/identity/us-east-1:you/dataset/d',
    ];

    expect(
      await decisions({
        policyInputList,
        contextEntries,
        resourceArns,
        actionNames: ['cognito-sync:ListRecords'],
      }),
    ).toEqual(['ALLOWED', 'IMPLICIT_DENY']);
  });

  it('adds the policies of a role when it is named', async () => {
    const role = await createRole(server, {
      roleName: 'Simulated',
      assumeRolePolicyDocument: trustOf('us-east-1:1'),
      policies: [{ policyName: 'P', policyDocument: allow('s3:*') }],
    });

    const result = await decisions({
      policySourceArn: role.arn,
      policyInputList: [{ Statement: { Effect: 'Deny', Action: 's3:Delete*', Resource: '*' } }],
      actionNames: ['s3:GetObject', 's3:DeleteObject', 'iam:GetRole'],
    });

    expect(result).toEqual(['ALLOWED', 'EXPLICIT_DENY', 'IMPLICIT_DENY']);
  });

  it('finds no role that is not there', async () => {
    const answer = await trySimulate({
      policySourceArn: 'arn:aws:iam::000000000000:role/Nobody',
      actionNames: ['s3:GetObject'],
    });

    expect(refusalOf(answer)).toMatchObject({ code: 'RESOURCE_NOT_FOUND', field: 'policySourceArn' });
  });

  it('is refused with the path of the mistake for a malformed document', async () => {
    const broken = { Statement: [{ Effect: 'Allow', Action: 's3:*' }] };
    const wrong = (members: object) => trySimulate({ actionNames: ['s3:GetObject'], ...members });

    expect(refusalOf(await wrong({ policyInputList: [allow('*'), broken] }))).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'policyInputList[1].Statement[0].Resource',
    });
    expect(refusalOf(await wrong({ sessionPolicyInputList: [broken] }))).toMatchObject({
      code: 'MALFORMED_POLICY_DOCUMENT',
      field: 'sessionPolicyInputList[0].Statement[0].Resource',
    });
  });

  it.each([
    ['no action', { actionNames: [] }, 'actionNames'],
    ['51 actions', { actionNames: Array(51).fill('s3:GetObject') }, 'actionNames'],
    [
      '11 policies',
      { policyInputList: Array(11).fill(allow('*')), actionNames: ['s3:*'] },
      'policyInputList',
    ],
    ['51 resources', { resourceArns: Array(51).fill('*'), actionNames: ['s3:*'] }, 'resourceArns'],
  ])('is refused for %s', async (_what, input, field) => {
    expect(refusalOf(await trySimulate(input))).toMatchObject({ code: 'INVALID_PARAMETER', field });
  });

  it('needs the right to simulate; for a role’s policies, on that role', async () => {
    const custom = await bearerWith(server, allow('iam:SimulateCustomPolicy'));
    const input = { policyInputList: [allow('*')], actionNames: ['s3:GetObject'] };
    const ofRole = { ...input, policySourceArn: 'arn:aws:iam::000000000000:role/Nobody' };

    expect((await trySimulate(input, custom)).errors).toBeUndefined();
    expect(refusalOf(await trySimulate(ofRole, custom))).toMatchObject({
      code: 'ACCESS_DENIED',
      action: 'iam:SimulatePrincipalPolicy',
      resource: ofRole.policySourceArn,
    });
  });
});
