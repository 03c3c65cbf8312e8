import {
  parsePolicyDocument,
  parseTrustPolicy,
  type PolicyDocument,
  type Statement,
  type TrustStatement,
} from '../../src/policy/document';
import { compilePolicy, evaluate, evaluateTrust, type PolicySet } from '../../src/policy/evaluate';
import type { ContextValues } from '../../src/policy/request-context';

const policy = (...statements: Statement[]): PolicyDocument =>
  parsePolicyDocument({ Version: '2012-10-17', Statement: statements }, 'policyDocument');

const allow = (changes: Partial<Statement> = {}): Statement => ({
  Effect: 'Allow',
  Action: '*',
  Resource: '*',
  ...changes,
});
const deny = (changes: Partial<Statement> = {}): Statement => ({ ...allow(changes), Effect: 'Deny' });

const POOL = 'us-east-1:11111111-1111-1111-1111-111111111111';
const ME = 'us-east-1:22222222-2222-2222-2222-222222222222';
const YOU = 'us-east-1:33333333-3333-3333-3333-333333333333';
const COGNITO = 'cognito-identity.amazonaws.com';

const dataset = (identity: string): string =>
  `arn:aws:cognito-sync:us-east-1:123456789012:identitypool/${POOL}/identity/${identity}/dataset/settings`;

function decide(
  policies: PolicySet,
  changes: { action?: string; resource?: string; context?: ContextValues } = {},
) {
  return evaluate(
    { action: 'cognito-sync:ListRecords', resource: dataset(ME), context: {}, ...changes },
    policies,
  );
}

// "Policy evaluation logic": "Determining whether a request is allowed or denied within an account".
describe('a decision', () => {
  const nothing = policy(allow({ Action: 's3:*' }));
  test.each<[string, PolicyDocument[], object]>([
    ['is an implicit deny without policies', [], { outcome: 'implicitDeny' }],
    ['is an implicit deny when nothing matches', [nothing], { outcome: 'implicitDeny' }],
    [
      'is allow by the first statement that allows',
      [nothing, policy(allow({ Action: 's3:*' }), allow(), allow())],
      { outcome: 'allow', decidedBy: { policy: 1, statement: 1, in: 'permissions' } },
    ],
    [
      'is deny when a later statement denies',
      [policy(allow(), deny({ Sid: 'No' }))],
      { outcome: 'explicitDeny', decidedBy: { policy: 0, statement: 1, sid: 'No', in: 'permissions' } },
    ],
    [
      'is deny when an earlier policy denies',
      [policy(deny()), policy(allow())],
      { outcome: 'explicitDeny', decidedBy: { policy: 0, statement: 0, in: 'permissions' } },
    ],
    [
      'is allow when a Deny does not match',
      [policy(deny({ Action: 's3:*' }), allow({ Sid: 'Yes' }))],
      { outcome: 'allow', decidedBy: { policy: 0, statement: 1, sid: 'Yes', in: 'permissions' } },
    ],
  ])('%s', (_, permissions, expected) => {
    expect(decide({ permissions })).toEqual(expected);
  });

  // "IAM JSON policy elements: Action", "... NotAction", "... NotResource".
  test.each<[string, Statement, boolean]>([
    ['an action has any case', allow({ Action: 'COGNITO-SYNC:listRecords' }), true],
    ['a service is not another that starts like it', allow({ Action: 'cognito:*' }), false],
    [
      'NotAction is everything but its list',
      { Effect: 'Allow', NotAction: ['s3:*', 'iam:*'], Resource: '*' },
      true,
    ],
    [
      'NotAction leaves out its list',
      { Effect: 'Allow', NotAction: ['s3:*', 'cognito-sync:L*'], Resource: '*' },
      false,
    ],
    [
      'NotResource is everything but its list',
      { Effect: 'Allow', Action: '*', NotResource: dataset(YOU) },
      true,
    ],
    [
      'NotResource leaves out its list',
      { Effect: 'Allow', Action: '*', NotResource: ['arn:aws:s3:::x', dataset('*')] },
      false,
    ],
    [
      'the case of a resource counts',
      allow({ Resource: dataset(ME).toUpperCase().replace('ARN:AWS:COGNITO-SYNC', 'arn:aws:cognito-sync') }),
      false,
    ],
    [
      'all conditions must hold',
      allow({ Condition: { StringEquals: { 'a:b': 'x' }, Null: { 'a:c': 'false' } } }),
      false,
    ],
  ])('%s', (_, statement, allowed) => {
    const { outcome } = decide({ permissions: [policy(statement)] }, { context: { 'a:b': 'x' } });
    expect(outcome).toBe(allowed ? 'allow' : 'implicitDeny');
  });

  // "Conditions with multiple context keys or values": operators and keys AND, values OR, negated values NOR.
  test.each<[ContextValues, boolean]>([
    [
      {
        'aws:PrincipalTag/department': 'hr',
        'aws:PrincipalTag/role': 'audit',
        'aws:PrincipalArn': 'arn:aws:iam::1:user/Ana',
      },
      true,
    ],
    [
      {
        'aws:PrincipalTag/department': 'finance',
        'aws:PrincipalTag/role': 'security',
        'aws:PrincipalArn': 'arn:aws:iam::1:user/Mary',
      },
      true,
    ],
    [
      {
        'aws:PrincipalTag/department': 'hr',
        'aws:PrincipalTag/role': 'pm',
        'aws:PrincipalArn': 'arn:aws:iam::1:user/Ana',
      },
      false,
    ],
    [
      {
        'aws:PrincipalTag/department': 'hr',
        'aws:PrincipalTag/role': 'audit',
        'aws:PrincipalArn': 'arn:aws:iam::1:user/Zoe',
      },
      false,
    ],
    [{ 'aws:PrincipalTag/role': 'audit', 'aws:PrincipalArn': 'arn:aws:iam::1:user/Ana' }, false],
  ])('on the example of that page with %j: %s', (context, allowed) => {
    const Condition = {
      StringEquals: {
        'aws:PrincipalTag/department': ['finance', 'hr', 'legal'],
        'aws:PrincipalTag/role': ['audit', 'security'],
      },
      ArnLike: { 'aws:PrincipalArn': ['arn:aws:iam::1:user/Ana', 'arn:aws:iam::1:user/Mary'] },
    };
    const { outcome } = decide({ permissions: [policy(allow({ Condition }))] }, { context });
    expect(outcome).toBe(allowed ? 'allow' : 'implicitDeny');
  });
});

describe('session policies', () => {
  const role = policy(allow());
  test.each<[string, PolicySet, object]>([
    [
      'cut what they do not allow',
      { permissions: [role], sessionPolicies: [policy(allow({ Action: 's3:*' }))] },
      { outcome: 'implicitDeny' },
    ],
    [
      'must all allow',
      { permissions: [role], sessionPolicies: [role, policy(allow({ Action: 's3:*' }))] },
      { outcome: 'implicitDeny' },
    ],
    [
      'leave what they all allow',
      { permissions: [role], sessionPolicies: [role, policy(allow({ Action: 'cognito-sync:*' }))] },
      { outcome: 'allow', decidedBy: { policy: 0, statement: 0, in: 'permissions' } },
    ],
    [
      'give nothing that the role has not',
      { permissions: [], sessionPolicies: [role] },
      { outcome: 'implicitDeny' },
    ],
    [
      'cut nothing when there are none',
      { permissions: [role], sessionPolicies: [] },
      { outcome: 'allow', decidedBy: { policy: 0, statement: 0, in: 'permissions' } },
    ],
    [
      'deny explicitly',
      { permissions: [role], sessionPolicies: [role, policy(allow(), deny({ Sid: 'Cut' }))] },
      { outcome: 'explicitDeny', decidedBy: { policy: 1, statement: 1, sid: 'Cut', in: 'session' } },
    ],
    [
      'deny explicitly even after one that cuts',
      { permissions: [role], sessionPolicies: [policy(allow({ Action: 's3:*' })), policy(deny())] },
      { outcome: 'explicitDeny', decidedBy: { policy: 1, statement: 0, in: 'session' } },
    ],
    [
      'deny explicitly even what the role does not allow',
      { permissions: [], sessionPolicies: [policy(deny())] },
      { outcome: 'explicitDeny', decidedBy: { policy: 0, statement: 0, in: 'session' } },
    ],
  ])('%s', (_, policies, expected) => {
    expect(decide(policies)).toEqual(expected);
  });

  test('cut a guest of the enhanced flow to the services that guests may use', () => {
    const administrator = policy(allow());
    const guests = policy(
      allow({ Action: ['s3:*', 'cognito-identity:*', 'cognito-sync:*', 'sagemaker:InvokeEndpoint'] }),
    );
    const may = (action: string): string =>
      decide({ permissions: [administrator], sessionPolicies: [guests] }, { action }).outcome;
    expect(may('cognito-sync:UpdateRecords')).toBe('allow');
    expect(may('sagemaker:InvokeEndpoint')).toBe('allow');
    expect(may('sagemaker:CreateModel')).toBe('implicitDeny');
    expect(may('iam:CreateUser')).toBe('implicitDeny');
  });
});

describe("the policy for one's own data", () => {
  const own = policy(
    allow({
      Action: 'cognito-sync:*',
      Resource: `arn:aws:cognito-sync:us-east-1:123456789012:identitypool/\${${COGNITO}:aud}/identity/\${${COGNITO}:sub}/*`,
    }),
  );
  const may = (resource: string, context: ContextValues): string =>
    decide({ permissions: [own] }, { resource, context }).outcome;
  const mine = { [`${COGNITO}:aud`]: POOL, [`${COGNITO}:sub`]: ME };

  test("reaches one's own datasets and nobody else's", () => {
    expect(may(dataset(ME), mine)).toBe('allow');
    expect(may(dataset(YOU), mine)).toBe('implicitDeny');
    expect(may(dataset(`${ME}/dataset/x/identity/${YOU}`), mine)).toBe('allow');
    expect(may(dataset(ME).replace(POOL, YOU), mine)).toBe('implicitDeny');
  });

  test('reaches nothing when a variable has no value, or several', () => {
    expect(may(dataset(ME), { [`${COGNITO}:aud`]: POOL })).toBe('implicitDeny');
    expect(may(dataset(ME), { ...mine, [`${COGNITO}:sub`]: [ME, YOU] })).toBe('implicitDeny');
    expect(may(dataset(''), { ...mine, [`${COGNITO}:sub`]: [] })).toBe('implicitDeny');
  });

  test.each(['*', '?'.repeat(ME.length), '${*}', `*/identity/${YOU}`])(
    'is not widened by an id of %s',
    (sub) => {
      expect(may(dataset(YOU), { ...mine, [`${COGNITO}:sub`]: sub })).toBe('implicitDeny');
    },
  );

  test('has no variables in the old version of the language', () => {
    const old = parsePolicyDocument({ ...own, Version: '2008-10-17' }, 'policyDocument');
    expect(decide({ permissions: [old] }, { context: mine }).outcome).toBe('implicitDeny');
  });
});

// "Any attempt to match it fails and causes the statement to be invalid": neither effect applies.
describe('a statement with a variable that cannot be resolved', () => {
  const team = 'arn:aws:s3:::b/${aws:PrincipalTag/team}/*';
  const resource = 'arn:aws:s3:::b/red/x';
  test.each<[string, Statement, string]>([
    ['does not allow by Resource', allow({ Resource: team }), 'implicitDeny'],
    ['does not allow by NotResource', { Effect: 'Allow', Action: '*', NotResource: team }, 'implicitDeny'],
    ['does not deny by Resource', deny({ Resource: team }), 'allow'],
    [
      'does not deny by NotResource',
      { Effect: 'Deny', Action: '*', NotResource: ['arn:aws:s3:::c', team] },
      'allow',
    ],
    [
      'does not deny by a negated condition',
      deny({ Condition: { StringNotEquals: { 'a:b': '${a:c}' } } }),
      'allow',
    ],
    ['still denies by another of its resources', deny({ Resource: [team, resource] }), 'explicitDeny'],
    [
      'denies by a default',
      deny({ Resource: "arn:aws:s3:::b/${aws:PrincipalTag/team, 'red'}/*" }),
      'explicitDeny',
    ],
  ])('%s', (_, statement, outcome) => {
    const rest = statement.Effect === 'Deny' ? [policy(allow())] : [];
    const policies = { permissions: [policy(statement), ...rest] };
    expect(decide(policies, { resource, context: { 'a:b': 'x' } }).outcome).toBe(outcome);
  });
});

describe('an action without a resource', () => {
  test.each<[string, Statement, string]>([
    ['is covered by *', allow(), 'allow'],
    ['is not covered by an ARN', allow({ Resource: 'arn:aws:cognito-identity:*:*:*' }), 'implicitDeny'],
    [
      'is outside of every ARN in NotResource',
      { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::x' },
      'allow',
    ],
  ])('%s', (_, statement, outcome) => {
    expect(decide({ permissions: [policy(statement)] }, { resource: '*' }).outcome).toBe(outcome);
  });
});

describe('compiled policies', () => {
  test('are remembered for each document object', () => {
    const document = policy(allow());
    expect(compilePolicy(document)).toBe(compilePolicy(document));
    expect(compilePolicy(document)).not.toBe(compilePolicy(policy(allow())));
  });

  test('are refused, not narrowed or widened, when a document that was never parsed has an unknown operator', () => {
    const document = { Statement: allow({ Condition: { Whatever: { 'a:b': 'c' } } }) };
    expect(() => decide({ permissions: [document] })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_POLICY_DOCUMENT' }),
    );
  });

  test('of a trust policy allow nothing as permissions, and the other way round', () => {
    const trust = { Statement: { Effect: 'Allow' as const, Principal: '*' as const, Action: '*' } };
    expect(decide({ permissions: [trust] }).outcome).toBe('implicitDeny');
    const request = { action: 'sts:AssumeRole', principal: { Federated: COGNITO }, context: {} };
    expect(evaluateTrust({ Statement: allow() }, request).outcome).toBe('implicitDeny');
  });
});

// "AWS JSON policy elements: Principal" and "... NotPrincipal"; the trust policy that Cognito's console makes.
describe('a trust policy', () => {
  const trusting = (...statements: TrustStatement[]) =>
    parseTrustPolicy({ Version: '2012-10-17', Statement: statements }, 'trustPolicy');
  const cognito = (changes: Partial<TrustStatement> = {}): TrustStatement => ({
    Effect: 'Allow',
    Principal: { Federated: COGNITO },
    Action: 'sts:AssumeRoleWithWebIdentity',
    ...changes,
  });
  const guests = trusting(
    cognito({
      Condition: {
        StringEquals: { [`${COGNITO}:aud`]: POOL },
        'ForAnyValue:StringLike': { [`${COGNITO}:amr`]: 'unauthenticated' },
      },
    }),
  );
  const action = 'sts:AssumeRoleWithWebIdentity';
  const principal = { Federated: COGNITO };

  test.each<[string, ContextValues, string]>([
    ['a guest of the pool', { [`${COGNITO}:aud`]: POOL, [`${COGNITO}:amr`]: ['unauthenticated'] }, 'allow'],
    [
      'a guest of another pool',
      { [`${COGNITO}:aud`]: YOU, [`${COGNITO}:amr`]: ['unauthenticated'] },
      'implicitDeny',
    ],
    [
      'a signed-in identity',
      { [`${COGNITO}:aud`]: POOL, [`${COGNITO}:amr`]: ['authenticated', 'graph.facebook.com'] },
      'implicitDeny',
    ],
    ['a token without amr', { [`${COGNITO}:aud`]: POOL }, 'implicitDeny'],
  ])('for guests, and %s', (_, context, outcome) => {
    expect(evaluateTrust(guests, { action, principal, context }).outcome).toBe(outcome);
  });

  test('must allow sts:TagSession by itself', () => {
    const request = { action: 'sts:TagSession', principal, context: {} };
    expect(evaluateTrust(trusting(cognito()), request).outcome).toBe('implicitDeny');
    const both = trusting(cognito({ Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] }));
    expect(evaluateTrust(both, request)).toEqual({
      outcome: 'allow',
      decidedBy: { policy: 0, statement: 0, in: 'trust' },
    });
  });

  const anyone: TrustStatement = { Effect: 'Allow', Action: 'sts:AssumeRoleWithWebIdentity' };
  const user = 'arn:aws:iam::123456789012:user/Bob';
  test.each<[string, TrustStatement, Record<string, string>, boolean]>([
    ['* is everyone', cognito({ Principal: '*' }), principal, true],
    ['AWS * is everyone', cognito({ Principal: { AWS: '*' } }), principal, true],
    ['Federated * is every provider', cognito({ Principal: { Federated: '*' } }), principal, true],
    [
      'Federated * is no service',
      cognito({ Principal: { Federated: '*' } }),
      { Service: 'ec2.amazonaws.com' },
      false,
    ],
    [
      'another provider is not meant',
      cognito({ Principal: { Federated: 'accounts.google.com' } }),
      principal,
      false,
    ],
    [
      'one of a list is meant',
      cognito({ Principal: { Federated: ['accounts.google.com', COGNITO] } }),
      principal,
      true,
    ],
    ['the kind counts', cognito({ Principal: { Service: COGNITO } }), principal, false],
    ['an account is everyone in it', cognito({ Principal: { AWS: '123456789012' } }), { AWS: user }, true],
    [
      'the root of an account is everyone in it',
      cognito({ Principal: { AWS: 'arn:aws:iam::123456789012:root' } }),
      { AWS: user },
      true,
    ],
    [
      'an account is nobody of another',
      cognito({ Principal: { AWS: '210987654321' } }),
      { AWS: user },
      false,
    ],
    ['the case of a user counts', cognito({ Principal: { AWS: user.toLowerCase() } }), { AWS: user }, false],
    [
      'NotPrincipal is everyone else',
      { ...anyone, NotPrincipal: { Federated: 'accounts.google.com' } },
      principal,
      true,
    ],
    [
      'NotPrincipal leaves out its list',
      { ...anyone, NotPrincipal: { Federated: COGNITO } },
      principal,
      false,
    ],
  ])('%s', (_name, statement, caller, allowed) => {
    const { outcome } = evaluateTrust(trusting(statement), { action, principal: caller, context: {} });
    expect(outcome).toBe(allowed ? 'allow' : 'implicitDeny');
  });

  test('denies by a Deny, whatever else allows', () => {
    const document = trusting(cognito(), cognito({ Effect: 'Deny', Sid: 'Closed', Principal: '*' }));
    expect(evaluateTrust(document, { action, principal, context: {} })).toEqual({
      outcome: 'explicitDeny',
      decidedBy: { policy: 0, statement: 1, sid: 'Closed', in: 'trust' },
    });
  });
});
