import type { Actor, AdministratorActor, IdentityActor } from '../src/actor';
import { ANONYMOUS } from '../src/actor';
import { authorize, conditionKeysOf, isAuthorized, type Resource } from '../src/authorize';
import { loadConfig } from '../src/config';
import type { Context } from '../src/context';
import { ServiceError, badCredentials } from '../src/errors';
import type { PolicyDocument } from '../src/policy/document';

const POOL = 'us-east-1:11111111-1111-4111-8111-111111111111';
const OTHER_POOL = 'us-east-1:22222222-2222-4222-8222-222222222222';
const OWN = 'us-east-1:aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa';
const OTHER = 'us-east-1:bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb';
const ACTION = 'cognito-sync:ListRecords';
const ARN = `arn:aws:cognito-sync:us-east-1:000000000000:identitypool/${POOL}/identity/${OWN}/dataset/d`;

const policy = (effect: 'Allow' | 'Deny', action: string | string[], rest: object = {}): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: effect, Action: action, Resource: '*', ...rest }],
});
const EVERYTHING = policy('Allow', '*');

const identity = (changes: Partial<IdentityActor> = {}): IdentityActor => ({
  kind: 'identity',
  identityId: OWN,
  identityPoolId: POOL,
  roleArn: 'arn:aws:iam::000000000000:role/Player',
  arn: 'arn:aws:sts::000000000000:assumed-role/Player/CognitoIdentityCredentials',
  amr: ['authenticated', 'accounts.example.com', 'qualifier'],
  principalTags: { team: 'red' },
  expiresAt: new Date('2037-01-01T00:00:00Z'),
  policies: [EVERYTHING],
  sessionPolicies: [],
  ...changes,
});

const administrator = (...policies: PolicyDocument[]): AdministratorActor => ({
  kind: 'administrator',
  accessKeyId: 'AKIA1',
  arn: 'arn:aws:iam::000000000000:access-key/AKIA1',
  policies,
});

const contextOf = (actor: Actor): Context =>
  ({
    actor,
    now: () => new Date('2027-03-01T00:00:00.5Z'),
    config: loadConfig({}),
    request: { id: 'test', sourceIp: null, userAgent: null },
  }) as Context;

const own: Resource = { arn: ARN, owner: { identityPoolId: POOL, identityId: OWN } };

/** What the call is refused with; undefined when it is allowed. */
const refusal = (actor: Actor, resource: Resource = own, action = ACTION): ServiceError | undefined => {
  try {
    authorize(contextOf(actor), action, resource);
    return undefined;
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
};

describe('a caller without credentials', () => {
  it('is told what to send', () => {
    const error = refusal(ANONYMOUS);

    expect(error).toMatchObject({ code: 'NOT_AUTHORIZED', fields: { reason: 'MISSING', action: ACTION } });
    expect(error?.message).toContain('Authorization: Bearer <accessToken>');
  });

  it('whose credentials did not hold is told why', () => {
    const problem = badCredentials('EXPIRED', 'The access token has expired.');

    expect(refusal({ kind: 'anonymous', problem })).toBe(problem);
  });

  it('is refused whatever the resource is', () => {
    expect(refusal(ANONYMOUS, { arn: '*' })).toMatchObject({ code: 'NOT_AUTHORIZED' });
  });
});

describe('an identity', () => {
  it('may do on itself what its role allows', () => {
    expect(refusal(identity())).toBeUndefined();
  });

  it('may do nothing that its role does not mention', () => {
    const actor = identity({ policies: [policy('Allow', 'cognito-sync:UpdateRecords')] });

    expect(refusal(actor)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: `User: ${actor.arn} is not authorized to perform: ${ACTION} on resource: ${ARN}`,
    });
  });

  it('is stopped by an explicit deny, whatever else allows it', () => {
    const actor = identity({ policies: [EVERYTHING, policy('Deny', 'cognito-sync:List*')] });

    expect(refusal(actor)).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('is stopped by a session policy that does not allow it too', () => {
    const lists = policy('Allow', 'cognito-sync:ListRecords');
    const updates = policy('Allow', 'cognito-sync:UpdateRecords');

    expect(refusal(identity({ sessionPolicies: [lists] }))).toBeUndefined();
    expect(refusal(identity({ sessionPolicies: [lists, updates] }))).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  const foreign: [whose: string, owner: Resource['owner']][] = [
    ['another identity of its pool', { identityPoolId: POOL, identityId: OTHER }],
    ['its own id in another pool', { identityPoolId: OTHER_POOL, identityId: OWN }],
    ['another identity of another pool', { identityPoolId: OTHER_POOL, identityId: OTHER }],
  ];
  it.each(foreign)('never touches %s, even when its role allows everything', (_whose, owner) => {
    expect(refusal(identity(), { arn: ARN, owner })).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'mismatch between session identity id and request identity id',
      fields: {},
    });
  });

  it('never touches what belongs to no identity, even when its role allows everything', () => {
    expect(refusal(identity(), { arn: '*' }, 'iam:CreateRole')).toMatchObject({
      code: 'NOT_AUTHORIZED',
      message: 'Only administrators may do this, whatever the role of an identity allows.',
    });
  });

  it('is compared with the owner before its policies are looked at', () => {
    const mayNothing = identity({ policies: [] });
    const anothers = { arn: ARN, owner: { identityPoolId: POOL, identityId: OTHER } };

    expect(refusal(mayNothing, anothers)).toMatchObject({ code: 'NOT_AUTHORIZED' });
    expect(refusal(mayNothing, own)).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('is not told which statement decided', () => {
    const error = refusal(identity({ policies: [policy('Deny', '*', { Sid: 'NotOnMondays' })] }));

    expect(error?.fields).toEqual({ action: ACTION, resource: ARN });
    expect(JSON.stringify(error)).not.toContain('NotOnMondays');
  });
});

describe('an administrator', () => {
  it('may do what the policies of the key allow, on anybody’s data', () => {
    const reader = administrator(policy('Allow', 'cognito-sync:List*'));
    const anothers = { arn: ARN, owner: { identityPoolId: OTHER_POOL, identityId: OTHER } };

    expect(refusal(reader, anothers)).toBeUndefined();
    expect(refusal(reader, anothers, 'cognito-sync:UpdateRecords')).toMatchObject({ code: 'ACCESS_DENIED' });
  });

  it('is told the action, the resource and the statement that denied', () => {
    const error = refusal(administrator(EVERYTHING, policy('Deny', 'cognito-sync:*', { Sid: 'HandsOff' })));

    expect(error).toMatchObject({
      code: 'ACCESS_DENIED',
      fields: {
        action: ACTION,
        resource: ARN,
        decision: {
          outcome: 'explicitDeny',
          decidedBy: { in: 'permissions', policy: 1, statement: 0, sid: 'HandsOff' },
        },
      },
    });
  });

  it('is told when nothing allowed it', () => {
    const error = refusal(administrator());

    expect(error?.fields.decision).toEqual({ outcome: 'implicitDeny' });
  });

  it('is held to the condition keys that the action brings along', () => {
    const limited = administrator(
      policy('Allow', '*', { Condition: { StringEquals: { 'cognito-identity:IdentityPoolArn': 'arn:a' } } }),
    );
    const inPool = (arn: string): Resource => ({
      arn: '*',
      conditionKeys: { 'cognito-identity:IdentityPoolArn': arn },
    });

    expect(refusal(limited, inPool('arn:a'))).toBeUndefined();
    expect(refusal(limited, inPool('arn:b'))).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(refusal(limited, { arn: '*' })).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});

describe('isAuthorized', () => {
  it('answers what authorize would do', () => {
    expect(isAuthorized(contextOf(identity()), ACTION, own)).toBe(true);
    expect(isAuthorized(contextOf(identity()), ACTION, { arn: '*' })).toBe(false);
    expect(isAuthorized(contextOf(ANONYMOUS), ACTION, own)).toBe(false);
  });

  it('takes no fault for a denial', () => {
    const broken = { ...contextOf(administrator(EVERYTHING)), now: () => new Date(Number.NaN) };

    expect(() => isAuthorized(broken, ACTION, own)).toThrow(RangeError);
  });
});

describe('the condition keys of a caller', () => {
  const COMMON = {
    'aws:CurrentTime': '2027-03-01T00:00:00.500Z',
    'aws:EpochTime': '1803859200',
    'aws:RequestedRegion': 'us-east-1',
  };

  it('are time and region for anybody', () => {
    expect(conditionKeysOf(contextOf(ANONYMOUS), ANONYMOUS)).toEqual(COMMON);
  });

  it('name the address of a caller who has one, so that conditions on it work', () => {
    const request = { id: 'test', sourceIp: '203.0.113.7', userAgent: null };
    const actor = administrator(
      policy('Allow', '*', { Condition: { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } } }),
    );
    const from = (sourceIp: string): Context => ({ ...contextOf(actor), request: { ...request, sourceIp } });

    expect(conditionKeysOf({ ...contextOf(ANONYMOUS), request }, ANONYMOUS)).toEqual({
      ...COMMON,
      'aws:SourceIp': '203.0.113.7',
    });
    expect(isAuthorized(from('203.0.113.7'), ACTION, own)).toBe(true);
    expect(isAuthorized(from('203.0.114.7'), ACTION, own)).toBe(false);
    expect(isAuthorized(contextOf(actor), ACTION, own)).toBe(false);
  });

  it('name the identity, its pool, its logins and its principal tags', () => {
    const actor = identity();

    expect(conditionKeysOf(contextOf(actor), actor)).toEqual({
      ...COMMON,
      'aws:PrincipalArn': actor.roleArn,
      'aws:FederatedProvider': 'cognito-identity.amazonaws.com',
      'cognito-identity.amazonaws.com:sub': OWN,
      'cognito-identity.amazonaws.com:aud': POOL,
      'cognito-identity.amazonaws.com:amr': ['authenticated', 'accounts.example.com', 'qualifier'],
      'aws:PrincipalTag/team': 'red',
    });
  });

  it('name the key of an administrator', () => {
    const actor = administrator();

    expect(conditionKeysOf(contextOf(actor), actor)).toEqual({
      ...COMMON,
      'aws:PrincipalArn': actor.arn,
      'aws:username': 'AKIA1',
    });
  });

  it('of the caller give way to none that the action brings along', () => {
    const actor = identity({
      policies: [policy('Allow', '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } } })],
    });
    const forged = { ...own, conditionKeys: { 'aws:PrincipalTag/team': 'blue' } };

    expect(refusal(actor, own)).toMatchObject({ code: 'ACCESS_DENIED' });
    expect(refusal(actor, forged)).toMatchObject({ code: 'ACCESS_DENIED' });
  });
});
