import { parsePolicyDocument, parseTrustPolicy } from '../../src/policy/document';
import { explain, explainTrust } from '../../src/policy/explain';

const ARN = 'arn:aws:cognito-sync:us-east-1:123456789012:identitypool/p/identity/me/dataset/settings';
const request = {
  action: 'cognito-sync:UpdateRecords',
  resource: ARN,
  context: { 'aws:PrincipalTag/team': 'red', 'cognito-identity.amazonaws.com:amr': ['authenticated'] },
};
const parse = (...Statement: object[]) =>
  parsePolicyDocument({ Version: '2012-10-17', Statement }, 'policyDocument');

test('each statement is reported with all that kept it from matching, and with what the request had', () => {
  const role = parse(
    {
      Sid: 'Read',
      Effect: 'Allow',
      Action: ['cognito-sync:List*'],
      Resource: 'arn:aws:s3:::b/${aws:userid}',
    },
    {
      Effect: 'Allow',
      Action: 'cognito-sync:*',
      Resource: '*',
      Condition: {
        StringEquals: { 'AWS:PrincipalTag/team': ['blue', '${aws:userid}'] },
        Null: { 'aws:SourceIp': false },
        'ForAnyValue:StringLike': { 'cognito-identity.amazonaws.com:amr': 'auth*' },
      },
    },
    { Effect: 'Deny', NotAction: 'cognito-sync:*', NotResource: ARN },
  );
  const session = parse({ Sid: 'All', Effect: 'Allow', Action: '*', Resource: '*' });

  expect(explain(request, { permissions: [role], sessionPolicies: [session] })).toEqual({
    decision: { outcome: 'implicitDeny' },
    statements: [
      {
        in: 'permissions',
        policy: 0,
        statement: 0,
        sid: 'Read',
        effect: 'Allow',
        matched: false,
        mismatches: [
          { element: 'Action', expected: ['cognito-sync:List*'], actual: request.action },
          {
            element: 'Resource',
            expected: 'arn:aws:s3:::b/${aws:userid}',
            actual: ARN,
            unresolved: ['aws:userid'],
          },
        ],
      },
      {
        in: 'permissions',
        policy: 0,
        statement: 1,
        effect: 'Allow',
        matched: false,
        mismatches: [
          {
            element: 'Condition',
            operator: 'StringEquals',
            key: 'AWS:PrincipalTag/team',
            expected: ['blue', '${aws:userid}'],
            actual: 'red',
            unresolved: ['aws:userid'],
          },
          {
            element: 'Condition',
            operator: 'Null',
            key: 'aws:SourceIp',
            expected: ['false'],
            actual: undefined,
          },
        ],
      },
      {
        in: 'permissions',
        policy: 0,
        statement: 2,
        effect: 'Deny',
        matched: false,
        mismatches: [
          { element: 'NotAction', expected: 'cognito-sync:*', actual: request.action },
          { element: 'NotResource', expected: ARN, actual: ARN },
        ],
      },
      { in: 'session', policy: 0, statement: 0, sid: 'All', effect: 'Allow', matched: true, mismatches: [] },
    ],
  });
});

test('an allowed request is explained by the statement that allows it', () => {
  const role = parse({ Sid: 'Own', Effect: 'Allow', Action: 'cognito-sync:*', Resource: '*' });
  const { decision, statements } = explain(request, { permissions: [role] });
  expect(decision).toEqual({
    outcome: 'allow',
    decidedBy: { policy: 0, statement: 0, sid: 'Own', in: 'permissions' },
  });
  expect(statements.map(({ matched }) => matched)).toEqual([true]);
});

test('a trust policy is explained with its principals', () => {
  const action = 'sts:AssumeRoleWithWebIdentity';
  const google = { Federated: 'accounts.google.com' };
  const policy = parseTrustPolicy(
    {
      Statement: [
        { Effect: 'Allow', Principal: google, Action: action },
        { Effect: 'Deny', NotPrincipal: google, Action: 'sts:*', Condition: { Bool: { 'x:y': true } } },
        { Effect: 'Deny', NotPrincipal: '*', Action: 'sts:TagSession' },
      ],
    },
    'trustPolicy',
  );
  const principal = { Federated: 'cognito-identity.amazonaws.com' };
  const { decision, statements } = explainTrust(policy, { action, principal, context: {} });
  expect(decision).toEqual({ outcome: 'implicitDeny' });
  expect(statements.map(({ mismatches }) => mismatches)).toEqual([
    [{ element: 'Principal', expected: google, actual: principal }],
    [{ element: 'Condition', operator: 'Bool', key: 'x:y', expected: ['true'], actual: undefined }],
    [
      { element: 'NotPrincipal', expected: '*', actual: principal },
      { element: 'Action', expected: 'sts:TagSession', actual: action },
    ],
  ]);
});
