import { ServiceError } from '../../src/errors';
import {
  parsePolicyDocument,
  parseTrustPolicy,
  ROLE_POLICY_MAX_SIZE,
  SESSION_POLICY_MAX_SIZE,
  TRUST_POLICY_MAX_SIZE,
  type PolicyProblem,
} from '../../src/policy/document';

const VALID = { Effect: 'Allow', Action: 'cognito-sync:ListRecords', Resource: '*' };
const TRUST = {
  Effect: 'Allow',
  Principal: { Federated: 'cognito-identity.amazonaws.com' },
  Action: 'sts:AssumeRoleWithWebIdentity',
};

function refusal(parse: () => unknown): ServiceError {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(ServiceError);
    expect((error as ServiceError).code).toBe('MALFORMED_POLICY_DOCUMENT');
    return error as ServiceError;
  }
  throw new Error('The document was accepted.');
}

const pathsOf = (error: ServiceError): string[] =>
  (error.fields['problems'] as PolicyProblem[]).map(({ path }) => path);

const current = (statement: object): object => ({ Version: '2012-10-17', Statement: [statement] });
const valid = (changes: object): object => current({ ...VALID, ...changes });
const conditioned = (condition: unknown): object => valid({ Condition: condition });
const at = (path: string): string => `policyDocument.Statement[0].${path}`;

// "Grammar of the IAM JSON policy language", and the pages of the elements.
describe('a permission policy is refused with the path of its mistake when', () => {
  test.each<[string, unknown, string]>([
    ['it is null', null, 'policyDocument'],
    ['it is a list', [], 'policyDocument'],
    ['it is a number', 7, 'policyDocument'],
    ['it is undefined', undefined, 'policyDocument'],
    ['it is text that is not JSON', '{"Version":', 'policyDocument'],
    ['it is empty text', '', 'policyDocument'],
    ['it has no statement', { Version: '2012-10-17' }, 'policyDocument.Statement'],
    ['its list of statements is empty', { Statement: [] }, 'policyDocument.Statement'],
    ['a statement is not an object', { Statement: [VALID, 'x'] }, 'policyDocument.Statement[1]'],
    ['its only statement is text', { Statement: 'x' }, 'policyDocument.Statement'],
    ['its version does not exist', { Version: '2024-01-01', Statement: VALID }, 'policyDocument.Version'],
    ['its version is a number', { Version: 2012, Statement: VALID }, 'policyDocument.Version'],
    ['it has an Id', { Id: 'x', Statement: VALID }, 'policyDocument.Id'],
    ['it has an unknown element', { Statement: VALID, statement: [] }, 'policyDocument.statement'],
    ['it has __proto__', '{"__proto__":{},"Statement":{}}', 'policyDocument.__proto__'],
    ['a statement has an unknown element', valid({ effect: 'Allow' }), at('effect')],
    ['a statement has an element with an odd name', valid({ 'a b': 1 }), at('').slice(0, -1) + '["a b"]'],
    ['a statement has a Principal', valid({ Principal: '*' }), at('Principal')],
    ['the Effect is missing', valid({ Effect: undefined }), at('Effect')],
    ['the Effect has the wrong case', valid({ Effect: 'allow' }), at('Effect')],
    ['the Effect is a list', valid({ Effect: ['Allow'] }), at('Effect')],
    ['the Action is missing', valid({ Action: undefined }), at('Action')],
    ['there are Action and NotAction', valid({ NotAction: 's3:*' }), at('NotAction')],
    ['the list of actions is empty', valid({ Action: [] }), at('Action')],
    ['an action is a number', valid({ Action: ['s3:Get', 1] }), at('Action[1]')],
    ['an action has no service', valid({ Action: 'ListRecords' }), at('Action')],
    ['an action has no name', valid({ Action: 's3:' }), at('Action')],
    ['an action has two colons', valid({ Action: 's3:Get:Object' }), at('Action')],
    ['an action has a variable', valid({ Action: 's3:${aws:username}' }), at('Action')],
    ['an action has a space', valid({ Action: 's3:Get Object' }), at('Action')],
    [
      'a NotAction is wrong',
      current({ Effect: 'Deny', NotAction: ['*', '**'], Resource: '*' }),
      at('NotAction[1]'),
    ],
    ['the Resource is missing', valid({ Resource: undefined }), at('Resource')],
    ['there are Resource and NotResource', valid({ NotResource: '*' }), at('NotResource')],
    ['a resource is not an ARN', valid({ Resource: 'bucket' }), at('Resource')],
    ['an ARN has five parts', valid({ Resource: ['*', 'arn:aws:s3::bucket'] }), at('Resource[1]')],
    ['an ARN has no resource', valid({ Resource: 'arn:aws:s3:::' }), at('Resource')],
    ['an ARN does not start with arn', valid({ Resource: 'urn:aws:s3:::bucket' }), at('Resource')],
    ['the service of an ARN is a wildcard', valid({ Resource: 'arn:aws:*:::x' }), at('Resource')],
    [
      'a variable stands before the fifth colon',
      valid({ Resource: 'arn:aws:s3:${aws:x}::b' }),
      at('Resource'),
    ],
    ['a variable is not closed', valid({ Resource: 'arn:aws:s3:::${aws:username' }), at('Resource')],
    ['a variable is empty', valid({ Resource: 'arn:aws:s3:::${}' }), at('Resource')],
    ['a variable is in a variable', valid({ Resource: 'arn:aws:s3:::${a:${b:c}}' }), at('Resource')],
    ['a default has no quotes', valid({ Resource: 'arn:aws:s3:::${aws:username, x}' }), at('Resource')],
    ['a Sid has a space', valid({ Sid: 'a b' }), at('Sid')],
    ['a Sid is a number', valid({ Sid: 1 }), at('Sid')],
    [
      'a Sid comes twice',
      {
        Statement: [
          { ...VALID, Sid: 'A' },
          { ...VALID, Sid: 'A' },
        ],
      },
      'policyDocument.Statement[1].Sid',
    ],
    ['the Condition is a list', conditioned([]), at('Condition')],
    ['an operator is unknown', conditioned({ StringMatches: { 'a:b': 'c' } }), at('Condition.StringMatches')],
    [
      'an operator has the wrong case',
      conditioned({ stringEquals: { 'a:b': 'c' } }),
      at('Condition.stringEquals'),
    ],
    [
      'an operator is named as a member of every object',
      conditioned({ constructor: { 'a:b': 'c' } }),
      at('Condition.constructor'),
    ],
    ['Null has IfExists', conditioned({ NullIfExists: { 'a:b': 'true' } }), at('Condition.NullIfExists')],
    [
      'Null has a qualifier',
      conditioned({ 'ForAnyValue:Null': { 'a:b': 'true' } }),
      at('Condition["ForAnyValue:Null"]'),
    ],
    [
      'a qualifier is unknown',
      conditioned({ 'ForSome:StringLike': { 'a:b': 'c' } }),
      at('Condition["ForSome:StringLike"]'),
    ],
    ['an operator has no keys', conditioned({ StringEquals: {} }), at('Condition.StringEquals')],
    ['an operator has text', conditioned({ StringEquals: 'x' }), at('Condition.StringEquals')],
    ['a key has no service', conditioned({ StringEquals: { team: 'x' } }), at('Condition.StringEquals.team')],
    ['a value is null', conditioned({ StringEquals: { 'a:b': null } }), at('Condition.StringEquals["a:b"]')],
    [
      'a value is an object',
      conditioned({ StringEquals: { 'a:b': ['x', {}] } }),
      at('Condition.StringEquals["a:b"][1]'),
    ],
    [
      'a list of values is empty',
      conditioned({ StringEquals: { 'a:b': [] } }),
      at('Condition.StringEquals["a:b"]'),
    ],
    [
      'a number is not one',
      conditioned({ NumericEquals: { 'a:b': 'ten' } }),
      at('Condition.NumericEquals["a:b"]'),
    ],
    [
      'a number is a variable',
      conditioned({ NumericEquals: { 'a:b': '${a:b}' } }),
      at('Condition.NumericEquals["a:b"]'),
    ],
    [
      'a date has no time zone',
      conditioned({ DateEquals: { 'a:b': '2026-01-01T00:00:00' } }),
      at('Condition.DateEquals["a:b"]'),
    ],
    ['a boolean is not one', conditioned({ Bool: { 'a:b': 'yes' } }), at('Condition.Bool["a:b"]')],
    [
      'a range has too long a prefix',
      conditioned({ IpAddress: { 'a:b': '10.0.0.0/33' } }),
      at('Condition.IpAddress["a:b"]'),
    ],
    [
      'an address is a name',
      conditioned({ NotIpAddress: { 'a:b': 'localhost' } }),
      at('Condition.NotIpAddress["a:b"]'),
    ],
    [
      'bytes are not base64',
      conditioned({ BinaryEquals: { 'a:b': '%%' } }),
      at('Condition.BinaryEquals["a:b"]'),
    ],
    [
      'the ARN of a condition is short',
      conditioned({ ArnLike: { 'a:b': '*' } }),
      at('Condition.ArnLike["a:b"]'),
    ],
    [
      'the variable of a condition is malformed',
      conditioned({ StringLike: { 'a:b': '${a b}' } }),
      at('Condition.StringLike["a:b"]'),
    ],
  ])('%s', (_, document, path) => {
    const error = refusal(() => parsePolicyDocument(document, 'policyDocument'));
    expect(error.fields['field']).toBe(path);
    expect(pathsOf(error)).toContain(path);
    expect(error.message).toContain(path);
  });
});

// "You must use the Principal element in resource-based policies ... a role trust policy."
describe('a trust policy is refused with the path of its mistake when', () => {
  const changed = (changes: object): object => current({ ...TRUST, ...changes });
  test.each<[string, unknown, string]>([
    ['it has no principal', changed({ Principal: undefined }), 'Principal'],
    ['it has a Resource', changed({ Resource: '*' }), 'Resource'],
    ['it has Principal and NotPrincipal', changed({ NotPrincipal: '*' }), 'NotPrincipal'],
    ['the principal is a name', changed({ Principal: 'cognito-identity.amazonaws.com' }), 'Principal'],
    ['the principal is an empty object', changed({ Principal: {} }), 'Principal'],
    ['the principal is a list', changed({ Principal: ['*'] }), 'Principal'],
    ['the kind of principal is unknown', changed({ Principal: { Web: 'x' } }), 'Principal.Web'],
    [
      'a principal is matched in part',
      changed({ Principal: { AWS: ['x', 'arn:aws:iam::1:role/*'] } }),
      'Principal.AWS[1]',
    ],
    ['a principal is a number', changed({ Principal: { AWS: 123456789012 } }), 'Principal.AWS'],
    ['there are no names', changed({ Principal: { Federated: [] } }), 'Principal.Federated'],
    ['the action is not of sts', changed({ Action: 's3:GetObject' }), 'Action'],
    ['the action is everything', changed({ Action: '*' }), 'Action'],
  ])('%s', (_, document, path) => {
    const error = refusal(() => parseTrustPolicy(document, 'trustPolicy'));
    expect(error.fields['field']).toBe(`trustPolicy.Statement[0].${path}`);
  });

  test('it may have an Id and a NotPrincipal', () => {
    const { Principal, ...rest } = TRUST;
    const document = { Version: '2012-10-17', Id: 'x', Statement: { ...rest, NotPrincipal: Principal } };
    expect(parseTrustPolicy(document, 'trustPolicy')).toEqual(document);
  });
});

describe('a policy is accepted', () => {
  test.each<[string, unknown]>([
    ['with a single statement', { Statement: VALID }],
    ['without a version', { Statement: [VALID] }],
    [
      'with the old version and what would be a malformed variable',
      { Version: '2008-10-17', Statement: valid0('arn:aws:s3:::${') },
    ],
    ['with NotAction and NotResource', current({ Effect: 'Deny', NotAction: ['s3:*'], NotResource: ['*'] })],
    [
      'with empty Sids',
      {
        Statement: [
          { ...VALID, Sid: '' },
          { ...VALID, Sid: '' },
        ],
      },
    ],
    ['with an empty Condition', conditioned({})],
    [
      'with numbers and booleans',
      conditioned({ NumericLessThan: { 'a:b': [1, '2'] }, Bool: { 'a:b': true } }),
    ],
    [
      'with a key that is a host with a path',
      conditioned({ StringEquals: { 'localhost/realms/x:aud': 'y' } }),
    ],
    [
      'with a variable, a default and an escape',
      valid({ Resource: "arn:aws:s3:::b/${aws:userid, 'any one'}/${*}" }),
    ],
    ['with every part of an ARN but the service a wildcard', valid({ Resource: 'arn:*:s3:*:*:*' })],
  ])('%s', (_, document) => {
    expect(parsePolicyDocument(document, 'policyDocument')).toEqual(document);
    expect(parsePolicyDocument(JSON.stringify(document), 'policyDocument')).toEqual(document);
  });

  function valid0(Resource: string): object {
    return { ...VALID, Resource };
  }

  test('and comes back as a copy that cannot be changed', () => {
    const given = { Statement: [{ ...VALID }] };
    const document = parsePolicyDocument(given, 'policyDocument');
    given.Statement[0]!.Effect = 'Deny';
    expect(document).toEqual({ Statement: [VALID] });
    expect(Object.isFrozen((document.Statement as object[])[0])).toBe(true);
  });
});

describe('all mistakes are listed', () => {
  test('each with its path, the first as the field', () => {
    const document = {
      Version: 'x',
      Statement: [
        { Effect: 'Maybe', Action: 'x', Resource: 'y' },
        { ...VALID, Condition: { No: {} } },
      ],
    };
    const error = refusal(() => parsePolicyDocument(document, 'input.policyDocument'));
    expect(pathsOf(error)).toEqual([
      'input.policyDocument.Version',
      'input.policyDocument.Statement[0].Effect',
      'input.policyDocument.Statement[0].Action',
      'input.policyDocument.Statement[0].Resource',
      'input.policyDocument.Statement[1].Condition.No',
    ]);
    expect(error.message).toBe(
      'input.policyDocument.Version must be 2012-10-17 or 2008-10-17. There are 5 mistakes in all.',
    );
  });

  test('but at most a hundred', () => {
    const error = refusal(() =>
      parsePolicyDocument({ Statement: new Array(3_000).fill(1) }, 'policyDocument'),
    );
    expect(pathsOf(error)).toHaveLength(100);
  });
});

// "IAM and AWS STS quotas": "IAM doesn't count white space when calculating the size of a policy".
describe('the size of a policy', () => {
  const ofSize = (size: number, statement: object): string => {
    const start = JSON.stringify({ Statement: [{ ...statement, Sid: '' }] });
    return start.replace('"Sid":""', `"Sid":"${'a'.repeat(size - start.length)}"`);
  };

  test.each<[string, number, (size: number) => unknown]>([
    ['a permission policy', ROLE_POLICY_MAX_SIZE, (size) => parsePolicyDocument(ofSize(size, VALID), 'p')],
    [
      'a session policy',
      SESSION_POLICY_MAX_SIZE,
      (size) => parsePolicyDocument(ofSize(size, VALID), 'p', SESSION_POLICY_MAX_SIZE),
    ],
    ['a trust policy', TRUST_POLICY_MAX_SIZE, (size) => parseTrustPolicy(ofSize(size, TRUST), 'p')],
  ])('of %s is %d characters at most', (_, maximum, parse) => {
    expect(() => parse(maximum)).not.toThrow();
    const { fields } = refusal(() => parse(maximum + 1));
    expect(fields).toMatchObject({ field: 'p', limit: 'policySize', maximum, value: maximum + 1 });
  });

  test('leaves white space out', () => {
    const text = ofSize(ROLE_POLICY_MAX_SIZE, VALID).replace(/,/g, ` ,\n${' '.repeat(20_000)}`);
    expect(() => parsePolicyDocument(text, 'p')).not.toThrow();
  });
});

describe('a hostile document does no harm when', () => {
  const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
  const cycle: Record<string, unknown> = { ...VALID };
  cycle['Condition'] = { StringEquals: { 'a:b': cycle } };
  const deep = (levels: number): unknown => {
    let value: unknown = {};
    for (let i = 0; i < levels; i++) value = { Condition: value };
    return value;
  };
  test.each<[string, unknown]>([
    ['it is deep text', nested(5_000)],
    ['it is very deep text', nested(5_000_000)],
    ['it is a deep object', deep(200_000)],
    ['it refers to itself', { Statement: cycle }],
    ['it is long text', `{"Statement":"${'x'.repeat(20_000_000)}"}`],
    ['it is white space', ' '.repeat(20_000_000)],
    ['it is a wide object', { Statement: new Array(1_000_000).fill(VALID) }],
    ['it is a number without JSON', { Statement: 10n }],
    ['it is a function', () => VALID],
    ['it has thousands of open variables', valid({ Resource: `arn:aws:s3:::${'${'.repeat(4_000)}` })],
  ])('%s', (_, document) => {
    expect(refusal(() => parsePolicyDocument(document, 'policyDocument')).message.length).toBeLessThan(300);
  });
});
